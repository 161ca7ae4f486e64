"""Query -> Answer: look up, rescore, fuse, group, order, cut.

One semantic lane for each pair of (modality of the question, kind of segment), and the keywords. Every finalist is scored by
`exact.rescore` from the catalog's own vector, so an answer is the same whether a generation, its fresh part or an exact
search proposed it. Order: confidence down (in log-odds, which do not saturate), raw score down, segment id up.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from retrieval.domain.media import Medium
from retrieval.domain.query import Or, Query, Tree
from retrieval.domain.records import Ids, StoredAsset
from retrieval.domain.result import Answer, Hit
from retrieval.query.build import whole_tree
from retrieval.query.encode import EncodedOperand
from retrieval.search import collapse, fusion
from retrieval.search.candidates import TIMED, Candidate, of_one, of_tree
from retrieval.search.context import SearchContext
from retrieval.search.hits import hits_of
from retrieval.search.moments import Moment
from retrieval.search.paging import Levels, Page, page_of
from retrieval.search.reasons import reason
from retrieval.search.retrievers import CERTAIN, Matches, Retrieval, media_of
from retrieval.search.timeline import Timeline, windows
from retrieval.vectors.space import Scope

if TYPE_CHECKING:
    from retrieval.protocols import Snapshot
    from retrieval.search.temporal import TreeScorer

FIRST_K = 48  # finalists of one lane beyond what is asked for
LARGEST_K = 4096


def answer(
    query: Query, operands: Sequence[EncodedOperand], context: SearchContext, tagged: Ids | None = None
) -> Answer:
    """Hits of a query whose operands are encoded; without operands, the assets that fulfil its filters by date.

    tagged: ascending ids of the assets that have the tag which the filters ask for; None where they ask for none.

    Raises:
        IndexMismatch: a generation must not be trusted; the caller searches without it.
    """
    start, snapshot = time.perf_counter(), context.snapshot
    tree = whole_tree(query)
    fitting = snapshot.filters.assets(query.filters, context.index.columns)
    if tagged is not None:
        fitting = tagged if fitting is None else np.intersect1d(fitting, tagged)
    context = context.for_search(Scope.of(_media(query, tree), fitting))
    warnings = tuple(
        dict.fromkeys(
            [*query.warnings, *context.index.warnings, *(line for each in operands for line in each.warnings)]
        )
    )
    if not operands:
        listed = _listed(snapshot, query, tagged)
        return replace(listed, took_ms=_elapsed(start), warnings=warnings)
    levels = Levels.of(query)
    judging = _scorer(tree, operands, context) if tree is not None else None
    lookup = Retrieval(context, levels.sure if query.sort == "date" else levels.least)
    candidates, evidence = _candidates(query, operands, lookup, judging)
    warnings += tuple(_suggestions(operands, context))
    # Who asks with a picture may look for its copies.
    fold = all(modality == "text" for each in operands for _, modality in each.vectors)
    page = page_of(snapshot, query, levels, candidates, media_of(evidence), fold=fold)
    shown = [asset for each in page.shown for asset in (each.asset, each.half) if asset is not None]
    assets = snapshot.assets.by_id(shown, query.filters.path)
    moments = _moments(page.shown, assets, operands, context, judging, levels.least)
    if judging is not None:
        evidence = [each for each, own in zip(evidence, judging.proposing, strict=True) if own]
    sure, possible = _in_parts(page, hits_of(snapshot, page.shown, assets, evidence, moments), assets)
    best = fusion.confidence(candidates[0].odds) if candidates else 0.0
    why = None if sure or possible else reason(snapshot, query, page.total, context.scope)
    return Answer(sure, _elapsed(start), best, warnings, possible, page.total, page.has_more, why)


def _suggestions(operands: Sequence[EncodedOperand], context: SearchContext) -> Iterator[str]:
    """A line that names the words which were asked in place of those that no text holds."""
    asked = [context.looked_up.get((each.words, False)) for each in operands]
    slips = dict(slip for query in asked if query for slip in query.suggestions)
    if slips:
        meant = " ".join(f"{word}: {', '.join(words)}?" for word, words in slips.items())
        yield f"did you mean {meant} (no text holds what was written, so this was asked)"


def _scorer(tree: Tree, operands: Sequence[EncodedOperand], context: SearchContext) -> TreeScorer:
    from retrieval.search.temporal import TreeScorer  # a plain question has no tree

    return TreeScorer(tree, operands, context)


def _moments(
    page: Sequence[Candidate],
    assets: Mapping[int, StoredAsset],
    operands: Sequence[EncodedOperand],
    context: SearchContext,
    judging: TreeScorer | None,
    cut: float,
) -> dict[int, list[tuple[Moment, int]]]:
    """The moments of the videos and recordings on a page, with their segments."""
    timed = [each.asset for each in page if each.segments and each.asset in assets]
    timed = [asset for asset in timed if assets[asset].medium in TIMED]
    segments = context.snapshot.segments.timed(timed) if timed else {}
    near = windows(page, assets, segments)
    if judging is not None:
        return judging.moments(page, near, segments, cut)
    return Timeline(context, near, segments).moments(operands[0], cut)


def _in_parts(
    page: Page, hits: Sequence[Hit], assets: Mapping[int, StoredAsset]
) -> tuple[tuple[Hit, ...], tuple[Hit, ...]]:
    """The hits of a page, those that are sure first; assets that went away meanwhile have none."""
    count = sum(each.asset in assets for each in page.sure)
    return tuple(hits[:count]), tuple(hits[count:])


def _listed(snapshot: Snapshot, query: Query, tagged: Ids | None) -> Answer:
    """The assets that fulfil the filters, by date."""
    ids = snapshot.filters.by_date(query.filters)
    if tagged is not None:
        wanted = set(tagged.tolist())
        ids = [each for each in ids if each in wanted]
    last = query.offset + query.limit
    every = collapse.one_half_each(snapshot, [Candidate(each, CERTAIN, 0.0, []) for each in ids])
    page = every[query.offset : last]
    shown = [asset for each in page for asset in (each.asset, each.half) if asset is not None]
    assets = snapshot.assets.by_id(shown, query.filters.path)
    hits = tuple(replace(each, is_judged=False) for each in hits_of(snapshot, page, assets, [], {}))
    why = None if hits else reason(snapshot, query, len(every), Scope(query.filters.media, tagged))
    return Answer(hits, 0.0, 1.0 if hits else 0.0, (), (), len(every), len(every) > last, why)


def _media(query: Query, tree: Tree | None) -> frozenset[Medium]:
    """The media that can answer."""
    if tree is None:
        return query.filters.media
    from retrieval.search import boolean

    if not boolean.timed(tree):
        return query.filters.media
    return frozenset(TIMED) & (query.filters.media or frozenset(TIMED))


def _elapsed(start: float) -> float:
    return 1000 * (time.perf_counter() - start)


def _candidates(
    query: Query, operands: Sequence[EncodedOperand], lookup: Retrieval, judging: TreeScorer | None
) -> tuple[list[Candidate], list[Matches]]:
    """All candidates, best first, with what each operand matches; looks deeper until the page is full or lanes run dry."""
    wanted = query.offset + query.limit
    proposing = judging.proposing if judging else [True]
    either = judging is None or isinstance(judging.tree, Or)  # the first of the whole are first in a part
    k = FIRST_K + (1 if either else 4) * wanted
    scope = lookup.context.scope
    begun = [lookup.begin(each, k) if own else None for each, own in zip(operands, proposing, strict=True)]
    words = [lookup.by_words(each, scope) if own else None for each, own in zip(operands, proposing, strict=True)]
    while True:
        parts = zip(operands, words, begun, strict=True)
        evidence = [Matches() if own is None else lookup.evidence(each, k, own, first) for each, own, first in parts]
        begun = [None] * len(operands)
        if judging is None:
            candidates = sorted(of_one(evidence[0]).values(), key=lambda each: each.order)
        else:
            lookup.complete(operands, evidence, proposing)
            candidates = of_tree(judging.tree, evidence, media_of(evidence))
            candidates = judging.settle(
                candidates, len(candidates) if query.sort == "date" else wanted + collapse.LOOKAHEAD, lookup.cut
            )
        full = sum(each.odds >= lookup.cut for each in candidates) >= wanted
        if (full and query.sort != "date") or k >= LARGEST_K or all(each.exhausted for each in evidence):
            return candidates, evidence
        k *= 4
