"""The words of a question, looked up in the full-text tables: where each is, and how much it tells.

How much a word tells is its inverse document frequency (see statistics.py). A word that is in most texts is not asked,
unless a question holds no other: then all of it is one phrase. A word that no text holds is asked by its other forms, a
long one by words that are one letter away. Words that tell the kind of an asset (photo, mp3, japanese) tell less than its
names, but a format that is all of a question is asked for as a name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.records import Ids, WordTable, contains, distinct
from retrieval.fulltext import analyzer, tolerance
from retrieval.fulltext.analyzer import Term
from retrieval.fulltext.asset_terms import is_format, is_kind_word
from retrieval.fulltext.fold import KIND
from retrieval.fulltext.statistics import TextStatistics

if TYPE_CHECKING:
    from retrieval.protocols import Snapshot

MOST_POSTINGS = 200_000  # texts that are looked at for one term
MOST_READ = 32  # texts whose order of words is looked at
MOST_OPEN = 4  # words of one question that are asked by other words
MOST_BITS = 62  # of terms and kinds, in one int64

KIND_WEIGHT = 0.5  # of a word that only tells an asset's kind
FORM_WEIGHT = 0.85  # of a word found in another form
SLIP_WEIGHT = 0.7  # of a word found by one that is a letter away
PART_WEIGHT = 0.4  # of one Chinese character, which is as often part of another word (docs/decisions/0115)

# How much a hit tells, as a log-likelihood ratio; fitted as docs/decisions/0152 says.
SHARE_WEIGHT = 4.5  # for the share of the question's idf that the text holds
RARITY_WEIGHT = 0.13  # for each nat of it
CHANCE = 1.5  # what the words of a question that has no answer tell by accident
ORDER_WEIGHT, ALL_IN_ORDER_WEIGHT = 2.0, 3.0  # for the share of neighbours that are neighbours there, and times share

_NONE = np.empty(0, np.int64)


def _no_ids() -> Ids:
    return _NONE


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """A term, its idf, and ascending ids of the segments whose texts, and of the assets whose names, hold it.

    kinds: assets whose kind it tells. weight: of what it tells, less than 1 for words that stand in for it. forms: these.
    is_sought: it names a format, and is all of the question.
    """

    term: Term
    idf: float = 0.0
    segments: Ids = field(default_factory=_no_ids)
    assets: Ids = field(default_factory=_no_ids)
    kinds: Ids = field(default_factory=_no_ids)
    weight: float = 1.0
    forms: tuple[Term, ...] = ()
    is_sought: bool = False

    @property
    def is_anywhere(self) -> bool:
        """Whether any text or name holds it."""
        return bool(len(self.segments) or len(self.assets) or len(self.kinds))


@dataclass(frozen=True, slots=True, eq=False)
class TermMatches:
    """Ids (n,) and, for each, the weighted sum of the idf of the terms that it holds, and their bit set."""

    ids: Ids
    mass: NDArray[np.float64]
    bits: Ids

    def greatest(self, most: int) -> TermMatches:
        """The `most` with the greatest mass."""
        order = np.lexsort((self.ids, -self.mass))[:most]
        return TermMatches(self.ids[order], self.mass[order], self.bits[order])

    def spread(self, most: int, statistics: TextStatistics, *, filled: bool = False) -> TermMatches:
        """The `most` texts with the greatest mass, a few of each asset. filled: then others, where these are not so many."""
        if len(self.ids) <= most:
            return self.greatest(most)
        ordered = self.greatest(len(self.ids))
        first = statistics.first_of_each(ordered.ids)
        kept = np.flatnonzero(first)[:most]
        if filled:
            kept = np.r_[kept, np.flatnonzero(~first)[: most - len(kept)]]
        return TermMatches(ordered.ids[kept], ordered.mass[kept], ordered.bits[kept])

    def only(self, ids: Ids) -> TermMatches:
        """Those that are among the ids (m,)."""
        return self.where(contains(distinct(ids), self.ids))

    def where(self, kept: NDArray[np.bool_]) -> TermMatches:
        """Those of a mask (n,)."""
        return TermMatches(self.ids[kept], self.mass[kept], self.bits[kept])

    @property
    def bits_of(self) -> dict[int, int]:
        """The bit set of each id."""
        return dict(zip(self.ids.tolist(), self.bits.tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class KeywordQuery:
    """The words of a question, looked up in one state of the catalog; it serves for every scope.

    suggestions: words that no text holds, each with those that it was taken for.
    """

    text: str
    postings: Sequence[Postings]
    statistics: TextStatistics
    suggestions: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms that tell anything, and those that stand in for them."""
        return tuple(term for each in self.postings for term in each.forms or (each.term,))

    @cached_property
    def phrases(self) -> list[tuple[str, ...]]:
        """The tokens of each term and, of those that tell kinds, as the index has them."""
        kinds = [(KIND + "".join(each.term.tokens),) for each in self.postings if len(each.kinds)]
        return [*(term.tokens for term in self.terms), *kinds]

    @property
    def literal(self) -> int:
        """Bit set of the quoted terms, which every hit must hold."""
        return sum(1 << bit for bit, each in enumerate(self.postings) if each.term.quoted)

    @cached_property
    def _kinds(self) -> list[int]:
        """The terms, by number, that tell kinds; their bits follow those of all terms."""
        held = [number for number, each in enumerate(self.postings) if len(each.kinds)]
        return held[: MOST_BITS - len(self.postings)]

    @cached_property
    def masses(self) -> list[float]:
        """How much each bit tells: the weighted idf of each term, then of each that tells kinds."""
        whole = [each.idf * each.weight for each in self.postings]
        kinds = (self.postings[number] for number in self._kinds)
        return whole + [each.idf if each.is_sought else KIND_WEIGHT * each.idf for each in kinds]

    @cached_property
    def whole(self) -> float:
        """The sum of all idf."""
        return sum(each.idf for each in self.postings)

    @cached_property
    def neighbours(self) -> set[tuple[str, str]]:
        """Pairs of tokens that stand beside each other in the question, by the words that were found for them."""
        found = {each.term.tokens: each.forms[0].tokens for each in self.postings if each.forms}
        words = [word for token in analyzer.asked_tokens(self.text) for word in found.get((token,), (token,))]
        return set(pairwise(words))

    def in_segments(self) -> TermMatches:
        """The segments that hold any of its terms."""
        return _term_matches([each.segments for each in self.postings], self.masses)

    def in_names(self) -> TermMatches:
        """The assets whose names or tags hold any of its terms, or whose kind they tell."""
        kinds = [self.postings[number].kinds for number in self._kinds]
        return _term_matches([*(each.assets for each in self.postings), *kinds], self.masses)

    def evidence(self, bits: int, order: float) -> float:
        """The evidence of a text that holds these terms and this share of neighbours."""
        first = len(self.postings)
        held = sum([mass for bit, mass in enumerate(self.masses[:first]) if bits >> bit & 1])
        if not held and not any(each.is_sought for each in self.postings):
            order = 0.0  # a kind has no words beside each other
        for place, number in enumerate(self._kinds, first):
            if bits >> place & 1 and not bits >> number & 1:
                held += self.masses[place]
        share = held / self.whole
        told = SHARE_WEIGHT * share + RARITY_WEIGHT * held + order * (ORDER_WEIGHT + ALL_IN_ORDER_WEIGHT * share)
        return max(0.0, told - CHANCE)

    def evidence_of(self, bits: Mapping[int, int], order: Mapping[int, float]) -> dict[int, float]:
        """The evidence of the texts, given by their terms, that hold every quoted one and tell anything."""
        literal = self.literal
        told = cache(self.evidence)  # most texts hold the same few terms
        found = {text: told(held, order.get(text, 0.0)) for text, held in bits.items() if held & literal == literal}
        return {text: evidence for text, evidence in found.items() if evidence > 0}

    def order(self, ids: Ids, texts: Mapping[int, str]) -> dict[int, float]:
        """For each text that was read, the share of the question's neighbours that are neighbours there; of a question
        without, all for every id."""
        asked = self.neighbours
        if not asked:
            return dict.fromkeys(ids.tolist(), 1.0)
        return {each: len(_held(asked, text)) / len(asked) for each, text in texts.items()}

    def to_read(self, ids: Ids) -> Ids:
        """Of the ids (n,) of texts, best first, those whose order of words is looked at."""
        return ids[: MOST_READ if self.neighbours else 0]


