"""Dates in questions, where they stand as such: photos from 2019, last summer, im Juli 2020, 上周. Pure.

A year alone is a date behind a word like from or in, a month beside its year; today and yesterday at an end of the
question or behind such a word. Weeks begin on Monday, seasons are those of the north. See docs/decisions/0248.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from retrieval.domain.media import MEDIA, Medium
from retrieval.query import date_words as said

FIRST_YEAR = 1900
_YEARS = r"(?:19|20)\d\d"


@dataclass(frozen=True, slots=True)
class DateRead:
    """Characters [start, end) of a question that tell a time; after (inclusive) and before (exclusive): ISO dates."""

    start: int
    end: int
    after: str | None
    before: str | None


def _any(*words: str) -> str:
    """An expression for any of the words, the longest first."""
    every = {word for each in words for word in each.split()}
    return "(?:" + "|".join(sorted(map(re.escape, every), key=lambda word: (-len(word), word))) + ")"


@cache
def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


# ---------------------------------------------------------------- times


Days = tuple[date, date]


def _year(year: int) -> Days:
    return date(year, 1, 1), date(year + 1, 1, 1)


def _month(year: int, month: int, months: int = 1) -> Days:
    last = year * 12 + month - 1 + months
    return date(year, month, 1), date(last // 12, last % 12 + 1, 1)


def _back(unit: str, count: int, today: date) -> Days:
    """The day, calendar week (its weekend), month or year that is `count` of them ago."""
    if unit == "day":
        return today - timedelta(count), today - timedelta(count - 1)
    if unit in ("week", "weekend"):
        monday = today - timedelta(today.weekday() + 7 * count)
        return monday + timedelta(5 * (unit == "weekend")), monday + timedelta(7)
    if unit == "month":
        at = today.year * 12 + today.month - 1 - count
        return _month(at // 12, at % 12 + 1)
    return _year(today.year - count)


def _season(first: int, today: date, *, last: bool) -> Days:
    """The season that begins with a month: the last one that is over, or that of this year."""
    year = today.year
    while last and _month(year, first, 3)[1] > today:
        year -= 1
    return _month(year, first, 3)


def _iso(day: date, other: date) -> str:
    """A day as short as both ends of its span allow."""
    if day.day == other.day == 1:
        return f"{day.year:04}" if day.month == other.month == 1 else f"{day.year:04}-{day.month:02}"
    return day.isoformat()


# ---------------------------------------------------------------- forms


def _seasons() -> dict[str, int]:
    return {name: first for first, names in said.SEASONS.items() for name in names.split()}


def _months() -> dict[str, int]:
    return {name: number for number, names in enumerate(said.MONTHS, 1) for name in names.split()}


def _units() -> dict[str, str]:
    return {name: unit for unit, names in said.UNITS.items() for name in names.split()}


def _alone(text: str, today: date) -> Iterator[tuple[int, int, Days]]:
    """Times with their year, wherever they stand: July 2020, 14. Juli 2020, summer of 2019, 2019年7月, 2019-07."""
    months, seasons = _months(), _seasons()
    if _form(_YEARS).search(text) is None:
        return
    year = rf"(?:(?:of|de|del|dell'|van|,)?\s*)({_YEARS})(?!\d)"
    before, behind = r"(?:(\d{1,2})(?:\.|st|nd|rd|th|er)?\s+(?:of |de )?)?", r"(?:(\d{1,2})(?:st|nd|rd|th)?,?\s+)?"
    for found in _form(rf"(?<!\w){before}({_any(*said.MONTHS)})\.?\s+{behind}{year}").finditer(text):
        yield from _dated(found, int(found[4]), months[found[2]], found[1] or found[3])
    for found in _form(rf"(?<!\w)(?:the )?({_any(*said.SEASONS.values())})\s+{year}").finditer(text):
        yield found.start(), found.end(), _month(int(found[2]), seasons[found[1]], 3)
    for found in _form(
        rf"({_YEARS})\s?[年년](?:の|的)?\s?(?:(\d{{1,2}})\s?[月월]\s?(?:(\d{{1,2}})\s?[日号號일])?)?"
    ).finditer(text):
        season = None if found[2] else _asian_season(text, found.end())
        if season:
            yield found.start(), season[0], _month(int(found[1]), season[1], 3)
        else:
            yield from _dated(found, int(found[1]), int(found[2] or 0), found[3])


def _asian_season(text: str, at: int) -> tuple[int, int] | None:
    """Where a season that stands there ends, and its first month."""
    for first, names in said.ASIAN_SEASONS.items():
        if found := _form(f"(?:の|的)?\\s?(?:{names})").match(text, at):
            return found.end(), first
    return None


def _dated(found: re.Match[str], year: int, month: int, day: str | None) -> Iterator[tuple[int, int, Days]]:
    try:
        if not month:
            yield found.start(), found.end(), _year(year)
        elif not day:
            yield found.start(), found.end(), _month(year, month)
        else:
            first = date(year, month, int(day))
            yield found.start(), found.end(), (first, first + timedelta(1))
    except ValueError:
        return


def _introduced(text: str, today: date) -> Iterator[tuple[int, int, Days]]:
    """Times that need a word before them: 2019, 2019-07, 14.07.2019, yesterday in the middle of a question."""
    for found in _form(
        rf"(?<![\w.,-])(?:{_any(said.YEAR)}\s+)?({_YEARS})(?:-(\d\d)(?:-(\d\d))?)?(?:\s+(?:году|года|roku|yılında))?(?![\w-]|[.,:]\d)"
    ).finditer(text):
        yield from _dated(found, int(found[1]), int(found[2] or 0), found[3])
    for found in _form(rf"(?<![\w.])(\d{{1,2}})\.\s?(\d{{1,2}})\.\s?({_YEARS})(?![\w.])").finditer(text):
        yield from _dated(found, int(found[3]), int(found[2]), found[1])
    for back, names in said.DAYS.items():
        for found in _form(rf"(?<!\w){_any(names)}(?!\w)").finditer(text):
            yield found.start(), found.end(), _back("day", back, today)


def _relative(text: str, today: date) -> Iterator[tuple[int, int, Days]]:
    """Times told from today: last summer, letzte Woche, l'été dernier, 3 days ago, the last 3 weeks, 上个月."""
    units, seasons = _units(), _seasons()
    times = _any(*said.UNITS.values(), *said.SEASONS.values())

    def told(word: str, count: int) -> Days:
        if word in seasons:
            return _season(seasons[word], today, last=bool(count))
        return _back(units[word], count, today)

    for pattern, count in (
        (rf"(?<!\w){_any(said.LAST_BEFORE)} ({times})(?!\w)", 1),
        (rf"(?<!\w)(?:l'|el |la |le |a |o |il |lo )?({times})\s?{_any(said.LAST_BEHIND)}(?!\w)", 1),
        (rf"(?<!\w){_any(said.THIS_BEFORE)} ({times})(?!\w)", 0),
    ):
        for found in _form(pattern).finditer(text):
            yield found.start(), found.end(), told(found[1], count)
    for (unit, back), names in said.ASIAN.items():
        for found in _form(names).finditer(text):
            season = _asian_season(text, found.end()) if unit == "year" else None
            if season:
                yield found.start(), season[0], _month(today.year - back, season[1], 3)
            else:
                yield found.start(), found.end(), _back(unit, back, today)
    for back, names in said.ASIAN_DAYS.items():
        for found in _form(names).finditer(text):
            yield found.start(), found.end(), _back("day", back, today)
    yield from _ago(text, today, units)


