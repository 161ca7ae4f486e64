"""Keyword retrieval: which segments and assets hold the words of a question, and how much that tells.

A hit tells as much as the share of the question's rarity (sum of inverse document frequencies) that it holds, words of its
asset's names and tags included, and more if words that stand beside each other in the question do so in the text; BM25,
which the database computes, is its raw score and settles ties.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import Kind, Medium
from retrieval.domain.records import ROW, Ids, TextMatches, WordTable, media_of_rows
from retrieval.fulltext.analyzer import Term
from retrieval.fulltext.lookup import KeywordQuery, TermMatches
from retrieval.vectors.space import Scope

if TYPE_CHECKING:
    from retrieval.protocols import Snapshot

MOST_HITS = 200  # segments, and assets, that a question may bring by its words


@dataclass(frozen=True, slots=True)
class WordHit:
    """Log-likelihood ratio >= 0 that speaks for a text, and BM25 as raw score."""

    evidence: float
    score: float


@dataclass(frozen=True, slots=True)
class WordHits:
    """Segments by id, and assets found by their names or tags alone. media: of the assets of both; terms: what of the
    question tells anything."""

    segments: dict[int, WordHit] = field(default_factory=dict)
    assets: dict[int, WordHit] = field(default_factory=dict)
    owners: dict[int, int] = field(default_factory=dict)  # asset of each of the segments
    media: Mapping[int, Medium] = field(default_factory=dict)
    terms: tuple[Term, ...] = ()


def search_keywords(
    snapshot: Snapshot, query: KeywordQuery, scope: Scope, kinds: Sequence[Kind] | None = None
) -> WordHits:
    """Segments and assets that match the words of a question; none where all its words are too frequent.

    kinds: only in segments of these kinds, and not in names.
    """
    everywhere = not scope.media and kinds is None  # whose asset a text is, is known before it is read
    most = MOST_HITS if everywhere else 8 * MOST_HITS
    texts, names = query.in_segments(), query.in_names()
    if scope.assets is not None:
        texts = texts.where(scope.owners(query.statistics.owners(texts.ids)))
        names = names.where(scope.owners(names.ids))
    texts = texts.spread(most, query.statistics, filled=scope.assets is not None)  # a filter may leave one asset alone
    names = names.greatest(most if kinds is None else 0)
    ids = {table: each.ids for table, each in _tables(texts, names).items()}
    if not ids:
        return WordHits()
    first = {table: query.to_read(each) for table, each in ids.items()} if everywhere else {}
    found = snapshot.fulltext.matches(query.phrases, ids, kinds, first)
    owned = _fitting(found.get("segment_words"), scope, "segment")
    texts = texts.only(owned.ids).greatest(MOST_HITS)
    named = _fitting(found.get("asset_words"), scope, "asset")
    names = names.only(named.ids).greatest(MOST_HITS)
    read: dict[WordTable, Mapping[int, str]] = {"segment_words": owned.texts, "asset_words": named.texts}
    if not everywhere:
        again = {table: query.to_read(each.ids) for table, each in _tables(texts, names).items()}
        read |= snapshot.fulltext.texts({table: each for table, each in again.items() if len(each)})
    in_names = names.bits_of
    bits = {segment: held | in_names.get(owned.assets[segment], 0) for segment, held in texts.bits_of.items()}
    segments = query.evidence_of(bits, query.order(texts.ids, read["segment_words"]))
    assets = query.evidence_of(in_names, query.order(names.ids, read["asset_words"]))
    return WordHits(
        {segment: WordHit(evidence, owned.scores.get(segment, 0.0)) for segment, evidence in segments.items()},
        {asset: WordHit(evidence, named.scores.get(asset, 0.0)) for asset, evidence in assets.items()},
        {segment: owned.assets[segment] for segment in segments},
        media_of_rows(np.concatenate([owned.rows, named.rows])),
        query.terms,
    )


def evidence_in(snapshot: Snapshot, query: KeywordQuery, owners: Mapping[int, int]) -> dict[int, float]:
    """The evidence of those of some segments, given with their assets, that match; as by a search among these assets."""
    segments, inside = (np.array(sorted(set(ids)), np.int64) for ids in (owners, owners.values()))
    texts = query.in_segments().only(segments).spread(MOST_HITS, query.statistics, filled=True)
    names = query.in_names().only(inside).greatest(MOST_HITS).bits_of
    first = query.to_read(texts.ids)
    read = snapshot.fulltext.texts({"segment_words": first})["segment_words"] if len(first) else {}
    bits = {segment: held | names.get(owners[segment], 0) for segment, held in texts.bits_of.items()}
    return query.evidence_of(bits, query.order(texts.ids, read))


def _tables(texts: TermMatches, names: TermMatches) -> dict[WordTable, TermMatches]:
    """Those of segments' and of assets' texts that match anything, by their tables."""
    tables: dict[WordTable, TermMatches] = {"segment_words": texts, "asset_words": names}
    return {table: each for table, each in tables.items() if len(each.ids)}


@dataclass(frozen=True, slots=True, eq=False)
class _Fitting:
    """The matches of one table inside a scope: rows (n,) of ROW, ids (n,); by id the asset, BM25 and, of some, the text."""

    rows: NDArray[Any]
    ids: Ids
    assets: Mapping[int, int]
    scores: Mapping[int, float]
    texts: Mapping[int, str]


def _fitting(found: TextMatches | None, scope: Scope, name: str) -> _Fitting:
    """name: the column of the rows that holds the ids."""
    if found is None:
        return _Fitting(np.empty(0, ROW), np.empty(0, np.int64), {}, {}, {})
    mask = scope.rows(found.rows)
    rows, scores = (found.rows, found.scores) if mask is None else (found.rows[mask], found.scores[mask])
    ids = rows[name].tolist()
    assets = dict(zip(ids, rows["asset"].tolist(), strict=True))
    return _Fitting(rows, rows[name], assets, dict(zip(ids, scores.tolist(), strict=True)), found.texts)
