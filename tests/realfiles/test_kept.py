"""Sound and films of rare and odd forms that are read: codecs, headers of live recordings, downloads that broke off."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from retrieval.domain.media import Metadata
from retrieval.media.av.audio import chunks
from retrieval.media.extract import read
from retrieval.media.sniff import identify
from tests.realfiles.table import Refused, check_refused
from tests.realfiles.test_av import BLUE, FORM, GREEN, RED, film, mean, near, shots, textured
from tests.retrieval.media.av.test_audio import record
from tests.retrieval.media.made_clips import tone

Make = Callable[[Path], object]
SOUND = tone(2, rate=48_000)
GUID = bytes.fromhex("00001000800000aa00389b71")


def of(codec: str, rate: int = 48_000, layout: str = "mono", sound: Any = None) -> Make:
    return lambda path: record(path, tone(2, rate=rate) if sound is None else sound, rate, layout, codec)


def centre(path: Path) -> None:
    """5.1 with sound in its centre alone."""
    planes = np.zeros((6, len(SOUND)), np.float32)
    planes[2] = SOUND
    record(path, planes, 48_000, "5.1", "pcm_s16le")


def opposed(path: Path) -> None:
    """Two channels of which one is the other one's inverse."""
    record(path, np.stack([SOUND, -SOUND]), 48_000, "stereo", "pcm_s16le")


def streamed(path: Path) -> None:
    """A recorder that could not go back: its lengths say nothing."""
    of("pcm_s16le")(path)
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[4:8] = data[at : at + 4] = b"\xff" * 4
    path.write_bytes(data)


def deep(path: Path) -> None:
    """24 bits in containers of four bytes."""
    code = struct.pack("<HHIIHHHHII", 0xFFFE, 1, 48_000, 192_000, 4, 32, 22, 24, 4, 1) + GUID
    samples = (np.round(SOUND * 8_388_607).astype("<i4") << 8).tobytes()
    chunks_ = b"fmt " + struct.pack("<I", len(code)) + code + b"data" + struct.pack("<I", len(samples)) + samples
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks_)) + b"WAVE" + chunks_)


def rifx(width: int, code: int = 1) -> Make:
    """The other order of bytes; samples of so many, whole numbers or (3) floats."""

    def make(path: Path) -> None:
        if code == 3:
            samples = SOUND.astype(">f4").tobytes()
        else:
            whole = np.round(SOUND * 2.0 ** (8 * width - 1) * 0.99).astype(">i4")
            samples = whole.view(np.uint8).reshape(-1, 4)[:, 4 - width :].tobytes()
        head = struct.pack(">HHIIHH", code, 1, 48_000, 48_000 * width, width, 8 * width)
        inner = b"fmt " + struct.pack(">I", 16) + head + b"data" + struct.pack(">I", len(samples)) + samples
        path.write_bytes(b"RIFX" + struct.pack(">I", 4 + len(inner)) + b"WAVE" + inner)

    return make


def dsd(path: Path) -> None:
    """One bit a sample, 2.8 million of them a second: a tone by the density of ones."""
    level = np.repeat(tone(2, rate=44_100), 64)
    bits = np.diff(np.floor(np.cumsum((level + 1) / 2)), prepend=0.0) > 0
    data = np.packbits(bits, bitorder="little")
    data = np.pad(data, (0, -len(data) % 4096))
    form = b"fmt " + struct.pack("<QIIIIIIQII", 52, 1, 0, 1, 1, 2_822_400, 1, len(bits), 4096, 0)
    body = form + b"data" + struct.pack("<Q", 12 + len(data)) + data.tobytes()
    path.write_bytes(b"DSD " + struct.pack("<QQQ", 28, 28 + len(body), 0) + body)


def joined_zeros(path: Path) -> None:
    of("libmp3lame", 44_100)(path)
    path.write_bytes(bytes(1024) + path.read_bytes())


HEARD: dict[str, Make] = {
    "streamed.wav": streamed, "mulaw.wav": of("pcm_mulaw", 8_000), "centre.wav": centre, "inverse.wav": opposed,
    "deep.wav": deep, "rifx.wav": rifx(2), "rifx24.wav": rifx(3), "rifx32.wav": rifx(4), "float.wav": rifx(4, 3),
    "a.aiff": of("pcm_s16be"), "a.caf": of("pcm_s16be"), "a.au": of("pcm_s16be"), "a.ac3": of("ac3"),
    "a.amr": of("libopencore_amrnb", 8_000), "a.tta": of("tta"), "a.wv": of("wavpack"), "a.w64": of("pcm_s16le"),
    "a.dsf": dsd, "zeros.mp3": joined_zeros, "alac.m4a": of("alac"),
}  # fmt: skip


@pytest.mark.parametrize("name", HEARD)
def test_sound_is_heard(tmp_path: Path, name: str) -> None:
    """Two seconds of a tone of 440 Hz, at their loudness and pitch."""
    HEARD[name](tmp_path / name)
    assert identify(tmp_path / name)[0] == "audio"
    facts = next(iter(read(tmp_path / name, "audio", FORM)))
    assert isinstance(facts, Metadata)
    sound = np.concatenate(list(chunks(tmp_path / name)))
    assert abs(len(sound) - 32_000) < 2_000
    assert facts.duration_ms is None or abs(facts.duration_ms - 2_000) < 130
    middle = sound[8_000:24_000]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(16_000)))
    assert abs(int(spectrum.argmax()) - 440) <= 2
    assert 0.05 < float(np.sqrt(np.mean(middle**2))) < 0.6


