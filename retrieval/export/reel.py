"""Reels: the best moments of a question, each once, cut at clean places and joined, with lists of what is in them.

What is chosen is decided here, pixels are `media.join`'s. For one long video this is a summary led by the question.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import Span
from retrieval.domain.place import place_text
from retrieval.domain.query import Query
from retrieval.errors import QueryError
from retrieval.export import target
from retrieval.media import fingerprint
from retrieval.media.objects import all_localized, is_there
from retrieval.search import fusion, moments
from retrieval.settings import SURE

if TYPE_CHECKING:
    from retrieval.domain.result import Hit
    from retrieval.library import Library
    from retrieval.media.av.concat import Joined
    from retrieval.query.encode import EncodedQuery

MOST_VIDEOS = 40  # whose moments are weighed
MOST_MOMENTS = 40  # of one video
LENGTH_MS = 60_000  # of a reel
LONGEST_MS = 12_000  # of one part, unless it is all
LEAST_MS = 1_000
SENTENCE_MS = 2_000  # an end inside a sentence is moved to the end of it, by no more
FPS = 25  # of the time codes in an edit decision list
CSV_HEAD = (
    "reel_start_ms",
    "reel_end_ms",
    "path",
    "start_ms",
    "end_ms",
    "frame_ms",
    "confidence",
    "encoded_ms",
    "text",
)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A moment of a file. said: the sentences in it, with their times in the file. look: fingerprint of the best frame."""

    path: Path
    asset: str
    span: Span
    at_ms: int
    confidence: float
    said: tuple[tuple[Span, str], ...] = ()
    look: NDArray[np.uint8] | None = None


# ---------------------------------------------------------------- what is in it


def make(
    library: Library,
    question: str | Query,
    out: Path,
    *,
    length_ms: int = LENGTH_MS,
    min_confidence: float | None = None,
    replace_files: bool = False,
) -> list[Part]:
    """Writes the reel of a question to `out` (.mp4) with .srt, .csv and .edl beside it; gives its parts in order.

    Operators decide what is cut out: nothing that is excluded, of `A then B` the events. replace_files: over files that
    are there.

    Raises:
        QueryError: nothing matches, or `out` is not called an MP4.
        RetrievalError: the files cannot be written, or would replace one; see target.written.
        MediaError: none of the files can be decoded.
    """
    from retrieval.media.av.concat import Piece, join

    if out.suffix.lower() != ".mp4":
        raise QueryError(f"a reel is an MP4, and {out.name} is not called so", "name it like reel.mp4")
    lists = {suffix: out.with_suffix(suffix) for suffix in (".srt", ".csv", ".edl")}
    for each in (out, *lists.values()):
        target.check(each, replace=replace_files)
    cut = SURE if min_confidence is None else min_confidence
    encoded = library.encode(question)
    found = [*gather(library, encoded, cut)]
    parts = arranged(chosen(found, length_ms))
    if not parts:
        from retrieval.query.format import format_query

        raise QueryError(
            f"no moment of a video here matches {format_query(encoded.query)}",
            "ask with other words, or --min-confidence 0",
        )
    with (
        all_localized([part.path for part in parts]) as here,
        target.written(out, replace=replace_files, sources=list(here.values())) as made,
    ):
        joined = join([Piece(here[part.path], part.span) for part in parts], made)
    texts = {".srt": subtitles(parts, joined), ".csv": table(parts, joined)}
    texts[".edl"] = edit_list(parts, joined, out.stem)
    for suffix, text in texts.items():
        with target.written(lists[suffix], replace=replace_files) as made:
            made.write_text(text, encoding="utf-8")
    return parts


def gather(library: Library, encoded: EncodedQuery, cut: float) -> Iterator[Part]:
    """The moments of all videos that answer and are at hand, of confidence `cut` or more."""
    filters = replace(encoded.query.filters, media=frozenset({"video"}))
    videos = encoded.changed(filters=filters, limit=MOST_VIDEOS, offset=0, sort="confidence", min_confidence=cut)
    for hit in library.search(videos):
        path = next(filter(is_there, hit.paths), None)
        if path is not None:
            yield from _parts(library, encoded, hit, path, cut)


def _parts(library: Library, encoded: EncodedQuery, hit: Hit, path: Path, least: float) -> Iterator[Part]:
    segments = library.show(hit.asset).segments
    cuts, sentences = moments.boundaries(segments)
    looks = library.fingerprints(hit.asset)
    curve = library.curve(encoded, hit.asset)
    for each in moments.find(curve, cuts, sentences, most=MOST_MOMENTS, least=fusion.log_odds(least)):
        span = clean(each, cuts, sentences)
        said = tuple(
            (one.segment.span, one.segment.text)
            for one in segments
            if one.segment.kind == "speech" and one.segment.span and one.segment.text and one.segment.span.overlap(span)
        )
        near = int(np.abs(looks.at_ms - each.at_ms).argmin()) if len(looks.at_ms) else None
        look = None if near is None else looks.data[near]
        sure = min(fusion.confidence(each.odds), hit.confidence)
        yield Part(path, hit.asset, span, min(max(each.at_ms, span.start), span.end - 1), sure, said, look)


