"""What a picture says of itself in EXIF, IPTC and XMP. Damaged tags are left out, never an error."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageFile, IptcImagePlugin

from retrieval.domain.media import DateFrom
from retrieval.media.dates import iso_date, mail_date
from retrieval.media.markup import parse_xml

MAKE, MODEL, DATE, ARTIST, DESCRIPTION = 0x010F, 0x0110, 0x0132, 0x013B, 0x010E
EXIF_IFD, GPS_IFD, DATE_TAKEN, DATE_DIGITIZED = 0x8769, 0x8825, 0x9003, 0x9004
XP_TITLE, XP_KEYWORDS = 0x9C9B, 0x9C9E  # Windows Explorer's, UTF-16
IPTC_TITLE, IPTC_KEYWORD, IPTC_BYLINE, IPTC_CITY, IPTC_COUNTRY, IPTC_CAPTION = (
    (2, 5),
    (2, 25),
    (2, 80),
    (2, 90),
    (2, 101),
    (2, 120),
)
IPTC_DATE, IPTC_TIME = (2, 55), (2, 60)
GPS_DATE = 29
XMP_CHARS: Final = 2_000_000
# What cameras write into every picture without being asked.
EMPTY_WORDS: Final = re.compile(
    r"^(.*DIGITAL (STILL )?CAMERA|SONY DSC|DCIM.*|MINOLTA.*|KONICA.*|SAMSUNG|default|untitled|File written by Adobe.*)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ImageMetadata:
    """Facts of a picture; unknown is None or empty."""

    date: str | None = None
    date_from: DateFrom | None = None
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    title: str | None = None
    artist: str | None = None
    keywords: tuple[str, ...] = ()


def read_metadata(image: Image.Image) -> ImageMetadata:
    """EXIF, then IPTC and XMP for what EXIF leaves open; keywords of all three, in order, once each.

    The date is that of EXIF, else of IPTC, XMP, the satellites' day, a PNG's own text.
    """
    found = ImageMetadata()
    with suppress(Exception):
        found = from_exif(image.getexif())
    with suppress(Exception):
        found = _joined(found, _from_iptc(image))
    with suppress(Exception):
        found = _joined(found, _from_xmp(image.info.get("xmp") or _tiff_xmp(image)))
    if found.date is None:
        date, date_from = _last_resort(image)
        found = replace(found, date=date, date_from=date_from if date else None)
    return found


def _last_resort(image: Image.Image) -> tuple[str | None, DateFrom]:
    """The day that satellites gave, which is one of UTC; else the date in a PNG's text."""
    with suppress(Exception):
        if date := iso_date(image.getexif().get_ifd(GPS_IFD).get(GPS_DATE)):
            return date, "gps"
    with suppress(Exception):
        return mail_date(str(image.info.get("Creation Time") or image.info.get("creation_time") or "")), "container"
    return None, "container"


def read_raw_metadata(path: Path, preview: Image.Image) -> ImageMetadata:
    """Tags of a camera RAW: from its own TIFF directory where it has one, else from its preview."""
    found = ImageMetadata()
    with suppress(Exception):
        found = from_exif(raw_exif(path))
    return _joined(found, read_metadata(preview))


def raw_exif(path: Path) -> Image.Exif:
    """The EXIF directory of a TIFF-like RAW; empty for other RAWs. Its magic number differs from maker to maker."""
    exif = Image.Exif()
    with open(path, "rb") as file:
        head = bytearray(file.read(1 << 20))
    if bytes(head[:2]) in (b"II", b"MM"):
        head[2:4] = b"*\0" if head[:2] == b"II" else b"\0*"
        exif.load(b"Exif\0\0" + bytes(head))
    return exif


def from_exif(exif: Image.Exif) -> ImageMetadata:
    """Date taken before date changed; make and model as one name; place in degrees, north and east positive."""
    inner = exif.get_ifd(EXIF_IFD)
    dates = (iso_date(date) for date in (inner.get(DATE_TAKEN), inner.get(DATE_DIGITIZED), exif.get(DATE)) if date)
    date = next((date for date in dates if date), None)
    latitude, longitude = _place(exif)
    words = _words(exif.get(XP_KEYWORDS))
    return ImageMetadata(
        date=date,
        date_from="exif" if date else None,
        camera=_camera(_words(exif.get(MAKE)), _words(exif.get(MODEL))),
        latitude=latitude,
        longitude=longitude,
        title=_words(exif.get(XP_TITLE)) or _words(exif.get(DESCRIPTION)),
        artist=_words(exif.get(ARTIST)),
        keywords=tuple(word.strip() for word in words.split(";") if word.strip()) if words else (),
    )


def _words(value: Any) -> str | None:
    """One clean line of a tag's text; None for nothing and for what cameras fill in unasked."""
    if isinstance(value, tuple) and value and all(isinstance(part, int) for part in value):
        value = bytes(value)
    if isinstance(value, bytes):
        value = _decoded(value)
    text = " ".join(str(value or "").replace("\0", " ").split())
    return None if not text or EMPTY_WORDS.match(text) else text[:1000]


