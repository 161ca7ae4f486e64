"""Dates that files tell: in tags, as programs of many years wrote them, and in names. Local time, as precise as written.

A date is a text as 2019, 2019-07, 2019-07-14 or 2019-07-14T16:03:11; texts of different precision compare as dates do.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

_TWO = r"([ \d]?\d)"
_TAG: Final = re.compile(
    rf"(?<!\d)(\d{{4}})(?:[:\-/.]{_TWO}(?:[:\-/.]{_TWO}(?:[ T]+{_TWO}:{_TWO}(?::{_TWO})?)?)?)?(?![\d:])"
)
_COMPACT: Final = re.compile(r"(?<!\d)(\d{4})(\d\d)(\d\d)(?:[T ]?(\d\d)(\d\d)(\d\d)?)?(?!\d)")
_ZONED: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)")
_CLOCK: Final = r"(?:(?:[-_ T.,]| at |, )\s?(\d{1,2})[-_.:h]?(\d\d)(?:[-_.:m]?(\d\d))?(?:\d{3})?(?: ?([AP]M))?)?"
_NAMES: Final = (
    re.compile(rf"(?<!\d)((?:19|20)\d\d)([-_. ])(\d\d)\2(\d\d)(?!\d){_CLOCK}", re.IGNORECASE),
    re.compile(rf"(?<!\d)((?:199|20\d)\d)()(\d\d)(\d\d)(?!\d){_CLOCK}", re.IGNORECASE),
    re.compile(r"(?<!\d)((?:199|20\d)\d)()(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\d{3})?()(?!\d)"),
)
_GERMAN: Final = re.compile(r"(?<!\d)(\d{1,2})\.(\d{1,2})\.((?:19|20)\d\d)(?!\d)")
_MONTH: Final = re.compile(r"(?<!\d)((?:19|20)\d\d)-(\d\d)(?![-\d])")
_EPOCH: Final = re.compile(r"^FB_IMG_(\d{13})(?!\d)")
FIRST_CONTAINER: Final = "1991"  # none of today's film and sound containers is older: what they say of before is a zero


def iso_date(text: Any, first: int = 1800) -> str | None:
    """The date that EXIF, XMP, IPTC, ID3 or a document's properties write, as precise as they do; None for none.

    An invalid or missing time leaves the day, a zero day the month, a zero month the year; hour 24, which phones write
    after midnight, is hour 0. first: the first year that is believed; the last one is that of tomorrow.
    """
    found = _COMPACT.search(str(text)) or _TAG.search(str(text))
    if found is None:
        return None
    return _checked([int(each) if each else None for each in found.groups()], first)


def mail_date(text: str) -> str | None:
    """The date of a PNG's `Creation Time`, which is written as in mails: Sun, 14 Jul 2019 16:03:11 +0200."""
    from email.utils import parsedate

    parts = parsedate(text)
    return _checked(list(parts[:6]), 1800) if parts else iso_date(text)


def local_date(text: str, first: int = 1800) -> str | None:
    """As `iso_date`; an instant with its zone in the time of this machine."""
    if found := _ZONED.search(text):
        with suppress(ValueError, OverflowError):
            moment = datetime.fromisoformat(found.group()).astimezone()
            return iso_date(moment.strftime("%Y-%m-%dT%H:%M:%S"), first)
    return iso_date(text, first)


def name_date(name: str) -> str | None:
    """The date in the name of a file, as cameras, phones and messengers give it: IMG-20190713-WA0003.jpg,
    2019-07-13 14.05.22.jpg, Screenshot_20210304-101112.png, Scan 13.07.2019.pdf; a year alone is none.
    """
    if epoch := _EPOCH.match(name):
        return datetime.fromtimestamp(int(epoch[1]) / 1000).isoformat(timespec="seconds")
    for form in _NAMES:
        for found in form.finditer(name):
            year, _, month, day, hour, minute, second, half = found.groups()
            hour = _of_day(hour, half)
            parts = [int(each) if each else None for each in (year, month, day, hour, minute, second)]
            if int(month) and int(day) and (date := _checked(parts, 1900)):
                return date
    if dotted := _GERMAN.search(name):
        return _checked([int(dotted[3]), int(dotted[2]), int(dotted[1])], 1900)
    if short := _MONTH.search(name):
        return _checked([int(short[1]), int(short[2])], 1900) if int(short[2]) else None
    return None


def _of_day(hour: str | None, half: str | None) -> str | None:
    """An hour of 24 of one that a name gives before AM or PM."""
    if hour is None or not half:
        return hour
    return str(int(hour) % 12 + 12 * (half.upper() == "PM"))


def _checked(parts: list[int | None], first: int) -> str | None:
    """Year, month, day, hour, minute, second, as far as they are known and possible, as a date."""
    year, month, day, hour, minute, second = [*parts, *[None] * 6][:6]
    if year is None or year < first:
        return None
    if not month:
        return f"{year:04}" if year <= _tomorrow().year else None
    if not day:
        return _not_future(f"{year:04}-{month:02}") if month <= 12 else None
    try:
        date = datetime(year, month, day).strftime("%Y-%m-%d").zfill(10)
    except ValueError:
        return None
    if hour is None or minute is None or hour > 24 or minute > 59 or (second or 0) > 60:
        return _not_future(date)
    return _not_future(f"{date}T{hour % 24:02}:{minute:02}:{min(second or 0, 59):02}")


def _tomorrow() -> datetime:
    return datetime.now() + timedelta(days=1)


def _not_future(date: str) -> str | None:
    return date if date <= _tomorrow().isoformat() else None
