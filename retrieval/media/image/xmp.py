"""XMP: what photo programs write into a picture or beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from retrieval.media.dates import iso_date
from retrieval.media.image.said import ImageMetadata, words_of
from retrieval.media.markup import local, parse_xml

LONGEST: Final = 2_000_000  # bytes or characters
# Properties by their names without namespace: lists of words, trees of words, single words.
LISTED: Final = ("subject", "PersonInImage", "Keywords", "LastKeywordXMP")
TREES: Final = ("hierarchicalSubject", "TagsList")
SINGLE: Final = ("City", "State", "Country", "Location", "Sublocation", "CountryName")
PEOPLE: Final = ("Name", "PersonDisplayName")  # inside a list of regions
DATES: Final = ("DateTimeOriginal", "DateCreated", "CreateDate")
DEGREES: Final = re.compile(r"(\d+(?:\.\d+)?)(?:,(\d+(?:\.\d+)?))?(?:,(\d+(?:\.\d+)?))?\s*([NSEW])", re.IGNORECASE)


def from_xmp(packet: bytes | str | None) -> ImageMetadata:
    """Title, author, date, place, and as keywords also people, places and stars. Damage gives nothing."""
    if not packet or len(packet) > LONGEST:
        return ImageMetadata()
    root = parse_xml(packet.encode() if isinstance(packet, str) else packet.strip(b"\0 \r\n\xef\xbb\xbf"))
    if root is None:
        return ImageMetadata()
    titles = [*_listed(root, "title"), *_values(root, ("Headline",)), *_listed(root, "description")]
    words = [word for name in LISTED for word in _listed(root, name)]
    trees = (line for name in TREES for line in _listed(root, name))
    words += [part.strip() for line in trees for part in re.split(r"[|/]", line) if part.strip()]
    words += [*_people(root), *_values(root, SINGLE), *_stars(root)]
    date = next((date for date in map(iso_date, _values(root, DATES)) if date), None)
    latitude, longitude = _place(root)
    return ImageMetadata(
        date=date,
        date_from="xmp" if date else None,
        latitude=latitude,
        longitude=longitude,
        title=next(iter(titles), None),
        artist=next(iter(_listed(root, "creator")), None),
        keywords=tuple(dict.fromkeys(words + titles[1:])),
    )


def _listed(root: Any, name: str) -> list[str]:
    """Items of a property that XMP keeps in a Bag, Seq or Alt."""
    items = (item for one in root.iter() if local(one) == name for item in one.iter() if local(item) == "li")
    return [word for word in (words_of(item.text) for item in items) if word]


def _values(root: Any, names: tuple[str, ...]) -> list[str]:
    """Values of properties by local name, in the order of the names, written as attributes or as elements."""
    found: dict[str, str] = {}
    for name, value in _pairs(root):
        found.setdefault(name, value)
    return [word for word in (words_of(found.get(name)) for name in names) if word]


def _pairs(root: Any) -> Iterator[tuple[str, str]]:
    for one in root.iter():
        if isinstance(one.tag, str):
            yield local(one), one.text or ""
            yield from ((str(name).rpartition("}")[2], str(value)) for name, value in one.attrib.items())


def _people(root: Any) -> list[str]:
    """Names at the regions of a picture, as the Metadata Working Group and Windows write them."""
    lists = [one for one in root.iter() if local(one) in ("RegionList", "Regions")]
    named = (value for one in lists for name, value in _pairs(one) if name in PEOPLE)
    return [word for word in map(words_of, named) if word]


def _stars(root: Any) -> list[str]:
    rating = next(iter(_values(root, ("Rating",))), "")
    return [f"{rating} stars"] if rating in ("1", "2", "3", "4", "5") else []


def _place(root: Any) -> tuple[float | None, float | None]:
    """Degrees, north and east positive, of "59,54.5N" and "10,44,30.0E"."""
    found = []
    for name, most in (("GPSLatitude", 90), ("GPSLongitude", 180)):
        match = DEGREES.match(next(iter(_values(root, (name,))), ""))
        if not match:
            return None, None
        value = float(match[1]) + float(match[2] or 0) / 60 + float(match[3] or 0) / 3600
        if value > most:
            return None, None
        found.append(round(-value if match[4].upper() in "SW" else value, 6))
    return (found[0], found[1]) if any(found) else (None, None)