def _held(pairs: set[tuple[str, str]], text: str) -> set[tuple[str, str]]:
    """The pairs of words that are neighbours in a folded text. Words are cut only where both of a pair may be there."""
    if not any(one in text and other in text for one, other in pairs):
        return set()
    return pairs & set(pairwise(analyzer.split(text)))


def _term_matches(lists: Sequence[Ids], masses: Sequence[float]) -> TermMatches:
    """Every id of the lists once, with the sum of the masses of those that hold it."""
    if not any(map(len, lists)):
        return TermMatches(_NONE, np.empty(0), _NONE)
    every = np.concatenate(lists)
    which = np.repeat(np.arange(len(lists)), [len(each) for each in lists])
    ids, places = np.unique(every, return_inverse=True)
    bits = np.zeros(len(ids), np.int64)
    np.bitwise_or.at(bits, places, np.left_shift(1, which))
    mass = np.bincount(places, np.array(masses)[which], len(ids)).astype(np.float64)
    return TermMatches(ids, mass, bits)


# ---------------------------------------------------------------- looking up


def look_up(snapshot: Snapshot, question: str, statistics: TextStatistics, *, every: bool = False) -> KeywordQuery:
    """The terms of a question and where they are, by one statement; by two or three more where a word is in no text, in
    many texts of few assets, or where all are in most texts.

    every: words that are in most texts are asked as well.
    """
    terms = analyzer.terms(question, legacy=statistics.legacy)
    bound = MOST_POSTINGS if every else analyzer.max_document_frequency(statistics.texts) + 1
    looked = _fetch(snapshot, [(term, MOST_POSTINGS if term.quoted else bound) for term in terms])
    if len(terms) == 1 and is_format("".join(terms[0].tokens)) and len(looked[0].kinds):
        looked = [replace(each, is_sought=True) for each in _fetch(snapshot, [(terms[0], MOST_POSTINGS)])]
    kept = [told for each in looked if (told := each if every else _telling(each, bound, statistics))]
    stand_ins = _stand_ins(snapshot, kept)
    again = [(each.term, MOST_POSTINGS) for each in kept if len(each.segments) == bound < MOST_POSTINGS]
    again += [(Term((form,)), bound) for words, _ in stand_ins.values() for form in words]
    if looked and not kept and len(tokens := analyzer.asked_tokens(question)) > 1:
        again.append((Term(tuple(tokens)), MOST_POSTINGS))
        kept.append(Postings(again[-1][0]))
    fetched = {each.term: each for each in (_fetch(snapshot, again) if again else ())}
    whole = [_complete(each, fetched, stand_ins) for each in kept]
    looked_again = [each for each in whole if each.term in fetched and not every]
    frequent = [each.term for each in looked_again if not _telling(each, MOST_POSTINGS, statistics)]
    whole = [each for each in whole if each.term not in frequent]
    whole = [replace(each, idf=_idf(each, statistics)) for each in whole]
    slips = ((term.tokens[0], tuple(words)) for term, (words, weight) in stand_ins.items() if weight == SLIP_WEIGHT)
    return KeywordQuery(question, whole, statistics, tuple(slips))


