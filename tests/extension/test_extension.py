"""A new kind, step and space are a row each: nothing is patched, and what they give is found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from indexer.pipeline.steps import STEPS
from retrieval import Library
from retrieval.kinds import KINDS
from tests.extension.palette import KIND, STEP, PaletteProfile


@pytest.fixture
def registered() -> Iterator[None]:
    """One row in each table while a test runs."""
    KINDS["palette"] = KIND
    STEPS["palette"] = STEP
    yield
    del KINDS["palette"], STEPS["palette"]


@pytest.mark.usefixtures("registered")
def test_segments_of_a_new_kind_are_indexed_and_found(tmp_path: Path) -> None:
    """By their own encoder in their own space, calibrated by the profile, with a span of no kind that was known."""
    media = tmp_path / "media"
    media.mkdir()
    flag = Image.new("RGB", (64, 32), "blue")
    flag.paste((230, 230, 20), (32, 0, 64, 32))
    flag.save(media / "flag.png")
    Image.new("RGB", (64, 32), "black").save(media / "night.png")
    profile = PaletteProfile()
    finished = index_folders([media], library=tmp_path / "library", options=Options(profile=profile, workers=1))
    assert (finished.indexed, finished.skipped) == (2, {})
    with Library.open(tmp_path / "library", profile) as library:
        assert library.status().segments["palette"] == 2
        hit = library.search("blue yellow", limit=1)[0]
        assert hit.path.name == "flag.png"
        palette = next(each for each in hit.segments if each.kind == "palette")
        assert palette.text == "blue yellow"
        assert palette.lanes["shows"] > 0
        names = {each.name: each.vectors for each in library.status().spaces}
        assert names["colours"] == 2
