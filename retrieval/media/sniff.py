"""What a file is, by its content. Owns the decision which files are media; decodes nothing.

A file is known by its first bytes, a container (ZIP, ISO-BMFF, Matroska, Ogg, ASF) by a look at its table of
contents. Text has no magic number: it is a document if it decodes as text and its name says what it is
(`TEXT_SUFFIXES`) or says nothing; so logs and settings stay out.
"""

from __future__ import annotations

import re
import stat
import struct
from pathlib import Path
from typing import BinaryIO

from retrieval.domain.media import Medium
from retrieval.errors import MediaUnreadable, MediaUnsupported
from retrieval.media.containers import identify_container

STREAM_READ = 4 << 20  # bytes of a transport stream in which its kinds of packets are looked for
HEAD = 8192  # bytes; enough for every magic number and for a judgement on text

TEXT_SUFFIXES = {
    "": "txt", ".txt": "txt", ".text": "txt", ".md": "md", ".markdown": "md", ".mkd": "md", ".rst": "rst", ".rest": "rst",
    ".adoc": "txt", ".org": "txt", ".tex": "tex", ".html": "html", ".htm": "html", ".xhtml": "html", ".xht": "html",
    ".csv": "csv", ".tsv": "csv", ".srt": "srt", ".vtt": "vtt", ".ass": "ass", ".ssa": "ass", ".lrc": "lrc", ".nfo": "txt",
    ".me": "txt", ".eml": "eml", ".emlx": "emlx", ".mbox": "mbox", ".mbx": "mbox", ".mht": "mhtml", ".mhtml": "mhtml",
    ".ipynb": "ipynb", ".svg": "svg", ".ics": "ics", ".vcs": "ics", ".json": "json", ".jsonl": "json", ".geojson": "json",
}  # fmt: skip

# Names of films and sound whose files FFmpeg is asked for where their first bytes say nothing.
MEDIA_SUFFIXES = frozenset(
    ".mp3 .aac .ts .mts .m2ts .mpg .mpeg .vob .m2v .h264 .264 .h265 .265 .hevc .dv .mxf .w64 .dsf .gxf .trp .tp".split()
)

# Source code: documents, but not where the folder is a program's (indexer/sources/local.py).
CODE_SUFFIXES = frozenset(
    ".py .pyi .js .mjs .cjs .jsx .ts .tsx .c .h .cc .cpp .cxx .hpp .hh .java .kt .kts .scala .go .rs .rb .php .swift .cs "
    ".fs .m .mm .pl .pm .r .jl .lua .sh .bash .zsh .ps1 .bat .sql .hs .ml .ex .exs .erl .clj .dart .vue .f90 .asm".split()
)

