"""What is known of an asset and its segments, as lines for people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from retrieval.render.answers import tag_names
from retrieval.render.text import clock, columns, path_text, place, plain, shorten, size, where

if TYPE_CHECKING:
    from retrieval.domain.records import StoredAsset, StoredSegment
    from retrieval.domain.result import Tag
    from retrieval.library import AssetDetails


def asset_lines(
    shown: AssetDetails, width: int | None = None, tags: Mapping[str, Sequence[Tag]] | None = None
) -> Iterator[str]:
    """All that is known of an asset: its places, its facts, its segments with their tags."""
    asset = shown.asset
    for path in asset.paths:
        yield path_text(path) + (" (offline)" if asset.offline else "")
    for name, value in facts_of(asset).items():
        yield f"  {name:<10} {plain(value)}"
    if shown.segments:
        yield ""
    for each in shown.segments:
        line = segment_line(each, width)
        yield f"{line}  {tag_names(tags[each.key])}" if tags and each.key in tags else line


def facts_of(asset: StoredAsset) -> dict[str, str]:
    """Name -> what is known, in the order of interest; what is unknown is left out."""
    facts = asset.facts
    position = "" if facts["latitude"] is None else f"{facts['latitude']:.5f}, {facts['longitude']:.5f}"
    found = {
        "medium": f"{asset.medium} ({facts['format']})" if facts["format"] else asset.medium,
        "size": size(facts["bytes"]),
        "pixels": f"{facts['width']} x {facts['height']}" if facts["width"] else "",
        "length": clock(facts["duration_ms"]) if facts["duration_ms"] else "",
        "pages": str(facts["pages"] or ""),
        "date": _date(asset),
        "camera": facts["camera"] or "",
        "place": facts["place"] or "",
        "position": position,
        "language": facts["lang"] or "",
        "title": facts["title"] or "",
        "author" if asset.medium == "document" else "artist": facts["artist"] or "",
        "keywords": ", ".join(facts["keywords"]),
        "asset": asset.hash,
    }
    return {name: value for name, value in found.items() if value}


_SAYS = {
    "exif": "EXIF",
    "iptc": "IPTC",
    "xmp": "XMP",
    "gps": "the satellites' day in EXIF",
    "container": "the file's own record",
    "document": "the document's properties",
    "name": "the file's name",
    "mtime": "the file's last change",
}


def _date(asset: StoredAsset) -> str:
    date = (asset.date or "").replace("T", " ")
    return f"{date} ({_SAYS[asset.date_from]})" if date and asset.date_from else date


def segment_line(stored: StoredSegment, width: int | None = None) -> str:
    """Id, kind, place and text of a segment."""
    segment = stored.segment
    lies = place(segment) or (where(segment.box) if segment.box is not None else "")
    head = f"  {stored.key}  {segment.kind:<9}  {lies:<17}  "
    text = plain(re.sub(r"\s+", " ", segment.text or "").strip())
    room = max(width - columns(head), 20) if width else 10_000
    return (head + shorten(text, room)).rstrip()
