"""Operands of every medium become vectors, texts and keywords."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from retrieval.catalog.snapshot import open_snapshot
from retrieval.domain.media import Metadata, Modality
from retrieval.domain.query import Operand
from retrieval.errors import EncoderUnavailable, MediaError, QueryError
from retrieval.query.encode import EncodedOperand, TextVectors, encode_operand, resolve
from tests.building import Builder, Thing
from tests.fakes import COLOURS, DIMENSION, FakeEncoder, FakeProfile, text_vector

RED = np.full((40, 60, 3), COLOURS["red"], np.uint8)
TONE = np.sin(np.arange(32_000) * 2 * np.pi * 200 / 16_000).astype(np.float32)


@pytest.fixture
def builder(tmp_path: Path) -> Iterator[Builder]:
    """A library of one clip."""
    built = Builder(tmp_path / "library")
    built.add(Thing("clip.mp4", Metadata("video"), [("shot", "red car"), ("shot", "sea"), ("speech", "we sail")]))
    yield built
    built.close()


def asked(builder: Builder, operand: Operand, profile: FakeProfile | None = None) -> EncodedOperand:
    encoded = encode_operand(operand, profile or FakeProfile())
    spaces: Any = {role: (space, DIMENSION) for role, space in builder.spaces.items()}
    with open_snapshot(builder.engine) as snapshot:
        return resolve(encoded, snapshot, spaces)


def test_a_text_asks_both_spaces_and_the_keywords(builder: Builder) -> None:
    """Quotes are for the keywords; the encoders see plain words."""
    found = asked(builder, Operand("text", '"red car"'))
    assert found.words == '"red car"'
    assert found.vectors["shared", "text"] == pytest.approx(text_vector("red car")[None])
    assert found.vectors["sentence", "text"] == pytest.approx(text_vector("red car")[None])


@pytest.mark.parametrize(
    "picture",
    [
        RED,
        RED / np.float32(255),
        RED.astype(np.float64) / 255,
        np.dstack([RED, np.full(RED.shape[:2], 255, np.uint8)]),
        Image.fromarray(RED),
        Image.fromarray(RED).convert("P"),
    ],
    ids=["uint8", "float32", "float64", "with alpha", "PIL", "palette"],
)
def test_a_picture_in_memory_asks_the_shared_space(builder: Builder, picture: Any) -> None:
    """As array, PIL image, or palette image; no text, no keywords."""
    found = asked(builder, Operand("image", picture))
    assert found.vectors["shared", "image"] == pytest.approx(text_vector("red")[None])
    assert ("sentence", "text") not in found.vectors
    assert found.words == ""


def test_a_picture_file_asks_like_its_pixels(builder: Builder, tmp_path: Path) -> None:
    """The file is read as the indexer reads it."""
    Image.fromarray(RED).save(tmp_path / "red.png")
    assert asked(builder, Operand("image", tmp_path / "red.png")).vectors["shared", "image"] == pytest.approx(
        text_vector("red")[None]
    )


def test_a_file_asks_alike_by_path_by_text_and_by_bytes(builder: Builder, tmp_path: Path) -> None:
    """The path as a str, and the file's bytes as they come from elsewhere; the very file is known by its bytes."""
    Image.fromarray(RED).save(tmp_path / "red.png")
    (tmp_path / "note.txt").write_text("a red car")
    for sense, name in (("image", "red.png"), ("document", "note.txt")):
        file = tmp_path / name
        data = file.read_bytes()
        found = [
            asked(builder, Operand(sense, each)) for each in (file, str(file), data, bytearray(data), memoryview(data))
        ]
        assert len({each.digest for each in found}) == 1
        for each in found[1:]:
            assert {key: rows.tolist() for key, rows in each.vectors.items()} == {
                key: rows.tolist() for key, rows in found[0].vectors.items()
            }
    with pytest.raises(QueryError, match="is a document, not an image"):
        asked(builder, Operand("image", b"no picture"))
    for data in (b"", b"\xff\xd8\xff\xe0 cut"):
        with pytest.raises(MediaError):
            asked(builder, Operand("image", data))


@pytest.mark.parametrize(
    "samples", [TONE.astype(np.float64), (TONE * 32_767).astype(np.int16)], ids=["float64", "int16"]
)
def test_samples_of_other_types_ask_alike(builder: Builder, samples: Any) -> None:
    """As float32 in -1..1 does."""
    sound = asked(builder, Operand("audio", TONE)).vectors["shared", "sound"]
    assert asked(builder, Operand("audio", samples)).vectors["shared", "sound"] == pytest.approx(sound, abs=1e-3)


def test_samples_ask_by_their_sound_and_by_what_is_said(builder: Builder) -> None:
    """Sound windows, and the transcript as text, are asked at once."""
    found = asked(builder, Operand("audio", TONE), FakeProfile(said="we sail"))
    assert found.vectors["shared", "sound"] == pytest.approx(text_vector("low")[None])
    assert found.vectors["shared", "text"] == pytest.approx(text_vector("we sail")[None])
    assert found.words == "we sail"