# (offset, bytes, medium, format); the first that fits wins.
MAGIC: tuple[tuple[int, bytes, Medium, str], ...] = (
    (0, b"\xff\xd8\xff", "image", "jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image", "png"),
    (0, b"GIF87a", "image", "gif"),
    (0, b"GIF89a", "image", "gif"),
    (8, b"WEBP", "image", "webp"),
    (0, b"IIRO\x08\x00", "image", "raw"),  # Olympus ORF
    (0, b"IIRS\x08\x00", "image", "raw"),
    (0, b"IIU\x00", "image", "raw"),  # Panasonic RW2
    (0, b"FUJIFILMCCD-RAW", "image", "raw"),
    (0, b"\xff\x0a", "image", "jxl"),
    (4, b"JXL \r\n\x87\n", "image", "jxl"),
    (0, b"II\xbc\x01", "image", "jpeg xr"),
    (0, b"8BPS", "image", "psd"),
    (0, b"qoif", "image", "qoi"),
    (16, b"ftypmjp2", "video", "mj2"),
    (16, b"ftypmj2s", "video", "mj2"),
    (0, b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image", "jpeg2000"),
    (0, b"\xff\x4f\xff\x51", "image", "jpeg2000"),
    (0, b"\x00\x00\x01\x00", "image", "ico"),
    (0, b"\x00\x00\x02\x00\x01\x00", "image", "cur"),
    (0, b"DDS ", "image", "dds"),
    (0, b"icns", "image", "icns"),
    (0, b"\x01\xda", "image", "sgi"),
    (0, b"\x59\xa6\x6a\x95", "image", "sun"),
    (0, b"\xb1\x68\xde\x3a", "image", "dcx"),
    (0, b"BLP1", "image", "blp"),
    (0, b"BLP2", "image", "blp"),
    (0, b"FTEX", "image", "ftex"),
    (20, b"GIMP", "image", "gbr"),
    (0, b"DanM", "image", "msp"),
    (0, b"LinS", "image", "msp"),
    (0, b"SIMPLE  =", "image", "fits"),
    (0, b"/* XPM */", "image", "xpm"),
    (4, b"\x11\xaf", "image", "fli"),
    (4, b"\x12\xaf", "image", "fli"),
    (8, b"AVI ", "video", "avi"),
    (8, b"WAVE", "audio", "wav"),
    (8, b"AIFF", "audio", "aiff"),
    (8, b"AIFC", "audio", "aiff"),
    (0, b"fLaC", "audio", "flac"),
    (0, b"ID3", "audio", "mp3"),
    (0, b"#!AMR", "audio", "amr"),
    (0, b".snd", "audio", "au"),
    (0, b"caff", "audio", "caf"),
    (0, b"DSD ", "audio", "dsf"),
    (0, b"riff\x2e\x91\xcf\x11", "audio", "w64"),
    (0, b"\x06\x0e\x2b\x34\x02\x05\x01\x01", "video", "mxf"),
    (0, b"MAC ", "audio", "ape"),
    (0, b"wvpk", "audio", "wavpack"),
    (0, b"TTA1", "audio", "tta"),
    (0, b"MPCK", "audio", "musepack"),
    (0, b"MP+", "audio", "musepack"),
    (0, b"\x0b\x77", "audio", "ac3"),
    (0, b"\x7f\xfe\x80\x01", "audio", "dts"),
    (0, b"\x00\x00\x01\xba", "video", "mpeg"),
    (0, b"\x00\x00\x01\xb3", "video", "mpeg"),
    (0, b".RMF", "video", "rm"),
    (0, b"DKIF", "video", "ivf"),
    (0, b"YUV4MPEG2", "video", "y4m"),
    (0, b"%PDF-", "document", "pdf"),
    (0, b"{\\rtf", "document", "rtf"),
)

# (offset, bytes, what it is): known, and not read here. Only those that text or a looser rule could be taken for.
FOREIGN: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a program"),
    (0, b"SQLite format 3\x00", "a database"),
    (0, b"%!PS", "PostScript"),
    (0, b"AT&TFORM", "DjVu"),
    (0, b"7z\xbc\xaf\x27\x1c", "an archive"),
    (0, b"Rar!\x1a\x07", "an archive"),
    (0, b"\x1f\x8b", "an archive"),
    (0, b"BZh", "an archive"),
    (0, b"\xfd7zXZ\x00", "an archive"),
    (0, b"\x28\xb5\x2f\xfd", "an archive"),
    (0, b"wOFF", "a font"),
    (0, b"wOF2", "a font"),
    (0, b"OTTO", "a font"),
    (0, b"MThd", "MIDI notes"),
)

DNG, SUB_PICTURES, MAKER, PHOTOMETRIC = 0xC612, 0x14A, 0x10F, 0x106
SENSOR = {32803, 34892}  # colour filter array, linear raw
FINISHED = {(0,), (1,), (2,), (6,)}  # white or black is zero, RGB, YCbCr

NETPBM = {
    b"P1": "pbm",
    b"P4": "pbm",
    b"P2": "pgm",
    b"P5": "pgm",
    b"P3": "ppm",
    b"P6": "ppm",
    b"Pf": "pfm",
    b"PF": "pfm",
}

HEADERS = re.compile(
    rb"(?:return-path|received|delivered-to|from|to|subject|date|message-id|mime-version|x-[\w-]+):[ \t]"
)

BMP_HEADERS = (b"\x0c", b"\x10", b"\x28", b"\x34", b"\x38", b"\x40", b"\x6c", b"\x7c")  # sizes of the second header


def identify(path: Path) -> tuple[Medium, str]:
    """Medium and format ("jpeg", "mp4", "pdf", lower case) of a file, by its content.

    Reads a few KiB; of a container also its table of contents.

    Raises:
        MediaUnreadable: missing, forbidden, not a regular file, or empty.
        MediaUnsupported: not a medium, or a kind that nothing here reads (named in the hint).
    """
    with _open(path) as file:
        head = file.read(HEAD)
        if not head:
            raise MediaUnreadable(f"{path.name} is empty", reason="empty")
        found = _by_magic(head) or identify_container(path, file, head) or _by_weak_magic(path, head)
        if found is None:
            _refuse_foreign(path, head)
            found = _by_ffmpeg(path, head) or _by_text(path, head)
    return found


def _by_ffmpeg(path: Path, head: bytes) -> tuple[Medium, str] | None:
    """Rare containers, and those behind other bytes: only under a name of films or sound, and where it is no text."""
    if path.suffix.lower() not in MEDIA_SUFFIXES or looks_like_text(head):
        return None
    from retrieval.media.probe import probe

    return probe(path)


