"""Query -> Answer: look up, rescore, fuse, group, order, cut.

One semantic lane for each pair of (sense of the question, kind of segment), and the keywords. Every finalist is scored by
`exact.rescore` from the catalog's own vector, so an answer is the same whether a generation, its fresh part or an exact
search proposed it. Order: confidence down (in log-odds, which do not saturate), raw score down, segment id up.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import Connection

from retrieval import duplicates, fusion, store
from retrieval.candidates import Candidate, grouped
from retrieval.domain import Answer, Query
from retrieval.hits import hits_of
from retrieval.lanes import CERTAIN, Evidence, Held, Lookup
from retrieval.pinned import Allowed
from retrieval.question import Asked
from retrieval.settings import DEFAULT_CUT
from retrieval.timeline import Timeline, windows

if TYPE_CHECKING:
    from retrieval.encoders import Profile

FIRST_K = 48  # finalists of one lane beyond what is asked for
LARGEST_K = 4096
FOLDED = 32  # candidates behind the page that are looked at for copies of pictures on it
NAMED_CUT = 0.03  # least confidence that is shown where the question names its media


def answer(query: Query, asked: Sequence[Asked], held: Held, profile: Profile, connection: Connection) -> Answer:
    """Hits of a query whose operands are `asked`; without operands, the assets that fulfil its filters by date.

    Raises:
        IndexDiffers: a generation must not be trusted; the caller searches without it.
    """
    start = time.perf_counter()
    allowed = Allowed(query.filters.media, store.allowed_assets(connection, query.filters))
    warnings = tuple(dict.fromkeys([*held.warnings, *(line for each in asked for line in each.warnings)]))
    if not asked:
        ids = store.assets_by_date(connection, query.filters, query.limit, query.offset)
        candidates = [Candidate(each, CERTAIN, 0.0, []) for each in ids]
        hits = hits_of(connection, candidates, [], {}, query.filters.path)
        return Answer(tuple(hits), _elapsed(start), 1.0 if hits else 0.0, warnings)
    cut = fusion.log_odds(_default_cut(query) if query.min_confidence is None else query.min_confidence)
    found, evidence = _candidates(query, asked, Lookup(held, profile, connection, allowed, cut))
    best = fusion.confidence(found[0].odds) if found else 0.0
    page = _page(connection, query, [each for each in found if each.odds >= cut], asked)
    timeline = Timeline(held, profile, connection, windows(connection, page))
    hits = hits_of(connection, page, evidence, timeline.moments(asked, cut), query.filters.path)
    return Answer(tuple(hits), _elapsed(start), best, warnings)


def _default_cut(query: Query) -> float:
    """Who names the media says that the thing is there, and wants the nearest; see docs/decisions/0153."""
    return NAMED_CUT if query.filters.media else DEFAULT_CUT


def _elapsed(start: float) -> float:
    return 1000 * (time.perf_counter() - start)


def _page(connection: Connection, query: Query, found: list[Candidate], asked: Sequence[Asked]) -> list[Candidate]:
    if query.sort == "date":
        known = store.assets_by_id(connection, [each.asset for each in found])
        dates = {asset: stored.taken_at or "" for asset, stored in known.items()}
        found = sorted(found, key=lambda each: dates.get(each.asset, ""), reverse=True)
    if all(each.shared.keys() <= {"text"} for each in asked):  # who asks with a picture may look for its copies
        found = _folded(connection, found, query.offset + query.limit)
    return found[query.offset : query.offset + query.limit]


def _folded(connection: Connection, found: Sequence[Candidate], wanted: int) -> list[Candidate]:
    """The first `wanted` candidates, and pictures that show what one before them does counted there instead."""
    near = found[: wanted + FOLDED]
    looks = store.still_imprints(connection, [each.asset for each in near])
    pictures = [each for each in near if each.asset in looks]
    if len(pictures) < 2:
        return list(found)
    first = duplicates.folded(np.stack([np.frombuffer(looks[each.asset], np.uint8) for each in pictures]))
    gone = set()
    for at, same in enumerate(first.tolist()):
        if same != at:
            pictures[same].alike += 1
            gone.add(pictures[at].asset)
    return [each for each in found if each.asset not in gone]


def _candidates(query: Query, asked: Sequence[Asked], lookup: Lookup) -> tuple[list[Candidate], list[Evidence]]:
    """All candidates, best first, with what each operand found; looks deeper until the page is full or lanes run dry."""
    wanted = query.offset + query.limit
    k = FIRST_K + (4 if len(asked) > 1 else 1) * wanted
    while True:
        evidence = [lookup.evidence(each, k) for each in asked]
        if len(asked) > 1:
            lookup.complete(asked, evidence)
        found = sorted(grouped(asked, evidence), key=lambda each: each.order)
        full = sum(each.odds >= lookup.cut for each in found) >= wanted
        if (full and query.sort != "date") or k >= LARGEST_K or all(each.exhausted for each in evidence):
            return found, evidence
        k *= 4
