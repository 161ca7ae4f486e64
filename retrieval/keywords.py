"""The keyword lane: which segments and assets hold the words of a question, and how much that tells.

A hit is as sure as the share of the question's rarity (sum of inverse document frequencies) that it holds, words of its
asset's names and tags included; BM25 is its raw score. Words that are in most texts are not asked at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from retrieval import store, words
from retrieval.pinned import Allowed
from retrieval.store import Ids, WordTable
from retrieval.words import Term

MOST_POSTINGS = 200_000  # texts that are looked at for one term
MOST_HITS = 400  # segments, and assets, that a question may bring by its words

# Log-odds of a hit: what share of the question's rarity it holds, and how rare that is; fitted as decision 0153 says.
SHARE_WEIGHT, RARITY_WEIGHT, BIAS = 9.0, 0.25, -6.6


@dataclass(frozen=True, slots=True)
class WordHit:
    """log-odds, and BM25 as raw score."""

    odds: float
    score: float


@dataclass(frozen=True, slots=True)
class WordHits:
    """Segments by id, and assets found by their names or tags alone."""

    segments: dict[int, WordHit] = field(default_factory=dict)
    assets: dict[int, WordHit] = field(default_factory=dict)
    owners: dict[int, int] = field(default_factory=dict)  # asset of each of the segments


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
        return _Held(self.ids[kept], self.mass[kept], self.bits[kept])


def find(connection: Connection, question: str, totals: dict[WordTable, int], allowed: Allowed) -> WordHits:
    """What the words of a question find; nothing where it has no word that tells anything."""
    asked = [each for term in words.terms(question) if (each := _look_up(connection, term, totals))]
    rarities = np.array([each.rarity for each in asked])
    texts = _held([each.segments for each in asked], rarities).greatest(4 * MOST_HITS)
    names = _held([each.assets for each in asked], rarities).greatest(4 * MOST_HITS)
    if not len(texts.ids) and not len(names.ids):
        return WordHits()
    owners = store.owners(connection, texts.ids)
    owned = {segment: asset for segment, (asset, medium) in owners.items() if allowed.holds(asset, medium)}
    media = store.media_of(connection, names.ids)
    texts = texts.only(np.array([each in owned for each in texts.ids.tolist()], np.bool_)).greatest(MOST_HITS)
    fitting = [each in media and allowed.holds(each, media[each]) for each in names.ids.tolist()]
    names = names.only(np.array(fitting, np.bool_)).greatest(MOST_HITS)
    return _hits(connection, asked, rarities, texts, names, owned)


def _look_up(connection: Connection, term: Term, totals: dict[WordTable, int]) -> _Asked | None:
    """None for a word that is frequent wherever it is."""
    found: dict[WordTable, Ids] = {}
    seen = 0
    for table, count in totals.items():
        ids = store.postings(connection, table, term.expression, MOST_POSTINGS)
        seen += len(ids)
        found[table] = ids[:0] if words.frequent(len(ids), count) and not term.quoted else ids
    if seen and not any(len(ids) for ids in found.values()):
        return None
    return _Asked(term, words.rarity(seen, sum(totals.values())), found["segment_words"], found["asset_words"])


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


def _hits(
    connection: Connection,
    asked: Sequence[_Asked],
    rarities: NDArray[np.float64],
    texts: _Held,
    names: _Held,
    owned: dict[int, int],
) -> WordHits:
    expression = " OR ".join(each.term.expression for each in asked)
    named = dict(zip(names.ids.tolist(), names.bits.tolist(), strict=True))
    scores = store.bm25(connection, "segment_words", expression, texts.ids)
    name_scores = store.bm25(connection, "asset_words", expression, names.ids)
    literal = sum(1 << bit for bit, each in enumerate(asked) if each.term.quoted)
    segments = {}
    for segment, bits in zip(texts.ids.tolist(), texts.bits.tolist(), strict=True):
        whole = bits | named.get(owned[segment], 0)
        if whole & literal == literal:
            segments[segment] = WordHit(_odds(whole, rarities), scores.get(segment, 0.0))
    assets = {
        asset: WordHit(_odds(bits, rarities), name_scores.get(asset, 0.0))
        for asset, bits in named.items()
        if bits & literal == literal
    }
    return WordHits(segments, assets, {segment: owned[segment] for segment in segments})


def _odds(bits: int, rarities: NDArray[np.float64]) -> float:
    """Log-odds of a hit that holds these terms."""
    held = float(sum(rarity for bit, rarity in enumerate(rarities) if bits >> bit & 1))
    return BIAS + SHARE_WEIGHT * held / float(rarities.sum()) + RARITY_WEIGHT * held
