#!/usr/bin/env bash
# Magika, sure of itself, calls HEIC and AVIF pictures videos, a vCard a calendar and a CD's cue sheet assembler.
#
# Library: magika 1.0.3 (its standard model, onnxruntime 1.32.0). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen (label, MIME type, score):
#   HEIC and AVIF of any picture: mp4, video/mp4, 0.92 to 0.97; M4A too; JPEG XL: unknown; a flat PPM: bmp, 0.78
#   a vCard: ics, text/calendar, 0.96; a cue sheet: asm, text/x-asm, 0.64; LRC lyrics and ASS subtitles: ini; a chat log: yaml, 0.82
#   AAC in ADTS: mp3, audio/mpeg, 0.99; SRT and WebVTT, JPEG, PNG, WebP, GIF and TIFF are right.
#   The import opens ONNX Runtime, with its telemetry database in the cache folder of the home.
# A media indexer must: decide by file signatures (the ftyp brand tells HEIC from MP4) and by the name for text kinds; ask Magika last.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet magika==1.0.3 onnxruntime==1.32.0 pillow==13.0.0 pillow-heif==1.8.1 numpy==2.4.6
HOME="$work" venv/bin/python - <<'PY'
import io

import numpy as np
import pillow_heif
from magika import Magika
from PIL import Image

pillow_heif.register_heif_opener()
magika = Magika()


def say(name, data):
    answer = magika.identify_bytes(data)
    print(f"{name:12} {answer.output.label:10} {answer.output.mime_type:26} {answer.score:.2f}")
    return answer.output.label, answer.output.mime_type


def coded(picture, kind):
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
flat = Image.new("RGB", (16, 16), "red")
for picture in (noise, flat):
    for kind in ("HEIF", "AVIF"):
        assert say(kind, coded(picture, kind)) == ("mp4", "video/mp4")
    for kind in ("JPEG", "PNG", "WEBP", "GIF", "TIFF"):
        assert say(kind, coded(picture, kind))[1] == f"image/{kind.lower()}"
assert say("vCard", b"BEGIN:VCARD\nVERSION:3.0\nFN:Ann\nEND:VCARD\n") == ("ics", "text/calendar")
cue = b'PERFORMER "A"\nTITLE "B"\nFILE "x.flac" WAVE\n  TRACK 01 AUDIO\n    TITLE "C"\n    INDEX 01 00:00:00\n'
assert say("cue sheet", cue)[0] == "asm"
assert say("chat", b"[12:01] Ann: hi\n[12:02] Bob: hello\n")[0] == "yaml"
lyrics = b"[ti:Song]\n[ar:Me]\n[00:01.00]First line of the words\n[00:05.50]Second line of them\n[00:09.10]And a third\n"
assert say("LRC", lyrics)[0] == "ini"
assert say("SRT", b"1\n00:00:01,000 --> 00:00:02,000\nHello there\n")[0] == "srt"
PY
test -n "$(find "$work" -name onnxruntime.db)"
echo "still so"