def _fetch(snapshot: Snapshot, asked: Sequence[tuple[Term, int]]) -> list[Postings]:
    """Where terms are, each with the most texts that are looked at; one statement for all."""
    wanted: list[tuple[WordTable, Sequence[str], int]] = []
    for term, most in asked:
        wanted += [("segment_words", term.tokens, most), ("asset_words", term.tokens, most)]
        if is_kind_word(word := "".join(term.tokens)):
            wanted.append(("asset_words", (KIND + word,), most))
    lists = iter(snapshot.fulltext.postings(wanted))
    found = []
    for term, _ in asked:
        segments, assets = next(lists), next(lists)
        kinds = next(lists) if is_kind_word("".join(term.tokens)) else _NONE
        found.append(Postings(term, 0.0, segments, assets, kinds))
    return found


def _telling(found: Postings, bound: int, statistics: TextStatistics) -> Postings | None:
    """A term where it is not frequent; None for one that is frequent wherever it is."""
    if found.term.quoted or found.is_sought or not found.is_anywhere:
        return found
    often = len(found.segments) > 0 and statistics.is_frequent(found.segments, cut=len(found.segments) == bound)
    segments = _NONE if often else found.segments
    assets, kinds = (
        _NONE if analyzer.is_frequent(len(ids), statistics.names) else ids for ids in (found.assets, found.kinds)
    )
    left = replace(found, segments=segments, assets=assets, kinds=kinds)
    return left if left.is_anywhere else None


def _stand_ins(snapshot: Snapshot, kept: Sequence[Postings]) -> dict[Term, tuple[list[str], float]]:
    """For words that nothing holds the words of the library that may be meant, and how much they tell. A slip is in one
    word of a question; one with more such words is in another language."""
    terms = [each.term for each in kept if not each.is_anywhere and not each.term.quoted and len(each.term.tokens) == 1]
    lacking = [term for term in terms if tolerance.is_open(term.tokens[0])][:MOST_OPEN]
    if not lacking:
        return {}
    vocabularies = snapshot.fulltext.vocabulary([tolerance.beginning(term.tokens[0]) for term in lacking])
    found = {}
    for term, vocabulary in zip(lacking, vocabularies, strict=True):
        if words := tolerance.forms(term.tokens[0], vocabulary):
            found[term] = (words, FORM_WEIGHT)
        elif len(lacking) == 1 and (words := tolerance.slips(term.tokens[0], vocabulary)):
            found[term] = (words, SLIP_WEIGHT)
    return found


def _complete(
    found: Postings, fetched: Mapping[Term, Postings], stand_ins: Mapping[Term, tuple[Sequence[str], float]]
) -> Postings:
    """A term with all its postings, or those of the words that stand in for it."""
    words, weight = stand_ins.get(found.term, ((), 1.0))
    if analyzer.is_part(found.term):
        found = replace(found, weight=PART_WEIGHT)
    if words:
        forms = tuple(Term((word,)) for word in words)
        segments = distinct(np.concatenate([fetched[form].segments for form in forms]))
        assets = distinct(np.concatenate([fetched[form].assets for form in forms]))
        return replace(found, segments=segments, assets=assets, weight=weight, forms=forms)
    if found.term in fetched:
        whole = fetched[found.term]
        return replace(found, segments=whole.segments, assets=found.assets if found.is_anywhere else whole.assets)
    return found


def _idf(found: Postings, statistics: TextStatistics) -> float:
    count = statistics.frequency(found.segments) + len(found.assets) or len(found.kinds)
    return analyzer.idf(count, max(statistics.total + statistics.names, count))
