"""Cues of subtitle files: SRT, WebVTT, ASS and SSA, LRC, as people have them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final, NamedTuple

# With blanks around the marks, without milliseconds, or before the start (which is clipped).
TIME: Final = r"(-?)(?:(\d{1,4})[ \t]*:[ \t]*)?(\d{1,2})[ \t]*:[ \t]*(\d{1,2})(?:[ \t]*[,.][ \t]*(\d{1,3}))?"
CUE: Final = re.compile(TIME + r"[ \t]*-->[ \t]*" + TIME)
# Known tags and times of words alone: "I <3 you and 5 > 4" is text.
MARKUP: Final = re.compile(
    r"</?(?:[bcisuv]|rt|em|br|ruby|font|lang|span|strong)(?:[ .][^<>\n]{0,200})?/?>|<[\d:.]{5,12}>|\{\\[^}\n]{0,200}\}",
    re.IGNORECASE,
)
DRAWING: Final = re.compile(
    r"\{[^}\n]*\\p[1-9][^}\n]*\}.*?(?:(?=\{[^}\n]*\\p0)|$)", re.DOTALL
)  # shapes, in ASS's own words
NUMBERED: Final = re.compile(r"\s*\d+[ \t]*\n")
MAP: Final = re.compile(
    r"^X-TIMESTAMP-MAP=(.+)$", re.MULTILINE
)  # of HLS: where a segment stands on the clock of its stream
CLOCK: Final = 90  # ticks of that clock in a millisecond
LYRIC: Final = re.compile(r"\[(\d{1,3}):(\d{1,2})(?:[.:](\d{1,3}))?\]")
OFFSET: Final = re.compile(r"^\[offset:[ \t]*([+-]?\d+)[ \t]*\]", re.MULTILINE | re.IGNORECASE)
LAST_LINE_MS: Final = 10_000  # of a line of lyrics behind which none comes
ROLLING_MS: Final = 50  # captions that repeat what still stands follow each other at once


class Cue(NamedTuple):
    """Text shown from `start` to `end`, in ms."""

    start: int
    end: int
    text: str


def parse(text: str) -> list[Cue]:
    """Cues of SRT, WebVTT, ASS, SSA or LRC text in time order, each line once; broken ones are left out."""
    if "-->" in text:
        return _once(sorted(_timed(text)))
    if re.search(r"^\[(?:Script Info|V4\+? Styles|Events)\]", text, re.MULTILINE | re.IGNORECASE):
        return sorted(_styled(text))
    return sorted(_lyrics(text))


def clean(text: str) -> str:
    """One line without tags, style codes, drawings and entities."""
    import html

    text = MARKUP.sub("", DRAWING.sub("", text)).replace("\\N", " ").replace("\\n", " ").replace("\\h", " ")
    return " ".join(html.unescape(text).split())


def _timed(text: str) -> Iterator[Cue]:
    """Cues of SRT and WebVTT; their lines are still parted."""
    marks = list(CUE.finditer(text))
    is_vtt, is_numbered = text.lstrip().startswith("WEBVTT"), bool(NUMBERED.match(text))
    ends = [*(mark.start() for mark in marks), len(text)][1:]
    shifts = _shifts(text)
    for mark, after in zip(marks, ends, strict=False):  # without a cue there is one end too many
        shift = next((by for at, by in reversed(shifts) if at < mark.start()), 0)
        start, end = (_ms(*times) + shift for times in (mark.groups()[:5], mark.groups()[5:]))
        body = text[mark.end() : after].partition("\n")[2]  # the rest of the line holds WebVTT's settings
        if is_vtt:
            body = re.split(r"\n[ \t]*\n", body)[0]
        elif is_numbered and after < len(text):
            body = re.sub(r"\n?[ \t]*\d+[ \t]*\n?$", "", body)
        start = max(0, start)
        if end > start:
            yield Cue(start, end, body)


def _shifts(text: str) -> list[tuple[int, int]]:
    """(place in the text, ms by which the cues behind it are later), by HLS's maps. Source: RFC 8216, 3.5."""
    found = []
    for match in MAP.finditer(text):
        ticks, local = re.search(r"MPEGTS:(\d+)", match[1]), re.search(r"LOCAL:" + TIME, match[1])
        if ticks and local:
            found.append((match.start(), int(ticks[1]) // CLOCK - _ms(*local.groups())))
    return found


def _once(cues: Iterable[Cue]) -> list[Cue]:
    """Cues without the lines that the one before them, which has just ended, already showed: captions that roll up."""
    kept: list[Cue] = []
    before: list[str] = []
    until = -ROLLING_MS - 1
    for cue in cues:
        shown = [line for line in map(clean, filter(str.strip, cue.text.split("\n"))) if line]
        fresh = shown
        if cue.start - until <= ROLLING_MS:
            same = next((n for n in range(min(len(shown), len(before)), 0, -1) if shown[:n] == before[-n:]), 0)
            fresh = shown[same:]
        if fresh:
            kept.append(Cue(cue.start, cue.end, " ".join(fresh)))
        if shown:
            before, until = shown, cue.end
    return kept


def _ms(sign: str | None, hours: str | None, minutes: str, seconds: str, fraction: str | None) -> int:
    whole = ((int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int((fraction or "0").ljust(3, "0"))
    return -whole if sign else whole


def _styled(text: str) -> Iterator[Cue]:
    """Lines that are spoken in ASS and SSA; comments and drawings are left out."""
    import pysubs2

    try:
        lines = pysubs2.SSAFile.from_string(text, format_="ass" if "[v4+ styles]" in text.lower() else "ssa")
    except (pysubs2.Pysubs2Error, ValueError, IndexError, KeyError):
        return
    for line in lines:
        said = clean(line.text)
        if said and not line.is_comment and line.end > max(0, line.start):
            yield Cue(max(0, line.start), line.end, said)


def _lyrics(text: str) -> Iterator[Cue]:
    """Lines of LRC, each up to the next; a line may have several times."""
    offset = OFFSET.search(text)
    early = int(offset[1]) if offset else 0
    found: list[tuple[int, str]] = []
    for line in text.split("\n"):
        times = list(LYRIC.finditer(line))
        said = clean(LYRIC.sub("", re.sub(r"<\d+:\d\d(?:\.\d+)?>", "", line)))
        found += [(max(0, _ms(None, None, m[1], m[2], m[3]) - early), said) for m in times]
    found.sort()
    for (start, said), (end, _) in pairwise([*found, (found[-1][0] + LAST_LINE_MS if found else 0, "")]):
        if said and end > start:
            yield Cue(start, end, said)
