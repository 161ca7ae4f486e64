"""Answers, assets and status as lines for people. Pure: values in, lines out; printing is the command line's.

A line counts columns, not characters: Chinese, Japanese and Korean characters take two.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.domain.media import Segment, Span
from retrieval.domain.result import Answer, FoundSegment, Hit
from retrieval.kinds import KINDS, kinds_in
from retrieval.settings import DEFAULT_CUT

if TYPE_CHECKING:
    from retrieval.catalog.store import StoredAsset, StoredSegment
    from retrieval.domain.media import Box
    from retrieval.domain.result import Tag
    from retrieval.library import Shown
    from retrieval.search.duplicates import Group
    from retrieval.search.explain import Explanation

QUOTE = 60  # columns of quoted text where the line's length does not matter
MORE_SEGMENTS = 2  # shown below the best one of a hit
STEP_NAMES = {
    "read": "images and documents",
    "watch": "video",
    "listen": "sound",
    "transcribe": "speech",
    "ocr": "text in pictures",
    "regions": "regions",
}
MANY = {
    "image": "images",
    "region": "regions",
    "video": "videos",
    "audio": "recordings",
    "document": "documents",
    "shot": "shots",
    "sound": "sounds",
    "passage": "passages",
    "text_line": "lines in pictures",
}


# ---------------------------------------------------------------- columns


def columns(text: str) -> int:
    """How many columns a terminal gives to a text."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Me", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def pad(text: str, width: int) -> str:
    """The text with blanks behind it up to `width` columns."""
    return text + " " * (width - columns(text))


def shorten(text: str, width: int, *, keep_end: bool = False) -> str:
    """At most `width` columns (at least 1) of a text; an ellipsis stands for what is left out."""
    if columns(text) <= width:
        return text
    kept, room = [], width - 1
    for character in reversed(text) if keep_end else text:
        room -= _columns(character)
        if room < 0:
            break
        kept.append(character)
    return "…" + "".join(reversed(kept)) if keep_end else "".join(kept) + "…"


def plain(text: str) -> str:
    """One line of a text that cannot move the cursor: control characters and bytes that are not UTF-8 as escapes."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # a byte that is not UTF-8, as os.fsdecode gives it
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


# ---------------------------------------------------------------- places and times


def path_text(path: Path | str) -> str:
    """A path on one line, the home folder as ~."""
    text, home = str(path), os.path.expanduser("~")
    if len(home) > 1 and (text == home or text.startswith(home + os.sep)):
        text = "~" + text[len(home) :]
    return plain(text)


def clock(ms: int) -> str:
    """02:14, or 1:02:14 from one hour on."""
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"


def place(segment: FoundSegment | Segment) -> str:
    """Where in its asset a segment lies: a time, a page or nothing."""
    if segment.span is not None and segment.kind in ("shot", "sound", "speech"):
        start, end = clock(segment.span.start), clock(segment.span.end)
        return start if start == end else f"{start}-{end}"
    return f"page {segment.page}" if segment.page is not None else ""


def duration(seconds: float) -> str:
    """A length of time for people: 3.1 s, 29 min, 1 h 52."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02}"


def size(count: float) -> str:
    """Bytes for people: 812 bytes, 3.1 MB."""
    if count < 1000:
        return f"{count:.0f} bytes"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 1000:
            return f"{count:.1f} {unit}" if count < 10 else f"{count:.0f} {unit}"
    return f"{count / 1000:.1f} TB"


# ---------------------------------------------------------------- answers


