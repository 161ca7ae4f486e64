"""What a picture says of itself in EXIF, IPTC and XMP. Damaged tags are left out, never an error."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image, ImageFile, IptcImagePlugin

from retrieval.domain.media import DateFrom
from retrieval.media import sidecars
from retrieval.media.dates import iso_date, mail_date
from retrieval.media.image.said import ImageMetadata, joined, words_of
from retrieval.media.image.xmp import from_xmp

MAKE, MODEL, DATE, ARTIST, DESCRIPTION = 0x010F, 0x0110, 0x0132, 0x013B, 0x010E
USER_COMMENT = 0x9286
PSD_XMP = 1060
IPTC_HEADLINE = (2, 105)
HEAD_READ = 1 << 20  # bytes
EXIF_IFD, GPS_IFD, DATE_TAKEN, DATE_DIGITIZED = 0x8769, 0x8825, 0x9003, 0x9004
XP_TITLE, XP_COMMENT, XP_KEYWORDS, XP_SUBJECT = 0x9C9B, 0x9C9C, 0x9C9E, 0x9C9F  # Windows Explorer's, UTF-16
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


def read_metadata(image: Image.Image) -> ImageMetadata:
    """EXIF, then IPTC and XMP for what EXIF leaves open; keywords of all three, in order, once each.

    The date is that of EXIF, else of IPTC, XMP, the satellites' day, a PNG's own text.
    """
    found = ImageMetadata()
    with suppress(Exception):
        found = from_exif(image.getexif())
    with suppress(Exception):
        found = joined(found, _from_iptc(image))
    with suppress(Exception):
        found = joined(found, from_xmp(image.info.get("xmp") or _hidden_xmp(image)))
    with suppress(Exception):
        found = joined(found, _comments(image))
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
    return joined(found, read_metadata(preview))


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
    words = words_of(exif.get(XP_KEYWORDS))
    titles = [exif.get(XP_TITLE), exif.get(DESCRIPTION), exif.get(XP_SUBJECT), exif.get(XP_COMMENT)]
    said = [word for word in (*map(words_of, titles), _user_comment(inner.get(USER_COMMENT))) if word]
    return ImageMetadata(
        date=date,
        date_from="exif" if date else None,
        camera=_camera(words_of(exif.get(MAKE)), words_of(exif.get(MODEL))),
        latitude=latitude,
        longitude=longitude,
        title=next(iter(said), None),
        artist=words_of(exif.get(ARTIST)),
        keywords=tuple(word.strip() for word in (words or "").split(";") if word.strip()) + tuple(said[1:]),
    )


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


def _from_iptc(image: Image.Image) -> ImageMetadata:
    info = IptcImagePlugin.getiptcinfo(image) or {} if isinstance(image, ImageFile.ImageFile) else {}

    def all_of(key: tuple[int, int]) -> list[str]:
        value: Any = info.get(key, [])
        words = (words_of(part) for part in (value if isinstance(value, list) else [value]))
        return [word for word in words if word]

    titles = all_of(IPTC_TITLE) + all_of(IPTC_HEADLINE) + all_of(IPTC_CAPTION)
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


def _hidden_xmp(image: Image.Image) -> bytes | None:
    """XMP where Pillow does not name it: in a tag of TIFF, a resource of PSD, somewhere at the head of JPEG 2000."""
    value = image.getexif().get(700)
    if isinstance(value, bytes | tuple):
        return bytes(value)
    if image.format == "PSD":
        return next((data for number, _, data in getattr(image, "resources", []) if number == PSD_XMP), None)
    if image.format == "JPEG2000" and (file := getattr(image, "fp", None)) is not None:
        place = file.tell()
        file.seek(0)
        head = file.read(HEAD_READ)
        file.seek(place)
        start, end = head.find(b"<x:xmpmeta"), head.find(b"</x:xmpmeta>")
        return bytes(head[start : end + 12]) if 0 <= start < end else None
    return None


def _comments(image: Image.Image) -> ImageMetadata:
    """Comments of JPEG and GIF, and the text of PNG."""
    info = image.info

    def said(*names: str) -> list[str]:
        return [word for name in names for word in (words_of(info.get(name)),) if word]

    titles, words = said("Title", "Description", "comment", "Comment"), said("Keywords", "Subject")
    return ImageMetadata(
        title=next(iter(titles), None),
        artist=next(iter(said("Author", "Artist")), None),
        keywords=tuple([word.strip() for line in words for word in line.split(",") if word.strip()] + titles[1:]),
    )


def with_sidecar(path: Path, embedded: ImageMetadata) -> ImageMetadata:
    """What the XMP file beside a picture says first; the date is the picture's own where it has one."""
    found = embedded
    for file, _ in sidecars.beside(path, frozenset((sidecars.XMP,))):
        with suppress(Exception):
            said = from_xmp(file.read_bytes())
            found = joined(said, found)
            if embedded.date is not None:
                found = replace(found, date=embedded.date, date_from=embedded.date_from)
    return found


def _user_comment(value: Any) -> str | None:
    """EXIF's comment, whose first eight bytes name its encoding."""
    if not isinstance(value, bytes) or len(value) <= 8:
        return None
    if value.startswith(b"UNICODE"):
        body = value[8:]
        even, odd = body[0::2].count(0), body[1::2].count(0)
        return words_of(body.decode("utf-16-be" if even > odd else "utf-16-le", "ignore"))
    return words_of(value[8:].rstrip(b"\0 "))
