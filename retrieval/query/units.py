"""Values that people write: durations, dates, sizes, media, languages and places; the same in options and in fields.

Every function takes a text and raises ValueError with the expected form, as "a date like 2019-07-14", where it does not fit.
"""

from __future__ import annotations

import re
from decimal import Decimal

from retrieval.domain.media import MEDIA, Medium

LARGEST = 10**15  # ms and bytes that are accepted; more fits into no catalog

_NUMBER = r"[0-9]{1,16}(?:\.[0-9]{1,3})?"
_NAMED = re.compile(
    rf"(?:({_NUMBER})h)?(?:({_NUMBER})m(?:in)?)?(?:({_NUMBER})s(?:ec)?)?(?:({_NUMBER})ms)?(?:(?<=[hmn])({_NUMBER}))?"
)
_CLOCK = re.compile(r"(?:([0-9]{1,6}):)?([0-9]{1,6}):([0-9]{2}(?:\.[0-9]{1,3})?)")
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:[T ]([0-9]{2})(?::([0-9]{2})(?::([0-9]{2}))?)?)?)?)?")
_SIZE = re.compile(rf"({_NUMBER}) ?([a-z]*)")
_BYTES = {"": 1, "b": 1, "k": 10**3, "kb": 10**3, "m": 10**6, "mb": 10**6, "g": 10**9, "gb": 10**9}
_DEGREES = r"[-+]?[0-9]{1,3}(?:\.[0-9]{1,9})?"
_PLACE = re.compile(rf"({_DEGREES}),({_DEGREES}),([0-9]{{1,5}}(?:\.[0-9]{{1,9}})?)(km|m)")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


def duration(text: str) -> int:
    """Milliseconds of a length of time: 90 (seconds), 1:30, 1:02:03, 500ms, 2m, 1h30m."""
    text = text.strip()
    if re.fullmatch(_NUMBER, text):
        return _bounded(1000 * Decimal(text), "a shorter time")
    ms = length("".join(text.split()))
    if ms is None:
        raise ValueError("a length of time like 60, 1:30, 500ms, 2m or 1h30m")
    return ms


def length(word: str) -> int | None:
    """Milliseconds of a length of time that names its unit or is a clock's, as after `within`; None for other words."""
    if clock := _CLOCK.fullmatch(word):
        hours, minutes, seconds, ms = *clock.groups(), None
    elif (named := _NAMED.fullmatch(word)) and any(named.groups()):
        hours, minutes, seconds, ms, rest = named.groups()
        if rest and (seconds or ms):
            return None
        if rest and not minutes:
            minutes = rest  # 1h30
        elif rest:
            seconds = rest  # 1m30
    else:
        return None
    parts = ((hours, 3_600_000), (minutes, 60_000), (seconds, 1000), (ms, 1))
    total = sum((Decimal(each or 0) * unit for each, unit in parts), Decimal(0))
    return None if total > LARGEST else round(total)


def date(text: str) -> str:
    """The start of an ISO date and time, as written: 2019, 2019-07, 2019-07-14, 2019-07-14T16:03; a blank becomes T."""
    from datetime import datetime

    found = _DATE.fullmatch(text.strip())
    try:
        numbers = [int(each) for each in found.groups() if each] if found else [0]
        datetime(*[*numbers, 1, 1][: max(3, len(numbers))])  # type: ignore[arg-type]
    except ValueError:
        raise ValueError("a date like 2019-07-14, 2019-07, 2019 or 2019-07-14T16:03") from None
    return text.strip().replace(" ", "T")


def size(text: str) -> int:
    """Bytes of a size: 500, 500KB, 2MB, 1.5GB; units of 1000."""
    found = _SIZE.fullmatch(text.strip().lower())
    if found is None or found.group(2) not in _BYTES:
        raise ValueError("a size like 500KB, 2MB or 1GB")
    return _bounded(Decimal(found.group(1)) * _BYTES[found.group(2)], "a smaller size")


def _bounded(value: Decimal, expected: str) -> int:
    if value > LARGEST:
        raise ValueError(expected)
    return round(value)


def media(text: str) -> frozenset[Medium]:
    """Media, several with commas: image, video, audio, document, also in the plural."""
    return frozenset(medium(each) for each in re.split("[,，、]", text))


def medium(text: str) -> Medium:
    """One medium."""
    name = text.strip().lower().removesuffix("s")
    for each in MEDIA:
        if name == each:
            return each
    raise ValueError(f"{', '.join(MEDIA)}; several with commas")


def language(text: str) -> str:
    """The BCP 47 tag of a language."""
    if not _LANGUAGE.fullmatch(text.strip()):
        raise ValueError("the tag of a language like en, de or zh")
    return text.strip()


def place(text: str) -> tuple[float, float, float]:
    """Latitude and longitude in degrees, radius in km, of 48.85,2.35,5km."""
    found = _PLACE.fullmatch(text.strip())
    if found is None or abs(float(found.group(1))) > 90 or abs(float(found.group(2))) > 180:
        raise ValueError("latitude, longitude and distance like 48.85,2.35,5km")
    radius = Decimal(found.group(3)) / (1 if found.group(4) == "km" else 1000)
    return float(found.group(1)), float(found.group(2)), float(radius)
