#!/usr/bin/env bash
# A MIDI file that counts in SMPTE frames has, for mido, a negative length, and files with a foreign chunk do not open.
#
# Library: mido 1.3.3. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: one note of 480 ticks. Division 480 per quarter: 0.5 s. Division E7 28 (25 frames of 40 parts, 1 tick = 1 ms): the note lasts
#   0.48 s, MidiFile.ticks_per_beat is -6360 and .length -0.0377; a player that sleeps message.time raises or plays all at once.
#   A chunk of another kind before a track, which the standard says to skip: OSError "no MTrk header at start of track"; the RIFF form (.rmi): OSError.
#   .length of type 2 raises ValueError. Text is Latin-1 unless charset= is given, so lyrics in UTF-8 come garbled without an error.
# A media indexer must: work out the length of SMPTE files itself (ticks / (frames * parts)), skip foreign chunks, and treat errors of
#   .length as "unknown", not as damage.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet mido==1.3.3
venv/bin/python - <<'PY'
import io
import struct

from mido import MidiFile

NOTE = b"\x00\x90\x3c\x40\x83\x60\x3c\x00\x00\xff\x2f\x00"  # on, 480 ticks, off, end


def chunk(name, data):
    return name + struct.pack(">I", len(data)) + data


def midi(division, *chunks, kind=0, tracks=1):
    return chunk(b"MThd", struct.pack(">HHH", kind, tracks, division)) + b"".join(chunks)


def opened(data):
    return MidiFile(file=io.BytesIO(data))


beats = opened(midi(480, chunk(b"MTrk", NOTE)))
print("480 per quarter:", beats.length)
assert abs(beats.length - 0.5) < 1e-9
smpte = opened(midi(0xE728, chunk(b"MTrk", NOTE)))
print("25 frames of 40 parts:", smpte.ticks_per_beat, smpte.length, [message.time for message in smpte])
assert smpte.ticks_per_beat == 0xE728 - 0x10000 and smpte.length < 0
foreign = midi(480, chunk(b"XFIH", b"ab"), chunk(b"MTrk", NOTE))
plain = midi(480, chunk(b"MTrk", NOTE))
riff = b"RIFF" + struct.pack("<I", 12 + len(plain)) + b"RMIDdata" + struct.pack("<I", len(plain)) + plain
for name, data in (("foreign chunk", foreign), ("RIFF", riff)):
    try:
        opened(data)
    except OSError as error:
        print(f"{name}:", error)
    else:
        raise SystemExit(f"{name} opens now")
try:
    opened(midi(480, chunk(b"MTrk", NOTE), chunk(b"MTrk", NOTE), kind=2, tracks=2)).length
except ValueError as error:
    print("type 2:", error)
else:
    raise SystemExit("type 2 has a length now")
words = "日本".encode()
lyrics = opened(midi(480, chunk(b"MTrk", b"\x00\xff\x05" + bytes([len(words)]) + words + NOTE)))
print("lyrics:", repr(lyrics.tracks[0][0].text))
assert lyrics.tracks[0][0].text == words.decode("latin-1")
PY
echo "still so"
