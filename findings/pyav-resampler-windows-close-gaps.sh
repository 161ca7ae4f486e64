#!/usr/bin/env bash
# With frame_size the resampler of PyAV closes every gap in the sound: what follows a gap of ten seconds is told ten seconds early.
#
# Library: av 18.1.0 (FFmpeg 8.1.2). Met on 30 November 2026, CPython 3.11, Linux x86-64.
# Seen, Matroska with two seconds of silence, nothing for ten seconds, two seconds of a tone; the packets and the decoded frames say 12.0 s:
#   AudioResampler("s16", "mono", 16000)                       the tone begins at 12.0 s, right
#   AudioResampler("s16", "mono", 16000, frame_size=480000)    one frame of 4 s that begins at 0: the tone begins at 2.0 s
#   frame_size=48000 (3 s)                                     a frame at 0 s with the tone from 2.0 s on, a frame at 13.0 s with the rest
#   AudioFifo raises ValueError at such a gap; the resampler, which cuts its windows by the same kind of queue, does not.
# A media indexer must: resample without frame_size and place the samples by the time of each frame before it cuts windows for speech.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0 numpy==2.4.6
venv/bin/python - <<'PY'
from fractions import Fraction

import av
import numpy as np

RATE = 48000


def part(start, seconds, level):
    """Frames of 0.1 s: silence or a tone."""
    for at in range(round(seconds * 10)):
        wave = level * np.sin(np.arange(RATE // 10) * 0.2)
        frame = av.AudioFrame.from_ndarray(wave.astype(np.int16)[None, :], format="s16", layout="mono")
        frame.rate, frame.pts, frame.time_base = RATE, round((start + at / 10) * RATE), Fraction(1, RATE)
        yield frame


with av.open("gap.mka", "w", format="matroska") as out:
    stream = out.add_stream("pcm_s16le", rate=RATE, layout="mono")
    for frame in [*part(0, 2, 0), *part(12, 2, 9000)]:
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def loud(resampler):
    """(time, seconds) of each frame that has sound in it, and the second in which the sound begins, by the times of the frames."""
    frames = []
    with av.open("gap.mka") as container:
        for frame in container.decode(audio=0):
            frames += resampler.resample(frame) if resampler else [frame]
    frames += resampler.resample(None) if resampler else []
    found = []
    for frame in frames:
        loud_at = np.flatnonzero(np.abs(frame.to_ndarray()[0]) > 3000)
        if len(loud_at):
            found.append((round(frame.time, 2), round(frame.samples / frame.sample_rate, 2)))
            begins = frame.time + loud_at[0] / frame.sample_rate if len(found) == 1 else begins
    return found, round(begins, 2)


for name, resampler, begins, first in (
    ("decoded", None, 12.0, (12.0, 0.1)),
    ("resampled", av.AudioResampler("s16", "mono", 16000), 12.0, (12.0, 0.1)),
    ("windows of 30 s", av.AudioResampler("s16", "mono", 16000, 480000), 2.0, (0.0, 4.0)),
    ("windows of 3 s", av.AudioResampler("s16", "mono", 16000, 48000), 2.0, (0.0, 3.0)),
):
    frames, start = loud(resampler)
    print(name, "begins at", start, frames[:3])
    assert start == begins and frames[0] == first
frames, _ = loud(av.AudioResampler("s16", "mono", 16000, 48000))
assert frames == [(0.0, 3.0), (13.0, 1.0)]

fifo = av.AudioFifo()
try:
    for frame in [*part(0, 2, 0), *part(12, 2, 9000)]:
        fifo.write(frame)
    raise SystemExit("AudioFifo took the gap")
except ValueError as error:
    print("AudioFifo:", error)
PY
echo "still so"
