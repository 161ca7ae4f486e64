"""A reel holds the best moments of a question, each once, and the lists beside it say what is in it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from retrieval import Library, QueryError, RetrievalError
from retrieval.domain.media import Span
from retrieval.export import reel
from retrieval.export.reel import Part
from retrieval.media import fingerprint
from retrieval.media.av.concat import Joined
from retrieval.search.moments import Moment
from tests.fakes import FakeProfile
from tests.retrieval.media import made_clips


def part(name: str, start: int, end: int, confidence: float, **more: object) -> Part:
    return Part(Path(name), name, Span(start, end), start, confidence, **more)


def test_the_surest_parts_that_fit_are_chosen() -> None:
    """One that is too long for what is left is passed over for a shorter one."""
    parts = [part("a", 0, 6000, 0.9), part("a", 8000, 13_000, 0.8), part("b", 0, 3000, 0.7)]
    assert [each.confidence for each in reel.chosen(parts, 10_000)] == [0.9, 0.7]
    (only,) = reel.chosen(parts[:1], 4000)
    assert only.span == Span(0, 4000)


def test_what_looks_like_a_part_before_is_left_out() -> None:
    """A copy of the same picture in another file, and what overlaps in the same file."""
    rng = np.random.default_rng(1)
    one, other = (fingerprint.picture_fingerprint(rng.integers(0, 255, (24, 24, 3), np.uint8)) for _ in range(2))
    parts = [part("a", 0, 2000, 0.9, look=one), part("b", 0, 2000, 0.8, look=one), part("c", 0, 2000, 0.7, look=other)]
    assert [each.asset for each in reel.chosen([*parts, part("a", 1000, 3000, 0.6)], 60_000)] == ["a", "c"]


def test_parts_of_one_file_keep_their_order() -> None:
    """The file with the surest part comes first, its parts by time."""
    parts = [part("b", 0, 1000, 0.8), part("a", 5000, 6000, 0.9), part("a", 1000, 2000, 0.6)]
    assert [(each.asset, each.span.start) for each in reel.arranged(parts)] == [("a", 1000), ("a", 5000), ("b", 0)]


NONE = np.empty(0, np.int64)


def test_a_long_moment_is_cut_around_its_frame() -> None:
    """At a shot cut where one is near, and never outside the moment."""
    moment = Moment(Span(0, 60_000), 30_000, 2.0, 2.0)
    assert reel.clean(moment, NONE, NONE.reshape(0, 2)) == Span(24_000, 36_000)
    assert reel.clean(moment, np.array([23_000, 37_500]), NONE.reshape(0, 2)) == Span(23_000, 37_500)


def test_no_sentence_is_cut_in_two() -> None:
    """Ends inside a sentence are moved out of it, not over a cut, and not far."""
    sentences = np.array([[1000, 3000], [7500, 9000], [20_000, 30_000]])
    moment = Moment(Span(2000, 8000), 4000, 2.0, 2.0)
    assert reel.clean(moment, NONE, sentences) == Span(1000, 9000)
    assert reel.clean(moment, np.array([1500, 8000]), sentences) == Span(2000, 8000)


def test_the_lists_give_times_in_file_and_reel() -> None:
    """Subtitles are shifted and cut; the table and the edit list name file, source and reel times."""
    parts = [part("a.mp4", 0, 2000, 0.9), part("b.mp4", 5000, 7000, 0.8, said=((Span(4500, 6000), "hello"),))]
    written = [Joined(Span(0, 2000), 0), Joined(Span(2000, 4000), 240)]
    assert reel.subtitles(parts, written) == "1\n00:00:02,000 --> 00:00:03,000\nhello\n"
    rows = list(csv.DictReader(io.StringIO(reel.table(parts, written))))
    assert [rows[1][name] for name in reel.CSV_HEAD[:5]] == ["2000", "4000", "b.mp4", "5000", "7000"]
    edits = reel.edit_list(parts, written, "x").splitlines()
    assert edits[0] == "TITLE: x"
    assert "002  AX       B     C        00:00:05:00 00:00:07:00 00:00:02:00 00:00:04:00" in edits


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Two clips of reddish and bluish patterns."""
    folder = tmp_path_factory.mktemp("reel")
    rng = np.random.default_rng(2)

    def tinted(colour: tuple[int, int, int]) -> made_clips.Scene:
        texture = np.kron(rng.integers(-25, 25, (15, 20, 1)), np.ones((8, 8, 1)))
        picture = (np.array(colour) + texture).clip(0, 255).astype(np.uint8)
        return lambda time: picture

    red, blue = (200, 40, 40), (40, 40, 200)
    (folder / "media").mkdir()
    for name, colours in (("one.mp4", (red, blue, red)), ("two.mp4", (blue, red))):
        shots = [tinted(colour) for colour in colours]
        made_clips.write(folder / "media" / name, made_clips.frames(shots, [75] * len(shots)))
    index_folders([folder / "media"], library=folder / "library", options=Options(profile=FakeProfile(), speech=False))
    return Library.open(folder / "library", profile=FakeProfile())


