#!/usr/bin/env bash
# libsndfile: a seek in Ogg Vorbis on a handle that was read from gives up to some hundred wrong samples at the new place.
#
# Library: soundfile 0.14.0 (libsndfile 1.2.2). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, noise of 20 s: after one read through, seek(k) and read on the same SoundFile differs from the first read for 29 of 30 places, by
#   up to 0.38 of full scale, in the first 30 to 820 samples; later samples are the same, so the place is right.
#   A new handle for each place (soundfile.read(start=k)) is right for all 30. Opus and MP3 are right both ways.
# A media indexer must: open anew for each piece of an Ogg Vorbis file, or start a thousand samples early and drop them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet soundfile==0.14.0 numpy==2.4.6
venv/bin/python - <<'PY'
import numpy
import soundfile

print(soundfile.__version__, soundfile.__libsndfile_version__)
noise = numpy.random.default_rng(0).normal(0, 0.1, 48_000 * 20).astype(numpy.float32)
PLACES = range(0, 900_000, 30_011)
for name, form, kind in (("sound.ogg", "OGG", "VORBIS"), ("sound.opus", "OGG", "OPUS"), ("sound.mp3", "MP3", "MPEG_LAYER_III")):
    soundfile.write(name, noise, 48_000, format=form, subtype=kind)
    handle = soundfile.SoundFile(name)
    whole = handle.read(dtype="float32")
    used, fresh, longest, worst = 0, 0, 0, 0.0
    for place in PLACES:
        handle.seek(place)
        off = numpy.abs(handle.read(6000, dtype="float32") - whole[place : place + 6000])
        used += off.max() > 1e-3
        worst = max(worst, float(off.max()))
        longest = max(longest, int(numpy.flatnonzero(off > 1e-3)[-1]) + 1 if off.max() > 1e-3 else 0)
        again = soundfile.read(name, start=place, frames=6000, dtype="float32")[0]
        fresh += numpy.abs(again - whole[place : place + 6000]).max() > 1e-3
    print(f"{name}: wrong on the used handle {used} of {len(PLACES)} (up to {longest} samples, {worst:.2f}), on a fresh one {fresh}")
    assert fresh == 0
    assert (used >= 20 and 100 < longest < 2000) if kind == "VORBIS" else used == 0
PY
echo "still so"