def _open(path: Path) -> BinaryIO:
    """The file, open for reading; never waits on a fifo or a device."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise MediaUnsupported(f"{path.name} is not a regular file")
        return open(path, "rb")
    except OSError as error:
        raise MediaUnreadable(f"cannot read {path.name}: {error.strerror or error}") from error


def _by_magic(head: bytes) -> tuple[Medium, str] | None:
    for offset, magic, medium, name in MAGIC:
        if head.startswith(magic, offset) and (
            offset != 8 or head[:4] in (b"RIFF", b"RIFX", b"RF64", b"FORM", b"BW64")
        ):
            return medium, name
    if head[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"):
        return "image", "raw" if _is_camera_raw(head) else "tiff"
    if head[:2] in NETPBM and head[2:3].isspace():
        return "image", NETPBM[head[:2]]
    if head[:2] == b"BM" and head[14:15] in BMP_HEADERS and head[15:18] == b"\0\0\0":
        return "image", "bmp"
    return None


def _is_camera_raw(head: bytes) -> bool:
    """Whether the TIFF in `head` is a camera's: a CR2, or one of whose pictures holds what a sensor gave.

    The pictures inside are looked up as far as `head` reaches; behind it a DNG, and a small first picture with camera and
    sub-pictures, are taken for a camera's. Sources: TIFF 6.0, TIFF/EP, DNG 1.7.
    """
    if head[8:10] == b"CR":
        return True
    order = "<" if head[:2] == b"II" else ">"
    tags = _tiff_tags(head, order, struct.unpack_from(order + "I", head, 4)[0] if len(head) >= 8 else 0)
    starts = tags.get(SUB_PICTURES, ())
    inner = [_tiff_tags(head, order, start) for start in starts]
    if any(set(each.get(PHOTOMETRIC, ())) & SENSOR for each in (tags, *inner)):
        return True
    # A DNG whose only picture is a finished one, as scanners write it.
    known = (bool(starts) and all(inner)) or (DNG in tags and not starts and tags.get(PHOTOMETRIC, ()) in FINISHED)
    return (DNG in tags and not known) or (bool(starts) and MAKER in tags and not known)


def _tiff_tags(head: bytes, order: str, start: int) -> dict[int, tuple[int, ...]]:
    """Whole numbers of a directory by tag, () for others; empty where it lies behind the head."""
    if not 8 <= start <= len(head) - 2:
        return {}
    found: dict[int, tuple[int, ...]] = {}
    for at in range(start + 2, start + 2 + 12 * struct.unpack_from(order + "H", head, start)[0], 12):
        if at + 12 > len(head):
            break
        tag, kind, count = struct.unpack_from(order + "HHI", head, at)
        letter = {3: "H", 4: "I", 13: "I"}.get(kind)
        size = struct.calcsize(letter) * count if letter else 0
        place = at + 8 if size <= 4 else struct.unpack_from(order + "I", head, at + 8)[0]
        fits = letter and count <= 64 and place + size <= len(head)
        found[tag] = struct.unpack_from(f"{order}{count}{letter}", head, place) if fits else ()
    return found


def _by_weak_magic(path: Path, head: bytes) -> tuple[Medium, str] | None:
    """Formats whose first bytes prove little: their structure or their name has to agree."""
    suffix = path.suffix.lower()
    if suffix in (".jpg", ".jpeg", ".jpe") and 0 < head[:64].find(b"\xff\xd8\xff"):  # behind a stray line end
        return "image", "jpeg"
    before, pdf, _ = head[:1024].partition(b"%PDF-")  # readers look for it there, whatever a server has put before
    if pdf and (suffix == ".pdf" or not before.removeprefix(b"\xef\xbb\xbf").strip(b"\0 \t\r\n")):
        return "document", "pdf"
    if (
        head[0] == 0x47
        and all(head[at : at + 1] == b"\x47" for at in range(0, min(len(head), 188 * 5), 188))
        and len(head) >= 376
    ):
        return _of_stream(path, 188, 0), "ts"
    if len(head) > 200 and head[4] == 0x47 and head[196:197] == b"\x47":
        return _of_stream(path, 192, 4), "m2ts"
    if head[0] == 0xFF and head[1:2] and head[1] & 0xE0 == 0xE0 and b"\x00" != head[1:2]:
        return _mpeg_audio(head, suffix)
    if (
        suffix in (".tga", ".vda", ".icb", ".vst")
        and len(head) > 18
        and head[1] in (0, 1)
        and head[2] in (1, 2, 3, 9, 10, 11)
    ):
        return "image", "tga"
    if suffix == ".pcx" and head[0] == 0x0A and head[1] in (0, 2, 3, 4, 5):
        return "image", "pcx"
    if suffix == ".xbm" and head.lstrip().startswith(b"#define"):
        return "image", "xbm"
    if suffix == ".im" and b"Image type:" in head[:512]:
        return "image", "im"
    return None


def _of_stream(path: Path, size: int, skip: int) -> Medium:
    """The medium of a transport stream of packets of `size` bytes: sound, if no packet begins pictures and some do sound.

    Source: ISO/IEC 13818-1, 2.4.3.
    """
    with open(path, "rb") as file:
        content = file.read(STREAM_READ)
    kinds = set()
    for at in range(skip, len(content) - 188, size):
        if content[at] == 0x47 and content[at + 1] & 0x40:  # an elementary packet, or a table, begins
            start = at + 4 + (1 + content[at + 4] if content[at + 3] & 0x20 else 0)
            kinds |= {content[start + 3]} if content[start : start + 3] == b"\0\0\1" else set()
    pictures = any(0xE0 <= kind <= 0xEF or kind == 0xFD for kind in kinds)
    return "audio" if not pictures and any(0xC0 <= kind <= 0xDF or kind == 0xBD for kind in kinds) else "video"


def _mpeg_audio(head: bytes, suffix: str) -> tuple[Medium, str] | None:
    if head[1] & 0xF6 == 0xF0:
        return ("audio", "aac") if len(head) > 7 and suffix in (".aac", ".adts", "") else None
    # Layers III and II. The bits of layer I are UTF-16's byte order mark.
    layer, bitrate, rate = (
        head[1] >> 1 & 3,
        head[2] >> 4 if len(head) > 2 else 15,
        head[2] >> 2 & 3 if len(head) > 2 else 3,
    )
    return ("audio", "mp3") if layer in (1, 2) and bitrate != 15 and rate != 3 else None


def _refuse_foreign(path: Path, head: bytes) -> None:
    for offset, magic, what in FOREIGN:
        if head.startswith(magic, offset):
            raise MediaUnsupported(f"{path.name} is {what}, not media")


def _by_text(path: Path, head: bytes) -> tuple[Medium, str]:
    suffix = path.suffix.lower()
    name = TEXT_SUFFIXES.get(suffix) or ("code" if suffix in CODE_SUFFIXES else None)
    if name is None:
        raise MediaUnsupported(f"{path.name} is not media", f"{suffix} files are not read" if suffix else "")
    if not looks_like_text(head):
        raise MediaUnsupported(f"{path.name} is binary data, not text")
    return "document", name if name in SAID else _text_kind(head) or name


# Formats that hold pages of the web or other text inside them, and are what their name says.
SAID = frozenset({"eml", "emlx", "mbox", "mhtml", "ipynb", "svg", "json", "code"})


def _text_kind(head: bytes) -> str | None:
    """A format that says itself what it is, under any name that stands for text."""
    text = head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:512].lower()
    if text.startswith((b"<!doctype html", b"<html")) or (text.startswith(b"<?xml") and b"<html" in text):
        return "html"
    if text.startswith(b"webvtt"):
        return "vtt"
    if text.startswith(b"begin:vcalendar"):
        return "ics"
    if re.match(rb"from \S+.{0,40}\d\d:\d\d", text):
        return "mbox"
    if HEADERS.match(text) and (b"\nsubject:" in text or b"\nfrom:" in text) and b"\ndate:" in head[:HEAD].lower():
        return (
            "mhtml" if b"multipart/related" in head.lower() and b"snapshot-content-location" in head.lower() else "eml"
        )
    lines = text.splitlines()[:2]
    if len(lines) == 2 and lines[0].strip().isdigit() and b"-->" in lines[1]:
        return "srt"
    return None


def looks_like_text(head: bytes) -> bool:
    """Whether bytes are text in some encoding: UTF-16 by its pattern, else no control characters but white space."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return True
    if b"\x00" in head:
        even, odd = head[0::2].count(0), head[1::2].count(0)
        text = head[: len(head) // 2 * 2].decode("utf-16-be" if even > odd else "utf-16-le", "replace")
        return max(even, odd) > len(head) // 5 and min(even, odd) * 20 < max(even, odd) and _few_controls(text.encode())
    return _few_controls(head)


def _few_controls(head: bytes) -> bool:
    controls = sum(head.count(byte) for byte in (*range(9), *range(14, 27), *range(28, 32)))  # 27: ISO-2022-JP
    return controls * 200 <= len(head)
