#!/usr/bin/env bash
# FFmpeg's mix to fewer channels has another volume, and overshoots, when the target is float: up to 10.7 dB between s16 and flt.
#
# Library: av 18.1.0 (FFmpeg 8.1.2). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, AudioResampler(layout="mono"), peak of the mix over the peak of the source:
#                                     s16, s32   flt, fltp, dbl
#   stereo, both channels the same      1.000      1.414
#   stereo, left only                   0.500      0.707
#   5.1, centre only (where speech is)  0.293      1.000
#   5.1, all channels the same          1.000      3.414
#   The weights are scaled to stay below 1 for integer targets only; the format of the source does not matter.
# A media indexer must: choose the target knowingly: float mixes pass 1.0 and are ruined by a clip to [-1, 1] (scale by the peak instead);
#   s16 mixes of films are 10 dB quieter, below the limits of silence and speech detectors.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0 numpy==2.4.6
venv/bin/python - <<'PY'
import av
import numpy

tone = (0.5 * numpy.sin(2 * numpy.pi * 440 * numpy.arange(48_000) / 48_000)).astype(numpy.float32)
FULL = {"s16": 32_768, "s32": 2**31, "flt": 1, "fltp": 1, "dbl": 1}


def gain(layout, channel, target, source="fltp"):
    planes = numpy.zeros((len(av.AudioLayout(layout).channels), len(tone)), numpy.float32)
    planes[slice(None) if channel is None else channel] = tone
    if source == "s16p":
        planes = (planes * 32_767).astype(numpy.int16)
    frame = av.AudioFrame.from_ndarray(planes, format=source, layout=layout)
    frame.rate, frame.pts = 48_000, 0
    resampler = av.AudioResampler(format=target, layout="mono", rate=16_000)
    made = numpy.concatenate([part.to_ndarray().ravel() for part in resampler.resample(frame) + resampler.resample(None)])
    return round(float(numpy.abs(made.astype(float)).max()) / FULL[target] / 0.5, 3)


CASES = {("stereo", None): (1.0, 1.414), ("stereo", 0): (0.5, 0.707), ("5.1", 2): (0.293, 1.0), ("5.1", None): (1.0, 3.414)}
for (layout, channel), (whole, real) in CASES.items():
    seen = {target: gain(layout, channel, target) for target in FULL}
    print(layout, "all" if channel is None else f"channel {channel}", seen, "from s16p:", gain(layout, channel, "flt", "s16p"))
    for target, value in seen.items():
        assert abs(value - (whole if target.startswith("s") else real)) < 0.01
    assert abs(gain(layout, channel, "flt", "s16p") - real) < 0.01
PY
echo "still so"