def _decoded(value: bytes) -> str:
    if value[1:2] == b"\0":
        return value.decode("utf-16-le", "ignore")
    with suppress(UnicodeDecodeError):
        return value.decode("utf-8")
    return value.decode("latin-1")


def _camera(make: str | None, model: str | None) -> str | None:
    """A name like Canon EOS 40D or Apple iPhone 11 Pro: the make once, without its company form."""
    if not model:
        return make
    first = (make or "").split(" ")[0].rstrip(",")
    return model if not first or model.lower().startswith(first.lower()) else f"{first} {model}"


def _place(exif: Image.Exif) -> tuple[float | None, float | None]:
    with suppress(Exception):
        gps = exif.get_ifd(GPS_IFD)
        latitude, longitude = _degrees(gps[2], gps.get(1), "S"), _degrees(gps[4], gps.get(3), "W")
        # Cameras without a fix write zero for both; the equator and the prime meridian are places.
        if abs(latitude) <= 90 and abs(longitude) <= 180 and (latitude or longitude):
            return round(latitude, 6), round(longitude, 6)
    return None, None


def _degrees(parts: Any, side: Any, negative: str) -> float:
    degrees, minutes, seconds = (float(part) for part in (*parts, 0, 0)[:3])
    value = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(value):
        raise ValueError("no fix")
    return -value if str(side or "").upper().startswith(negative) else value


def _joined(first: ImageMetadata, second: ImageMetadata) -> ImageMetadata:
    """`first`, completed by `second`; a second title is kept among the keywords, so that it can be found."""
    more = [second.title] if first.title and second.title and second.title != first.title else []
    keywords = tuple(dict.fromkeys((*first.keywords, *second.keywords, *more)))
    values = {name: getattr(first, name) or getattr(second, name) for name in ("camera", "title", "artist")}
    if first.date is None:
        values |= {"date": second.date, "date_from": second.date_from}
    if first.latitude is None:
        values |= {"latitude": second.latitude, "longitude": second.longitude}
    return replace(first, keywords=keywords, **values)


def _from_iptc(image: Image.Image) -> ImageMetadata:
    info = IptcImagePlugin.getiptcinfo(image) or {} if isinstance(image, ImageFile.ImageFile) else {}

    def all_of(key: tuple[int, int]) -> list[str]:
        value: Any = info.get(key, [])
        words = (_words(part) for part in (value if isinstance(value, list) else [value]))
        return [word for word in words if word]

    titles = all_of(IPTC_TITLE) + all_of(IPTC_CAPTION)
    keywords = all_of(IPTC_KEYWORD) + all_of(IPTC_CITY) + all_of(IPTC_COUNTRY) + titles[1:]
    day, clock = ("".join(all_of(key)[:1]) for key in (IPTC_DATE, IPTC_TIME))
    date = iso_date(f"{day}T{clock[:6]}") or iso_date(day)
    return ImageMetadata(
        date=date,
        date_from="iptc" if date else None,
        title=next(iter(titles), None),
        artist=next(iter(all_of(IPTC_BYLINE)), None),
        keywords=tuple(keywords),
    )


def _tiff_xmp(image: Image.Image) -> bytes | None:
    value = image.getexif().get(700)
    return bytes(value) if isinstance(value, bytes | tuple) else None


def _from_xmp(packet: bytes | str | None) -> ImageMetadata:
    if not packet or len(packet) > XMP_CHARS:
        return ImageMetadata()
    root = parse_xml(packet.encode() if isinstance(packet, str) else packet.strip(b"\0 \r\n"))
    if root is None:
        return ImageMetadata()

    def listed(name: str) -> list[str]:
        """Items of dc:`name`, which XMP keeps in a Bag, Seq or Alt."""
        items = root.iterfind(
            f".//{{http://purl.org/dc/elements/1.1/}}{name}//{{http://www.w3.org/1999/02/22-rdf-syntax-ns#}}li"
        )
        return [word for word in (_words(item.text) for item in items) if word]

    titles = listed("title") + listed("description")
    dates = (iso_date(date) for date in _xmp_values(root, ("DateTimeOriginal", "DateCreated", "CreateDate")))
    date = next((date for date in dates if date), None)
    return ImageMetadata(
        date=date,
        date_from="xmp" if date else None,
        title=next(iter(titles), None),
        artist=next(iter(listed("creator")), None),
        keywords=tuple(listed("subject") + titles[1:]),
    )


def _xmp_values(root: Any, names: tuple[str, ...]) -> list[str]:
    """Values of properties by local name, written as attributes or as elements."""
    found: dict[str, str] = {}
    for element in root.iter():
        if isinstance(element.tag, str):
            pairs = [(element.tag, element.text or ""), *element.attrib.items()]
            found |= {str(name).rpartition("}")[2]: str(value) for name, value in pairs}
    return [found[name] for name in names if name in found]
