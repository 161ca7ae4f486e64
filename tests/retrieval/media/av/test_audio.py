"""Recordings as samples and sound windows."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.domain.media import AudioSpec, Span
from retrieval.errors import MediaUnreadable
from retrieval.media.av.audio import chunks, listen_audio, read_audio
from retrieval.media.av.cut import save_clip
from tests.retrieval.media.made_clips import frames, pattern, tone, write

FORM = AudioSpec(rate=16_000, window_ms=2_000, hop_ms=1_000)


def record(
    path: Path,
    sound: NDArray[np.float32],
    rate: int = 16_000,
    layout: str = "mono",
    codec: str = "pcm_s16le",
    **tags: str,
) -> Path:
    """A recording of (channels, n) or (n,) float samples."""
    planes = np.atleast_2d(sound)
    with av.open(str(path), "w") as container:
        container.metadata.update(tags)
        stream = container.add_stream(codec, rate=rate, layout=layout)
        resampler = av.AudioResampler(format=stream.codec_context.format or "s16", layout=layout, rate=rate)
        for at in range(0, planes.shape[1], 1024):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(planes[:, at : at + 1024], np.float32), format="fltp", layout=layout
            )
            frame.sample_rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
            for made in resampler.resample(frame):
                container.mux(stream.encode(made))
        container.mux(stream.encode(None))
    return path


def pitch(samples: NDArray[np.float32], rate: int = 16_000) -> float:
    return float(np.abs(np.fft.rfft(samples * np.hanning(len(samples)))).argmax() * rate / len(samples))


@pytest.mark.parametrize(
    ("name", "codec", "rate", "layout"),
    [
        ("a.wav", "pcm_s16le", 44_100, "stereo"),
        ("a.wav", "pcm_u8", 8_000, "mono"),
        ("a.wav", "pcm_f32le", 11_025, "mono"),
        ("a.wav", "pcm_s24le", 96_000, "5.1"),
        ("a.flac", "flac", 22_050, "mono"),
        ("a.mp3", "libmp3lame", 44_100, "stereo"),
        ("a.mka", "ac3", 48_000, "5.1"),
        ("a.opus", "libopus", 48_000, "mono"),
        ("a.m4a", "aac", 44_100, "5.1"),
    ],
)
def test_every_codec_rate_and_layout_becomes_mono_at_the_rate_asked(
    tmp_path: Path, name: str, codec: str, rate: int, layout: str
) -> None:
    """Three seconds of 440 Hz stay three seconds of 440 Hz."""
    channels = {"mono": 1, "stereo": 2, "5.1": 6}[layout]
    path = record(tmp_path / name, np.tile(tone(3, 440, rate), (channels, 1)), rate, layout, codec)
    got = np.concatenate(list(chunks(path, 16_000, 1)))
    assert got.dtype == np.float32
    assert abs(len(got) - 48_000) < 3_000
    assert abs(pitch(got[8000:40000]) - 440) < 2
    assert 0.05 < np.abs(got).max() <= 1.0


def test_chunks_have_the_length_asked_but_for_the_last(tmp_path: Path) -> None:
    """Five seconds in chunks of two are 2, 2 and 1."""
    path = record(tmp_path / "a.wav", tone(5))
    assert [len(chunk) for chunk in chunks(path, 16_000, 2)] == [32_000, 32_000, 16_000]


def test_one_channel_of_two_is_heard(tmp_path: Path) -> None:
    """Sound on one side alone is kept by the mix."""
    stereo = np.stack([tone(2, 300), tone(2, 300) * 0])
    got = np.concatenate(list(chunks(record(tmp_path / "a.wav", stereo, layout="stereo"))))
    assert abs(pitch(got) - 300) < 2


@pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_f32le"])
@pytest.mark.parametrize(("layout", "channels"), [("mono", 1), ("stereo", 2), ("5.1", 6)])
def test_channels_that_are_alike_are_mixed_without_clipping(
    tmp_path: Path, layout: str, channels: int, codec: str
) -> None:
    """A loud tone on every channel stays that tone: neither louder nor cut off at full scale."""
    loud = np.tile(tone(2, 440, loud=0.95), (channels, 1))
    got = np.concatenate(list(chunks(record(tmp_path / "a.wav", loud, layout=layout, codec=codec))))
    assert np.abs(got - loud[0]).max() < 1e-3


@pytest.mark.parametrize(
    "signs",
    [(1.0, -1.0), (-1.0, 1.0), (0.5, -0.5), (1.0, -0.98)],
)
def test_a_channel_against_its_inverse_is_heard(tmp_path: Path, signs: tuple[float, float]) -> None:
    """Left and right that cancel in the mix give the louder of them."""
    stereo = np.stack([sign * tone(2, 300) for sign in signs])
    got = np.concatenate(list(chunks(record(tmp_path / "a.wav", stereo, layout="stereo"))))
    assert abs(pitch(got) - 300) < 2
    assert abs(np.abs(got).max() - np.abs(stereo).max()) < 1e-3


def test_sound_that_begins_late_keeps_its_time(tmp_path: Path) -> None:
    """A soundtrack that starts a second after the pictures begins with a second of silence."""
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        video, audio = (
            container.add_stream("mpeg4", rate=25),
            container.add_stream("pcm_s16le", rate=16_000, layout="mono"),
        )
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for n in range(50):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 99, np.uint8), format="rgb24")
            frame.pts, frame.time_base = n, Fraction(1, 25)
            container.mux(video.encode(frame))
        sound = (tone(1) * 32767).astype(np.int16)[None]
        late = av.AudioFrame.from_ndarray(sound, format="s16", layout="mono")
        late.sample_rate, late.pts, late.time_base = 16_000, 16_000, Fraction(1, 16_000)
        container.mux(audio.encode(late))
        for stream in (video, audio):
            container.mux(stream.encode(None))
    got = np.concatenate(list(chunks(tmp_path / "a.mkv")))
    assert np.abs(got[:15_900]).max() < 0.01
    assert np.abs(got[16_100:17_000]).max() > 0.4


def test_windows_cover_the_sound_and_leave_silence_out(tmp_path: Path) -> None:
    """Tone, silence, tone: windows in the silence are missing, the rest have their spans."""
    sound = np.concatenate([tone(3), np.zeros(64_000, np.float32), tone(3)])
    got = list(listen_audio(record(tmp_path / "a.wav", sound), FORM))
    assert [(one.segment.span.start, one.segment.span.end) for one in got if one.segment.span] == [
        (0, 2000), (1000, 3000), (2000, 4000), (6000, 8000), (7000, 9000), (8000, 10000),
    ]  # fmt: skip
    assert all(len(one.views[0].array) == 32_000 for one in got)


@pytest.mark.parametrize(("seconds", "windows", "end"), [(0.1, 1, 100), (1.5, 1, 1500), (4.6, 3, 4600), (4.3, 2, 4000)])
def test_the_last_window_is_filled_with_zeros(tmp_path: Path, seconds: float, windows: int, end: int) -> None:
    """A short file gives one window; at the end a quarter of a window is kept, less is not."""
    form = AudioSpec(16_000, 2_000, 2_000)
    got = list(listen_audio(record(tmp_path / "a.wav", tone(seconds)), form))
    last = got[-1]
    assert last.segment.span is not None
    assert (len(got), last.segment.span.end) == (windows, end)
    filled = (last.segment.span.length) * 16
    assert np.abs(last.views[0].array[filled + 1 :]).max(initial=0) == 0


def test_tags_are_facts(tmp_path: Path) -> None:
    """Title, artist and album of an MP3."""
    path = record(
        tmp_path / "a.mp3", tone(2, rate=44_100), 44_100, codec="libmp3lame", title="Lied", artist="Ana", album="夏"
    )
    [facts] = read_audio(path)
    assert (facts.format, facts.title, facts.artist, facts.keywords) == ("mp3", "Lied", "Ana", ("夏",))
    assert abs((facts.duration_ms or 0) - 2000) < 100


def test_a_clip_without_sound_gives_nothing(tmp_path: Path) -> None:
    """No soundtrack is no error for listening."""
    path = write(tmp_path / "a.mp4", frames([pattern(1)], [10]))
    assert list(chunks(path)) == []
    assert list(listen_audio(path, FORM)) == []


def test_a_cut_sound_holds_its_span(tmp_path: Path) -> None:
    """A WAV cut out of a recording has the length and the pitch of its span."""
    path = record(tmp_path / "a.wav", np.concatenate([tone(2, 300), tone(2, 900)]))
    got = np.concatenate(list(chunks(save_clip(path, Span(2000, 3000), tmp_path / "cut.wav"))))
    assert abs(len(got) - 16_000) < 1_500
    assert abs(pitch(got[2000:12000]) - 900) < 4


@pytest.mark.parametrize(("name", "codec"), [("a.wav", "adpcm_ms"), ("a.oga", "flac"), ("a.flac", "flac")])
def test_a_part_is_cut_where_it_sounds_also_where_seeking_goes_astray(tmp_path: Path, name: str, codec: str) -> None:
    """One loud second far behind the start, of codecs in containers after whose seeks FFmpeg states other times."""
    rate = 16_000
    sound = 0.01 * np.random.default_rng(0).standard_normal(90 * rate).astype(np.float32)
    sound[83 * rate : 84 * rate] *= 30
    path = record(tmp_path / name, sound, rate=rate, codec=codec)
    cut = np.concatenate(list(chunks(save_clip(path, Span(83_000, 84_000), tmp_path / "cut.wav"))))
    loud = np.abs(cut[: len(cut) // 800 * 800]).reshape(-1, 800).mean(axis=1) > 0.05
    assert loud.mean() > 0.85


def test_a_recording_of_nothing_is_refused(tmp_path: Path) -> None:
    """A header without samples, and noise under a magic number, are errors with a reason."""
    path = record(tmp_path / "a.flac", tone(1), codec="flac")
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(MediaUnreadable):
        list(read_audio(path))
    (tmp_path / "b.mp3").write_bytes(b"ID3" + bytes(range(256)) * 20)
    with pytest.raises(MediaUnreadable):
        list(read_audio(tmp_path / "b.mp3"))


def test_real_recordings_have_their_length(media: Path) -> None:
    """Every recording of the fixtures decodes to about the seconds of its table."""
    folder = media / "fixtures" / "audio"
    for table in ("sounds.tsv", "transcripts.tsv"):
        lines = (folder / table).read_text(encoding="utf-8").splitlines()
        seconds = lines[0].split("\t").index("seconds")
        for row in (line.split("\t") for line in lines[1:]):
            count = sum(len(chunk) for chunk in chunks(folder / row[0]))
            assert abs(count / 16_000 - float(row[seconds])) < 0.15, row[0]
