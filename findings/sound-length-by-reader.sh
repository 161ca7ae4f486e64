#!/usr/bin/env bash
# The length of a sound file, asked of three tag readers: each is wrong for formats that another has right.
#
# Libraries: tinytag 2.3.2, mutagen 1.48.1, pymediainfo 7.0.1 (MediaInfo as in the wheel); files written by av 18.1.0 (FFmpeg 8.1.2).
# Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen for 10 seconds of sound, in seconds:
#   tinytag     AAC in ADTS 1.85 (takes it for MPEG audio), FLAC in Ogg 0.0
#   mutagen     ADPCM in WAV 0.01 (takes the blocks for samples)
#   MediaInfo   CAF 0.34, whatever its length; AU 40.0; AAC in ADTS none
#   two Opus files joined, 3 + 7 s (a recorded web radio): 3.0 for all three; FFmpeg states no length and decodes 10 s
#   FFmpeg's own duration is right for all but the joined file. mutagen.File() of a readable file without tags is false in an `if`.
# A media indexer must: take the length from the decoder, or count the samples while it decodes anyway; never a tag reader's.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet tinytag==2.3.2 mutagen==1.48.1 pymediainfo==7.0.1 av==18.1.0 numpy==2.4.6
venv/bin/python - <<'PY'
from fractions import Fraction

import av
import mutagen
import numpy as np
from pymediainfo import MediaInfo
from tinytag import TinyTag

RATE = 48000


def write(path, container, codec, seconds):
    wave = (np.sin(2 * np.pi * 440 * np.arange(seconds * RATE) / RATE) * 8000).astype(np.int16)
    with av.open(path, "w", format=container) as out:
        stream = out.add_stream(codec, rate=RATE)
        stream.layout = "stereo"
        frame = av.AudioFrame.from_ndarray(np.repeat(wave, 2).reshape(1, -1), format="s16", layout="stereo")
        frame.rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        fifo, at = av.AudioFifo(), 0
        for part in av.AudioResampler(format=stream.codec_context.format or "s16", layout="stereo", rate=RATE).resample(frame):
            fifo.write(part)
        while (part := fifo.read(stream.codec_context.frame_size or 1024) or fifo.read()) is not None:
            part.pts, part.time_base = at, Fraction(1, RATE)
            at += part.samples
            out.mux(stream.encode(part))
        out.mux(stream.encode(None))


def lengths(path):
    try:
        tiny = TinyTag.get(path).duration
    except Exception:
        tiny = None
    known = mutagen.File(path)
    general = MediaInfo.parse(path).general_tracks[0].duration
    with av.open(path) as file:
        stated = file.duration and file.duration / 1e6
    found = [tiny, None if known is None else known.info.length, general and float(general) / 1000, stated]
    return [value if value is None else round(value, 2) for value in found]


print(f"{'file':12} tinytag, mutagen, MediaInfo, FFmpeg")
seen = {}
for name, container, codec in (
    ("adts.aac", "adts", "aac"),
    ("flac.ogg", "ogg", "flac"),
    ("adpcm.wav", "wav", "adpcm_ima_wav"),
    ("pcm.caf", "caf", "pcm_s16le"),
    ("pcm.au", "au", "pcm_s16be"),
    ("plain.wav", "wav", "pcm_s16le"),
):
    write(name, container, codec, 10)
    seen[name] = lengths(name)
    print(f"{name:12}", seen[name])
    assert abs(seen[name][3] - 10) < 0.2
assert seen["plain.wav"] == [10.0, 10.0, 10.0, 10.0]
assert mutagen.File("plain.wav").info.length == 10 and not mutagen.File("plain.wav")
assert seen["adts.aac"][0] < 3 and abs(seen["adts.aac"][1] - 10) < 0.2 and seen["adts.aac"][2] is None
assert seen["flac.ogg"][:3] == [0.0, 10.0, 10.0]
assert seen["adpcm.wav"][1] < 0.1 and seen["adpcm.wav"][0] == seen["adpcm.wav"][2] == 10.0
assert seen["pcm.caf"][2] == 0.34 and seen["pcm.au"][2] == 40.0
for name, seconds in (("one.opus", 3), ("two.opus", 7)):
    write(name, "ogg", "libopus", seconds)
with open("radio.opus", "wb") as radio:
    for name in ("one.opus", "two.opus"):
        with open(name, "rb") as part:
            radio.write(part.read())
joined = lengths("radio.opus")
with av.open("radio.opus") as file:
    decoded = sum(frame.samples for frame in file.decode(audio=0)) / RATE
print("radio.opus  ", joined, "decoded", round(decoded, 2))
assert all(abs(value - 3) < 0.1 for value in joined[:3]) and joined[3] is None and abs(decoded - 10) < 0.1
PY
echo "still so"
