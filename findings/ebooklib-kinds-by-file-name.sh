#!/usr/bin/env bash
# EbookLib tells pictures and sound by the ending of the name, not by the media type: WebP, M4A and Opus of EPUB 3 are of unknown kind.
#
# Library: EbookLib 0.20. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: get_items_of_type(ITEM_IMAGE) leaves out image/webp, image/avif and image/jxl, and takes a text/plain called v.jpg;
#   ITEM_AUDIO leaves out audio/mp4 (.m4a) and audio/ogg (.opus), ITEM_VIDEO a .m4v: all core media types of EPUB 3.3 but AVIF and JXL.
#   The cover is ITEM_COVER only, the navigation document ITEM_DOCUMENT, never ITEM_NAVIGATION.
#   get_content() of a chapter is written anew: <title>, <meta> and the attributes of <body> (an id that the contents point to) are gone;
#   .content has the bytes of the file.
# A media indexer must: go over get_items() and use item.media_type and item.content.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet EbookLib==0.20
venv/bin/python - <<'PY'
import warnings
import zipfile

import ebooklib
from ebooklib import epub

MEDIA = {
    "a.jpg": "image/jpeg",
    "h.webp": "image/webp",
    "i.avif": "image/avif",
    "j.jxl": "image/jxl",
    "v.jpg": "text/plain",
    "n.mp3": "audio/mpeg",
    "o.m4a": "audio/mp4",
    "p.opus": "audio/ogg; codecs=opus",
    "r.mp4": "video/mp4",
    "s.m4v": "video/mp4",
}
CONTAINER = (
    '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="c.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)
HTML = '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'
CHAPTER = f'{HTML}<head><title>Chapter title</title><meta name="description" content="of the head"/></head><body id="top"><p>one</p></body></html>'
NAV = f'{HTML}<head><title>n</title></head><body><nav epub:type="toc"><ol><li><a href="c.xhtml#top">One</a></li></ol></nav></body></html>'
items = "".join(f'<item id="m{at}" href="{name}" media-type="{kind}"/>' for at, (name, kind) in enumerate(MEDIA.items()))
OPF = (
    '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">'
    '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="id">x</dc:identifier><dc:title>T</dc:title>'
    '<dc:language>en</dc:language><meta property="dcterms:modified">2020-01-01T00:00:00Z</meta></metadata><manifest>'
    '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
    '<item id="cover" href="cover.jpg" media-type="image/jpeg" properties="cover-image"/>'
    f'<item id="c" href="c.xhtml" media-type="application/xhtml+xml"/>{items}</manifest><spine><itemref idref="c"/></spine></package>'
)
with zipfile.ZipFile("book.epub", "w") as book:
    book.writestr("mimetype", "application/epub+zip")
    book.writestr("META-INF/container.xml", CONTAINER)
    for name, text in {"c.opf": OPF, "nav.xhtml": NAV, "c.xhtml": CHAPTER, "cover.jpg": "x", **dict.fromkeys(MEDIA, "x")}.items():
        book.writestr(name, text)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    read = epub.read_epub("book.epub")


def named(kind):
    return sorted(item.file_name for item in read.get_items_of_type(kind))


found = {name: named(getattr(ebooklib, f"ITEM_{name}")) for name in ("IMAGE", "COVER", "AUDIO", "VIDEO", "DOCUMENT", "NAVIGATION", "UNKNOWN")}
print(*found.items(), sep="\n")
assert found["IMAGE"] == ["a.jpg", "v.jpg"] and found["COVER"] == ["cover.jpg"] and found["NAVIGATION"] == []
assert found["AUDIO"] == ["n.mp3"] and found["VIDEO"] == ["r.mp4"]
assert found["UNKNOWN"] == ["h.webp", "i.avif", "j.jxl", "o.m4a", "p.opus", "s.m4v"]
chapter = read.get_item_with_id("c")
print(chapter.get_content().decode())
assert b"Chapter title" not in chapter.get_content() and b'id="top"' not in chapter.get_content() and b"of the head" not in chapter.get_content()
assert chapter.content.decode() == CHAPTER
PY
echo "still so"
