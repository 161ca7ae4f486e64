"""The keyword lane: which segments and assets hold the words of a question, and how much that tells.

A hit tells as much as the share of the question's rarity (sum of inverse document frequencies) that it holds, words of its
asset's names and tags included, and more if words that stand beside each other in the question do so in the text; BM25 is
its raw score. Words that are in most texts are not asked at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import Kind
from retrieval.domain.records import Ids, WordTable
from retrieval.fulltext import analyzer
from retrieval.fulltext.analyzer import Term
from retrieval.protocols import Snapshot
from retrieval.vectors.space import Scope

MOST_POSTINGS = 200_000  # texts that are looked at for one term
MOST_HITS = 200  # segments, and assets, that a question may bring by its words

MOST_READ = 32  # texts whose order of words is looked at

# How much a hit tells, as a log-likelihood ratio; fitted as docs/decisions/0152 says.
SHARE_WEIGHT = 4.5  # for the share of the question's rarity that the text holds
RARITY_WEIGHT = 0.13  # for each nat of rarity
CHANCE = 1.5  # what the words of a question that has no answer tell by accident
ORDER_WEIGHT, ALL_IN_ORDER_WEIGHT = (
    2.0,
    3.0,
)  # for the share of neighbours that are neighbours there, alone and times share


@dataclass(frozen=True, slots=True)
class WordHit:
    """Log-likelihood ratio >= 0 that speaks for a text, and BM25 as raw score."""

    evidence: float
    score: float


@dataclass(frozen=True, slots=True)
class WordHits:
    """Segments by id, and assets found by their names or tags alone. terms: what of the question tells anything."""

    segments: dict[int, WordHit] = field(default_factory=dict)
    assets: dict[int, WordHit] = field(default_factory=dict)
    owners: dict[int, int] = field(default_factory=dict)  # asset of each of the segments
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """A term, how much it tells, and where it is."""

    term: Term
    rarity: float
    segments: Ids
    assets: Ids


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """Ids and, for each, the rarity it holds and the bit set of terms."""

    ids: Ids
    mass: NDArray[np.float64]
    bits: Ids

    def greatest(self, most: int) -> _Held:
        """The `most` with the greatest mass."""
        order = np.lexsort((self.ids, -self.mass))[:most]
        return _Held(self.ids[order], self.mass[order], self.bits[order])

    def only(self, kept: NDArray[np.bool_]) -> _Held:
        """Those at which the mask (n,) is true."""
        return _Held(self.ids[kept], self.mass[kept], self.bits[kept])


def search_keywords(
    snapshot: Snapshot,
    question: str,
    totals: Mapping[WordTable, int],
    allowed: Scope,
    kinds: Sequence[Kind] | None = None,
) -> WordHits:
    """Segments and assets that match the words of a question; none where all its words are too frequent.

    kinds: only in segments of these kinds, and not in names.
    """
    asked = _look_up(snapshot, analyzer.terms(question), totals)
    rarities = np.array([each.rarity for each in asked])
    most = MOST_HITS if allowed.everything and kinds is None else 8 * MOST_HITS
    texts = _held([each.segments for each in asked], rarities).greatest(most)
    names = _held([each.assets for each in asked if kinds is None], rarities).greatest(most)
    if not len(texts.ids) and not len(names.ids):
        return WordHits()
    owned = _fitting(snapshot.segments.owners(texts.ids, kinds), allowed)
    texts = texts.only(np.isin(texts.ids, owned["segment"])).greatest(MOST_HITS)
    named = _fitting(snapshot.assets.rows(names.ids), allowed)
    names = names.only(np.isin(names.ids, named["asset"])).greatest(MOST_HITS)
    owners = dict(zip(owned["segment"].tolist(), owned["asset"].tolist(), strict=True))
    return _hits(snapshot, _Question(question, asked, rarities.tolist(), float(rarities.sum())), texts, names, owners)


def _fitting(rows: NDArray[Any], allowed: Scope) -> NDArray[Any]:
    mask = allowed.rows(rows)
    return rows if mask is None else rows[mask]


def _look_up(snapshot: Snapshot, terms: Sequence[Term], totals: Mapping[WordTable, int]) -> list[_Asked]:
    """Where the terms are; words that are frequent wherever they are, are left out. One statement for all."""
    wanted = [
        (table, term.tokens, MOST_POSTINGS if term.quoted else analyzer.max_document_frequency(count) + 1)
        for term in terms
        for table, count in totals.items()
    ]
    postings = iter(snapshot.fulltext.postings(wanted))
    asked = [_weighed(term, {table: next(postings) for table in totals}, totals) for term in terms]
    return [each for each in asked if each is not None]


def _weighed(term: Term, postings: Mapping[WordTable, Ids], totals: Mapping[WordTable, int]) -> _Asked | None:
    """None for a word that is frequent wherever it is."""
    found: dict[WordTable, Ids] = {}
    seen = 0
    for table, count in totals.items():
        ids = postings[table]
        seen += len(ids)
        found[table] = ids[:0] if analyzer.is_frequent(len(ids), count) and not term.quoted else ids
    if seen and not any(len(ids) for ids in found.values()):
        return None
    return _Asked(term, analyzer.idf(seen, sum(totals.values())), found["segment_words"], found["asset_words"])


def _held(lists: Sequence[Ids], rarities: NDArray[np.float64]) -> _Held:
    """Every id of the lists once, with the sum of the rarities of those that hold it."""
    if not lists:
        return _Held(np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))
    every = np.concatenate(lists)
    which = np.repeat(np.arange(len(lists)), [len(each) for each in lists])
    ids, places = np.unique(every, return_inverse=True)
    bits = np.zeros(len(ids), np.int64)
    np.bitwise_or.at(bits, places, np.left_shift(1, which))
    mass = np.bincount(places, rarities[which], len(ids)).astype(np.float64)
    return _Held(ids, mass, bits)


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """A question, its terms, and how much each tells."""

    text: str
    asked: Sequence[_Asked]
    rarities: Sequence[float]
    whole: float  # their sum

    @property
    def phrases(self) -> list[tuple[str, ...]]:
        return [each.term.tokens for each in self.asked]

    @property
    def literal(self) -> int:
        """Bit set of the quoted terms, which every hit must hold."""
        return sum(1 << bit for bit, each in enumerate(self.asked) if each.term.quoted)

    def evidence(self, bits: int, order: float) -> float:
        """The evidence of a text that holds these terms and this share of neighbours."""
        held = sum([rarity for bit, rarity in enumerate(self.rarities) if bits >> bit & 1])
        share = held / self.whole
        told = SHARE_WEIGHT * share + RARITY_WEIGHT * held + order * (ORDER_WEIGHT + ALL_IN_ORDER_WEIGHT * share)
        return max(0.0, told - CHANCE)


def _hits(snapshot: Snapshot, question: _Question, texts: _Held, names: _Held, owned: dict[int, int]) -> WordHits:
    named = dict(zip(names.ids.tolist(), names.bits.tolist(), strict=True))
    order = _orders(snapshot, "segment_words", question.text, texts.ids)
    scores = snapshot.fulltext.bm25("segment_words", question.phrases, texts.ids)
    literal = question.literal
    segments = {}
    for segment, bits in zip(texts.ids.tolist(), texts.bits.tolist(), strict=True):
        whole = bits | named.get(owned[segment], 0)
        evidence = question.evidence(whole, order.get(segment, 0.0))
        if evidence > 0 and whole & literal == literal:
            segments[segment] = WordHit(evidence, scores.get(segment, 0.0))
    assets = _name_hits(snapshot, question, named)
    terms = tuple(each.term for each in question.asked)
    return WordHits(segments, assets, {segment: owned[segment] for segment in segments}, terms)


def _name_hits(snapshot: Snapshot, question: _Question, named: dict[int, int]) -> dict[int, WordHit]:
    order = _orders(snapshot, "asset_words", question.text, list(named))
    scores = snapshot.fulltext.bm25("asset_words", question.phrases, named)
    literal = question.literal
    fitting = {asset: bits for asset, bits in named.items() if bits & literal == literal}
    told = {asset: question.evidence(bits, order.get(asset, 0.0)) for asset, bits in fitting.items()}
    return {asset: WordHit(evidence, scores.get(asset, 0.0)) for asset, evidence in told.items() if evidence > 0}


def _orders(snapshot: Snapshot, table: WordTable, question: str, ids: Sequence[int] | Ids) -> dict[int, float]:
    """For the first texts of `ids` the share of the question's pairs of neighbours that are neighbours there."""
    asked = analyzer.tokens(question)
    pairs = set(pairwise(asked))
    if not pairs:
        return dict.fromkeys(map(int, ids), 1.0)
    texts = snapshot.fulltext.texts(table, ids[:MOST_READ])
    return {each: len(pairs & set(pairwise(analyzer.split(text)))) / len(pairs) for each, text in texts.items()}
