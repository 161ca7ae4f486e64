#!/usr/bin/env bash
# Asking FFmpeg for key frames only (skip_frame = NONKEY) decodes every frame of VP9, FFV1, GIF, QuickTime Animation and Cinepak.
#
# Library: av 18.1.0 (FFmpeg 8.1.2). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, 90 frames, a key frame every 15 (6 key packets): decoded with NONKEY
#   H.264, HEVC, AV1, VP8, MPEG-2, MPEG-4: 6.  VP9, FFV1, QuickTime Animation, Cinepak, GIF: 90.
#   H.264 with intra refresh: packets say 6 key frames, NONKEY gives 1.
#   NONINTRA is no way out: VP8, MPEG-2 and MPEG-4 give 90 with it.
# A media indexer must: drop the packets that are no key frames itself before decoding (is_keyframe), not only set skip_frame: an hour of
#   VP9, the usual web video, costs a whole decode otherwise and "key frames" are all frames.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0 numpy==2.4.6
SVT_LOG=1 venv/bin/python - 2>/dev/null <<'PY'
from fractions import Fraction

import av
import numpy

noise = numpy.random.default_rng(0).integers(0, 255, (18, 50, 3), dtype=numpy.uint8).repeat(8, 0).repeat(8, 1)


def make(name, codec, pixels, options):
    with av.open(name, "w") as container:
        stream = container.add_stream(codec, rate=30)
        stream.width, stream.height, stream.pix_fmt = 176, 144, pixels
        stream.options, stream.codec_context.gop_size = options, 15
        for number in range(90):
            frame = av.VideoFrame.from_ndarray(numpy.ascontiguousarray(noise[:, number : number + 176]), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def decoded(name, skip):
    with av.open(name) as container:
        stream = container.streams.video[0]
        stream.codec_context.skip_frame = skip
        return sum(1 for _ in container.decode(stream))


def key_packets(name):
    with av.open(name) as container:
        return sum(packet.is_keyframe for packet in container.demux(container.streams.video[0]) if packet.size)


FAST = {"preset": "veryfast"}
CASES = {  # name: codec, pixels, options, frames with NONKEY
    "h264.mp4": ("libx264", "yuv420p", FAST, 6),
    "refresh.mp4": ("libx264", "yuv420p", {**FAST, "x264-params": "intra-refresh=1"}, 1),
    "hevc.mp4": ("libx265", "yuv420p", {"preset": "ultrafast", "x265-params": "log-level=none"}, 6),
    "av1.mp4": ("libsvtav1", "yuv420p", {"preset": "12"}, 6),
    "vp8.webm": ("libvpx", "yuv420p", {"deadline": "realtime", "cpu-used": "8"}, 6),
    "mpeg2.ts": ("mpeg2video", "yuv420p", {}, 6),
    "mpeg4.mkv": ("mpeg4", "yuv420p", {}, 6),
    "vp9.webm": ("libvpx-vp9", "yuv420p", {"deadline": "realtime", "cpu-used": "8"}, 90),
    "ffv1.mkv": ("ffv1", "yuv420p", {}, 90),
    "animation.mov": ("qtrle", "rgb24", {}, 90),
    "cinepak.avi": ("cinepak", "rgb24", {}, 90),
    "moving.gif": ("gif", "rgb8", {}, 90),
}
for name, (codec, pixels, options, expected) in CASES.items():
    make(name, codec, pixels, options)
    nonkey, nonintra = decoded(name, "NONKEY"), decoded(name, "NONINTRA")
    print(f"{name}: key packets {key_packets(name)}, frames with NONKEY {nonkey}, with NONINTRA {nonintra}")
    assert nonkey == expected
    assert key_packets(name) == (1 if name.endswith("gif") else 6)
    if name in ("vp8.webm", "mpeg2.ts", "mpeg4.mkv"):
        assert nonintra == 90
PY
echo "still so"
