"""Why a hit answers: the place in a picture, the marked words, the frame and the time."""

from __future__ import annotations

import wave
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from retrieval import Library, QueryError
from retrieval.domain.media import Box, Metadata, Modality, Span, Vectors
from retrieval.domain.query import Leaf, Not, Operand, Query, Weighted, WeightedSum
from retrieval.search import explain, saliency
from retrieval.search.saliency import CELLS, WHOLE
from tests.building import Builder, Thing
from tests.fakes import COLOURS, FakeEncoder, FakeProfile, FakeTranscriber, text_vector


def picture(colour: str, box: tuple[float, float, float, float], ground: str = "green") -> Image.Image:
    """A rectangle of a colour in a picture of another; box in shares of the sides."""
    pixels = np.full((180, 240, 3), COLOURS[ground], np.uint8)
    left, top, right, bottom = (round(at * side) for at, side in zip(box, (240, 180, 240, 180), strict=True))
    pixels[top:bottom, left:right] = COLOURS[colour]
    return Image.fromarray(pixels)


@pytest.mark.parametrize("box", [(0, 0, 0.5, 0.5), (0.5, 0.5, 1, 1), (0.05, 0.6, 0.4, 1), (0.3, 0.3, 0.7, 0.7)])
def test_the_warmest_spot_and_the_box_lie_on_what_was_asked(box: tuple[float, float, float, float]) -> None:
    """A red thing in a green picture is where the heat is, and the box is not the whole picture."""
    encoder = FakeProfile().encoder("shared", "image")
    found = saliency.saliency_map(picture("red", box), encoder, [text_vector("red")[None]])
    x, y = found.peak
    assert box[0] <= x <= box[2]
    assert box[1] <= y <= box[3]
    assert not found.everywhere
    middle = (found.box.left + found.box.right) / 20_000, (found.box.top + found.box.bottom) / 20_000
    assert box[0] <= middle[0] <= box[2]
    assert box[1] <= middle[1] <= box[3]


def test_where_no_part_answers_better_the_whole_picture_is_the_box() -> None:
    """A picture that is red all over has no place of its own, and is warm everywhere."""
    found = saliency.saliency_map(
        picture("red", (0, 0, 1, 1)), FakeProfile().encoder("shared", "image"), [text_vector("red")[None]]
    )
    assert found.everywhere
    assert found.values.min() == 1


def test_where_a_region_is_known_the_box_is_about_as_small_as_the_thing() -> None:
    """A thing of a tenth of the side: outside its region all is cold, and the box is not much larger than it is."""
    thing, region = (0.8, 0.1, 0.9, 0.2), Box(7_300, 0, 10_000, 2_700)
    encoder = FakeProfile().encoder("shared", "image")
    found = saliency.saliency_within(picture("red", thing), region, encoder, [text_vector("red")[None]])
    x, y = found.peak
    assert (0.73 <= x <= 1.0, 0.0 <= y <= 0.27) == (True, True)
    assert found.values[:, : round(0.7 * CELLS)].max() == 0
    assert found.values.max() == pytest.approx(1)
    box = found.box
    assert box.left <= 8_500 <= box.right
    assert box.top <= 1_500 <= box.bottom
    assert box.right - box.left <= 2_000
    assert region.left <= box.left
    assert box.right <= region.right


def test_warmth_lies_between_0_and_1_whatever_the_nearness() -> None:
    """Its greatest value is 1; the cells are those of a square map."""
    places = saliency.parts()
    for seed in range(5):
        values = saliency.saliency(places, np.random.default_rng(seed).normal(size=len(places)))
        assert values.shape == (CELLS, CELLS)
        assert values.min() >= 0
        assert values.max() == pytest.approx(1)


def test_a_tiny_picture_can_be_explained() -> None:
    """A picture of one pixel has parts as well."""
    tiny = Image.new("RGB", (1, 1), COLOURS["red"])
    assert (
        saliency.saliency_map(tiny, FakeProfile().encoder("shared", "image"), [text_vector("red")[None]]).box == WHOLE
    )


