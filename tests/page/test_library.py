"""The views of the library as a whole: an index run as it goes on, what was left out, duplicates, and states without answers."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from indexer.events import Event, Scanned
from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from retrieval.service.keys import add_key
from tests.page.actions import WAIT_MS, expect, settled, show, tiles, until
from tests.page.conftest import serving
from tests.page.test_accessible import violations


@pytest.fixture(scope="module")
def pictures(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three photos, one of them smaller a second time, one exactly, and a file that is none."""
    folder = tmp_path_factory.mktemp("pictures")
    for name in ("photo1.jpg", "photo2.jpg", "photo4.jpg"):
        shutil.copy(samples / "images" / name, folder / name)
    shutil.copy(folder / "photo2.jpg", folder / "copy of photo2.jpg")
    with Image.open(folder / "photo4.jpg") as photo:
        exif = photo.getexif()
        exif.get_ifd(0x8825).update({1: "N", 2: (60.0, 23.0, 0.0), 3: "E", 4: (5.0, 20.0, 0.0)})
        photo.save(folder / "photo4.jpg", exif=exif)
    with Image.open(folder / "photo1.jpg") as photo:
        photo.resize((226, 150)).save(folder / "small photo1.jpg", quality=88)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0" + b"broken" * 40)
    return folder


@pytest.fixture(scope="module")
def own_library(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of these pictures."""
    home = tmp_path_factory.mktemp("own") / "library"
    index_folders([pictures], library=home, options=Options(speech=False))
    return home


@pytest.fixture(scope="module")
def own_address(own_library: Path) -> Iterator[str]:
    """The page over it."""
    with serving(own_library) as address:
        yield address


def test_duplicates_stand_side_by_side(page: Any, own_address: str) -> None:
    """The larger one is the one to keep; an exact copy is called so."""
    show(page, own_address, "view=duplicates")
    groups = page.locator(".group")
    expect(groups).to_have_count(2)
    near = groups.filter(has_text="small photo1.jpg")
    expect(near.locator(".is-kept .copy-name")).to_have_text("photo1.jpg")
    expect(near.get_by_text("Looks or sounds the same")).to_have_count(1)
    exact = groups.filter(has_text="copy of photo2.jpg")
    expect(exact.get_by_text("Exact copy")).to_have_count(1)


def test_a_place_is_chosen_on_a_map(page: Any, own_address: str) -> None:
    """Drawn without a network; a disc stands for what was taken there."""
    show(page, own_address)
    page.get_by_role("button", name="Place").click()
    expect(page.locator(".land")).to_have_count(1)
    page.get_by_role("button", name="1 file around 60.40, 5.30").click()
    until(page, "location.hash.includes('near=60.4')")
    settled(page)
    expect(tiles(page)).to_have_count(1)
    expect(tiles(page).first).to_have_attribute("aria-label", re.compile("^photo4.jpg"))
    page.get_by_role("button", name="Closer").press("ArrowRight")
    expect(page.locator(".disc")).to_have_count(1)


def _map(page: Any, address: str) -> None:
    show(page, address)
    page.get_by_role("button", name="Place").click()
    expect(page.locator(".disc")).to_have_count(1)
    expect(page.locator(".land")).to_have_count(1)


def _copies(page: Any, address: str) -> None:
    show(page, address, "q=a+cat&in=image")
    tiles(page).first.click()
    page.get_by_role("button", name="Copies").click()
    expect(page.locator(".copies li")).to_have_text(re.compile("photo1.jpg$"))


@pytest.mark.parametrize("view", [_map, _copies])
def test_nor_have_a_map_and_copies_a_violation(browser: Any, own_address: str, view: Any) -> None:
    """Of any rule of axe-core; the copies of an answer are its near duplicates."""
    assert violations(browser, lambda page: view(page, own_address)) == []


def test_the_library_says_what_was_left_out_and_why(page: Any, own_address: str) -> None:
    """By reason, each file by name."""
    show(page, own_address, "view=library")
    page.locator("summary").first.click()
    expect(page.locator("details[open] li").first).to_contain_text("broken.jpg")


def test_a_run_is_seen_as_it_goes_on(
    page: Any, own_address: str, own_library: Path, samples: Path, pictures: Path
) -> None:
    """While it is held it stands there; when it has ended its pictures are counted and answer."""
    shutil.copy(samples / "images" / "p04.png", pictures / "dog.png")
    began, go_on = threading.Event(), threading.Event()

    def hold(event: Event) -> None:
        if isinstance(event, Scanned):
            began.set()
            go_on.wait(WAIT_MS / 1000)

    run = threading.Thread(
        target=index_folders, kwargs={"library": own_library, "options": Options(speech=False), "on_event": hold}
    )
    show(page, own_address, "view=library")
    expect(page.locator("[data-count=image]")).to_have_text("4")
    run.start()
    try:
        assert began.wait(WAIT_MS / 1000)
        expect(page.locator(".run.is-live")).to_be_visible()
        expect(page.get_by_role("progressbar")).to_be_visible()
    finally:
        go_on.set()
        run.join()
    expect(page.locator(".run.is-idle")).to_be_visible()
    expect(page.locator("[data-count=image]")).to_have_text("5")
    show(page, own_address, "q=a+dog")
    expect(tiles(page).first).to_have_attribute("aria-label", re.compile("^dog.png"))


def test_an_empty_library_tells_the_first_step(page: Any, tmp_path: Path) -> None:
    """And with a key alone, the page asks for it first."""
    (tmp_path / "nothing").mkdir()
    home = tmp_path / "library"
    index_folders([tmp_path / "nothing"], library=home, options=Options(speech=False))
    with serving(home) as address:
        show(page, address)
        expect(page.get_by_role("heading", name="This library is empty")).to_be_visible()
        expect(page.get_by_text("crossmedia index ~/Pictures")).to_be_visible()


def test_a_key_is_asked_for_and_kept_by_the_window_alone(context: Any, own_library: Path) -> None:
    """Without it nothing is shown; with it pictures are, which are fetched with the key."""
    secret = add_key(own_library, "page")
    with serving(own_library, "--host", "0.0.0.0", "--allow-host", "127.0.0.1") as address:
        page = context.new_page()
        page.goto(address)
        page.get_by_label("Key", exact=True).fill(secret)
        page.get_by_role("button", name="Use it").click()
        settled(page)
        picture = page.locator(".tile img.is-loaded").first
        expect(picture).to_be_visible()
        assert picture.get_attribute("src").startswith("blob:")
        assert page.evaluate("localStorage.getItem('key')") is None
    (own_library / "keys.json").unlink()


def test_a_service_that_is_away_is_waited_for(context: Any, address: str) -> None:
    """The answers stay, a line says so, and goes when it is back."""
    page = context.new_page()
    show(page, address, "q=a+cat")
    context.set_offline(True)
    page.get_by_role("searchbox").fill("a dog")
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    expect(tiles(page)).not_to_have_count(0)
    context.set_offline(False)
    expect(page.get_by_role("alert")).to_have_count(0)
    settled(page)
    expect(tiles(page).first).to_have_attribute("aria-label", re.compile("^p04.png"))
