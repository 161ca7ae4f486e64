"""Pictures of what a library holds, for programs that show it."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer import Options, index_folders
from retrieval import Library, MediaError, QueryError
from tests.fakes import FakeProfile


@pytest.fixture(scope="module")
def library(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A photo, a video, a PDF, a text and a recording."""
    home = tmp_path_factory.mktemp("pictures")
    (home / "media").mkdir()
    for name in ("images/d1.jpg", "video/v1.mp4", "documents/weather.pdf", "documents/lighthouse.txt", "audio/a1.ogg"):
        shutil.copy(samples / name, home / "media")
    index_folders(
        [home / "media"], library=home / "library", options=Options(profile=FakeProfile(), workers=1, ocr=False)
    )
    with Library.open(home / "library", profile=FakeProfile()) as opened:
        yield opened


@pytest.mark.parametrize("name", ["d1.jpg", "v1.mp4", "weather.pdf"])
def test_what_is_seen_has_a_frame_and_a_thumbnail(library: Library, name: str) -> None:
    """Of the size asked for, the thumbnail a JPEG of the same."""
    frame = library.frame(name, side=120)
    assert frame is not None and frame.dtype == np.uint8 and frame.ndim == 3 and max(frame.shape[:2]) == 120
    data = library.thumbnail(name, side=120)
    assert data is not None
    with Image.open(io.BytesIO(data)) as small:
        assert small.format == "JPEG"
        assert np.abs(np.asarray(small).astype(int) - frame).mean() < 8


def test_frames_of_a_video_differ_by_time_and_segment(library: Library) -> None:
    """The middle of the shot that is named, or the time that is given."""
    shots = [each for each in library.show("v1.mp4").segments if each.segment.kind == "shot"]
    last = shots[-1].segment.span
    assert last is not None
    named = library.frame(shots[-1].key)
    assert np.array_equal(named, library.frame("v1.mp4", (last.start + last.end) // 2))
    assert not np.array_equal(named, library.frame("v1.mp4"))


@pytest.mark.parametrize("name", ["lighthouse.txt", "a1.ogg"])
def test_what_is_not_seen_has_none(library: Library, name: str) -> None:
    """Texts and recordings."""
    assert library.frame(name) is None
    assert library.thumbnail(name) is None


def test_what_is_away_or_wrong_is_an_error_of_the_family(library: Library) -> None:
    """A file that is gone, an unknown name, a size that is not one."""
    with pytest.raises(QueryError):
        library.frame("nothing.jpg")
    for side in (0, -5, "large"):
        with pytest.raises(QueryError):
            library.thumbnail("d1.jpg", side=side)  # type: ignore[arg-type]
    path = library.show("d1.jpg").asset.paths[0]
    path.rename(path.with_suffix(".away"))
    with pytest.raises(MediaError, match="is offline"):
        library.frame("d1.jpg")