def test_what_stands_behind_a_minus_does_not_speak_for_an_answer() -> None:
    """The heat map asks with the other operands, those of options among them."""
    tree = WeightedSum(
        (Leaf("text", "dog"), Weighted(Not(Leaf("text", "indoor")), 2.0), Not(Not(Leaf("text", "snow"))))
    )
    query = Query(tuple(Operand("text", word) for word in ("dog", "indoor", "snow", "extra")), tree=tree)
    assert explain.speaking_operands(query) == [0, 2, 3]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Real files: a picture with a red corner whose name has signs of globs, and a sound."""
    folder = tmp_path_factory.mktemp("explained") / "Holiday [1]*"
    folder.mkdir()
    picture("red", (0.5, 0, 1, 0.5)).save(folder / "redCorner.png")
    picture("blue", (0, 0, 1, 1), "blue").save(folder / "blue.png")
    with wave.open(str(folder / "tone.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        tone = np.sin(np.arange(64_000) * 0.9) * np.repeat((0.1, 0.9), 32_000)
        file.writeframes((tone * 32_000).astype("<i2").tobytes())
    profile = FakeProfile()
    options = Options(profile=profile, speech=False, workers=1)
    index_folders([folder], library=folder.parent / "library", options=options)
    with Library.open(folder.parent / "library", profile) as opened:
        yield opened


def _path(library: Library, name: str) -> Path:
    return library.path.parent / "Holiday [1]*" / name


def test_a_picture_is_explained_with_lanes_and_the_words_of_its_name(library: Library) -> None:
    """The file itself is shown, its lanes sum to 1, and the word that its name holds is marked."""
    found = library.explain("red corner", _path(library, "redCorner.png"))
    assert found is not None
    assert found.segment is not None
    assert sum(found.segment.lanes.values()) == pytest.approx(1)
    assert found.picture is not None
    assert found.picture.shape == (180, 240, 3)
    path = str(found.hit.path)
    assert [path[each.start : each.end] for each in found.name_marks] == ["redCorner"]


def test_a_recording_is_explained_with_its_loudness(library: Library) -> None:
    """The quiet first half is lower than the loud second one; the curve covers the recording."""
    found = library.explain("high", _path(library, "tone.wav"))
    assert found is not None
    assert found.outline is not None
    half = len(found.outline) // 2
    assert found.outline[: half - 2].max() < 0.2
    assert found.outline[half + 2 :].max() > 0.9
    assert found.curve is not None
    assert len(found.curve)


class CountingEncoder:
    """An encoder that notes what it encodes."""

    def __init__(self, encoder: FakeEncoder, calls: list[str]) -> None:
        self._encoder, self._calls = encoder, calls

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def encode(self, items: Sequence[Any]) -> Vectors:
        self._calls.append(self._encoder.accepts)
        return self._encoder.encode(items)


class CountingProfile(FakeProfile):
    """A profile whose encoders and transcriber note every use."""

    def __init__(self) -> None:
        super().__init__(said="red")
        self.calls: list[str] = []

    def encoder(self, role: str, modality: Modality) -> Any:
        return CountingEncoder(super().encoder(role, modality), self.calls)

    def transcriber(self) -> FakeTranscriber:
        self.calls.append("speech")
        return super().transcriber()


def test_a_recording_that_asks_is_encoded_once(library: Library) -> None:
    """For the hit, its curve and its explanation; the question that was encoded asks again without an encoder."""
    profile = CountingProfile()
    with Library.open(library.path, profile) as opened:
        tone = _path(library, "tone.wav")
        found = opened.explain(Operand("audio", tone), tone)
        assert found is not None
        assert found.curve is not None
        assert sorted(profile.calls) == ["sound", "speech", "text", "text"]  # its words in both spaces
        encoded = opened.encode("high")
        profile.calls.clear()
        assert opened.search(encoded, media="audio", min_confidence=0.0)[0].path == tone
        assert len(opened.curve(encoded, tone))
        assert opened.explain(encoded, tone) is not None
        assert profile.calls == []


def test_a_file_that_is_gone_is_explained_without_its_picture(library: Library) -> None:
    """The catalog still knows lanes; one line says what could not be opened."""
    path = _path(library, "blue.png")
    held = path.read_bytes()
    path.unlink()
    try:
        found = library.explain("blue", path)
    finally:
        path.write_bytes(held)
    assert found is not None
    assert found.picture is None
    assert any("blue.png" in line for line in found.warnings)


def test_an_explanation_is_as_sure_as_the_answer_that_it_explains(library: Library) -> None:
    """Confidence and lanes are those of a search in the whole library."""
    for hit in library.search("red corner", min_confidence=0.0):
        found = library.explain("red corner", hit.path)
        assert found is not None
        assert found.hit == hit


def test_an_empty_question_explains_nothing(library: Library) -> None:
    """It is refused with a line that says what to do."""
    with pytest.raises(QueryError, match="empty"):
        library.explain("", _path(library, "blue.png"))


def test_the_named_segment_is_explained(tmp_path: Path) -> None:
    """Who gives a segment's id sees that one, not the best of its asset."""
    builder = Builder(tmp_path / "library")
    builder.add(Thing("a.txt", Metadata("document"), [("passage", "red apple"), ("passage", "red red pear")]))
    builder.close()
    with Library.open(tmp_path / "library", builder.profile) as opened:
        segments = [each.key for each in opened.show("/media/test/a.txt").segments]
        for key in segments:
            found = opened.explain("red", key)
            assert found is not None
            assert found.segment is not None
            assert found.segment.id == key


