#!/usr/bin/env bash
# FFmpeg opens two valid kinds of WAV file without an error and gives noise: big-endian ones, and 24 bits kept in 32.
#
# Libraries: av 18.1.0 (FFmpeg 8.1.2); soundfile 0.14.0 (libsndfile 1.2.2) reads both rightly. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, one second of a sine, 8,000 samples:
#   RIFX (RIFF with the other byte order)          opened as pcm_s16le: 8,000 samples, none of them right
#   EXTENSIBLE, 24 valid bits in blocks of 4 bytes opened as pcm_f24le, an old float format: 10,666 samples instead of 8,000,
#     values up to 1e38 and NaN. With 24 bits in 3 bytes, or 32 valid bits, the same samples are right.
# A media indexer must: look at the chunk "fmt " of a WAV file before the decoder does: samples of RIFX, and of containers wider than
#   their valid bits, go to another reader; a speech model answers such noise with invented words, not with an error.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0 soundfile==0.14.0 numpy==2.4.6
venv/bin/python - <<'PY'
import struct

import av
import numpy as np
import soundfile

N = 8000
sine = np.round(20000 * np.sin(np.arange(N) * 0.1)).astype("<i2")
PCM = struct.pack("<I", 1) + bytes.fromhex("00001000800000aa00389b71")  # the GUID of integer samples


def extensible(valid, block):
    return struct.pack("<HHIIHHHHI", 0xFFFE, 1, 8000, 8000 * block, block, 8 * block, 22, valid, 4) + PCM


def riff(form, order, head, data):
    chunks = b"fmt " + struct.pack(order + "I", len(head)) + head + b"data" + struct.pack(order + "I", len(data)) + data
    return form + struct.pack(order + "I", 4 + len(chunks)) + b"WAVE" + chunks


deep = sine.astype("<i4") << 16
packed = b"".join(int(value << 8).to_bytes(3, "little", signed=True) for value in sine.tolist())
FILES = {
    "RIFX": riff(b"RIFX", ">", struct.pack(">HHIIHH", 1, 1, 8000, 16000, 2, 16), sine.astype(">i2").tobytes()),
    "24 bits in 4 bytes": riff(b"RIFF", "<", extensible(24, 4), deep.tobytes()),
    "32 bits in 4 bytes": riff(b"RIFF", "<", extensible(32, 4), deep.tobytes()),
    "24 bits in 3 bytes": riff(b"RIFF", "<", extensible(24, 3), packed),
}


def ffmpeg(path):
    with av.open(path) as container:
        stream = container.streams.audio[0]
        frames = container.decode(stream)
        resampler = av.AudioResampler("flt")
        samples = np.concatenate([part.to_ndarray()[0] for frame in frames for part in resampler.resample(frame)])
        return stream.codec_context.name, stream.duration, samples


def likeness(samples):
    """The share of samples that are those of the sine."""
    count = min(N, len(samples))
    return float((np.abs(samples[:count] - sine[:count] / 32768) < 0.001).mean())


seen = {}
for name, data in FILES.items():
    with open("sound.wav", "wb") as file:
        file.write(data)
    other = soundfile.read("sound.wav", dtype="float32")[0]
    codec, length, samples = ffmpeg("sound.wav")
    seen[name] = (codec, length, round(likeness(samples), 2))
    print(f"{name}: FFmpeg {seen[name]}, largest {np.nanmax(np.abs(samples)):.3g}; libsndfile {len(other)} samples, {likeness(other):.2f}")
    assert len(other) == N and likeness(other) > 0.999
assert seen["RIFX"][:2] == ("pcm_s16le", N) and seen["RIFX"][2] < 0.1
assert seen["24 bits in 4 bytes"][:2] == ("pcm_f24le", 10666) and seen["24 bits in 4 bytes"][2] < 0.1
assert seen["32 bits in 4 bytes"] == ("pcm_s32le", N, 1.0) and seen["24 bits in 3 bytes"] == ("pcm_s24le", N, 1.0)
PY
echo "still so"
