"""Execution of encoded questions against one snapshot and its indexes: answers, curves, explanations and tags."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from retrieval import resources
from retrieval.catalog import layout
from retrieval.domain.query import Filters
from retrieval.domain.records import Facets, Ids
from retrieval.domain.result import Answer, Tag
from retrieval.domain.text import valid_text
from retrieval.kinds import KINDS
from retrieval.query.encode import EncodedQuery, encoded_for
from retrieval.search.context import SearchContext
from retrieval.vectors.space import Scope

if TYPE_CHECKING:
    from retrieval.search.explain import Explanation
    from retrieval.search.moments import Curve
    from retrieval.search.tagging import Tagger

MOST_COUNTED = 1000  # hits of a question that are counted by facets


def answer(encoded: EncodedQuery, context: SearchContext) -> Answer:
    """The hits of a question. Raises: as Library.search."""
    from retrieval.search import engine, feedback

    encoded = encoded_for(encoded, context.profile)
    resolved, spaces = context.resolved(encoded), context.index.space_ids
    operands = feedback.with_centroids(encoded.query, resolved, context.snapshot, spaces)
    tag = encoded.query.filters.tag
    found = engine.answer(encoded.query, operands, context, _tagged(tag, context) if tag else None)
    path = encoded.query.filters.path
    if path and not found and not context.snapshot.filters.any(Filters(path=path)):
        found = replace(found, reason=_empty_place(path, context))
    return found


def _empty_place(path: str, context: SearchContext) -> str:
    """That no file lies at a path, and what is called nearly so."""
    from retrieval.query.names import nearest

    names = nearest(path, context.snapshot)
    hint = f"; near to it in name: {', '.join(names)}" if names else ""
    return f"no file of this library lies at {path}{hint}"


def _tagged(name: str, context: SearchContext) -> Ids:
    """The assets that have a tag."""
    name = valid_text(name)
    tagger = _tagger([name], context)
    return tagger.assets(name, Scope()) if tagger is not None else np.empty(0, np.int64)


def tags(segments: Iterable[str], names: Sequence[str], context: SearchContext) -> dict[str, tuple[Tag, ...]]:
    """The tags of segments by their ids; names: to tag with besides the vocabulary's."""
    tagger = _tagger(names, context)
    if tagger is None:
        return {}
    named = {each.id: each for each in context.snapshot.segments.with_keys(segments).values()}
    found = tagger.of({each.id: each.segment.kind for each in named.values()})
    return {named[segment].key: tuple(own) for segment, own in found.items()}


def _tagger(names: Sequence[str], context: SearchContext) -> Tagger | None:
    """Tags by the vocabulary, the library's own names and these; None: nothing can be tagged."""
    from retrieval.search import tagging

    vocabulary = tagging.read([resources.vocabulary(), layout.tags(context.index.home)])
    return tagging.tagger(vocabulary, names, context)


def facets(encoded: EncodedQuery | None, context: SearchContext, *, tags: bool) -> Facets:
    """Counts of the assets that answer, the first MOST_COUNTED of them, or of all; with tags where they are asked for."""
    ids = None if encoded is None else _answering(encoded, context)
    found = context.snapshot.facets.counts(ids)
    if not tags:
        return found
    tagger = _tagger((), context)
    owners = context.snapshot.facets.segments_of([kind for kind, row in KINDS.items() if row.tags], ids)
    tagged = tagger.of({segment: kind for segment, (kind, _) in owners.items()}) if tagger is not None else {}
    pairs = {(each.name, owners[segment][1]) for segment, own in tagged.items() for each in own}
    counts = Counter(name for name, _ in pairs)
    return replace(found, tags=dict(sorted(counts.items(), key=lambda each: (-each[1], each[0]))))


def _answering(encoded: EncodedQuery, context: SearchContext) -> list[int]:
    """Ids of the assets that answer."""
    whole = encoded.changed(limit=MOST_COUNTED, offset=0)
    found = [context.snapshot.assets.with_key(each.asset) for each in answer(whole, context).shown]
    return [each for each in found if each is not None]


def curve(encoded: EncodedQuery, asset: int, context: SearchContext) -> Curve:
    """How sure the question is of one asset over time."""
    from retrieval.query.build import whole_tree
    from retrieval.search import moments, temporal, timeline

    encoded = encoded_for(encoded, context.profile)
    operands = context.resolved(encoded)
    tree = whole_tree(encoded.query)
    if tree is not None:
        return temporal.TreeScorer(tree, operands, context).curve(asset)
    if not operands:
        return moments.EMPTY
    return timeline.curves(operands[0], context, [asset]).get(asset, moments.EMPTY)


def explanation(encoded: EncodedQuery, name: str, context: SearchContext) -> Explanation | None:
    """Why an asset answers, without regard to filters and cut; None where nothing in it does."""
    from retrieval.query.names import asset_named
    from retrieval.search import explain

    encoded = encoded_for(encoded, context.profile)
    asset = asset_named(name, context.snapshot)
    stored = context.snapshot.assets.by_id([asset])[asset]
    every = encoded.changed(filters=Filters(), limit=100, offset=0, sort="confidence", min_confidence=0.0)
    alone = every.changed(filters=Filters(path=explain.exactly(stored.paths[0])))  # where it is not among the first
    answers = (answer(each, context) for each in (every, alone))
    hit = next((each for hits in answers for each in hits if each.asset == stored.hash), None)
    if hit is None:
        return None
    over_time = curve(every, asset, context) if hit.medium in ("video", "audio") else None
    operands = context.resolved(encoded)
    speaking = [operands[at] for at in explain.speaking_operands(encoded.query)]
    return explain.explain(hit, name, speaking, context, over_time)
