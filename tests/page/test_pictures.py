"""The pictures of the page in the README are there, and can be taken anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image

from tests.page.pictures import DOCS, VIEWS, take

MOST_BYTES = 160_000


def test_every_view_can_be_taken(browser: Any, address: str, tmp_path: Path) -> None:
    """Each is a picture with something on it."""
    made = take(browser, address, tmp_path)
    assert len(made) == len(VIEWS)
    for each in made:
        with Image.open(each) as picture:
            colours = picture.convert("RGB").getcolors(picture.width * picture.height)
        assert colours is not None
        assert len(colours) > 500


def test_the_readme_shows_them() -> None:
    """All of them, and small."""
    readme = (DOCS.parent / "README.md").read_text("utf-8")
    for name in VIEWS:
        assert f"docs/page-{name}.webp" in readme
        assert 10_000 < (DOCS / f"page-{name}.webp").stat().st_size < MOST_BYTES