def cut(make: Make, part: float) -> Make:
    def made(path: Path) -> None:
        make(path)
        content = path.read_bytes()
        path.write_bytes(content[: int(part * len(content))])

    return made


def with_options(codec: str, pixels: str = "yuv420p", count: int = 50, **options: str) -> Make:
    """A red film by a muxer with options."""

    def make(path: Path) -> None:
        with av.open(str(path), "w", options=options) as made:
            track: Any = made.add_stream(codec, rate=25)
            track.width, track.height, track.pix_fmt = 160, 120, pixels
            track.gop_size = 10
            for picture in textured(RED, count):
                frame = av.VideoFrame.from_ndarray(picture, "rgb24")
                made.mux(track.encode(frame.reformat(format=pixels)))
            made.mux(track.encode(None))

    return make


def without_index(path: Path) -> None:
    """AVI of a camera that ran out of power."""
    with_options("mjpeg", "yuvj420p")(path)
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"idx1")])


def leaping(path: Path) -> None:
    """Ten minutes missing in the middle."""
    film(path, textured(RED, 50), [40 * n + (600_000 if n >= 25 else 0) for n in range(50)])


def late(path: Path) -> None:
    """Pictures that begin five seconds after the sound."""
    film(path, textured(RED, 25), [5_000 + 40 * n for n in range(25)], sounds=[tone(6)])


def wrapping(path: Path) -> None:
    """A broadcast whose clock of 33 bits starts again two seconds after its beginning."""
    offset = 2**33 / 90_000 - 2 - 1.4  # s; the muxer adds 1.4
    pictures = [one for color in (RED, BLUE, GREEN) for one in textured(color, 50)]
    with av.open(str(path), "w", options={"output_ts_offset": f"{offset}"}) as made:
        track: Any = made.add_stream("libx264", rate=25)
        track.width, track.height, track.pix_fmt = 160, 120, "yuv420p"
        for picture in pictures:
            made.mux(track.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        made.mux(track.encode(None))


WATCHED: dict[str, tuple[Make, tuple[int, int]]] = {  # make, and between which ms its shots end
    "live.webm": (with_options("libvpx", live="1"), (1_900, 2_100)),
    "fragments.mp4": (with_options("libx264", movflags="frag_keyframe+empty_moov"), (1_900, 2_100)),
    "noindex.avi": (without_index, (1_900, 2_100)),
    "half.mp4": (cut(with_options("libx264", movflags="faststart", count=100), 0.6), (700, 4_100)),
    "half.mkv": (cut(with_options("libx264", count=100), 0.6), (700, 4_100)),
    "av1.mp4": (with_options("libsvtav1"), (1_900, 2_100)),
    "prores.mov": (with_options("prores_ks", "yuv422p10le"), (1_900, 2_100)),
    "ffv1.mkv": (with_options("ffv1"), (1_900, 2_100)),
    "alpha.webm": (with_options("libvpx-vp9", "yuva420p"), (1_900, 2_100)),
    "a.flv": (with_options("flv"), (1_900, 2_100)),
    "leap.mkv": (leaping, (601_000, 603_000)),
    "late.mkv": (late, (5_900, 6_100)),
    "wrap.ts": (wrapping, (5_800, 6_200)),
}


@pytest.mark.parametrize("name", WATCHED)
def test_films_are_seen(tmp_path: Path, name: str) -> None:
    """From their start, or from where their pictures start, to what is left of them."""
    make, (least, most) = WATCHED[name]
    make(tmp_path / name)
    assert identify(tmp_path / name)[0] == "video"
    assert isinstance(next(iter(read(tmp_path / name, "video", FORM))), Metadata)
    found = shots(tmp_path / name)
    assert found[0].start < 100
    assert least < found[-1].end < most
    assert near(mean(tmp_path / name, found[0].start + 100), RED)


def test_a_cut_of_a_film_whose_clock_starts_again_is_written(tmp_path: Path) -> None:
    """Also behind the start of the clock."""
    from retrieval.domain.media import Span
    from retrieval.media.av.cut import save_clip

    wrapping(tmp_path / "a.ts")
    assert near(mean(tmp_path / "a.ts", 3_000), BLUE)
    assert near(mean(save_clip(tmp_path / "a.ts", Span(4_500, 5_500), tmp_path / "cut.mp4"), 300), GREEN)


REFUSED = [
    Refused("html.jpg", lambda path: path.write_text("<!doctype html><p>Not found</p>"), "not media"),
    Refused("compressed.wav", rifx(2, 0x55), "format not read", "save it as WAV"),
]


@pytest.mark.parametrize("file", REFUSED, ids=lambda file: file.name)
def test_the_reason_is_said(tmp_path: Path, file: Refused) -> None:
    """The file is left out for its reason."""
    check_refused(tmp_path, file)
