"""Candidates of a page -> hits: which segments and moments are shown of each, and why they were found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from retrieval.domain.media import Evidence, Kind, Lane, Span
from retrieval.domain.records import StoredAsset, StoredSegment
from retrieval.domain.result import FoundSegment, Hit
from retrieval.kinds import KINDS
from retrieval.search import fusion
from retrieval.search.candidates import Candidate
from retrieval.search.moments import Moment
from retrieval.search.retrievers import SAME, WORDS, Matches
from retrieval.settings import MOST_SEGMENTS

if TYPE_CHECKING:
    from retrieval.protocols import Snapshot

BY_WORDS: dict[Kind, Evidence] = {"speech": "said", "text_line": "line"}  # others: words


def hits_of(
    snapshot: Snapshot,
    page: Sequence[Candidate],
    assets: Mapping[int, StoredAsset],
    evidence: Sequence[Matches],
    moments_of: Mapping[int, Sequence[tuple[Moment, int]]],
) -> list[Hit]:
    """The hits of a page; assets: those of the page and their halves, the path to show first; moments_of: the moments
    of its videos and recordings, with their segments."""
    named = {each.asset for each in page if not each.segments}
    listed = {segment for each in page for _, segment in each.segments[: 4 * MOST_SEGMENTS]}
    listed |= {segment for own in moments_of.values() for _, segment in own}
    stored = snapshot.segments.by_id(listed, named)
    first = {each.asset_id: each for each in stored.values() if each.asset_id in named}
    hits = []
    for each in page:
        if each.asset not in assets:
            continue  # went away since the snapshot of the index
        if not each.segments and each.asset in first:
            each.segments.append((each.odds, first[each.asset].id))
        timed = moments_of.get(each.asset, ())
        rows: list[_Row] = [(odds, stored[segment], None) for odds, segment in each.segments if segment in stored]
        moments = [(moment, stored[own]) for moment, own in timed if own in stored]
        if each.row:
            shown: Sequence[_Row] = [(each.odds, segment, moment) for moment, segment in moments]
        else:
            shown = _shown(_as_moments(rows, moments, lend=not each.by_time))
        segments = [found_segment(odds, segment, moment, each, evidence) for odds, segment, moment in shown]
        asset = _named_first(assets[each.asset], evidence)
        hits.append(_hit(asset, each, tuple(segments), assets.get(each.half or 0)))
    return hits


_Row: TypeAlias = tuple[float, StoredSegment, Moment | None]


def _as_moments(rows: Sequence[_Row], found: Sequence[tuple[Moment, StoredSegment]], *, lend: bool) -> list[_Row]:
    """Rows with the segments of each timed kind replaced by its moments, with the highest confidence of their segments.

    lend: a segment lends its confidence, which counts words and names as well, to the first moment that it is part of.
    Best first.
    """
    kinds = {segment.segment.kind for _, segment in found}
    kept = [row for row in rows if row[1].segment.kind not in kinds]
    lent = {row[1].id: row[0] for row in rows}
    spans = {row[1].id: row[1].segment.span for row in rows if row[1].segment.kind in kinds}
    kind_of = {row[1].id: row[1].segment.kind for row in rows}
    for moment, segment in found:
        inside = [
            own
            for own, span in spans.items()
            if lend and own in lent and span and kind_of[own] == segment.segment.kind and span.overlap(moment.span)
        ]
        kept.append((max((lent.pop(own) for own in inside), default=moment.odds), segment, moment))
    return sorted(kept, key=lambda each: (-each[0], each[1].key))


def _shown(segments: Sequence[_Row]) -> list[_Row]:
    """The best segments, the best of each kind among them, best first."""
    leaders: dict[str, _Row] = {}
    for each in segments:
        leaders.setdefault(each[1].segment.kind, each)
    rest = [each for each in segments if all(each is not leader for leader in leaders.values())]
    chosen = [*leaders.values(), *rest][: max(MOST_SEGMENTS, len(leaders))]
    return sorted(chosen, key=lambda each: (-each[0], each[1].key))


def found_segment(
    odds: float,
    stored: StoredSegment,
    moment: Moment | None,
    candidate: Candidate,
    evidence: Sequence[Matches],
) -> FoundSegment:
    """A segment, or a moment of it, as an answer shows it; odds: how sure it is. evidence: of each operand."""
    kind = stored.segment.kind
    ways = [
        (way, match, _of_way(way, kind)) for each in evidence for way, match in each.segments.get(stored.id, {}).items()
    ]
    ways += [(WORDS, each.names[candidate.asset], "name") for each in evidence if candidate.asset in each.names]
    lanes: dict[Lane, float] = {}
    strongest: tuple[float, Evidence | None] = -1.0, _of_vectors(kind) if evidence else None
    for way, match, spoken in ways:
        sure = fusion.confidence(fusion.agree([], match.odds) if way == WORDS else match.odds)
        lanes[match.lane] = max(lanes.get(match.lane, 0.0), sure)
        strongest = max(strongest, (sure, spoken), key=lambda each: each[0])
    matches = [match for way, match, _ in ways if way != WORDS] or [match for _, match, _ in ways]
    best = max(matches, key=lambda match: match.odds, default=None)
    framed = [match for match in matches if match.at_ms is not None]
    at_ms = max(framed, key=lambda match: match.odds).at_ms if framed else None
    segment = stored.segment
    if moment is not None and segment.kind == "shot":
        at_ms = moment.at_ms
    return FoundSegment(
        id=stored.key,
        kind=segment.kind,
        span=segment.span if moment is None else moment.span,
        page=segment.page,
        text=segment.text,
        confidence=fusion.confidence(odds),
        score=best.score if best else 0.0,
        lanes=fusion.shares(lanes) or ({KINDS[segment.kind].retriever: 1.0} if evidence else {}),
        at_ms=at_ms,
        marks=_marks(stored, evidence),
        box=segment.box,
        evidence=strongest[1],
    )


def _of_way(way: str, kind: Kind) -> Evidence:
    """The evidence that one way to find a segment of a kind brings."""
    if way == WORDS:
        return BY_WORDS.get(kind, "words")
    return "file" if way == SAME else _of_vectors(kind)


def _of_vectors(kind: Kind) -> Evidence:
    modality = KINDS[kind].modality
    return "picture" if modality == "image" else "sound" if modality == "sound" else "meaning"


def _marks(stored: StoredSegment, evidence: Sequence[Matches]) -> tuple[Span, ...]:
    """Where the words stand by which a segment was found."""
    terms = [term for each in evidence if WORDS in each.segments.get(stored.id, {}) for term in each.terms]
    if not terms:
        return ()
    from retrieval.fulltext.highlight import highlights

    return tuple(highlights(stored.segment.text or "", terms))


def _named_first(stored: StoredAsset, evidence: Sequence[Matches]) -> StoredAsset:
    """An asset that lies in several places and was found by its name: of the leading paths, the one that names it best
    comes first.
    """
    terms = [term for each in evidence if stored.id in each.names for term in each.terms]
    if not terms or stored.leading < 2:
        return stored
    from retrieval.fulltext.highlight import highlights

    def letters(path: Path) -> int:
        return sum(span.length for span in highlights(str(path), terms))

    leading, others = stored.paths[: stored.leading], stored.paths[stored.leading :]
    return replace(stored, paths=(*sorted(leading, key=letters, reverse=True), *others))


def _hit(
    stored: StoredAsset, candidate: Candidate, segments: tuple[FoundSegment, ...], half: StoredAsset | None
) -> Hit:
    return Hit(
        path=stored.paths[0],
        paths=stored.paths,
        asset=stored.hash,
        medium=stored.medium,
        score=candidate.score,
        confidence=fusion.confidence(candidate.odds),
        segments=segments,
        taken_at=stored.taken_at,
        date=stored.date,
        date_from=stored.date_from,
        offline=stored.offline,
        alike=candidate.collapsed,
        width=stored.facts.get("width"),
        height=stored.facts.get("height"),
        duration_ms=stored.facts.get("duration_ms"),
        half=half.paths[0] if half is not None else None,
    )
