"""axe-core on every view, in both themes: no violation of any level."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from retrieval.service.keys import add_key
from tests.page.actions import expect, show, tiles
from tests.page.conftest import opened, serving


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


def _suggestions(page: Any, address: str) -> None:
    show(page, address)
    page.get_by_role("searchbox").fill("pho")
    expect(page.locator(".suggestions")).to_be_visible()


def _selection(page: Any, address: str) -> None:
    show(page, address, "in=video")
    page.locator(".choose input").first.check(force=True)
    expect(page.get_by_role("button", name="Make a reel")).to_be_visible()


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
    "length": _panel("Length"),
    "suggestions": _suggestions,
    "selection": _selection,
    "library": lambda page, address: show(page, address, "view=library"),
    "duplicates": lambda page, address: show(page, address, "view=duplicates"),
    "nothing": _nothing,
    "error": _refused,
    "away": _away,
    "gone": lambda page, address: show(page, address, "file=gone"),
}


@pytest.fixture(scope="module")
def empty_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of an empty folder, with a key."""
    base = tmp_path_factory.mktemp("empty")
    (base / "nothing").mkdir()
    index_folders([base / "nothing"], library=base / "library", options=Options(speech=False))
    add_key(base / "library", "page")
    return base / "library"


def violations(browser: Any, opening: Callable[[Any], None]) -> list[tuple[str, str, list[str]]]:
    """What axe-core has against a view in both themes, by every rule that it has, best practices as well."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python").Axe()
    told = []
    with opened(browser, reduced_motion="reduce") as context:
        page = context.new_page()
        opening(page)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            found = axe.run(page).response
            assert len(found["passes"]) > 10
            for each in found["violations"]:
                nodes = [node["html"][:160] + re.sub(r"\s+", " ", node["failureSummary"]) for node in each["nodes"]]
                told.append((theme, each["id"], nodes))
    return told


@pytest.mark.parametrize("view", VIEWS)
def test_no_view_has_a_violation(browser: Any, address: str, view: str) -> None:
    assert violations(browser, lambda page: VIEWS[view](page, address)) == []


def test_nor_has_an_empty_library(browser: Any, empty_library: Path) -> None:
    """What a new user sees first."""

    def opening(page: Any) -> None:
        page.goto(address)
        expect(page.get_by_role("heading", name="This library is empty")).to_be_visible()

    with serving(empty_library) as address:
        assert violations(browser, opening) == []


def test_nor_has_the_question_for_a_key(browser: Any, empty_library: Path) -> None:
    """What is seen from another machine."""

    def opening(page: Any) -> None:
        page.goto(address)
        expect(page.get_by_label("Key", exact=True)).to_be_visible()

    with serving(empty_library, "--host", "0.0.0.0", "--allow-host", "127.0.0.1") as address:
        assert violations(browser, opening) == []