def test_a_segment_beyond_those_listed_is_explained_as_well(tmp_path: Path) -> None:
    """An answer lists a few of many passages; who names another one sees what is found in it, not in the best."""
    builder = Builder(tmp_path / "library")
    builder.add(Thing("a.txt", Metadata("document"), [("passage", f"red {number} apple") for number in range(12)]))
    builder.add(Thing("b.txt", Metadata("document"), [("passage", f"green {number} pear") for number in range(60)]))
    builder.close()
    with Library.open(tmp_path / "library", builder.profile) as opened:
        listed = {each.id for each in opened.search("red", min_confidence=0.0)[0].segments}
        named = [each for each in opened.show("/media/test/a.txt").segments if each.key not in listed]
        assert named
        for each in named:
            found = opened.explain("red", each.key)
            assert found is not None
            assert found.segment is not None
            assert (found.segment.id, found.segment.text) == (each.key, each.segment.text)
            assert found.segment.marks == (Span(0, 3),)
            assert sum(found.segment.lanes.values()) == pytest.approx(1)
            assert not found.warnings


def test_who_names_a_segment_that_nothing_asks_is_told(tmp_path: Path) -> None:
    """A picture says nothing to a question of words alone: one line tells that another segment is explained."""
    builder = Builder(tmp_path / "library")
    builder.add(Thing("a.pdf", Metadata("document"), [("image", "blue"), ("passage", "red apple")]))
    builder.close()
    with Library.open(tmp_path / "library", builder.profile) as opened:
        picture = next(each for each in opened.show("/media/test/a.pdf").segments if each.segment.kind == "image")
        found = opened.explain(Operand("text", "red", lane="words"), picture.key)
        assert found is not None
        assert found.segment is not None
        assert found.segment.kind == "passage"
        assert any(picture.key in line for line in found.warnings)


def test_an_animation_is_explained_by_the_frame_that_answers(tmp_path: Path) -> None:
    """Of red, blue and green the blue frame is shown, at its time; an answer in the first frame is shown by that."""
    frames = [picture(colour, (0, 0, 1, 1)) for colour in ("red", "blue", "green")]
    (tmp_path / "media").mkdir()
    file = tmp_path / "media" / "colours.gif"
    frames[0].save(file, save_all=True, append_images=frames[1:], duration=500, loop=0)
    profile = FakeProfile()
    options = Options(profile=profile, speech=False, workers=1)
    index_folders([tmp_path / "media"], library=tmp_path / "library", options=options)
    with Library.open(tmp_path / "library", profile) as opened:
        for at_ms, colour in enumerate(("red", "blue", "green")):
            found = opened.explain(colour, file)
            assert found is not None
            assert found.picture is not None
            assert found.at_ms == 500 * at_ms
            assert np.abs(found.picture.mean(axis=(0, 1)) - COLOURS[colour]).max() < 40


def test_boxes_are_kept_inside_the_picture() -> None:
    """No part leaves it."""
    places = saliency.parts()
    assert places.min() >= 0
    assert places.max() <= 1 + 1e-9
    assert WHOLE == Box(0, 0, 10_000, 10_000)
