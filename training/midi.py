"""Random small pieces for many instruments, played by fluidsynth: music for the sound tower's background class."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import numpy as np

TICKS = 480  # a beat
_SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 3, 5, 6, 7, 10, 12), (0, 2, 4, 7, 9, 12, 14))


def _count(value: int) -> bytes:
    """A number as MIDI writes delays: seven bits a byte, most significant first."""
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))


def _track(events: list[tuple[int, bytes]]) -> bytes:
    """A track of (time in ticks, message)."""
    body, now = b"", 0
    for at, message in sorted(events, key=lambda event: event[0]):
        body += _count(at - now) + message
        now = at
    body += b"\x00\xff\x2f\x00"
    return b"MTrk" + len(body).to_bytes(4, "big") + body


def piece(rng: np.random.Generator, beats: int = 16) -> bytes:
    """A MIDI file: a melody, chords and, half the time, drums, on instruments of the General MIDI set."""
    scale, root = _SCALES[int(rng.integers(len(_SCALES)))], int(rng.integers(40, 62))
    tempo = int(60_000_000 / rng.uniform(60, 170))
    tracks = [_track([(0, b"\xff\x51\x03" + tempo.to_bytes(3, "big"))])]
    for channel in range(int(rng.integers(1, 4))):
        chords = channel > 0 and rng.random() < 0.6
        events = [(0, bytes((0xC0 | channel, int(rng.integers(0, 112)))))]
        at = 0
        while at < beats * TICKS:
            length = TICKS * int(rng.choice((1, 2, 4) if chords else (1, 1, 2, 3))) // (1 if chords else 2)
            step, octave = int(rng.integers(7)), 12 * int(rng.integers(0, 3))
            for third in (0, 2, 4) if chords else (0,):
                note = min(110, root + octave + scale[(step + third) % 7])
                events.append((at, bytes((0x90 | channel, note, int(rng.integers(50, 110))))))
                events.append((at + length - 10, bytes((0x80 | channel, note, 0))))
            at += length
        tracks.append(_track(events))
    if rng.random() < 0.5:
        drums = [int(n) for n in rng.choice((35, 36, 38, 40, 42, 46, 49, 51), 3)]
        beat = [(n * TICKS // 2, drums[n % 3]) for n in range(beats * 2)]
        tracks.append(_track([(at, bytes((0x99, drum, 90))) for at, drum in beat]))
    return (
        b"MThd\x00\x00\x00\x06\x00\x01" + len(tracks).to_bytes(2, "big") + TICKS.to_bytes(2, "big") + b"".join(tracks)
    )


def play(rng: np.random.Generator, soundfont: Path, out: Path) -> None:
    """Write a WAV of a random piece."""
    with tempfile.NamedTemporaryFile(suffix=".mid") as held:
        held.write(piece(rng))
        held.flush()
        command = ["fluidsynth", "-ni", "-r", "16000", "-F", str(out), str(soundfont), held.name]
        subprocess.run(command, check=True, capture_output=True)
