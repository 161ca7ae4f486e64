"""Query -> Answer: look up, rescore, fuse, group, order, cut.

One semantic lane for each pair of (sense of the question, kind of segment), and the keywords. Every finalist is scored by
`exact.rescore` from the catalog's own vector, so an answer is the same whether a generation, its fresh part or an exact
search proposed it. Order: confidence down (in log-odds, which do not saturate), raw score down, segment id up.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from retrieval.domain.media import Medium
from retrieval.domain.query import Or, Query, Tree
from retrieval.domain.records import Ids, StoredAsset
from retrieval.domain.result import Answer
from retrieval.protocols import Snapshot
from retrieval.query.build import whole_tree
from retrieval.query.encode import EncodedOperand
from retrieval.search import boolean, collapse, fusion
from retrieval.search.candidates import TIMED, Candidate, of_one, of_tree
from retrieval.search.context import SearchContext
from retrieval.search.hits import hits_of
from retrieval.search.moments import Moment
from retrieval.search.retrievers import CERTAIN, Matches, Retrieval
from retrieval.search.temporal import TreeScorer
from retrieval.search.timeline import Timeline, windows
from retrieval.settings import DEFAULT_CUT
from retrieval.vectors.space import Scope

FIRST_K = 48  # finalists of one lane beyond what is asked for
LARGEST_K = 4096
NAMED_CUT = 0.03  # least confidence that is shown where the question names its media


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
    fitting = snapshot.filters.assets(query.filters)
    if tagged is not None:
        fitting = tagged if fitting is None else np.intersect1d(fitting, tagged)
    context = context.for_search(Scope(_media(query, tree), fitting))
    warnings = tuple(
        dict.fromkeys(
            [*query.warnings, *context.index.warnings, *(line for each in operands for line in each.warnings)]
        )
    )
    if not operands:
        ids = _by_date(snapshot, query, tagged)
        candidates = [Candidate(each, CERTAIN, 0.0, []) for each in ids]
        hits = hits_of(snapshot, candidates, snapshot.assets.by_id(ids, query.filters.path), [], {})
        return Answer(tuple(hits), _elapsed(start), 1.0 if hits else 0.0, warnings)
    cut = fusion.log_odds(_default_cut(query) if query.min_confidence is None else query.min_confidence)
    judging = TreeScorer(tree, operands, context) if tree is not None else None
    found, evidence = _candidates(query, operands, Retrieval(context, cut), judging)
    warnings += tuple(_suggestions(operands, context))
    best = fusion.confidence(found[0].odds) if found else 0.0
    page = _page(snapshot, query, [each for each in found if each.odds >= cut], operands)
    assets = snapshot.assets.by_id([each.asset for each in page], query.filters.path)
    moments = _moments(page, assets, operands, context, judging, cut)
    if tree is not None:
        evidence = [found for found, own in zip(evidence, boolean.generates_candidates(tree), strict=True) if own]
    hits = hits_of(snapshot, page, assets, evidence, moments)
    return Answer(tuple(hits), _elapsed(start), best, warnings)


def _suggestions(operands: Sequence[EncodedOperand], context: SearchContext) -> Iterator[str]:
    """A line that names the words which were asked in place of those that no text holds."""
    asked = [context.looked_up.get((each.words, False)) for each in operands]
    slips = dict(slip for query in asked if query for slip in query.suggestions)
    if slips:
        meant = " ".join(f"{word}: {', '.join(words)}?" for word, words in slips.items())
        yield f"did you mean {meant} (no text holds what was written, so this was asked)"


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


def _by_date(snapshot: Snapshot, query: Query, tagged: Ids | None) -> list[int]:
    if tagged is None:
        return snapshot.filters.by_date(query.filters, query.limit, query.offset)
    wanted = set(tagged.tolist())
    found = [each for each in snapshot.filters.by_date(query.filters, -1, 0) if each in wanted]
    return found[query.offset : query.offset + query.limit]


def _media(query: Query, tree: Tree | None) -> frozenset[Medium]:
    """The media that can answer."""
    if tree is None or not boolean.timed(tree):
        return query.filters.media
    return frozenset(TIMED) & (query.filters.media or frozenset(TIMED))


def _default_cut(query: Query) -> float:
    """Who names the media says that the thing is there, and wants the nearest; see docs/decisions/0153."""
    return NAMED_CUT if query.filters.media else DEFAULT_CUT


def _elapsed(start: float) -> float:
    return 1000 * (time.perf_counter() - start)


def _page(
    snapshot: Snapshot, query: Query, found: list[Candidate], operands: Sequence[EncodedOperand]
) -> list[Candidate]:
    if query.sort == "date":
        known = snapshot.assets.by_id([each.asset for each in found])
        dates = {asset: stored.date or "" for asset, stored in known.items()}
        found = sorted(found, key=lambda each: dates.get(each.asset, ""), reverse=True)
    # Who asks with a picture may look for its copies.
    if all(modality == "text" for each in operands for _, modality in each.vectors):
        found = collapse.collapsed(snapshot, found, query.offset + query.limit)
    return found[query.offset : query.offset + query.limit]


def _candidates(
    query: Query, operands: Sequence[EncodedOperand], lookup: Retrieval, judging: TreeScorer | None
) -> tuple[list[Candidate], list[Matches]]:
    """All candidates, best first, with what each operand found; looks deeper until the page is full or lanes run dry."""
    wanted = query.offset + query.limit
    proposing = boolean.generates_candidates(judging.tree) if judging else [True]
    either = judging is None or isinstance(judging.tree, Or)  # the first of the whole are first in a part
    k = FIRST_K + (1 if either else 4) * wanted
    scope = lookup.context.scope
    words = [lookup.by_words(each, scope) if own else None for each, own in zip(operands, proposing, strict=True)]
    while True:
        pairs = zip(operands, words, strict=True)
        evidence = [Matches() if own is None else lookup.evidence(each, k, own) for each, own in pairs]
        if judging is None:
            found = sorted(of_one(evidence[0]).values(), key=lambda each: each.order)
        else:
            lookup.complete(operands, evidence, proposing)
            found = of_tree(judging.tree, evidence, lookup.media_of(evidence))
            found = judging.settle(
                found, len(found) if query.sort == "date" else wanted + collapse.LOOKAHEAD, lookup.cut
            )
        full = sum(each.odds >= lookup.cut for each in found) >= wanted
        if (full and query.sort != "date") or k >= LARGEST_K or all(each.exhausted for each in evidence):
            return found, evidence
        k *= 4
