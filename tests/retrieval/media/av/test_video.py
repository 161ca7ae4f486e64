"""Clips as shots with frame views, and single frames."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import av
import numpy as np
import pytest

from retrieval.domain.media import ExtractedSegment, ImageSpec, Metadata, Span
from retrieval.errors import MediaError, MediaTooLarge, MediaUnreadable
from retrieval.media.av import video
from retrieval.media.av.cut import save_clip
from retrieval.media.av.video import frame_at, key_frames, read_video, watch_video
from retrieval.media.image.decode import fit
from retrieval.media.sniff import identify
from retrieval.settings import Limits
from tests.retrieval.media.made_clips import frames, pattern, tone, write

FORM = ImageSpec(32)


def spans(readings: list[ExtractedSegment]) -> list[tuple[int, int]]:
    return [(one.segment.span.start, one.segment.span.end) for one in readings if one.segment.span]


def speech(path: Path) -> tuple[Metadata, list[ExtractedSegment]]:
    facts, *readings = read_video(path)
    assert isinstance(facts, Metadata)
    return facts, [one for one in readings if isinstance(one, ExtractedSegment)]


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [
        ("libx264", "mp4"),
        ("libx265", "mkv"),
        ("libvpx-vp9", "webm"),
        ("mpeg4", "avi"),
        ("mjpeg", "mov"),
        ("libx264", "ts"),
    ],
)
def test_cuts_are_found_to_the_frame(tmp_path: Path, codec: str, suffix: str) -> None:
    """Three scenes of 40, 30 and 50 frames give three shots that end where the next begins, whatever the codec."""
    pictures = frames([pattern(1), pattern(2), pattern(3)], [40, 30, 50])
    got = spans(list(watch_video(write(tmp_path / f"a.{suffix}", pictures, codec=codec), FORM)))
    assert len(got) == 3
    assert got[0][0] == 0
    assert [end for _, end in got[:-1]] == [start for start, _ in got[1:]]
    assert np.abs(np.array([end for _, end in got]) - [1600, 2800, 4800]).max() <= 45


def test_times_of_varying_frame_rate_are_those_of_the_stamps(tmp_path: Path) -> None:
    """With frames at uneven times the cut stands at the time stamp of the first frame of the new scene."""
    times = np.cumsum([0] + [20 if n % 3 else 110 for n in range(59)]).tolist()
    path = write(tmp_path / "a.mkv", frames([pattern(4), pattern(5)], [33, 27]), times=times)
    assert spans(list(watch_video(path, FORM)))[0] == (0, times[33])


def test_a_dissolve_parts_two_shots_in_its_middle(tmp_path: Path) -> None:
    """Twenty frames of mixture between two scenes give one border inside the mixture."""
    pictures = frames([pattern(1, move=0.1), pattern(2, move=0.1)], [60, 50], mix=20)
    got = spans(list(watch_video(write(tmp_path / "a.mp4", pictures), FORM)))
    assert len(got) == 2
    assert 1600 < got[0][1] < 2400


def test_black_parts_shots_and_is_not_shown(tmp_path: Path) -> None:
    """A second of black between scenes gives two shots without a black view."""
    pictures = frames([pattern(1), pattern(2)], [40, 40], black=25)
    got = list(watch_video(write(tmp_path / "a.mp4", pictures), FORM))
    assert len(got) == 2
    assert all(view.array.mean() > 30 for one in got for view in one.views)
    assert not any(1640 < (view.at_ms or 0) < 2600 for one in got for view in one.views)


def test_a_flash_and_a_pan_are_no_cuts(tmp_path: Path) -> None:
    """One white frame in a scene, and a fast pan, leave one shot."""
    pictures = list(frames([pattern(6, move=0.9)], [60], noise=4))
    pictures[30] = np.full_like(pictures[30], 250)
    assert len(list(watch_video(write(tmp_path / "a.mp4", pictures), FORM))) == 1


def test_views_stand_inside_their_shot_and_still_ones_are_merged(tmp_path: Path) -> None:
    """Four seconds without movement give one view; moving ones one about each 750 ms, in order, inside the span."""
    still = list(watch_video(write(tmp_path / "a.mp4", frames([pattern(1, move=0)], [100])), FORM))
    assert [len(one.views) for one in still] == [1]
    moving = list(
        watch_video(write(tmp_path / "b.mp4", frames([pattern(1, move=0.9), pattern(2, move=0.9)], [100, 60])), FORM)
    )
    for one in moving:
        times = [view.at_ms or 0 for view in one.views]
        assert one.segment.span is not None
        assert times == sorted(times)
        assert all(one.segment.span.start <= at < one.segment.span.end for at in times)
        assert all(view.array.shape == (32, 32, 3) for view in one.views)
    assert len(moving[0].views) >= 4


def test_every_shot_has_a_view_however_short(tmp_path: Path) -> None:
    """Shots of 400 ms, shorter than the distance of views, have one each."""
    got = list(watch_video(write(tmp_path / "a.mp4", frames([pattern(n) for n in range(8)], [10] * 8)), FORM))
    assert len(got) >= 7
    assert all(one.views for one in got)


def test_a_long_shot_comes_in_parts(tmp_path: Path) -> None:
    """Two and a half minutes without a cut give parts of at most a minute that follow each other."""
    path = write(tmp_path / "a.mp4", frames([pattern(1, (64, 48))], [750]), rate=5)
    got = spans(list(watch_video(path, FORM)))
    assert [start for start, _ in got[1:]] == [end for _, end in got[:-1]]
    assert len(got) == 3
    assert max(end - start for start, end in got) <= 60_300


def test_shots_are_given_before_the_file_is_read_to_its_end(tmp_path: Path) -> None:
    """The first shot comes out of a file whose end is missing."""
    whole = write(tmp_path / "a.mkv", frames([pattern(1), pattern(2), pattern(3)], [100, 100, 100], noise=8))
    content = whole.read_bytes()
    (tmp_path / "b.mkv").write_bytes(content[: len(content) * 2 // 3])
    assert spans(list(watch_video(tmp_path / "b.mkv", FORM)))[0] == (0, 4000)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_turned_clips_are_shown_upright(tmp_path: Path, rotation: int) -> None:
    """The display matrix of a phone's clip is obeyed in facts, views and single frames."""
    stored = np.zeros((48, 64, 3), np.uint8)
    stored[:, :32] = (220, 20, 20)
    stored[:, 32:] = (20, 20, 220)
    path = write(tmp_path / "a.mp4", [stored] * 10, rotation=rotation)
    upright = np.rot90(stored, rotation // 90)
    facts, _ = speech(path)
    shown = np.asarray(frame_at(path, 0))
    assert (facts.height, facts.width) == upright.shape[:2] == shown.shape[:2]
    assert np.abs(shown.astype(int) - upright).mean() < 12


def test_facts_tell_size_length_date_and_sound(tmp_path: Path) -> None:
    """Metadata of the container become facts."""
    metadata = {"title": "Sommer", "artist": "Ana", "creation_time": "2019-07-14T16:03:11.000000Z"}
    path = write(tmp_path / "a.mp4", frames([pattern(1)], [50]), sound=tone(2), metadata=metadata)
    facts, _ = speech(path)
    assert (facts.format, facts.width, facts.height, facts.title, facts.artist) == ("mp4", 160, 120, "Sommer", "Ana")
    assert facts.date == "2019-07-14T16:03:11"
    assert (facts.has_sound, facts.has_pictures, facts.has_subtitles) == (True, True, False)
    assert abs((facts.duration_ms or 0) - 2000) < 100


SRT = "1\n00:00:00,500 --> 00:00:01,200\nHallo Welt,\n\n2\n00:00:01,200 --> 00:00:01,900\n<i>wie geht's?</i>\n\n3\n00:00:01,900 --> 00:00:02,800\nGut.\n"


@pytest.mark.parametrize("name", ["film.srt", "film.de.srt", "film.VTT"])
def test_subtitles_beside_a_clip_are_its_speech(tmp_path: Path, name: str) -> None:
    """A file of the same name, with or without a language, gives speech segments of whole sentences."""
    text = (
        SRT
        if name.endswith("srt")
        else "WEBVTT\n\n"
        + SRT.replace(",500", ".500").replace(",200", ".200").replace(",900", ".900").replace(",800", ".800")
    )
    write(tmp_path / "film.mp4", frames([pattern(1)], [80]))
    (tmp_path / name).write_text(text, encoding="utf-16")
    (tmp_path / "film2.srt").write_text(SRT.replace("Gut", "Not mine"))
    facts, readings = speech(tmp_path / "film.mp4")
    assert facts.has_subtitles
    assert [one.segment.text for one in readings] == ["Hallo Welt, wie geht's?", "Gut."]
    assert spans(readings) == [(500, 1900), (1900, 2800)]
    if ".de." in name:
        assert {one.segment.lang for one in readings} == {"de"}


def test_subtitles_of_another_part_are_not_those_of_the_film(tmp_path: Path) -> None:
    """film.part2.srt belongs to film.part2.mp4 where there is one, and else to film.mp4."""
    write(tmp_path / "film.mp4", frames([pattern(1)], [80]))
    (tmp_path / "film.part2.srt").write_text(SRT)
    assert speech(tmp_path / "film.mp4")[0].has_subtitles
    write(tmp_path / "film.part2.mp4", frames([pattern(1)], [80]))
    assert not speech(tmp_path / "film.mp4")[0].has_subtitles
    assert speech(tmp_path / "film.part2.mp4")[0].has_subtitles


@pytest.mark.parametrize("content", [b"", b"no cue in here", bytes(range(256)) * 40])
def test_subtitles_without_a_cue_do_not_spoil_their_clip(tmp_path: Path, content: bytes) -> None:
    """An empty, wordless or binary file beside a clip gives no speech and no error."""
    write(tmp_path / "film.mp4", frames([pattern(1)], [20]))
    (tmp_path / "film.srt").write_bytes(content)
    facts, readings = speech(tmp_path / "film.mp4")
    assert (facts.has_subtitles, readings) == (False, [])


def test_subtitles_inside_a_clip_are_its_speech(tmp_path: Path) -> None:
    """A text track of a Matroska file is read with its times and language."""
    write(tmp_path / "a.mp4", frames([pattern(1)], [80]))
    (tmp_path / "a-text.srt").write_text("1\n00:00:01,000 --> 00:00:02,500\n沙滩上的狗\n", encoding="utf-8")
    with (
        av.open(str(tmp_path / "a.mp4")) as picture,
        av.open(str(tmp_path / "a-text.srt")) as text,
        av.open(str(tmp_path / "b.mkv"), "w") as out,
    ):
        tracks = {source: out.add_stream_from_template(source.streams[0]) for source in (picture, text)}
        tracks[text].metadata["language"] = "chi"
        for source in (picture, text):
            for packet in source.demux():
                if packet.dts is not None:
                    packet.stream = tracks[source]
                    out.mux(packet)
    facts, [reading] = speech(tmp_path / "b.mkv")
    assert facts.has_subtitles
    assert (reading.segment.text, reading.segment.lang, spans([reading])) == ("沙滩上的狗", "zh", [(1000, 2500)])


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [("libx264", "mp4"), ("mpeg4", "mkv"), ("libvpx-vp9", "webm"), ("ffv1", "mkv")],
)
def test_only_key_frames_are_decoded_for_text(tmp_path: Path, codec: str, suffix: str) -> None:
    """One key frame in 15 pictures, whether or not the decoder knows how to skip the others."""
    path = tmp_path / f"a.{suffix}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt, stream.codec_context.gop_size = 160, 120, "yuv420p", 15
        for picture in frames([pattern(1, move=1.0)], [45]):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    assert [at for at, _, _ in key_frames(path, 1)] == [0, 600, 1200]