def answer_lines(
    answer: Answer,
    words: str = "",
    offset: int = 0,
    width: int | None = None,
    *,
    bold: bool = False,
    tags: Mapping[str, Sequence[Tag]] | None = None,
) -> list[list[str]]:
    """For each hit its lines: rank, confidence, path and place, medium, date, and why it was found.

    words: of the question, to choose what is quoted. width: columns of the terminal; None: lines of any length. bold:
    show marked words so, by a terminal's escape sequences. tags: of segments by their ids; those of the best one that has
    any are named.
    """
    paths = [path_text(hit.path) + _notes(hit) for hit in answer]
    room = max(width // 2 - 12, 20) if width else 10_000
    paths = [shorten(path, room, keep_end=True) for path in paths]
    places = [place(hit.segments[0]) if hit.segments else "" for hit in answer]
    placed = [columns(path) for path, where in zip(paths, places, strict=True) if where]
    wheres = [
        f"{pad(path, max(placed))}   {where}" if where else path for path, where in zip(paths, places, strict=True)
    ]
    digits = len(str(offset + len(answer))) + 1
    wide = max(map(columns, wheres), default=0)
    lines = []
    for number, (hit, where) in enumerate(zip(answer, wheres, strict=True), offset + 1):
        head = f"{number:{digits}}  {hit.confidence:.2f}  {pad(where, wide)}   {hit.medium:<8}  "
        more = [_more(each, digits, wide, max(placed, default=0)) for each in _others(hit)]
        shown = [(head, _why(hit)), *more]
        lines.append([_fit(start, reason, quoted, words, width, bold=bold) for start, (reason, quoted) in shown])
        named = next((tags[each.id] for each in hit.segments if each.id in tags), ()) if tags else ()
        if named:
            lines[-1].append(" " * columns(head) + tag_names(named))
    return lines


def tag_names(tags: Iterable[Tag]) -> str:
    """Tags on one line, the surest first."""
    return "tags: " + ", ".join(plain(each.name) for each in tags)


def _notes(hit: Hit) -> str:
    """What is said of a hit beside its path."""
    alike = f"  (+{hit.alike} alike)" if hit.alike else ""
    return alike + ("  (offline)" if hit.offline else "")


def _fit(start: str, reason: str, quoted: FoundSegment | None, words: str, width: int | None, *, bold: bool) -> str:
    room = max(width - columns(start) - columns(reason) - 8, 12) if width else QUOTE
    text = "" if quoted is None else f' "{quote(quoted.text or "", words, room, quoted.marks, bold=bold)}"'
    return (start + reason + text).rstrip()


def _why(hit: Hit) -> tuple[str, FoundSegment | None]:
    """The lane that found the hit, with what is quoted; the date before it, for pictures."""
    date = f"{hit.taken_at[:10]}  " if hit.medium == "image" and hit.taken_at else ""
    if not hit.segments:
        return date + "name", None
    reason, quoted = _reason(hit.segments[0])
    return date + reason, quoted


def _reason(segment: FoundSegment) -> tuple[str, FoundSegment | None]:
    """The lane that found a segment, and the segment if its text is quoted."""
    if segment.kind in kinds_in("sentence") and segment.text:
        return KINDS[segment.kind].retriever, segment
    return max(segment.lanes, key=lambda name: segment.lanes[name], default=""), None


def _others(hit: Hit) -> list[FoundSegment]:
    """Further segments that are sure enough to be shown, in other places than those before them."""
    seen = {place(each) for each in hit.segments[:1]}
    found = []
    for each in hit.segments[1:]:
        where = place(each)
        if where and where not in seen and each.confidence >= DEFAULT_CUT:
            seen.add(where)
            found.append(each)
    return found[:MORE_SEGMENTS]


def _more(segment: FoundSegment, digits: int, wide: int, path: int) -> tuple[str, tuple[str, FoundSegment | None]]:
    where = pad(" " * (path + 3) + place(segment), wide)
    return f"{'':{digits}}        {where}   {'':<8}  ", _reason(segment)


def quote(text: str, words: str, width: int, marks: Sequence[Span] = (), *, bold: bool = False) -> str:
    """At most `width` columns of a text, around the first mark, else the first place that holds a word of the question.

    bold: marked words are shown so, by a terminal's escape sequences, which take no columns.
    """
    line = plain(re.sub(r"\s+", " ", text).strip())
    marked = {plain(re.sub(r"\s+", " ", text[each.start : each.end])) for each in marks}
    found = re.compile("|".join(map(_as_words, sorted(marked, key=len, reverse=True)))) if marked else None
    first = found.search(line) if found else None
    shown = _around(line, first.start() if first else _first_match(line, words), width)
    return found.sub(lambda each: f"\x1b[1m{each.group()}\x1b[22m", shown) if found and bold else shown


def _as_words(marked: str) -> str:
    """The pattern of a marked text, which is no part of a longer word; scripts without blanks have no such ends."""
    before = r"(?<![a-zA-Z0-9])" if marked[0].isascii() else ""
    return before + re.escape(marked) + (r"(?![a-zA-Z0-9])" if marked[-1].isascii() else "")


def _around(line: str, at: int, width: int) -> str:
    """At most `width` columns of a line, around the character at `at`."""
    if columns(line) <= width:
        return line
    start = max(0, at - width // 3)
    if start:
        start = line.find(" ", start, at) + 1 or start
    rest = line[start:]
    head = "... " if start else ""
    if columns(head + rest) <= width:
        return head + rest
    cut = shorten(rest, width - len(head) - 3).removesuffix("…")
    if rest[len(cut)] != " " and " " in cut and cut.isascii():
        cut = cut.rsplit(" ", 1)[0]  # no half words
    return f"{head}{cut.rstrip()} ..."


def _first_match(line: str, words: str) -> int:
    lowered = line.casefold()
    asked = [each for each in re.findall(r"\w+", words.casefold()) if len(each) > 3 or not each.isascii()]
    found = [at for at in map(lowered.find, sorted(asked, key=len, reverse=True)) if at >= 0]
    return found[0] if found and len(lowered) == len(line) else 0


def explained_lines(explanation: Explanation, width: int | None = None, *, bold: bool = False) -> Iterator[str]:
    """Why one asset answers: its lanes with their shares, the words that were found, and where in its picture."""
    hit, segment = explanation.hit, explanation.segment
    yield f"{hit.confidence:.2f}  {path_text(hit.path)}  {hit.medium}"
    rows = [("found by", "its name")] if segment is None else [*_segment_rows(segment)]
    named = [str(hit.path)[each.start : each.end] for each in explanation.name_marks]
    if named:
        rows.append(("in its name", plain(", ".join(named))))
    if explanation.at_ms is not None:
        rows.append(("frame", clock(explanation.at_ms)))
    if explanation.heat is not None:
        rows.append(("where", where(explanation.heat.box)))
    if explanation.box is not None:
        rows.append(("line at", where(explanation.box)))
    yield from (f"  {line}" for line in aligned(rows))
    if segment is not None and segment.text:
        room = max(width - 4, 20) if width else 10_000
        yield f'  "{quote(segment.text, "", room, segment.marks, bold=bold)}"'


def _segment_rows(segment: FoundSegment) -> Iterator[tuple[str, str]]:
    yield segment.kind, f"{segment.id}  {place(segment)}".strip()
    for lane, share in sorted(segment.lanes.items(), key=lambda each: -each[1]):
        yield lane, f"{100 * share:3.0f} %  {'█' * round(20 * share)}".rstrip()
    found = [plain((segment.text or "")[each.start : each.end]) for each in segment.marks]
    if found:
        yield "words found", ", ".join(dict.fromkeys(found))


def where(box: Box) -> str:
    """A place in a picture for people, in percent of its width and height."""
    left, top, right, bottom = (round(each / 100) for each in (box.left, box.top, box.right, box.bottom))
    if (left, top, right, bottom) == (0, 0, 100, 100):
        return "the picture as a whole"
    return f"{left}-{right} % across, {top}-{bottom} % down"


def nothing_line(answer: Answer) -> str:
    """What is said where nothing is sure enough."""
    if answer.best > 0:
        return f"Nothing in this library matches (best candidate {answer.best:.2f}; --all shows it)."
    return "Nothing in this library matches."


# ---------------------------------------------------------------- assets


def shown_lines(
    shown: Shown, width: int | None = None, tags: Mapping[str, Sequence[Tag]] | None = None
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
        "date": (facts["taken_at"] or "").replace("T", " "),
        "camera": facts["camera"] or "",
        "position": position,
        "language": facts["lang"] or "",
        "title": facts["title"] or "",
        "artist": facts["artist"] or "",
        "keywords": ", ".join(facts["keywords"]),
        "asset": asset.hash,
    }
    return {name: value for name, value in found.items() if value}


def segment_line(stored: StoredSegment, width: int | None = None) -> str:
    """Id, kind, place and text of a segment."""
    segment = stored.segment
    lies = place(segment) or (where(segment.box) if segment.box is not None else "")
    head = f"  {stored.key}  {segment.kind:<9}  {lies:<17}  "
    text = plain(re.sub(r"\s+", " ", segment.text or "").strip())
    room = max(width - columns(head), 20) if width else 10_000
    return (head + shorten(text, room)).rstrip()


# ---------------------------------------------------------------- counts


def duplicates_lines(groups: Sequence[Group]) -> Iterator[str]:
    """Each group with the file to keep first, and what the others take in all."""
    spare = 0
    for number, group in enumerate(groups, 1):
        first, *others = [(each, each.asset.facts) for each in group.copies]
        spare += sum(facts["bytes"] or 0 for _, facts in others)
        rows = []
        for note, (each, facts) in [("keep", first), *(("like", each) for each in others)]:
            exact = note == "like" and each.asset.hash == group.keep.asset.hash
            sides = f"{facts['width']} x {facts['height']}" if facts["width"] else ""
            length = clock(facts["duration_ms"]) if facts["duration_ms"] else ""
            rows.append(("same" if exact else note, path_text(each.path), sides, length, size(facts["bytes"] or 0)))
        yield f"{number:>3}  {group.medium}"
        yield from (f"     {line}" for line in aligned(rows))
    groups_said = "1 group" if len(groups) == 1 else f"{len(groups):,} groups"
    yield f"{groups_said}; what is not to be kept takes {size(spare)}."


def counted(count: int, noun: str) -> str:
    """`1 file`, `1,204 files`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listing(counts: Mapping[str, int], names: Mapping[str, str] | None = None) -> str:
    """`12 images, 3 videos`, the greatest first."""
    ordered = sorted(counts.items(), key=lambda each: -each[1])
    return ", ".join(f"{count:,} {(names or {}).get(name, name)}" for name, count in ordered)


def pending(counts: Mapping[str, int]) -> str:
    """`sound of 19 files, speech of 1 file`, in the order of the steps."""
    waiting = [(name, counts[step]) for step, name in STEP_NAMES.items() if counts.get(step)]
    return ", ".join(f"{name} of {count:,} file{'' if count == 1 else 's'}" for name, count in waiting)


def aligned(rows: Iterable[Sequence[str]], gap: int = 2) -> list[str]:
    """Rows of equally many cells as lines, each column as wide as its widest cell."""
    table = [list(row) for row in rows]
    wide = [max(map(columns, column)) for column in zip(*table, strict=True)]
    return [(" " * gap).join(map(pad, row, wide)).rstrip() for row in table]


def listing_sizes(counts: Mapping[str, int]) -> str:
    """`catalog 3.1 MB, generations 1.2 MB`."""
    return ", ".join(f"{name} {size(count)}" for name, count in counts.items())
