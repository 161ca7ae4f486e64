"""Pictures of the page for the README, on the samples: `python -m tests.page.pictures` writes docs/page-*.webp."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from tests.page.actions import expect, show, tiles, until

DOCS = Path(__file__).resolve().parents[2] / "docs"
WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 800}


def _answers(page: Any, address: str) -> None:
    show(page, address, "q=a+helicopter")


def _browse(page: Any, address: str) -> None:
    show(page, address)


def _video(page: Any, address: str) -> None:
    show(page, address, "q=a+purple+star&in=video")
    tiles(page).first.click()
    expect(page.locator("video")).to_have_js_property("readyState", 4)
    expect(page.locator(".timeline")).to_have_attribute("data-curve", "true")
    expect(page.locator(".words")).to_be_visible()


def _chinese(page: Any, address: str) -> None:
    show(page, address, "q=大象")


VIEWS: dict[str, tuple[Callable[[Any, str], None], dict[str, Any]]] = {
    "answers": (_answers, {"viewport": WIDE}),
    "browse": (_browse, {"viewport": WIDE, "color_scheme": "dark"}),
    "video": (_video, {"viewport": WIDE}),
    "phone": (
        _chinese,
        {"viewport": PHONE, "color_scheme": "dark", "locale": "zh-CN", "has_touch": True, "device_scale_factor": 1.5},
    ),
}


def take(browser: Any, address: str, folder: Path) -> list[Path]:
    """Writes page-NAME.webp for each view, once all its pictures are there."""
    made = []
    for name, (view, options) in VIEWS.items():
        context = browser.new_context(
            **{"locale": "en-GB", "color_scheme": "light", "reduced_motion": "reduce", **options}
        )
        page = context.new_page()
        view(page, address)
        until(page, "[...document.querySelectorAll('.tile img')].every((each) => each.classList.contains('is-loaded'))")
        until(page, "!document.querySelector('.waveform[data-ready=false]')")
        file = folder / f"page-{name}.webp"
        with Image.open(io.BytesIO(page.screenshot())) as picture:
            picture.convert("RGB").save(file, "WEBP", quality=82, method=6)
        made.append(file)
        context.close()
    return made


def main() -> None:
    """Indexes the samples, serves them and takes the pictures."""
    from playwright.sync_api import sync_playwright

    from indexer.demo import NOT_SAMPLES
    from indexer.pipeline.run import index_folders
    from tests.page.conftest import FLAGS, serving

    media = Path(tempfile.gettempdir()) / "Pictures"  # pictures show it: a path that says nothing of a machine
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        shutil.copytree(DOCS.parent / "data" / "samples", media, ignore=shutil.ignore_patterns(*NOT_SAMPLES))
        try:
            index_folders([media], library=Path(folder) / "library")
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            with serving(Path(folder) / "library") as address:
                take(browser, address, DOCS)
            browser.close()
        finally:
            shutil.rmtree(media)


if __name__ == "__main__":
    main()
