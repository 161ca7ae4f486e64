"""The keyword lane: which segments and assets hold the words of a question, and how much that tells.

A hit tells as much as the share of the question's rarity (sum of inverse document frequencies) that it holds, words of its
asset's names and tags included, and more if words that stand beside each other in the question do so in the text; BM25 is
its raw score. Words that are in most texts are not asked at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import Kind
from retrieval.domain.records import Ids, TextMatches, WordTable
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
class _Postings:
    """A term, its inverse document frequency, and the ids of the segments and assets that hold it."""

    term: Term
    idf: float
    segments: Ids
    assets: Ids


@dataclass(frozen=True, slots=True, eq=False)
class _TermMatches:
    """Ids (n,) and, for each, the sum of the idf of the terms that it holds, and their bit set."""

    ids: Ids
    mass: NDArray[np.float64]
    bits: Ids

    def greatest(self, most: int) -> _TermMatches:
        """The `most` with the greatest mass."""
        order = np.lexsort((self.ids, -self.mass))[:most]
        return _TermMatches(self.ids[order], self.mass[order], self.bits[order])

    def only(self, ids: Ids) -> _TermMatches:
        """Those that are among the ids (m,)."""
        kept = np.isin(self.ids, ids)
        return _TermMatches(self.ids[kept], self.mass[kept], self.bits[kept])

    @property
    def bits_of(self) -> dict[int, int]:
        """The bit set of each id."""
        return dict(zip(self.ids.tolist(), self.bits.tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class KeywordQuery:
    """The words of a question, looked up in one state of the catalog; it serves for every scope."""

    text: str
    postings: Sequence[_Postings]

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms that tell anything."""
        return tuple(each.term for each in self.postings)

    @property
    def phrases(self) -> list[tuple[str, ...]]:
        """The tokens of each term."""
        return [each.term.tokens for each in self.postings]

    @property
    def literal(self) -> int:
        """Bit set of the quoted terms, which every hit must hold."""
        return sum(1 << bit for bit, each in enumerate(self.postings) if each.term.quoted)

    @cached_property
    def idfs(self) -> list[float]:
        """The inverse document frequency of each term."""
        return [each.idf for each in self.postings]

    @cached_property
    def whole(self) -> float:
        """Their sum."""
        return float(np.array(self.idfs).sum())

    @cached_property
    def neighbours(self) -> set[tuple[str, str]]:
        """Pairs of tokens that stand beside each other in the question."""
        return set(pairwise(analyzer.tokens(self.text)))

    def in_segments(self) -> _TermMatches:
        """The segments that hold any of its terms."""
        return _term_matches([each.segments for each in self.postings], self.idfs)

    def in_names(self) -> _TermMatches:
        """The assets whose names or tags hold any of its terms."""
        return _term_matches([each.assets for each in self.postings], self.idfs)

    def evidence(self, bits: int, order: float) -> float:
        """The evidence of a text that holds these terms and this share of neighbours."""
        held = sum([idf for bit, idf in enumerate(self.idfs) if bits >> bit & 1])
        share = held / self.whole
        told = SHARE_WEIGHT * share + RARITY_WEIGHT * held + order * (ORDER_WEIGHT + ALL_IN_ORDER_WEIGHT * share)
        return max(0.0, told - CHANCE)

    def evidence_of(self, bits: Mapping[int, int], order: Mapping[int, float]) -> dict[int, float]:
        """The evidence of the texts, given by their terms, that hold every quoted one and tell anything."""
        literal = self.literal
        found = {
            text: self.evidence(held, order.get(text, 0.0)) for text, held in bits.items() if held & literal == literal
        }
        return {text: evidence for text, evidence in found.items() if evidence > 0}

    def order(self, ids: Ids, texts: Mapping[int, str]) -> dict[int, float]:
        """For each text that was read, the share of the question's neighbours that are neighbours there; of a question
        without, all for every id."""
        asked = self.neighbours
        if not asked:
            return dict.fromkeys(ids.tolist(), 1.0)
        return {each: len(asked & set(pairwise(analyzer.split(text)))) / len(asked) for each, text in texts.items()}

    def to_read(self, ids: Ids) -> Ids:
        """Of the ids (n,) of texts, best first, those whose order of words is looked at."""
        return ids[: MOST_READ if self.neighbours else 0]


