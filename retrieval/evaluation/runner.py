"""Judged questions put to a library in one way or another, and what it answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from retrieval.domain.media import Lane, Medium, Span
from retrieval.domain.result import Answer, Hit
from retrieval.errors import QueryError
from retrieval.evaluation.topics import Topic
from retrieval.library import Library
from retrieval.search import fusion

DEPTH = 100  # hits of each question that are measured
LANES: tuple[Lane, ...] = ("shows", "said", "reads", "sounds", "words")


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to ask; what is not said is as a search does it.

    lanes: asked one by one, each asset with the highest confidence of any lane; none: all, fused by the engine. by_rank: the
    lanes merged by reciprocal rank instead. exact: no index proposes candidates. cut: what is not sure is left out;
    possible: but not what is possible, which comes behind it.
    """

    name: str = "search"
    lanes: tuple[Lane, ...] = ()
    by_rank: bool = False
    exact: bool = False
    cut: bool = False
    possible: bool = False
    profile: str | None = None
    library: Path | None = None


WITHOUT_NAMES = Setting("without names", LANES)  # a lane alone reads no names, which would answer for themselves


@dataclass(frozen=True, slots=True)
class Ranked:
    """One hit, as far as it is measured. spans: those of its segments, highest confidence first; at_ms: its best frame."""

    asset: str
    path: Path
    medium: Medium
    confidence: float
    spans: tuple[Span, ...] = ()
    at_ms: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """What was answered to one question, best first, each asset once, and what a person should know of it."""

    judged: Topic
    hits: tuple[Ranked, ...]
    warnings: tuple[str, ...] = ()

    @property
    def assets(self) -> list[str]:
        """The assets of the hits, best first."""
        return [each.asset for each in self.hits]


def settings_named(text: str) -> list[Setting]:
    """The settings that a person names: `exact`, `cut`, `ranks`, `lanes` (each alone), or one of the latter as `lane:said`;
    `profile:NAME`; `library:DIR`.

    Raises:
        QueryError: there is no such setting.
    """
    kind, _, value = text.partition(":")
    plain = {
        "exact": [Setting("exact", exact=True)],
        "cut": [Setting("cut", cut=True)],
        "ranks": [Setting("ranks", LANES, by_rank=True)],
        "lanes": [Setting(lane, (lane,)) for lane in LANES],
        **{f"lane:{lane}": [Setting(lane, (lane,))] for lane in LANES},
    }
    if text in plain:
        return plain[text]
    if kind == "profile" and value:
        return [Setting(text, profile=value)]
    if kind == "library" and value:
        return [Setting(text, library=Path(value).expanduser())]
    raise QueryError(f"unknown setting: {text}", f"expected {', '.join(plain)}, profile:NAME or library:DIR")


def rankings(home: Path | None, questions: Sequence[Topic], setting: Setting, depth: int = DEPTH) -> list[Ranking]:
    """What a library answers in a setting. home: its folder, unless the setting names another.

    Raises: as Library.open and Library.search.
    """
    with Library.open(setting.library or home, setting.profile, exact=setting.exact) as library:
        return list(run_topics(library, questions, setting, depth=depth))


def run_topics(
    library: Library, questions: Iterable[Topic], setting: Setting = Setting(), *, depth: int = DEPTH
) -> Iterator[Ranking]:
    """The ranking of each question by an open library, which must fit the setting."""
    for each in questions:
        answers = [_answer(library, each, lane, setting, depth) for lane in setting.lanes or (None,)]
        lists = [list(map(_ranked, answer.shown if setting.possible else answer)) for answer in answers]
        merged = lists[0] if not setting.lanes else by_rank(lists) if setting.by_rank else by_confidence(lists)
        yield Ranking(each, tuple(merged[:depth]), tuple(line for answer in answers for line in answer.warnings))


def _answer(library: Library, judged: Topic, lane: Lane | None, setting: Setting, depth: int) -> Answer:
    operand = judged.operand if lane is None else replace(judged.operand, lane=lane)
    return library.search([operand], judged.media or None, depth, min_confidence=None if setting.cut else 0.0)


def _ranked(hit: Hit) -> Ranked:
    spans = [each.span for each in hit.segments if each.span is not None]
    frames = [each.at_ms for each in hit.segments if each.at_ms is not None]
    return Ranked(hit.asset, hit.path, hit.medium, hit.confidence, tuple(spans), frames[0] if frames else None)


def by_confidence(lists: Sequence[Sequence[Ranked]]) -> list[Ranked]:
    """One list: each asset by its best hit, highest confidence first; ties in order of appearance."""
    best: dict[str, Ranked] = {}
    for hit in (hit for ranked in lists for hit in ranked):
        if hit.asset not in best or hit.confidence > best[hit.asset].confidence:
            best[hit.asset] = hit
    return sorted(best.values(), key=lambda hit: -hit.confidence)


def by_rank(lists: Sequence[Sequence[Ranked]]) -> list[Ranked]:
    """One list merged by reciprocal rank, each asset with its best hit."""
    best = {hit.asset: hit for hit in by_confidence(lists)}
    return [best[asset] for asset in fusion.reciprocal_rank([[hit.asset for hit in ranked] for ranked in lists])]


def found_right(ranking: Ranking, first: int) -> bool:
    """Whether one of the right answers is among the first hits."""
    return any(asset in ranking.judged.right for asset in ranking.assets[:first])
