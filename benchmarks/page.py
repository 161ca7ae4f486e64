"""The web page: how soon its largest part is painted, how much script it is, and whether 10,000 answers scroll smoothly.

    python -m benchmarks.page [--library FOLDER] [--loads 7] [--answers 10000]

Needs Chromium (`chromium` on the path) and Playwright. Without a library the samples are indexed first. Figures: `lcp_ms`
median and worst of the loads after the first, which fills the caches of the browser and of the service; `script_bytes`
gzip of every module; of the scroll through `--answers` hits (the service's own, repeated as one long answer), the number
of long tasks (above 50 ms), the longest, and how many tiles the document held at most.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.report import report
from benchmarks.serving import serving
from indexer import demo
from retrieval.service.web import FOLDER

PAINTED = """() => new Promise((done) => new PerformanceObserver((list) => done(list.getEntries().at(-1).startTime))
    .observe({ type: "largest-contentful-paint", buffered: true }))"""
WATCH = """window.long = [];
    new PerformanceObserver((list) => window.long.push(...list.getEntries().map((each) => each.duration)))
        .observe({ type: "longtask", buffered: false });"""
SCROLL = """async (answers) => {
    let most = 0, seen = 0;
    const frame = () => new Promise(requestAnimationFrame);
    while (seen < answers - 1) {
        scrollBy(0, 700);
        await frame(); await frame();
        const places = [...document.querySelectorAll("[data-place]")].map((each) => Number(each.dataset.place));
        most = Math.max(most, places.length);
        seen = Math.max(seen, ...places);
    }
    return { most, long: window.long, seen };
}"""


def painted(context: Any, address: str) -> float:
    """Milliseconds from the start of a visit to its largest paint, once all pictures in sight are there."""
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector(".tile img.is-loaded")
    page.wait_for_selector(".tile img:not(.is-loaded)", state="detached")
    page.wait_for_load_state("networkidle")
    found: float = page.evaluate(PAINTED)
    page.close()
    return found


def scrolled(context: Any, address: str, answers: int) -> dict[str, Any]:
    """A scroll through one long answer."""
    page = context.new_page()
    page.add_init_script(WATCH)
    kept: dict[str, Any] = {}

    def long(route: Any) -> None:
        asked = json.loads(route.request.post_data)
        if not kept:
            kept.update(route.fetch().json())
        first, count = asked["offset"], min(asked["limit"], answers - asked["offset"])
        own = [{**kept["hits"][at % len(kept["hits"])], "asset": f"{at:064x}"} for at in range(first, first + count)]
        more = first + count < answers
        route.fulfill(json={**kept, "hits": own, "possible": [], "total": answers, "has_more": more})

    page.route("**/v1/search", long)
    page.route("**/thumbnail?*", lambda route: route.fulfill(path=FOLDER / "icon.svg", content_type="image/svg+xml"))
    page.route("**/waveform", lambda route: route.fulfill(json={"version": 1, "peaks": [0.5] * 600}))
    page.goto(address)
    page.wait_for_selector(".tile")
    found: dict[str, Any] = page.evaluate(SCROLL, answers)
    page.close()
    return found


def main() -> None:
    """Measures and reports."""
    from playwright.sync_api import sync_playwright

    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--library", type=Path)
    reader.add_argument("--loads", type=int, default=7)
    reader.add_argument("--answers", type=int, default=10_000)
    reader.add_argument("--out", type=Path)
    given = reader.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        library = given.library or Path(folder) / "library"
        if given.library is None:
            demo.fill(library, lambda event: None)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en")
        with serving(library) as service:
            times = [painted(context, service.address) for _ in range(given.loads + 1)][1:]
            scroll = scrolled(context, service.address, given.answers)
        browser.close()
    script = sum(len(gzip.compress(each.read_bytes())) for each in FOLDER.rglob("*.js"))
    figures: dict[str, float | str] = {"lcp_ms_median": median(times), "lcp_ms_worst": max(times)}
    figures |= {
        "script_bytes": float(script),
        "answers": float(scroll["seen"] + 1),
        "long_tasks": float(len(scroll["long"])),
    }
    figures |= {"longest_task_ms": float(max(scroll["long"], default=0.0)), "tiles_at_most": float(scroll["most"])}
    report("page", figures, given.out)


if __name__ == "__main__":
    main()
