"""Perceptual fingerprints, read: of a medium, of one asset, of single pictures.

Mutations of retrieval/catalog/fingerprints.py that these tests catch: sounds where pictures are wanted; empty ones not
left out; times that are unknown kept as such; no order by asset; pages and animations taken for single pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from indexer.catalog import results
from indexer.catalog import vectors as catalog_vectors
from indexer.catalog import write as catalog_write
from retrieval.catalog.snapshot import open_snapshot
from retrieval.domain.media import Metadata, Segment, Span
from retrieval.protocols import Snapshot
from tests.building import Builder, Thing

PICTURE, CLIP, SONG, ANIMATION, PAGES, EMPTY = range(1, 7)


def written(
    builder: Builder, number: int, medium: Metadata, *segments: tuple[Segment, list[tuple[int | None, bytes]]]
) -> None:
    """An asset with segments that have fingerprints, and no vectors."""
    thing = Thing(f"{number}.x", medium)
    builder.add(thing)
    encoded = [catalog_vectors.Encoded(segment, [], fingerprints) for segment, fingerprints in segments]
    with catalog_write.transaction(builder.engine) as connection:
        results.replace_segments(connection, [results.Found(number, thing.hash, "read", encoded)])


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    """Six assets, whose ids are the constants above."""
    builder = Builder(tmp_path_factory.mktemp("fingerprints") / "library")
    image, shot = Segment("image"), Segment("shot", span=Span(0, 900))
    written(builder, PICTURE, Metadata("image"), (image, [(None, b"one")]))
    later = replace(shot, span=Span(900, 2000))
    sound = Segment("sound", span=Span(0, 2000))
    clip = [(later, [(950, b"d")]), (shot, [(0, b"b"), (500, b"c")]), (sound, [(0, b"S" * 4)])]
    written(builder, CLIP, Metadata("video"), *clip)
    written(builder, SONG, Metadata("audio"), (sound, [(0, np.array([7, 9], "<u4").tobytes())]))
    written(builder, ANIMATION, Metadata("image"), (image, [(0, b"x"), (40, b"y")]))
    written(builder, PAGES, Metadata("image"), (replace(image, page=1), [(None, b"p")]))
    written(builder, EMPTY, Metadata("image"), (image, [(None, b"")]))
    with open_snapshot(builder.engine) as opened:
        yield opened
    builder.close()


def test_pictures_of_a_medium_by_asset(snapshot: Snapshot) -> None:
    """In the order written within one; unknown times are 0; what could not be made is left out."""
    found = snapshot.fingerprints.of_medium("image")
    assert found.assets.tolist() == [PICTURE, ANIMATION, ANIMATION, PAGES]
    assert found.at_ms.tolist() == [0, 0, 40, 0]
    assert list(found.raw) == [b"one", b"x", b"y", b"p"]


def test_frames_of_a_video_without_its_sound(snapshot: Snapshot) -> None:
    """Its sound would be compared with pictures."""
    found = snapshot.fingerprints.of_medium("video")
    assert sorted(zip(found.at_ms.tolist(), found.raw, strict=True)) == [(0, b"b"), (500, b"c"), (950, b"d")]


def test_words_of_a_recording(snapshot: Snapshot) -> None:
    """32 bits each, little endian."""
    found = snapshot.fingerprints.of_medium("audio")
    assert found.assets.tolist() == [SONG]
    assert found.words(0).tolist() == [7, 9]


def test_one_asset_alone(snapshot: Snapshot) -> None:
    """Of another medium it has none."""
    assert list(snapshot.fingerprints.of_medium("image", ANIMATION).raw) == [b"x", b"y"]
    assert not len(snapshot.fingerprints.of_medium("audio", ANIMATION).assets)


def test_stills_are_single_pictures(snapshot: Snapshot) -> None:
    """Not pages, not animations, not frames of videos; only those that are asked for."""
    every = [PICTURE, CLIP, SONG, ANIMATION, PAGES]
    assert snapshot.fingerprints.looks(every).stills == {PICTURE: b"one"}
    assert snapshot.fingerprints.looks([CLIP]).stills == {}
