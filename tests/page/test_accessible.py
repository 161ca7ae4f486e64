"""axe-core on every view, in both themes: no violation of any level."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.page.actions import expect, show, tiles
from tests.page.conftest import opened


def _open(page: Any, address: str, fragment: str) -> None:
    show(page, address, fragment)
    tiles(page).first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.locator(".facts dl")).to_be_visible()


def _crop(page: Any, address: str) -> None:
    _open(page, address, "q=a+cat&in=image")
    page.get_by_role("button", name="Search a region").click()
    expect(page.locator(".region")).to_be_visible()


def _why(page: Any, address: str) -> None:
    _open(page, address, "q=a+cat&in=image")
    page.get_by_role("button", name="Why", exact=True).click()
    expect(page.locator(".lanes")).to_be_visible()


def _panel(name: str) -> Callable[[Any, str], None]:
    def opening(page: Any, address: str) -> None:
        show(page, address)
        page.get_by_role("button", name=name).click()
        expect(page.locator(".panel")).to_be_visible()

    return opening


def _refused(page: Any, address: str) -> None:
    show(page, address)
    page.get_by_role("searchbox").fill('dog -"indoor')
    expect(page.get_by_role("alert")).to_be_visible()


def _away(page: Any, address: str) -> None:
    show(page, address, "q=a+cat")
    page.context.set_offline(True)
    page.get_by_role("searchbox").fill("a dog")
    expect(page.get_by_role("alert")).to_be_visible()


def _nothing(page: Any, address: str) -> None:
    show(page, address, "q=fireworks+at+night&in=video&reach=sure")
    expect(page.locator(".state")).to_be_visible()


VIEWS: dict[str, Callable[[Any, str], None]] = {
    "browse": show,
    "answers": lambda page, address: show(page, address, "q=a+cat&reach=all"),
    "picture": lambda page, address: _open(page, address, "q=a+cat&in=image"),
    "why": _why,
    "crop": _crop,
    "video": lambda page, address: _open(page, address, "q=a+purple+star&in=video"),
    "recording": lambda page, address: _open(page, address, "q=train&in=audio"),
    "document": lambda page, address: _open(page, address, "q=lighthouse+keeper&in=document"),
    "date": _panel("Date"),
    "tag": _panel("Tag"),
    "library": lambda page, address: show(page, address, "view=library"),
    "duplicates": lambda page, address: show(page, address, "view=duplicates"),
    "nothing": _nothing,
    "error": _refused,
    "away": _away,
    "gone": lambda page, address: show(page, address, "file=gone"),
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_no_view_has_a_violation(browser: Any, address: str, view: str, theme: str) -> None:
    """Every rule that axe-core has, best practices as well."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python").Axe()
    with opened(browser, color_scheme=theme, reduced_motion="reduce") as context:
        page = context.new_page()
        VIEWS[view](page, address)
        found = axe.run(page).response
    told = [
        (each["id"], [node["html"][:160] + re.sub(r"\s+", " ", node["failureSummary"]) for node in each["nodes"]])
        for each in found["violations"]
    ]
    assert told == []
    assert len(found["passes"]) > 10
