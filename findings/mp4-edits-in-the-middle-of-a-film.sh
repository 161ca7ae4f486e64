#!/usr/bin/env bash
# A gap or a held picture in the edit list of an MP4 file is filled with other pictures by FFmpeg; mediabunny knows the first edit only.
#
# Libraries: av 18.1.0 (FFmpeg 8.1.2), mediabunny 1.61.0. Needs Node.js 20 or later with npm. Met on 30 November 2026, CPython 3.11,
# Node.js 20.20.2, Linux x86-64.
# Seen, six seconds of video, ten frames a second; edits as (seconds shown, start in the media):
#   (2, 0) (1, none) (2, 2), a gap of one second: FFmpeg shows the first second of the film again at 2.0 to 2.9 s
#   (2, 0) (1, 2 held: rate 0) (2, 2), a still of one second: FFmpeg shows the third second of the film twice, in motion both times
#   (2, 0) (2, 4), two parts: FFmpeg gives 40 frames and says 60 in stream.frames; mediabunny gives all 60 up to 6 s
#   (2, 4) (2, 0), the parts exchanged: FFmpeg shows them so; mediabunny gives all 60 from -4 s on, and 2 s as the length
#   (12, 0, rate 1/2), half speed: both give 6 s
#   FFmpeg says nothing; mediabunny writes to the console, and its calls answer as if all were well.
# A media indexer must: read the edit list itself and call a film with empty edits in the middle, or with rates other than 1, not exact.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0 numpy==2.4.6
venv/bin/python - <<'PY'
import struct
from fractions import Fraction

import av
import numpy as np

with av.open("whole.mp4", "w") as out:
    stream = out.add_stream("libx264", rate=10, options={"bf": "0", "crf": "1"})
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    for at in range(60):
        frame = av.VideoFrame.from_ndarray(np.full((48, 64), at * 4, np.uint8), format="gray")
        frame.pts, frame.time_base = at, Fraction(1, 10)
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))
with av.open("whole.mp4") as container:
    ticks = int(1 / container.streams.video[0].time_base)


def boxes(data, start, end):
    """Place, length and kind of each box, with those inside moov and trak."""
    while start < end:
        length, kind = struct.unpack(">I4s", data[start : start + 8])
        yield start, length, kind
        if kind in (b"moov", b"trak"):
            yield from boxes(data, start + 8, start + length)
        start += length


def box(kind, payload):
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def edited(name, edits):
    """Writes the film with another edit list, the box moov being the last; gives (time, number of the frame) as FFmpeg shows them."""
    with open("whole.mp4", "rb") as file:
        data = bytearray(file.read())
    rows = b"".join(struct.pack(">Iii", round(shown * 1000), start, round(rate * 65536)) for shown, start, rate in edits)
    new = box(b"edts", box(b"elst", struct.pack(">II", 0, len(edits)) + rows))
    found = {kind: (at, length) for at, length, kind in boxes(data, 0, len(data))}
    total = struct.pack(">I", round(sum(edit[0] for edit in edits) * 1000))
    for kind, place in ((b"mvhd", 24), (b"tkhd", 28)):
        data[found[kind][0] + place : found[kind][0] + place + 4] = total
    at, length = found[b"edts"]
    data[at : at + length] = new
    for kind in (b"moov", b"trak"):
        place, old = found[kind]
        data[place : place + 4] = struct.pack(">I", old + len(new) - length)
    with open(name, "wb") as file:
        file.write(data)
    with av.open(name) as container:
        video = container.streams.video[0]
        frames = [(round(frame.time, 3), round(int(frame.to_ndarray(format="gray")[5, 5]) / 4)) for frame in container.decode(video)]
        print(name, "stream.frames", video.frames, "decoded", len(frames), [number for _, number in frames])
        assert video.frames == 60 and [time for time, _ in frames] == [at / 10 for at in range(len(frames))]
    return [number for _, number in frames]


def seconds(*starts):
    return [start * 10 + at for start in starts for at in range(10)]


assert edited("gap.mp4", [(2, 0, 1), (1, -1, 1), (2, 2 * ticks, 1)]) == seconds(0, 1, 0, 2, 3)
assert edited("still.mp4", [(2, 0, 1), (1, 2 * ticks, 0), (2, 2 * ticks, 1)]) == seconds(0, 1, 2, 2, 3)
assert edited("parts.mp4", [(2, 0, 1), (2, 4 * ticks, 1)]) == seconds(0, 1, 4, 5)
assert edited("exchanged.mp4", [(2, 4 * ticks, 1), (2, 0, 1)]) == seconds(4, 5, 0, 1)
assert edited("slow.mp4", [(12, 0, 0.5)]) == seconds(0, 1, 2, 3, 4, 5)
PY
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund mediabunny@1.61.0
cat >check.mjs <<'JS'
import assert from "node:assert";
import { ALL_FORMATS, EncodedPacketSink, FilePathSource, Input } from "mediabunny";

const expected = { "parts.mp4": [6, 60, 0], "exchanged.mp4": [2, 60, -4], "slow.mp4": [6, 60, 0] };
for (const [name, wanted] of Object.entries(expected)) {
  const input = new Input({ formats: ALL_FORMATS, source: new FilePathSource(name) });
  const times = [];
  for await (const packet of new EncodedPacketSink(await input.getPrimaryVideoTrack()).packets()) times.push(packet.timestamp);
  const seen = [await input.computeDuration(), times.length, times[0]];
  console.log(name, seen);
  assert.deepEqual(seen, wanted);
}
JS
node check.mjs
echo "still so"
