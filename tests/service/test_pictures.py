"""Thumbnails and frames: WebP of a stated size, kept within a bound, never of a file outside the library's folders."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient

from retrieval import Library
from retrieval.service.pictures import PictureCache, side_of


def asset(library: Library, medium: str) -> str:
    """The hash of one asset of a medium."""
    return next(name for name, each in library.seen().items() if each.medium == medium)


@pytest.mark.parametrize(("wanted", "side"), [(16, 96), (96, 96), (97, 192), (300, 320), (1920, 1920)])
def test_a_thumbnail_has_the_next_size(client: TestClient, served: Library, wanted: int, side: int) -> None:
    """WebP, at most so many pixels wide and high, none of them invented."""
    answer = client.get(f"/v1/assets/{asset(served, 'image')}/thumbnail", params={"side": wanted})
    assert answer.headers["content-type"] == "image/webp"
    picture = Image.open(io.BytesIO(answer.content))
    assert picture.format == "WEBP"
    assert max(picture.size) <= side == side_of(wanted)


def test_a_frame_of_a_video_by_time_and_by_segment(client: TestClient, served: Library) -> None:
    """Two times are two pictures; a segment gives its middle."""
    video = asset(served, "video")
    first = client.get(f"/v1/assets/{video}/frame", params={"at_ms": 0, "side": 320})
    later = client.get(f"/v1/assets/{video}/frame", params={"at_ms": 3000, "side": 320})
    assert first.headers["etag"] != later.headers["etag"]
    shot = next(each for each in served.show(video).segments if each.segment.kind == "shot")
    assert client.get(f"/v1/segments/{shot.key}/thumbnail").status_code == 200


def test_what_is_known_is_not_sent_again(client: TestClient, served: Library) -> None:
    """304 by the ETag; the browser may keep it."""
    place = f"/v1/assets/{asset(served, 'image')}/thumbnail"
    first = client.get(place)
    again = client.get(place, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert "max-age" in first.headers["cache-control"]


@pytest.mark.parametrize("side", ["0", "1921", "x", "-1"])
def test_other_sizes_are_refused(client: TestClient, served: Library, side: str) -> None:
    """No picture of any size is made on demand."""
    assert client.get(f"/v1/assets/{asset(served, 'image')}/thumbnail", params={"side": side}).status_code == 422


def test_what_has_no_picture_says_so(client: TestClient, served: Library) -> None:
    """404 for a recording."""
    assert client.get(f"/v1/assets/{asset(served, 'audio')}/thumbnail").status_code == 404


def test_captions_of_a_video(client: TestClient, served: Library) -> None:
    """WebVTT with the speech that was read."""
    video = next(
        name
        for name in served.seen()
        if any(each.segment.kind == "speech" and each.segment.span for each in served.show(name).segments)
    )
    text = client.get(f"/v1/assets/{video}/captions.vtt").text
    assert text.startswith("WEBVTT\n\n00:0")
    assert " --> " in text


def test_the_cache_stays_within_its_bound(tmp_path: Path) -> None:
    """What was not looked at for the longest time goes first."""
    cache = PictureCache(tmp_path, 1000)
    for at in range(9):
        cache.put(f"{at}0", bytes(100))
        os.utime(tmp_path / f"{at}0" / f"{at}0.webp", (at, at))
    assert cache.get("00") == bytes(100)  # looked at now
    cache.put("90", bytes(100))
    cache.put("a0", bytes(100))
    kept = sorted(file.stem for file in tmp_path.rglob("*.webp"))
    assert sum(file.stat().st_size for file in tmp_path.rglob("*.webp")) <= 1000
    assert "00" in kept
    assert "10" not in kept
    again = PictureCache(tmp_path, 1000)
    again.put("b0", bytes(500))
    assert sum(file.stat().st_size for file in tmp_path.rglob("*.webp")) <= 1000


def test_a_cache_that_cannot_be_written_costs_time_alone(tmp_path: Path) -> None:
    """A file stands where its folder should be."""
    (tmp_path / "cache").write_bytes(b"")
    cache = PictureCache(tmp_path / "cache")
    cache.put("ab", b"x")
    assert cache.get("ab") is None
