#!/usr/bin/env bash
# FFmpeg cuts the padding of Apple Lossless in CAF twice: up to 2,047 samples of sound are missing at the end.
#
# Libraries: av 18.1.0 (FFmpeg 8.1.2); soundfile 0.14.0 (libsndfile 1.2.2) writes and reads. Met on 29 November 2026, CPython 3.11, Linux
# x86-64.
# Seen, one second at 48 kHz: the last of 12 packets holds 2,944 samples, as its own header says, and the packet table names a remainder of
#   1,152 (12 * 4,096 - 48,000). FFmpeg takes the remainder off the 2,944 again: 46,848 samples, the same as written up to there, without an
#   error; at 24 bits likewise. Of 44,100 samples 956 are missing; of 30,000, whose last packet is shorter than the remainder, none.
#   libsndfile gives every sample.
# A media indexer must: read CAF with ALAC by libsndfile, or take the length from the packet table and not be surprised at a shorter sound.
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


def by_ffmpeg(path):
    with av.open(path) as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
    sound = np.concatenate(frames, axis=1)
    return sound[0] / 2.0 ** (8 * sound.dtype.itemsize - 1)


def packet_table(path):
    """Packets, valid frames, priming and remainder of the chunk `pakt`."""
    data = open(path, "rb").read()
    return struct.unpack(">qqii", data[data.index(b"pakt") + 12 :][:24])


for samples in (48000, 44100, 30000):
    sound = np.sin(np.arange(samples) * 0.05) * np.linspace(0.1, 0.9, samples)
    for subtype in ("ALAC_16", "ALAC_24"):
        soundfile.write("a.caf", sound, 48000, subtype, format="CAF")
        written, _ = soundfile.read("a.caf")
        packets, valid, priming, remainder = packet_table("a.caf")
        read = by_ffmpeg("a.caf")
        print(f"{subtype}, {samples} samples: libsndfile {len(written)}, FFmpeg {len(read)}; table {valid}, remainder {remainder}")
        assert len(written) == valid == samples and priming == 0 and packets == -(-samples // 4096)
        assert remainder == -samples % 4096 and np.abs(read - written[: len(read)]).max() < 1e-4
        last = samples - (packets - 1) * 4096
        assert len(read) == samples - (remainder if remainder < last else 0)
PY
echo "still so"
