"""The medium of a container (ZIP, ISO-BMFF, Matroska, Ogg, ASF), by a look at its table of contents; decodes nothing."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from retrieval.domain.media import Medium
from retrieval.errors import MediaUnreadable, MediaUnsupported

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

OLE_READ = 64 << 20  # bytes of an OLE container in which its directory is looked for

OLD_OFFICE = {"WordDocument": "docx", "Workbook": "xlsx", "Book": "xlsx", "PowerPoint Document": "pptx"}

MAIN_TYPES = {
    b"wordprocessingml.document.main+xml": "docx",
    b"wordprocessingml.template.main+xml": "docx",
    b"ms-word.document.macroEnabled.main+xml": "docx",
    b"spreadsheetml.sheet.main+xml": "xlsx",
    b"spreadsheetml.template.main+xml": "xlsx",
    b"ms-excel.sheet.macroEnabled.main+xml": "xlsx",
    b"presentationml.presentation.main+xml": "pptx",
    b"presentationml.slideshow.main+xml": "pptx",
    b"presentationml.template.main+xml": "pptx",
    b"ms-powerpoint.presentation.macroEnabled.main+xml": "pptx",
}

TYPES_READ = 1 << 20  # bytes

IWORK = {
    ".pages": "a document of Apple's Pages", ".numbers": "a table of Apple's Numbers", ".key": "slides of Apple's Keynote"
}  # fmt: skip

DRAWINGS = {"odg": "an OpenDocument drawing", "odf": "an OpenDocument formula", "odc": "an OpenDocument chart"}

HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}

AVIF_BRANDS = {b"avif", b"avis"}

AUDIO_BRANDS = {b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B "}

OFFICE_PARTS = {
    "word/document.xml": "docx",
    "ppt/presentation.xml": "pptx",
    "xl/workbook.xml": "xlsx",
    "META-INF/container.xml": "epub",
}

ODF = {
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.presentation": "odp",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
    b"application/vnd.oasis.opendocument.graphics": "odg",
    b"application/vnd.oasis.opendocument.formula": "odf",
    b"application/vnd.oasis.opendocument.chart": "odc",
    b"application/epub+zip": "epub",
}

OGG_VIDEO = (b"OVP80", b"BBCD\x00", b"\x01video")

ASF = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"

ASF_VIDEO_STREAM = b"\xc0\xef\x19\xbc\x4d\x5b\xcf\x11\xa8\xfd\x00\x80\x5f\x5c\x44\x2b"


def identify_container(path: Path, file: BinaryIO, head: bytes) -> tuple[Medium, str] | None:
    """Medium and format of a container; None where the file is none.

    file: open for reading in binary, moved by this; head: its first bytes, 1,024 or more where it has as many.

    Raises: MediaUnreadable, MediaUnsupported.
    """
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return _iso_media(file, head)
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return _matroska(file, head)
    if head[:4] == b"OggS":
        return _ogg(head[:1024])
    if head[:16] == ASF:
        return ("video", "wmv") if ASF_VIDEO_STREAM in head else ("audio", "wma")
    if head[:3] == b"FLV":
        return ("video", "flv") if head[4] & 1 else ("audio", "flv")
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _zip(path, file)
    if head[:8] == OLE:
        return _refuse_ole(path, file)
    return None


def _ogg(first: bytes) -> tuple[Medium, str]:
    """By the codec names in the first pages. Theora of 90,000 frames a second is how muxers keep a cover picture."""
    theora = first.find(b"\x80theora")
    if theora >= 0 and len(first) >= theora + 30:
        frames, seconds = struct.unpack_from(">II", first, theora + 22)
        moves = frames < 1000 * max(seconds, 1)
    else:
        moves = any(mark in first for mark in OGG_VIDEO)
    return ("video", "ogv") if moves else ("audio", "opus" if b"OpusHead" in first else "ogg")


def _iso_media(file: BinaryIO, head: bytes) -> tuple[Medium, str]:
    size = struct.unpack_from(">I", head)[0]
    major = head[8:12] if head[4:8] == b"ftyp" else b"qt  "
    brands = {head[at : at + 4] for at in range(16, min(size, 256), 4)} | {major}
    if major == b"crx ":
        return "image", "raw"  # Canon CR3
    if brands & AVIF_BRANDS and major not in HEIF_BRANDS - {b"mif1", b"msf1"}:
        return "image", "avif"
    if brands & HEIF_BRANDS and major not in (b"isom", b"mp42", b"qt  "):
        return "image", "heic"
    if major in AUDIO_BRANDS:
        return "audio", "m4a"
    if _iso_handlers(file) == {b"soun"}:
        return "audio", "m4a"
    return "video", "mov" if major == b"qt  " else "3gp" if major[:3] == b"3gp" else "mp4"


def iso_boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(name, start, end) of the content of each box between two positions; at most 10,000."""
    for _ in range(10_000):
        file.seek(start)
        header = file.read(16)
        if start >= end or len(header) < 8:
            return
        size, name = struct.unpack_from(">I4s", header)
        skip = 8
        if size == 1 and len(header) == 16:
            size, skip = struct.unpack_from(">Q", header, 8)[0], 16
        stop = end if size == 0 else start + size
        if stop < start + skip:
            return
        yield name, start + skip, min(stop, end)
        start = stop