def _ago(text: str, today: date, units: dict[str, str]) -> Iterator[tuple[int, int, Days]]:
    number = rf"(\d{{1,3}}|{_any(' '.join(said.NUMBERS))})"
    times = _any(*said.UNITS.values())
    for before, behind in said.AGO.items():
        head, tail = rf"{before} " if before else "", rf" {_any(behind)}" if behind else ""
        for found in _form(rf"(?<!\w){head}{number} ({times}){tail}(?!\w)").finditer(text):
            yield found.start(), found.end(), _back(units[found[2]], _count(found[1]), today)
    for found in _form(rf"(?<!\w)(?:the |die |den |der )?{_any(said.LAST_BEFORE)} {number} ({times})(?!\w)").finditer(
        text
    ):
        days = {"day": 1, "week": 7, "weekend": 7, "month": 30, "year": 365}[units[found[2]]]
        yield found.start(), found.end(), (today - timedelta(days * _count(found[1])), today + timedelta(1))
    for unit, names in said.ASIAN_AGO.items():
        for found in _form(rf"(\d{{1,3}})\s?(?:{names})").finditer(text):
            yield found.start(), found.end(), _back(unit, int(found[1]), today)


def _count(word: str) -> int:
    return int(word) if word.isdigit() else said.NUMBERS[word]


