"""Pieces of clips follow each other in one, each at its time and with its pictures and sound."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.domain.media import Span
from retrieval.errors import MediaUnreadable
from retrieval.media.av.concat import RATE, Piece, _samples, join
from tests.retrieval.media import made_clips
from tests.retrieval.media.av.test_audio import record


def shown(path: Path) -> list[tuple[float, NDArray[np.uint8]]]:
    """Every picture with its time in seconds."""
    with av.open(str(path)) as container:
        return [(float(frame.time), frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]


def picture_at(pictures: list[tuple[float, NDArray[np.uint8]]], seconds: float) -> NDArray[np.uint8]:
    return min(pictures, key=lambda each: abs(each[0] - seconds))[1]


def heard(path: Path) -> NDArray[np.float32]:
    """Mono samples at 48 kHz."""
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray().mean(axis=0) for frame in container.decode(audio=0)])


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds of four shots, with a tone from 5 to 6 s."""
    tone = np.zeros(12 * 16_000, np.float32)
    tone[5 * 16_000 : 6 * 16_000] = 0.5 * np.sin(np.arange(16_000) * 0.3)
    scenes = [made_clips.pattern(seed) for seed in range(4)]
    target = tmp_path_factory.mktemp("join") / "clip.mp4"
    return made_clips.write(target, made_clips.frames(scenes, [75] * 4), sound=tone)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of another size and codec, silent."""
    target = tmp_path_factory.mktemp("join") / "other.mkv"
    scene = made_clips.pattern(9, (96, 120))
    return made_clips.write(target, made_clips.frames([scene], [75]), codec="mpeg4")


def test_pieces_stand_at_their_times(clip: Path, other: Path, tmp_path: Path) -> None:
    """Each picture of the reel is that of its source at the same distance from the cut."""
    spans = [Span(1500, 5200), Span(7000, 8000)]
    reel = tmp_path / "reel.mp4"
    written = join([Piece(clip, spans[0]), Piece(other, Span(500, 2000)), Piece(clip, spans[1])], reel)
    assert [each.span for each in written] == [Span(0, 3700), Span(3700, 5200), Span(5200, 6200)]
    source, made = shown(clip), shown(reel)
    assert made[0][1].shape == (120, 160, 3)
    for span, at in ((spans[0], 0), (spans[1], 5200)):
        for ms in range(60, span.length - 60, 240):
            difference = picture_at(made, (at + ms) / 1000) - picture_at(source, (span.start + ms) / 1000).astype(float)
            assert np.abs(difference).mean() < 8
    times = [each for each, _ in made]
    assert np.diff(times).max() < 0.09 and np.diff(times).min() > 0
    assert times[-1] == pytest.approx(6.16, abs=0.05)


def test_a_piece_of_another_shape_is_fitted_with_black(clip: Path, other: Path, tmp_path: Path) -> None:
    """Its sides are black, and it is encoded anew as a whole."""
    written = join([Piece(clip, Span(0, 3000)), Piece(other, Span(0, 1000))], tmp_path / "reel.mp4")
    picture = picture_at(shown(tmp_path / "reel.mp4"), 3.5)
    assert picture[:, :25].mean() < 12 < picture[:, 60:100].mean()
    assert written[1].encoded_ms == 1000


def test_only_what_lies_before_a_key_frame_is_encoded_anew(tmp_path: Path) -> None:
    """A piece from a key frame on is copied but for its last pictures; one that begins between is copied behind it."""
    scene = made_clips.pattern(3)
    clip = tmp_path / "keys.mp4"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"g": "25", "sc_threshold": "0"})
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for n in range(200):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(scene(n / 200), format="rgb24")))
        container.mux(stream.encode(None))
    first, second = join([Piece(clip, Span(1000, 4000)), Piece(clip, Span(4600, 7000))], tmp_path / "reel.mp4")
    assert first.encoded_ms <= 200 and 400 <= second.encoded_ms <= 600
    assert len(shown(tmp_path / "reel.mp4")) == 135


def test_sound_stays_with_its_picture(clip: Path, other: Path, tmp_path: Path) -> None:
    """A tone is heard where its picture is; a silent source gives silence."""
    join([Piece(other, Span(0, 1000)), Piece(clip, Span(4000, 7000))], tmp_path / "reel.mp4")
    loud = np.flatnonzero(np.abs(heard(tmp_path / "reel.mp4")) > 0.2) / 48_000
    assert loud[0] == pytest.approx(2.0, abs=0.06) and loud[-1] == pytest.approx(3.0, abs=0.06)


def test_a_file_without_pictures_is_named(tmp_path: Path, samples: Path) -> None:
    """A recording cannot be part of a reel."""
    sound = next(
        each for each in sorted((samples / "audio").iterdir()) if each.suffix in (".wav", ".ogg", ".mp3", ".flac")
    )
    with pytest.raises(MediaUnreadable, match="no pictures"):
        join([Piece(sound, Span(0, 1000))], tmp_path / "reel.mp4")


@pytest.mark.parametrize(("layout", "channels"), [("stereo", 2), ("5.1", 6)])
def test_sound_of_many_channels_is_mixed_within_range(tmp_path: Path, layout: str, channels: int) -> None:
    """A loud tone on every channel stays that tone on both of the reel's."""
    loud = made_clips.tone(1, 440, RATE, 0.95)
    path = record(tmp_path / "a.wav", np.tile(loud, (channels, 1)), RATE, layout)
    made = np.concatenate(list(_samples(Piece(path, Span(0, 1000)), RATE)), axis=1)
    assert made.shape == (2, RATE)
    assert np.abs(made - loud).max() < 1e-3
