"""Why a hit answers: its lanes, marked words and frame, and where in its picture the answer lies (saliency.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import Box, Span
from retrieval.domain.place import place_text
from retrieval.domain.query import Leaf, Not, Query, Required, Tree, Weighted
from retrieval.domain.records import StoredSegment
from retrieval.domain.result import FoundSegment, Hit
from retrieval.errors import EncoderUnavailable, MediaError
from retrieval.fulltext import highlight, keyword_search
from retrieval.media.objects import localized
from retrieval.query.encode import EncodedOperand
from retrieval.search import fusion
from retrieval.search.candidates import of_one
from retrieval.search.context import SearchContext
from retrieval.search.hits import found_segment
from retrieval.search.pictures import picture_of
from retrieval.search.retrievers import Matches, Retrieval
from retrieval.search.saliency import SaliencyMap, saliency_map, saliency_within
from retrieval.vectors.space import Scope

if TYPE_CHECKING:
    from PIL.Image import Image

    from retrieval.protocols import Profile
    from retrieval.search.moments import Curve

LEAST_SHARE = 0.05  # of what is seen in an answer, for its place to be looked for
LONGEST_HEARD_MS = 20 * 60_000  # a longer recording is not decoded for its outline
OUTLINE = 800  # steps of it


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Why one asset answers a question.

    segment: the one that is explained. name_marks: words of the question in the first path, as characters of it.
    picture: uint8 (h, w, 3), the picture, frame or page; at_ms: the time of a frame of a video or animation. heat: where
    in it the answer lies; box: where a line of text stands in it. curve: how sure the question is over time. outline:
    loudness (n,) in 0..1 of a recording, over its whole length. length_ms: of what has a time.
    """

    hit: Hit
    segment: FoundSegment | None
    name_marks: tuple[Span, ...] = ()
    picture: NDArray[np.uint8] | None = None
    at_ms: int | None = None
    heat: SaliencyMap | None = None
    box: Box | None = None
    curve: Curve | None = None
    outline: NDArray[np.float32] | None = None
    length_ms: int | None = None
    warnings: tuple[str, ...] = ()


def speaking_operands(query: Query) -> list[int]:
    """Places of the operands that speak for an answer: not those behind a minus."""
    if query.tree is None:
        return list(range(len(query.operands)))
    signs = [*_signs(query.tree, speaks=True)]
    return [at for at in range(len(query.operands)) if at >= len(signs) or signs[at]]


def _signs(tree: Tree, *, speaks: bool) -> list[bool]:
    """For each leaf in order whether it speaks for an answer."""
    if isinstance(tree, Leaf):
        return [speaks]
    if isinstance(tree, Not):
        return _signs(tree.part, speaks=not speaks)
    if isinstance(tree, Weighted | Required):
        return _signs(tree.part, speaks=speaks)
    return [sign for part in tree.parts for sign in _signs(part, speaks=speaks)]


