"""The page in Debian's Chromium, served by the program over the samples."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.page.actions import WAIT_MS

FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required", "--mute-audio"]
FLAGS += ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]  # a microphone that beeps


@contextmanager
def serving(library: Path, *options: str) -> Iterator[str]:
    """`crossmedia serve` over a library, at the address that is given."""
    command = [sys.executable, "-m", "indexer.cli.app", "serve", "--port", "0", "--library", str(library), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        try:
            assert service.stdout is not None
            found = re.search(r"http://[\d.]+(:\d+)/", service.stdout.readline())
            assert found
            yield f"http://127.0.0.1{found[1]}/"
        finally:
            service.terminate()
            service.wait(60)


@pytest.fixture(scope="package")
def address(sample_library: Path) -> Iterator[str]:
    """The page over the samples."""
    with serving(sample_library) as address:
        yield address


@pytest.fixture(scope="package")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Chromium of the system, with the fonts of CROSSMEDIA_PAGE_FONTS where that names a folder."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed")
    own = tmp_path_factory.mktemp("chromium")
    env = {**os.environ, "HOME": str(own), "XDG_CACHE_HOME": str(own / "cache"), "XDG_CONFIG_HOME": str(own / "config")}
    if fonts := os.environ.get("CROSSMEDIA_PAGE_FONTS"):
        (own / "fonts.conf").write_text(f"<fontconfig><dir>{fonts}</dir><cachedir>{own}/fonts</cachedir></fontconfig>")
        env["FONTCONFIG_FILE"] = str(own / "fonts.conf")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS, env=env)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Any) -> Iterator[Any]:
    """A window of its own, in English, light, 1280 x 800."""
    with opened(browser) as context:
        yield context


@contextmanager
def opened(browser: Any, **options: Any) -> Iterator[Any]:
    """A window of its own."""
    given = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", "color_scheme": "light", **options}
    context = browser.new_context(**given)
    context.set_default_timeout(WAIT_MS)
    yield context
    context.close()


@pytest.fixture
def page(context: Any) -> Iterator[Any]:
    """A tab whose console stays silent: no error, nothing that the policy of the page forbids."""
    page = context.new_page()
    with silent(page):
        yield page


@contextmanager
def silent(page: Any) -> Iterator[None]:
    """Fails where the page wrote an error or raised one. That a full machine answered "busy" (503) is none of the page's."""
    told: list[str] = []

    def note(line: Any) -> None:
        if line.type in ("error", "warning") and "a status of 503" not in line.text:
            told.append(line.text)

    page.on("console", note)
    page.on("pageerror", lambda error: told.append(str(error)))
    yield
    assert told == []
