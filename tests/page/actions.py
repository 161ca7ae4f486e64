"""What the tests do on the page and look at; each waits for a state, never for a time."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import Any

WAIT_MS = 120_000  # how long a state may take on a machine that is busy otherwise

DROP = """([name, type, content]) => {
    const bytes = Uint8Array.from(atob(content), (each) => each.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], name, { type }));
    for (const kind of ["dragenter", "dragover", "drop"]) {
        document.body.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: transfer }));
    }
}"""


def expect(what: Any) -> Any:
    """Playwright's own, patient with a machine that is busy otherwise."""
    from playwright.sync_api import expect as patient

    patient.set_options(timeout=WAIT_MS)
    return patient(what)


def show(page: Any, address: str, fragment: str = "") -> None:
    """Opens the page, and waits for its answers where it has any."""
    page.goto(f"{address}#{fragment}")
    settled(page)


def settled(page: Any) -> None:
    """Waits until what was asked is answered: nothing is busy, no answer is stale."""
    expect(page.locator("h1")).to_have_count(1)
    expect(page.locator(".is-busy, .is-stale, .waiting")).to_have_count(0)


def until(page: Any, expression: str, given: Any = None) -> None:
    """Waits until an expression holds. Playwright's own way evaluates strings in the page, which its policy forbids."""
    deadline = time.monotonic() + WAIT_MS / 1000
    while not page.evaluate(expression, given):
        assert time.monotonic() < deadline, f"never came true: {expression}"
        page.wait_for_timeout(30)


def tiles(page: Any) -> Any:
    """The links of the answers in sight."""
    return page.locator(".tile > a")


def names(page: Any) -> list[str]:
    """File names of the answers in sight, in order."""
    labels = tiles(page).evaluate_all("all => all.map(each => [Number(each.dataset.place), each.ariaLabel])")
    return [label.partition(",")[0] for _, label in sorted(labels)]


def ask(page: Any, text: str) -> None:
    """Types a question, and waits until the address names it and it is answered."""
    page.get_by_role("searchbox").fill(text)
    until(page, "text => new URLSearchParams(location.hash.slice(1)).get('q') === text", text)
    settled(page)


def drop(page: Any, file: Path, kind: str) -> None:
    """Lets a file fall onto the page."""
    page.evaluate(DROP, [file.name, kind, base64.b64encode(file.read_bytes()).decode()])
    settled(page)