def outline_of(path: Path, length_ms: int | None) -> NDArray[np.float32] | None:
    """Loudness (OUTLINE,) in 0..1 of a recording from its beginning to its end; None for a very long or silent one."""
    from retrieval.media.av.audio import chunks

    if not length_ms or length_ms > LONGEST_HEARD_MS:
        return None
    peaks = [np.abs(part[: len(part) // 160 * 160]).reshape(-1, 160).max(axis=1) for part in chunks(path)]
    whole = np.concatenate(peaks) if peaks else np.empty(0, np.float32)
    if not len(whole) or not whole.max():
        return None
    steps = np.array_split(whole, min(OUTLINE, len(whole)))
    return np.array([each.max() for each in steps], np.float32) / np.float32(whole.max())


def exactly(path: Path) -> str:
    """The glob of one path. Bytes that are not UTF-8 fit anything."""
    return "".join(
        f"[{each}]" if each in "*?[" else "*" if "\udc80" <= each <= "\udcff" else each for each in str(path)
    )


def explain(
    hit: Hit,
    named: str,
    operands: Sequence[EncodedOperand],
    context: SearchContext,
    curve: Curve | None = None,
) -> Explanation:
    """The evidence of one hit: of the segment `named` in it, else of its best.

    operands: those that speak for it. curve: of what has a time. What cannot be opened is left out, with a warning.
    """
    warnings = [line for each in operands for line in each.warnings]
    snapshot = context.snapshot
    segment = _explained(hit, named, operands, Retrieval(context.for_search(Scope()), 0.0), warnings)
    asset = snapshot.assets.with_key(hit.asset)
    facts = snapshot.assets.by_id([asset])[asset].facts if asset is not None else {}
    stored = snapshot.segments.with_key(segment.id) if segment is not None else None
    at_ms = _shown_at(hit, segment)
    length_ms = facts.get("duration_ms")
    picture, outline = _opened(hit, segment, at_ms, length_ms, warnings)
    return Explanation(
        hit,
        segment,
        name_marks=_name_marks(hit, asset, operands, context),
        picture=None if picture is None else np.asarray(picture),
        at_ms=at_ms,
        heat=None if picture is None else _heat(picture, segment, operands, context.profile, warnings),
        box=stored.segment.box if stored is not None and stored.segment.kind == "text_line" else None,
        curve=curve,
        outline=outline,
        length_ms=length_ms,
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _explained(
    hit: Hit, named: str, operands: Sequence[EncodedOperand], lookup: Retrieval, warnings: list[str]
) -> FoundSegment | None:
    """The segment `named`, also where it is not among the best of its hit; else the best."""
    listed = next((each for each in hit.segments if each.id == named), None)
    best = hit.segments[0] if hit.segments else None
    stored = lookup.snapshot.segments.with_key(named)
    if listed is not None or stored is None:
        return listed or best
    judged = _judged(stored, operands, lookup)
    if judged is None:
        warnings.append(f"nothing in {named} itself answers: the best of its file is explained")
    return judged or best


def _judged(stored: StoredSegment, operands: Sequence[EncodedOperand], lookup: Retrieval) -> FoundSegment | None:
    """One segment scored by the operands; None where no retriever of theirs matches its kind."""
    evidence = [Matches() for _ in operands]
    evidence[0].owners[stored.id] = stored.asset_id
    lookup.complete(operands, evidence, [False] * len(operands))
    found = [each for each in (of_one(own).get(stored.asset_id) for own in evidence) if each is not None]
    odds = [own for each in found for own, segment in each.segments if segment == stored.id]
    if not odds:
        return None
    return found_segment(fusion.conjunction(odds, [1.0] * len(odds)), stored, None, found[0], evidence)


def _opened(
    hit: Hit, segment: FoundSegment | None, at_ms: int | None, length_ms: int | None, warnings: list[str]
) -> tuple[Image | None, NDArray[np.float32] | None]:
    """Picture and outline, where there are."""
    try:
        with localized(hit.path) as path:
            picture = picture_of(path, hit.medium, segment.page if segment else None, at_ms)
            return picture, outline_of(path, length_ms) if hit.medium == "audio" else None
    except MediaError as error:
        warnings.append(str(error))
    except OSError as error:
        warnings.append(f"{hit.path.name} cannot be opened: {error.strerror}")
    return None, None


def _shown_at(hit: Hit, segment: FoundSegment | None) -> int | None:
    """The time of the frame to show: the best of the segment, or of a shot that lies where it does, else its middle."""
    if segment is None or hit.medium not in ("image", "video"):
        return None
    if segment.span is None:
        return segment.at_ms  # of an animation
    shots = [each for each in (segment, *hit.segments) if each.kind == "shot" and each.span is not None]
    for each in shots:
        if each.at_ms is not None and each.span is not None and each.span.overlap(segment.span):
            return each.at_ms
    return (segment.span.start + segment.span.end) // 2


def _heat(
    picture: Image,
    segment: FoundSegment | None,
    operands: Sequence[EncodedOperand],
    profile: Profile,
    warnings: list[str],
) -> SaliencyMap | None:
    """The heat map where what is seen is a reason; None where words alone, or a line of text, answer."""
    if (
        segment is None
        or segment.kind not in ("image", "region", "shot")
        or segment.lanes.get("shows", 0.0) < LEAST_SHARE
    ):
        return None
    modalities = [
        [rows for (space, modality), rows in each.vectors.items() if space == "shared" and modality != "sound"]
        for each in operands
    ]
    questions = [np.concatenate(each) for each in modalities if each]
    if not questions:
        return None
    try:
        encoder = profile.encoder("shared", "image")
        if segment.kind == "region" and segment.box is not None:
            return saliency_within(picture, segment.box, encoder, questions)
        return saliency_map(picture, encoder, questions)
    except EncoderUnavailable as error:
        warnings.append(str(error))
        return None


def _name_marks(
    hit: Hit, asset: int | None, operands: Sequence[EncodedOperand], context: SearchContext
) -> tuple[Span, ...]:
    """Words of the question in the hit's path below its source, by which it was found."""
    if asset is None:
        return ()
    snapshot, whose = context.snapshot, Scope(assets=np.array([asset]))
    asked = [context.keywords(each.words) for each in operands if each.words]
    found = [keyword_search.search_keywords(snapshot, each, whose) for each in asked]
    terms = [term for each in found if asset in each.assets for term in each.terms]
    path = place_text(hit.path)
    start = max(
        (len(place_text(root)) for root in snapshot.status.roots() if hit.path.is_relative_to(root)), default=len(path)
    )
    return tuple(Span(start + each.start, start + each.end) for each in highlight.name_highlights(path[start:], terms))