# ---------------------------------------------------------------- questions


_TO = r"\s*(?:to|and|until|till|bis|und|à|et|a|al|y|e|tot|en|do|i|по|до|и|-|–|到|至|から|부터)\s*"


def read_dates(text: str, today: date | None = None) -> list[DateRead]:
    """The times that a question tells, from left to right; characters that are no plain words of it are U+0000.

    At most one: a question that tells several is about them, but for the two ends of a span (from 2018 to 2020).
    """
    if not said.may_tell(text):
        return []
    today = today or date.today()
    lowered = text.lower() if len(text.lower()) == len(text) else text
    found: list[_Time] = []
    for form, needs in ((_alone, False), (_relative, False), (_introduced, True)):
        for start, end, days in form(lowered, today):
            if not any(start < each.end and each.start < end for each in found):
                found.append(_Time(start, end, days, needs))
    found.sort(key=lambda each: each.start)
    reads = list(_framed(lowered, found))
    return reads if len(reads) == 1 else []


@dataclass(frozen=True, slots=True)
class _Time:
    """A time at characters [start, end). needs: it is one only behind a word like from."""

    start: int
    end: int
    days: Days
    needs: bool


def _framed(text: str, found: Sequence[_Time]) -> Iterator[DateRead]:
    """Times with the words before them; two ends of a span as one."""
    following = iter([*found[1:], None])
    ended = -1
    for each in found:
        behind = next(following)
        if each.start < ended:
            continue
        way, begins = _word_before(text, each.start)
        if behind is not None and (way or not each.needs) and _form(_TO).fullmatch(text, each.end, behind.start):
            ended = behind.end
            first, last = each.days[0], behind.days[1]
            yield DateRead(begins, _behind(text, behind.end), _iso(first, last), _iso(last, first))
        elif way or not each.needs or _stands_alone(text, each):
            yield _bounded(begins, _behind(text, each.end), each.days, way)


def _stands_alone(text: str, time: _Time) -> bool:
    """Whether a day told by a word (today) begins or ends the question."""
    is_word = text[time.start].isalpha() and _form(_YEARS).search(text, time.start, time.end) is None
    return is_word and (not text[: time.start].strip("\0 ") or not text[time.end :].strip("\0 .,?!"))


def _bounded(start: int, end: int, days: Days, way: str | None) -> DateRead:
    first, last = _iso(days[0], days[1]), _iso(days[1], days[0])
    if way == "since":
        return DateRead(start, end, first, None)
    if way == "after":
        return DateRead(start, end, last, None)
    if way == "until":
        return DateRead(start, end, None, last)
    if way == "before":
        return DateRead(start, end, None, first)
    return DateRead(start, end, first, last)


def _word_before(text: str, start: int) -> tuple[str | None, int]:
    """What the word before a time makes of it, and where that word begins."""
    head = text[:start]
    ways = (("since", said.SINCE), ("after", said.AFTER), ("until", said.UNTIL), ("before", said.BEFORE))
    article = r"(?:\s+(?:the|dem|der|den|die|l'|la|le|el|de|del|lo|il|the year|dem jahr|jahr))?"
    for way, words in (("within", said.WITHIN), *ways):
        found = _form(rf"(?<!\w)(?:taken |made |between |zwischen |entre )?{_any(words)}{article}\s*$").search(head)
        if found:
            return way, found.start()
    found = _form(r"(?<!\w)(?:between|zwischen|entre|tra|między|между)\s+$").search(head)
    return ("within", found.start()) if found else (None, start)


def _behind(text: str, end: int) -> int:
    """The end of a time with the particle that joins it to what follows in Chinese and Japanese."""
    found = _form(r"\s?(?:的|の|拍的|撮った)").match(text, end)
    return found.end() if found and end and text[end - 1] > "\u2e80" else end


def medium_named(text: str) -> Medium | None:
    """The medium of a question that asks for nothing else: photos, my videos, 照片."""
    words = text.lower().strip(" .,?!")
    bare = _form(rf"^(?:{'|'.join(sorted(said.MINE.split(), key=len, reverse=True))})\s*").sub("", words)
    return next((each for each in MEDIA if {words, bare} & set(said.MEDIA[each].split())), None)
