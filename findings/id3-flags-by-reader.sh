#!/usr/bin/env bash
# An unsynchronised ID3v2.3 tag loses its last letters and all later frames in FFmpeg, and turns into Chinese in tinytag; other flags likewise.
#
# Libraries: av 18.1.0 (FFmpeg 8.1.2), tinytag 2.3.2, mutagen 1.48.1, pytaglib 3.2.0 (TagLib), eyeD3 0.9.9. Met on 29 November 2026,
# CPython 3.11, Linux x86-64.
# Seen (title "Söng", artist "Ann"; every one of these flags is in the ID3 standard, and for each case at least one reader is right):
#   unsynchronisation of a v2.3 tag, which UTF-16 with its FF FE always asks for: mutagen, pytaglib and eyeD3 are right; FFmpeg gives "Sön"
#     and no artist (it takes as many bytes too few as were put in); tinytag gives "ÿ叾\uf600渀最";
#   unsynchronised frame of v2.4: tinytag "\x0b\x01ÿ" and four more titles, the others right;
#   extended header of v2.3: tinytag and pytaglib see no tag at all, the others do;
#   frame with a group (v2.4): right in eyeD3 only; mutagen and FFmpeg lose it, tinytag "\x03SÃ¶ng", pytaglib "͓쎶湧";
#   compressed frame: tinytag gives the zlib bytes as a title, pytaglib loses it; FFmpeg reads it in v2.4 and loses it in v2.3;
#   tag with a footer at the end of the file: none of the five sees it.
# A media indexer must: look at the flags of header and frames first and undo unsynchronisation and compression itself, or take mutagen for
#   such files; titles with control characters are unread titles.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0 tinytag==2.3.2 mutagen==1.48.1 pytaglib==3.2.0 eyed3==0.9.9
venv/bin/python - <<'PY'
import logging
import struct
import zlib

import av
import eyed3
import mutagen
import taglib
import tinytag

logging.disable(logging.CRITICAL)
SOUND = (bytes.fromhex("fffb90c4") + bytes(413)) * 80


def syncsafe(number):
    return bytes(number >> shift & 127 for shift in (21, 14, 7, 0))


def frame(version, name, data, flags=0):
    size = syncsafe(len(data)) if version == 4 else struct.pack(">I", len(data))
    return name + size + struct.pack(">H", flags) + data


def tag(version, *frames, flags=0, extended=b""):
    body = extended + b"".join(frames) + bytes(10)
    return b"ID3" + bytes([version, 0, flags]) + syncsafe(len(body)) + body


def unsynchronised(data):
    """As the standard asks: a zero behind every FF before E0 to FF or 00."""
    done = bytearray()
    for at, byte in enumerate(data):
        done.append(byte)
        if byte == 0xFF and (at + 1 == len(data) or data[at + 1] >= 0xE0 or data[at + 1] == 0):
            done.append(0)
    return bytes(done)


utf16, utf8 = b"\1" + b"\xff\xfe" + "Söng".encode("utf-16-le"), b"\3" + "Söng".encode()
ann = {3: frame(3, b"TPE1", b"\0Ann"), 4: frame(4, b"TPE1", b"\3Ann")}
unsync = unsynchronised(utf16)
files = {
    "plain v2.3": tag(3, frame(3, b"TIT2", utf16), ann[3]) + SOUND,
    "plain v2.4": tag(4, frame(4, b"TIT2", utf8), ann[4]) + SOUND,
    "unsynchronised v2.3": tag(3, unsynchronised(frame(3, b"TIT2", utf16) + ann[3]), flags=0x80) + SOUND,
    "unsynchronised v2.4": tag(4, frame(4, b"TIT2", syncsafe(len(utf16)) + unsync, 0x0003), ann[4], flags=0x80) + SOUND,
    "extended header v2.3": tag(3, frame(3, b"TIT2", utf16), ann[3], flags=0x40, extended=struct.pack(">IHI", 6, 0, 10)) + SOUND,
    "group v2.4": tag(4, frame(4, b"TIT2", b"\x81" + utf8, 0x0040), ann[4]) + SOUND,
    "compressed v2.3": tag(3, frame(3, b"TIT2", struct.pack(">I", len(utf16)) + zlib.compress(utf16), 0x0080), ann[3]) + SOUND,
    "compressed v2.4": tag(4, frame(4, b"TIT2", syncsafe(len(utf8)) + zlib.compress(utf8), 0x0009), ann[4]) + SOUND,
}
frames = frame(4, b"TIT2", utf8) + ann[4]
ends = bytes([4, 0, 0x10]) + syncsafe(len(frames))
files["footer v2.4"] = SOUND + b"ID3" + ends + frames + b"3DI" + ends


def by_ffmpeg(path):
    with av.open(path) as container:
        return container.metadata.get("title"), container.metadata.get("artist")


def by_tinytag(path):
    read = tinytag.TinyTag.get(path)
    return read.title, read.artist


def by_mutagen(path):
    read = mutagen.File(path, easy=True)
    return read.get("title", [None])[0], read.get("artist", [None])[0]


def by_taglib(path):
    with taglib.File(path) as read:
        return read.tags.get("TITLE", [None])[0], read.tags.get("ARTIST", [None])[0]


def by_eyed3(path):
    read = eyed3.load(path).tag
    return (read.title, read.artist) if read else (None, None)


right, lost, none = ("Söng", "Ann"), (None, "Ann"), (None, None)
expected = {  # ffmpeg, tinytag, mutagen, taglib, eyed3; ... for "neither right nor lost"
    "plain v2.3": (right, right, right, right, right),
    "plain v2.4": (right, right, right, right, right),
    "unsynchronised v2.3": (("Sön", None), ..., right, right, right),
    "unsynchronised v2.4": (right, ..., right, right, right),
    "extended header v2.3": (right, none, right, none, right),
    "group v2.4": (lost, ..., lost, ..., right),
    "compressed v2.3": (lost, ..., right, lost, right),
    "compressed v2.4": (right, ..., right, lost, right),
    "footer v2.4": (none, none, none, none, none),
}
for number, (case, data) in enumerate(files.items()):
    path = f"{number}.mp3"
    with open(path, "wb") as file:
        file.write(data)
    for reader, wanted in zip((by_ffmpeg, by_tinytag, by_mutagen, by_taglib, by_eyed3), expected[case], strict=True):
        read = reader(path)
        print(f"{case:22} {reader.__name__:12} {read!r}")
        assert read == wanted if wanted is not ... else read[0] and read[0] != "Söng", (read, wanted)
PY
echo "still so"