def test_a_document_asks_by_its_passages(builder: Builder, tmp_path: Path) -> None:
    """Its text goes to the sentence space."""
    (tmp_path / "note.txt").write_text("We sail to the island tomorrow morning, if the weather is fine.\n")
    found = asked(builder, Operand("document", tmp_path / "note.txt"))
    assert ("sentence", "text") in found.vectors
    assert len(found.vectors["sentence", "text"]) == 1


def test_like_takes_what_the_library_holds(builder: Builder) -> None:
    """All vectors and texts of an asset, by its path, without an encoder."""
    every = frozenset({"text", "image", "sound"})
    found = asked(builder, Operand("like", "/media/test/clip.mp4"), FakeProfile(missing=every))
    assert found.vectors["shared", "image"].shape == (2, DIMENSION)
    assert ("sentence", "text") in found.vectors
    assert found.words == "we sail"


def test_an_encoder_that_is_missing_costs_its_lane(builder: Builder) -> None:
    """Sound without an encoder leaves the transcript; a picture without one is an error."""
    deaf = FakeProfile(said="we sail", missing=frozenset({"sound"}))
    assert {place for place in asked(builder, Operand("audio", TONE), deaf).vectors if place[0] == "shared"} == {
        ("shared", "text")
    }
    with pytest.raises(EncoderUnavailable):
        asked(builder, Operand("image", RED), FakeProfile(missing=frozenset({"image"})))


@pytest.mark.parametrize(
    "operand",
    [
        Operand("text", "  "),
        Operand("text", 5),
        Operand("image", np.zeros((4, 4, 2), np.uint8)),
        Operand("image", np.full((4, 4, 3), 255.0)),
        Operand("image", np.zeros((0, 4, 3), np.uint8)),
        Operand("image", 7),
        Operand("audio", np.zeros((4, 2), np.float32)),
        Operand("video", RED),
        Operand("audio", np.full(16_000, np.nan)),
        Operand("like", "/nowhere"),
    ],
)
def test_what_cannot_be_asked_is_refused(builder: Builder, operand: Operand) -> None:
    """With a line on what would do."""
    with pytest.raises(QueryError) as caught:
        asked(builder, operand)
    assert caught.value.hint


def test_a_file_of_another_medium_is_named(builder: Builder, tmp_path: Path) -> None:
    """--video with a picture says what the file is; a missing file is missing."""
    Image.fromarray(RED).save(tmp_path / "red.png")
    with pytest.raises(QueryError, match="is an image, not a video"):
        asked(builder, Operand("video", tmp_path / "red.png"))
    with pytest.raises(MediaError, match="no file"):
        asked(builder, Operand("image", tmp_path / "none.png"))


def test_a_real_clip_asks_by_its_frames(builder: Builder, media: Path) -> None:
    """Frames of a video become picture vectors."""
    found = asked(builder, Operand("video", media / "fixtures/videos/v_05.mp4"))
    assert found.vectors["shared", "image"].shape[1] == DIMENSION
    assert len(found.vectors["shared", "image"]) >= 1


class Counting(FakeProfile):
    """Counts the encoders that it gives for texts."""

    asked = 0

    def encoder(self, role: str, modality: Modality) -> FakeEncoder:
        self.asked += modality == "text"
        return super().encoder(role, modality)


def test_a_text_is_encoded_once_for_each_revision() -> None:
    """The ones asked last are kept, so many at most; weight and lane are the question's own."""
    kept, first, later = TextVectors(2), Counting(), Counting(revision="2")
    one = encode_operand(Operand("text", "red car", weight=2.0), first, kept)
    again = encode_operand(Operand("text", " red car ", lane="said"), first, kept)
    assert first.asked == 2  # a space each
    assert again.vectors is one.vectors
    assert (one.weight, one.lane, again.weight, again.lane) == (2.0, None, 1.0, "said")
    encode_operand(Operand("text", "red car"), later, kept)
    assert later.asked == 2
    for text in ("red car", "sea", "red car", "sky"):  # the last one pushes out those of the later revision and the sea
        encode_operand(Operand("text", text), first, kept)
    assert first.asked == 6
    encode_operand(Operand("text", "red car"), first, kept)
    assert first.asked == 6
    encode_operand(Operand("text", "sea"), first, kept)
    assert first.asked == 8
    with pytest.raises(ValueError, match="read-only"):
        one.vectors["shared", "text"][0] = 0


def test_what_lacks_an_encoder_is_not_kept() -> None:
    """The encoder may be there the next time."""
    kept = TextVectors()
    with pytest.raises(EncoderUnavailable):
        encode_operand(Operand("text", "red car"), FakeProfile(missing=frozenset({"text"})), kept)
    assert encode_operand(Operand("text", "red car"), FakeProfile(), kept).vectors