def clean(moment: moments.Moment, cuts: NDArray[np.int64], sentences: NDArray[np.int64]) -> Span:
    """The part that is cut out for a moment: at most LONGEST_MS around its frame, at least LEAST_MS, no sentence cut in two.

    cuts (n,): ms where shots end. sentences (m, 2): ms of their start and end.

    Ends are moved by at most SENTENCE_MS, and not over a cut.
    """
    start, end = moment.span.start, moment.span.end
    if end - start > LONGEST_MS:
        start = max(start, min(moment.at_ms - LONGEST_MS // 2, end - LONGEST_MS))
        end = start + LONGEST_MS
        start = moments.nearest(cuts[cuts < moment.at_ms], start, SENTENCE_MS) or start
        end = moments.nearest(cuts[cuts > moment.at_ms], end, SENTENCE_MS) or end
    if end - start < LEAST_MS:
        end = start + LEAST_MS
    for first, last in sentences.tolist():
        if first < start < last and start - first <= SENTENCE_MS and not ((cuts > first) & (cuts <= start)).any():
            start = first
        if first < end < last and last - end <= SENTENCE_MS and not ((cuts >= end) & (cuts < last)).any():
            end = last
    return Span(start, end)


def chosen(parts: Sequence[Part], length_ms: int) -> list[Part]:
    """The best parts that fit into a length; what looks like one before it, or overlaps it, is left out.

    The best is there even if it alone is longer: it is cut at the end.
    """
    kept: list[Part] = []
    room = length_ms
    for part in sorted(parts, key=lambda each: (-each.confidence, str(each.path), each.span)):
        if any(_is_again(part, other) for other in kept):
            continue
        if not kept and part.span.length > room:
            part = replace(part, span=Span(part.span.start, part.span.start + room))  # noqa: PLW2901
        if part.span.length <= room:
            kept.append(part)
            room -= part.span.length
    return kept


def _is_again(part: Part, other: Part) -> bool:
    """Whether a part shows what another does."""
    if part.asset == other.asset:
        return part.span.overlap(other.span) > 0
    if part.look is None or other.look is None:
        return False
    ways = ((part.look, other.look), (other.look, part.look))
    return any(bool(fingerprint.same_pictures(one, two[None])[0]) for one, two in ways)


def arranged(parts: Sequence[Part]) -> list[Part]:
    """The order of a reel: the file with the best part first, the parts of each file in the order of time."""
    best: dict[str, float] = {}
    for part in parts:
        best[part.asset] = max(part.confidence, best.get(part.asset, 0.0))
    return sorted(parts, key=lambda part: (-best[part.asset], part.asset, part.span))


# ---------------------------------------------------------------- lists


def subtitles(parts: Sequence[Part], written: Sequence[Joined]) -> str:
    """The speech of a reel, as SubRip."""
    lines = []
    for part, joined in zip(parts, written, strict=True):
        for span, text in part.said:
            start, end = max(span.start, part.span.start), min(span.end, part.span.end)
            if end > start:
                shift = joined.span.start - part.span.start
                lines.append(f"{_stamp(start + shift)} --> {_stamp(end + shift)}\n{text}\n")
    return "\n".join(f"{number}\n{line}" for number, line in enumerate(lines, 1))


def _stamp(ms: int) -> str:
    seconds, ms = divmod(ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02},{ms:03}"


def table(parts: Sequence[Part], written: Sequence[Joined]) -> str:
    """One row for each part, in the columns of CSV_HEAD."""
    kept = io.StringIO()
    rows = csv.writer(kept, lineterminator="\n")
    rows.writerow(CSV_HEAD)
    for part, joined in zip(parts, written, strict=True):
        path = place_text(part.path).encode(errors="replace").decode()
        times = (joined.span.start, joined.span.end, path, part.span.start, part.span.end, part.at_ms)
        rows.writerow((*times, round(part.confidence, 4), joined.encoded_ms, " ".join(text for _, text in part.said)))
    return kept.getvalue()


def edit_list(parts: Sequence[Part], written: Sequence[Joined], title: str) -> str:
    """A CMX 3600 edit decision list, picture and sound, for video editors; time codes of FPS frames a second."""
    lines = [f"TITLE: {title}", "FCM: NON-DROP FRAME", ""]
    for number, (part, joined) in enumerate(zip(parts, written, strict=True), 1):
        times = (part.span.start, part.span.end, joined.span.start, joined.span.end)
        lines.append(f"{number:03}  AX       B     C        {' '.join(map(_code, times))}")
        name = part.path.name.encode(errors="replace").decode().replace("\n", " ")
        lines += [f"* FROM CLIP NAME: {name}", ""]
    return "\n".join(lines)


def _code(ms: int) -> str:
    frames = round(ms * FPS / 1000)
    seconds, frames = divmod(frames, FPS)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{frames:02}"