def test_a_reel_is_made_of_the_moments_of_a_question(library: Library, tmp_path: Path) -> None:
    """All red shots of both clips and no blue one, with the three lists beside it."""
    parts = reel.make(library, "red", tmp_path / "reel.mp4")
    found = sorted((each.path.name, each.span.start // 1000, each.span.end // 1000) for each in parts)
    assert found == [("one.mp4", 0, 3), ("one.mp4", 6, 9), ("two.mp4", 3, 6)]
    import av

    with av.open(str(tmp_path / "reel.mp4")) as container:
        means = [frame.to_ndarray(format="rgb24").mean(axis=(0, 1)) for frame in container.decode(video=0)]
    assert len(means) == pytest.approx(225, abs=2) and all(mean[0] > 120 > mean[2] for mean in means)
    assert all((tmp_path / f"reel.{end}").exists() for end in ("srt", "csv", "edl"))


def test_cuts_follow_the_operators(library: Library, tmp_path: Path) -> None:
    """Of an order only its events are cut out, and only from the clip that has them in that order."""
    parts = reel.make(library, "red then blue within 2s", tmp_path / "reel.mp4")
    assert [(each.path.name, each.span.start // 1000, each.span.end // 1000) for each in parts] == [("one.mp4", 0, 6)]
    parts = reel.make(library, "(red OR blue) -blue", tmp_path / "reel.mp4", replace_files=True)
    assert {(each.path.name, each.span.start // 1000) for each in parts} == {
        ("one.mp4", 0),
        ("one.mp4", 6),
        ("two.mp4", 3),
    }


def test_a_reel_keeps_to_its_length(library: Library, tmp_path: Path) -> None:
    """Four seconds hold one shot of three."""
    parts = reel.make(library, "red", tmp_path / "reel.mp4", length_ms=4000)
    assert sum(each.span.length for each in parts) <= 4000 and len(parts) == 1


def test_a_reel_of_nothing_is_an_error(library: Library, tmp_path: Path) -> None:
    """No match, no MP4, or one of the sources as target: one clear line, and nothing is written."""
    with pytest.raises(QueryError, match="no moment"):
        reel.make(library, "green", tmp_path / "reel.mp4")
    with pytest.raises(QueryError, match="is not called so"):
        reel.make(library, "red", tmp_path / "reel.avi")
    source = library.search("red", media={"video"})[0].path
    before = source.read_bytes()
    for leave, said in ((False, "is there already"), (True, "is the file itself")):
        with pytest.raises(RetrievalError, match=said):
            reel.make(library, "red", source, replace_files=leave)
    assert source.read_bytes() == before
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".mp4", ".srt", ".csv", ".edl"])
def test_a_reel_replaces_none_of_its_four_files_unasked(library: Library, tmp_path: Path, suffix: str) -> None:
    """Said before anything is cut; a missing folder is named as well."""
    mine = tmp_path / f"reel{suffix}"
    mine.write_text("mine")
    with pytest.raises(RetrievalError, match=rf"reel\{suffix} is there already"):
        reel.make(library, "red", tmp_path / "reel.mp4")
    assert [each.read_text() for each in tmp_path.iterdir()] == ["mine"]
    with pytest.raises(RetrievalError, match="there is no folder"):
        reel.make(library, "red", tmp_path / "nowhere" / "reel.mp4")
    reel.make(library, "red", tmp_path / "reel.mp4", replace_files=True)
    assert mine.read_bytes() != b"mine"
