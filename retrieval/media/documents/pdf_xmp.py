"""What a PDF says of itself in XMP alone, as newer programs leave the old dictionary out (ISO 32000-2, 14.3.3)."""

from __future__ import annotations

import mmap
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

from retrieval.media.image.said import ImageMetadata
from retrieval.media.image.xmp import LONGEST, from_xmp

BEGIN: Final = re.compile(rb"<x:xmpmeta|<rdf:RDF")
END: Final = re.compile(rb"</x:xmpmeta>|</rdf:RDF>")
# The stream that the root of the document names, where the root itself is not packed.
ROOT: Final = re.compile(rb"/Metadata\s+(\d+)\s+(\d+)\s+R")
OF_PDF: Final = b"application/pdf"
PACKETS: Final = 1_000  # looked at: pictures inside have their own


def said_in_xmp(path: Path) -> ImageMetadata:
    """Title, author, keywords and date by the packet of the document itself; nothing where it has none."""
    with suppress(Exception), open(path, "rb") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            packet = _packet(content)
        return from_xmp(packet) if packet else ImageMetadata()
    return ImageMetadata()


def _packet(content: mmap.mmap) -> bytes | None:
    root = _named_by_root(content)
    at = root if root is not None else 0
    for _ in range(PACKETS):
        begin = BEGIN.search(content, at)
        end = END.search(content, begin.start(), begin.start() + LONGEST) if begin else None
        if begin is None or end is None:
            return None
        packet = content[begin.start() : end.end()]
        if root is not None or OF_PDF in packet:
            return packet
        at = end.end()
    return None


def _named_by_root(content: mmap.mmap) -> int | None:
    """Where the object begins that holds the packet."""
    at = content.rfind(b"/Catalog")
    if at < 0:
        return None
    begin, end = content.rfind(b"obj", 0, at), content.find(b"endobj", at)
    link = ROOT.search(content, begin, end) if 0 <= begin < end else None
    place = content.find(b"%s %s obj" % (link[1], link[2])) if link else -1
    return place if place >= 0 else None