def look_up(snapshot: Snapshot, question: str, totals: Mapping[WordTable, int]) -> KeywordQuery:
    """The terms of a question and where they are; words that are frequent wherever they are, are left out. One statement
    for all."""
    terms = analyzer.terms(question)
    wanted = [
        (table, term.tokens, MOST_POSTINGS if term.quoted else analyzer.max_document_frequency(count) + 1)
        for term in terms
        for table, count in totals.items()
    ]
    postings = iter(snapshot.fulltext.postings(wanted))
    found = [_weighed(term, {table: next(postings) for table in totals}, totals) for term in terms]
    return KeywordQuery(question, [each for each in found if each is not None])


def search_keywords(
    snapshot: Snapshot, query: KeywordQuery, scope: Scope, kinds: Sequence[Kind] | None = None
) -> WordHits:
    """Segments and assets that match the words of a question; none where all its words are too frequent.

    kinds: only in segments of these kinds, and not in names.
    """
    everywhere = scope.everything and kinds is None
    most = MOST_HITS if everywhere else 8 * MOST_HITS
    texts = query.in_segments().greatest(most)
    names = query.in_names().greatest(most if kinds is None else 0)
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
        query.terms,
    )


def evidence_in(snapshot: Snapshot, query: KeywordQuery, owners: Mapping[int, int]) -> dict[int, float]:
    """The evidence of those of some segments, given with their assets, that match; as by a search among these assets."""
    most, inside = 8 * MOST_HITS, np.array(sorted(set(owners.values())), np.int64)
    texts = query.in_segments().greatest(most).only(np.array(sorted(owners), np.int64)).greatest(MOST_HITS)
    names = query.in_names().greatest(most).only(inside).greatest(MOST_HITS).bits_of
    first = query.to_read(texts.ids)
    read = snapshot.fulltext.texts({"segment_words": first})["segment_words"] if len(first) else {}
    bits = {segment: held | names.get(owners[segment], 0) for segment, held in texts.bits_of.items()}
    return query.evidence_of(bits, query.order(texts.ids, read))


def _tables(texts: _TermMatches, names: _TermMatches) -> dict[WordTable, _TermMatches]:
    """Those of segments' and of assets' texts that match anything, by their tables."""
    tables: dict[WordTable, _TermMatches] = {"segment_words": texts, "asset_words": names}
    return {table: each for table, each in tables.items() if len(each.ids)}


@dataclass(frozen=True, slots=True, eq=False)
class _Fitting:
    """The matches of one table inside a scope: ids, and by id the asset, BM25 and, of some, the text."""

    ids: Ids
    assets: Mapping[int, int]
    scores: Mapping[int, float]
    texts: Mapping[int, str]


def _fitting(found: TextMatches | None, scope: Scope, name: str) -> _Fitting:
    """name: the column of the rows that holds the ids."""
    if found is None:
        return _Fitting(np.empty(0, np.int64), {}, {}, {})
    mask = scope.rows(found.rows)
    rows, scores = (found.rows, found.scores) if mask is None else (found.rows[mask], found.scores[mask])
    ids = rows[name].tolist()
    assets = dict(zip(ids, rows["asset"].tolist(), strict=True))
    return _Fitting(rows[name], assets, dict(zip(ids, scores.tolist(), strict=True)), found.texts)


def _weighed(term: Term, postings: Mapping[WordTable, Ids], totals: Mapping[WordTable, int]) -> _Postings | None:
    """None for a word that is frequent wherever it is."""
    found: dict[WordTable, Ids] = {}
    seen = 0
    for table, count in totals.items():
        ids = postings[table]
        seen += len(ids)
        found[table] = ids[:0] if analyzer.is_frequent(len(ids), count) and not term.quoted else ids
    if seen and not any(len(ids) for ids in found.values()):
        return None
    return _Postings(term, analyzer.idf(seen, sum(totals.values())), found["segment_words"], found["asset_words"])


def _term_matches(lists: Sequence[Ids], idfs: Sequence[float]) -> _TermMatches:
    """Every id of the lists once, with the sum of the idf of those that hold it."""
    if not lists:
        return _TermMatches(np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))
    every = np.concatenate(lists)
    which = np.repeat(np.arange(len(lists)), [len(each) for each in lists])
    ids, places = np.unique(every, return_inverse=True)
    bits = np.zeros(len(ids), np.int64)
    np.bitwise_or.at(bits, places, np.left_shift(1, which))
    mass = np.bincount(places, np.array(idfs)[which], len(ids)).astype(np.float64)
    return _TermMatches(ids, mass, bits)
