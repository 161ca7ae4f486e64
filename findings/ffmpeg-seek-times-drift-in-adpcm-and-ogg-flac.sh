#!/usr/bin/env bash
# After a seek in a WAV file of ADPCM, or in FLAC kept in Ogg, FFmpeg gives samples of another place than their time says.
#
# Library: av 18.1.0 (FFmpeg 8.1.2), which writes all the files itself. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, two minutes at 48 kHz, loud and quiet in turns; time stated minus true time of the first samples after container.seek:
#                      at 5 s     at 113 s
#   WAV, IMA ADPCM     0.02 s     0.39 s     growing with the place: 12 s in an hour
#   WAV, MS ADPCM      0.03 s     0.66 s     21 s in an hour
#   FLAC in Ogg        0.67 or 0.86 s at 12 of 28 places, none at the others; some times come twice
#   WAV of PCM and plain FLAC: 0. Read from the start all of them have right times.
# A media indexer must: read such files from the start and count samples itself where it cuts or plays a moment, and not seek.
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

RATE, SECONDS = 48000, 120
noise = np.random.default_rng(0).standard_normal(RATE * SECONDS) * 3000
noise[(np.arange(RATE * SECONDS) // (5 * RATE)) % 2 == 1] *= 0.02  # five loud seconds, five quiet ones
noise = noise.astype(np.int16)
FILES = {"ima.wav": "adpcm_ima_wav", "ms.wav": "adpcm_ms", "flac.oga": "flac", "pcm.wav": "pcm_s16le", "plain.flac": "flac"}
for path, codec in FILES.items():
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=RATE)
        stream.layout = "mono"
        stream.format = "s16p" if codec == "adpcm_ima_wav" else "s16"
        stream.codec_context.open()
        size = stream.codec_context.frame_size or 4096
        for start in range(0, len(noise), size):
            samples = noise[None, start : start + size]
            frame = av.AudioFrame.from_ndarray(samples, format=stream.format.name, layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def decode(path, seek=None, enough=10**9):
    with av.open(path) as container:
        stream = container.streams.audio[0]
        if seek is not None:
            container.seek(int(seek * 1_000_000))
        time, parts, count = None, [], 0
        for frame in container.decode(stream):
            time = float(frame.time) if time is None else time
            parts.append(frame.to_ndarray()[0])
            count += frame.samples
            if count >= enough:
                break
        return time, np.concatenate(parts)


seen = {}
for path in FILES:
    begin, whole = decode(path)
    assert begin == 0 and abs(len(whole) - len(noise)) < RATE
    stored, errors = whole.tobytes(), []
    for second in range(5, 117, 4):
        said, part = decode(path, second, 2048)
        place = stored.find(part[1000:1500].tobytes()) // 2 - 1000
        assert place >= 0
        errors.append(round(said - place / RATE, 2))
    seen[path] = errors
    print(path, "time stated minus true time:", *errors)
for path in ("pcm.wav", "plain.flac"):
    assert not any(seen[path])
for path, last in (("ima.wav", 0.3), ("ms.wav", 0.5)):
    assert seen[path] == sorted(seen[path]) and seen[path][0] < 0.1 and seen[path][-1] > last
wrong = [error for error in seen["flac.oga"] if error]
assert 3 <= len(wrong) < len(seen["flac.oga"]) and min(wrong) > 0.3
PY
echo "still so"