@pytest.mark.parametrize("at_ms", [0, 500, 1999, 2040, 3999, 99_000])
def test_a_frame_is_the_one_shown_at_its_time(tmp_path: Path, at_ms: int) -> None:
    """Each frame carries its number as brightness; the frame of any time is found, the last one behind the end."""
    pictures = [np.full((48, 64, 3), 20 + 2 * n, np.uint8) for n in range(100)]
    path = write(tmp_path / "a.mp4", pictures)
    expected = 20 + 2 * min(at_ms // 40, 99)
    assert abs(float(np.asarray(frame_at(path, at_ms)).mean()) - expected) < 2


def test_a_cut_clip_holds_its_span(tmp_path: Path) -> None:
    """A clip cut out for showing has the length and the pictures of its span, and its sound."""
    pictures = [np.full((48, 64, 3), 20 + 2 * n, np.uint8) for n in range(100)]
    path = write(tmp_path / "a.mp4", pictures, sound=tone(4))
    facts, _ = speech(save_clip(path, Span(1000, 2000), tmp_path / "cut.mp4"))
    assert abs((facts.duration_ms or 0) - 1000) < 100
    assert facts.has_sound
    assert abs(float(np.asarray(frame_at(tmp_path / "cut.mp4", 0)).mean()) - 70) < 4


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_a_broken_off_mp4_is_truncated(tmp_path: Path, share: float) -> None:
    """An MP4 that ends before its table of contents has the reason `truncated`."""
    path = write(tmp_path / "a.mp4", frames([pattern(1)], [50], noise=5))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(MediaUnreadable) as caught:
        speech(path)
    assert caught.value.reason == "truncated"


def test_frames_above_the_limit_are_refused_before_decoding(tmp_path: Path) -> None:
    """The size in the header decides."""
    path = write(tmp_path / "a.mp4", frames([pattern(1)], [5]))
    for read in (read_video(path, Limits(pixels=1000)), watch_video(path, FORM, Limits(pixels=1000))):
        with pytest.raises(MediaTooLarge):
            list(read)


def test_names_of_any_bytes_are_read(tmp_path: Path) -> None:
    """A name that is not UTF-8, holds a line end or looks like a protocol is a name."""
    write(tmp_path / "a.mp4", frames([pattern(1)], [10]), sound=tone(1))
    content = (tmp_path / "a.mp4").read_bytes()
    for name in (os.fsdecode(b"\xff\xfe.mp4"), "a\nb.mp4", "concat:a.mp4"):
        (tmp_path / name).write_bytes(content)
        assert speech(tmp_path / name)[0].has_pictures
        assert len(list(watch_video(tmp_path / name, FORM))) == 1


def test_noise_in_a_clip_never_escapes_as_another_error(tmp_path: Path) -> None:
    """A hundred damaged copies of a clip are read, or refused by a MediaError."""
    whole = write(tmp_path / "a.mp4", frames([pattern(1), pattern(2)], [15, 15]), sound=tone(1)).read_bytes()
    rng = np.random.default_rng(5)
    for number in range(100):
        content = bytearray(whole)
        for at in rng.integers(0, len(content), 1 + number % 30):
            content[at] = int(rng.integers(256))
        (tmp_path / "b.mp4").write_bytes(bytes(content))
        try:
            if identify(tmp_path / "b.mp4")[0] == "video":
                speech(tmp_path / "b.mp4")
                list(watch_video(tmp_path / "b.mp4", FORM))
        except MediaError as error:
            assert error.reason  # noqa: PT017


@pytest.mark.parametrize("rotation", [0, 90])
def test_large_films_are_seen_in_haste_and_as_they_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rotation: int
) -> None:
    """Of a film with more pixels a second than are all decoded, the cut stands where it is, and views are its frames."""
    monkeypatch.setattr(video, "BUSY", 0)
    path = write(tmp_path / "a.mp4", frames([pattern(1), pattern(2)], [20, 30]), rotation=rotation)
    first, second = watch_video(path, FORM)
    assert first.segment.span is not None
    assert abs(first.segment.span.end - 800) <= 40
    for view in (first.views[0], second.views[0]):
        shown = fit(frame_at(path, view.at_ms or 0), FORM).astype(int)
        assert np.abs(view.array - shown).mean() < 2
        assert np.abs(view.array - shown.transpose(1, 0, 2)).mean() > 10


def test_real_cuts_are_found_exactly(media: Path) -> None:
    """The joined clips have their three cuts within a frame and no other."""
    folder = media / "fixtures" / "videos"
    with open(folder / "cuts.tsv", encoding="utf-8") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    for name in {row["file"] for row in rows}:
        expected = [1000 * float(row["cut_seconds"]) for row in rows if row["file"] == name]
        got = [start for start, _ in spans(list(watch_video(folder / name, FORM)))[1:]]
        assert len(got) == len(expected)
        assert np.abs(np.array(got) - expected).max() <= 40