def _iso_handlers(file: BinaryIO) -> set[bytes]:
    """Handler types of the tracks: vide, soun, text, ... Empty where no track table is found."""
    handlers = set()
    size = os.fstat(file.fileno()).st_size
    for name, start, end in iso_boxes(file, 0, size):
        if name == b"moov":
            for track, at, stop in iso_boxes(file, start, end):
                handlers |= _iso_handler(file, at, stop) if track == b"trak" else set()
            break
    return handlers & {b"vide", b"soun"}


def _iso_handler(file: BinaryIO, start: int, end: int) -> set[bytes]:
    for name, at, stop in iso_boxes(file, start, end):
        if name == b"mdia":
            for inner, place, _ in iso_boxes(file, at, stop):
                if inner == b"hdlr":
                    file.seek(place + 8)
                    return {file.read(4)}
    return set()


def _matroska(file: BinaryIO, head: bytes) -> tuple[Medium, str]:
    """Video if any track is a picture track, or none is found. Tracks stand within the first MiB in every muxer seen."""
    file.seek(0)
    front = file.read(1 << 20)
    kinds = _track_kinds(front)
    name = "webm" if b"webm" in head[:64] else "mkv"
    return ("audio", "mka" if name == "mkv" else "webm") if 2 in kinds and 1 not in kinds else ("video", name)


def _track_kinds(front: bytes) -> set[int]:
    """Types of the tracks (1 pictures, 2 sound): segment, tracks, entry and type are looked up one inside the other.

    Source: RFC 9559 (Matroska), RFC 8794 (EBML).
    """
    for segment, end in _ebml(front, 0, len(front), 0x18538067):
        for tracks, tracks_end in _ebml(front, segment, end, 0x1654AE6B):
            return {
                int.from_bytes(front[kind:kind_end], "big")
                for entry, entry_end in _ebml(front, tracks, tracks_end, 0xAE)
                for kind, kind_end in _ebml(front, entry, entry_end, 0x83)
            }
    return set()


def _ebml(data: bytes, at: int, end: int, wanted: int) -> Iterator[tuple[int, int]]:
    """(start, end) of the content of each element of one id between two positions, its children not entered."""
    while at < min(end, len(data)):
        name, at = _ebml_number(data, at, keeps_mark=True)
        size, at = _ebml_number(data, at, keeps_mark=False)
        if name < 0 or at > len(data):
            return
        stop = end if size < 0 else at + size
        if name == wanted:
            yield at, min(stop, end)
        at = stop


def _ebml_number(data: bytes, at: int, *, keeps_mark: bool) -> tuple[int, int]:
    """A number of variable length, and where it ends; -1 for damage and for a size that is not known."""
    first = data[at] if at < len(data) else 0
    length = 9 - first.bit_length()
    if not first or length > 8:
        return -1, len(data) + 1
    value = int.from_bytes(data[at : at + length], "big")
    if not keeps_mark:
        value &= (1 << 7 * length) - 1
        value = -1 if value == (1 << 7 * length) - 1 else value
    return value, at + length


def _zip(path: Path, file: BinaryIO) -> tuple[Medium, str]:
    """The document inside a ZIP, by its parts."""
    try:
        file.seek(0)
        with zipfile.ZipFile(file) as archive:
            names = {name.replace("\\", "/") for name in archive.namelist()}
            kind = _read_mimetype(archive) if "mimetype" in names else None
            office = kind or next((name for part, name in OFFICE_PARTS.items() if part in names), None)
            office = office or _by_types(archive, names)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
        raise MediaUnreadable(f"{path.name} is a broken archive", reason="truncated") from error
    if office in DRAWINGS:
        raise MediaUnsupported(f"{path.name} is {DRAWINGS[office]}", "export it as PDF to index it")
    if office:
        return "document", office
    if any(name.startswith("Index/") and name.endswith(".iwa") for name in names) or "Index.zip" in names:
        kind = IWORK.get(path.suffix.lower(), "a document of Apple's Pages, Numbers or Keynote")
        raise MediaUnsupported(
            f"{path.name} is {kind}", "export it as PDF or Office file to index it", "format not read"
        )
    raise MediaUnsupported(f"{path.name} is an archive, not a document", "unpack it to index what is inside")


def _by_types(archive: zipfile.ZipFile, names: set[str]) -> str | None:
    """An Office document whose main part has another name than most, by its table of content types."""
    if "[Content_Types].xml" not in names:
        return None
    with archive.open("[Content_Types].xml") as part:
        types = part.read(TYPES_READ)
    return next((kind for mark, kind in MAIN_TYPES.items() if mark in types), None)


def _read_mimetype(archive: zipfile.ZipFile) -> str | None:
    with archive.open("mimetype") as part:
        return ODF.get(part.read(100).strip().removesuffix(b"-template"))


def _refuse_ole(path: Path, file: BinaryIO) -> tuple[Medium, str]:
    """Names the kind of an OLE container, by the names in its directory."""
    file.seek(0)
    content = file.read(OLE_READ)
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise MediaUnsupported(f"{path.name} is encrypted", "save it without a password to index it", "encrypted")
    if "__substg1.0_".encode("utf-16-le") in content:
        raise MediaUnsupported(f"{path.name} is a mail of Outlook", "save it as .eml to index it", "format not read")
    for mark, newer in OLD_OFFICE.items():
        if mark.encode("utf-16-le") in content or path.suffix.lower() == f".{newer[:-1]}":
            raise MediaUnsupported(
                f"{path.name} is an old Office file", f"save it as {newer} to index it", reason="old format"
            )
    raise MediaUnsupported(f"{path.name} is a file of an old Windows program", reason="old format")
