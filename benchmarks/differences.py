"""Where the answers of two trees differ; benchmarks.answers records and compares them.

Answers are plain data by their questions. Numbers may differ by a tolerance; another wording of a warning or an error is
told, but is no difference. Of hits, the order is compared first, then each asset that both answers hold.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

WORDING = {"warnings", "says"}  # of which the number counts, not the text
TOLERANCE = 1e-6
Record = dict[str, Any]


class Difference(NamedTuple):
    """Where two records differ. is_wording: only the text of a warning or an error does."""

    question: str
    place: str
    before: Any
    after: Any
    is_wording: bool = False


def differences(before: Record, after: Record, tolerance: float = TOLERANCE) -> Iterator[Difference]:
    """All differences between two records of answers by their questions, those of one answer in its order."""
    for question in dict.fromkeys([*before, *after]):
        if question not in before or question not in after:
            yield Difference(question, "asked", question in before, question in after)
        else:
            yield from map(partial(_of, question), _compared("", before[question], after[question], tolerance))


def _of(question: str, found: tuple[Any, ...]) -> Difference:
    return Difference(question, *found)


def _compared(place: str, one: Any, other: Any, tolerance: float) -> Iterator[tuple[Any, ...]]:
    """Place, one value, the other value and whether it is wording, of all that differs in two pieces of plain data."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in dict.fromkeys([*one, *other]):
            inner = f"{place}.{name}".lstrip(".")
            if name not in one or name not in other:
                yield inner, one.get(name, "absent"), other.get(name, "absent")
            elif name in WORDING:
                if one[name] != other[name]:
                    yield inner, one[name], other[name], len(one[name]) == len(other[name])
            elif name == "hits":
                yield from _compared_hits(inner, one[name], other[name], tolerance)
            else:
                yield from _compared(inner, one[name], other[name], tolerance)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for at, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _compared(f"{place}[{at}]", left, right, tolerance)
    elif not _same(one, other, tolerance):
        yield place, one, other


def _same(one: Any, other: Any, tolerance: float) -> bool:
    numbers = isinstance(one, float) or isinstance(other, float)
    if numbers and isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) <= tolerance
    return type(one) is type(other) and bool(one == other)


def _compared_hits(place: str, one: list[Record], other: list[Record], tolerance: float) -> Iterator[tuple[Any, ...]]:
    """Their order first, then each asset that both have."""
    orders = [[hit["asset"] for hit in hits] for hits in (one, other)]
    if orders[0] != orders[1]:
        at = next(at for at, pair in enumerate(itertools.zip_longest(*orders)) if pair[0] != pair[1])
        told = [
            f"{hits[at]['path']} {hits[at]['confidence']:.7f}" if at < len(hits) else "none" for hits in (one, other)
        ]
        yield f"order of {place}[{at}]{' (equal)' if _is_tie(one, other, tolerance) else ''}", *told
    others = {hit["asset"]: hit for hit in other}
    for at, hit in enumerate(one):
        if hit["asset"] in others:
            yield from _compared(f"{place}[{at}]", hit, others[hit["asset"]], tolerance)


def _is_tie(one: list[Record], other: list[Record], tolerance: float) -> bool:
    """Whether only hits of equal confidence changed places."""
    both = zip(one, other, strict=False)
    return len(one) == len(other) and all(_same(a["confidence"], b["confidence"], tolerance) for a, b in both)


def largest(before: Record, after: Record, name: str = "confidence") -> float:
    """The largest difference between the confidences of hits, or of segments, that both have."""
    pairs = [
        (own[name], others[key][name])
        for question in before.keys() & after.keys()
        for kept, others in [(_named(before[question]), _named(after[question]))]
        for key, own in kept.items()
        if key in others
    ]
    return max((abs(one - other) for one, other in pairs), default=0.0)


def _named(answer: Record) -> dict[str, Record]:
    """The hits of an answer by their assets, and their segments by their ids."""
    found = [*answer.get("hits", []), *answer.get("below the cut", {}).get("hits", [])]
    hits = {hit["asset"]: hit for hit in found}
    return hits | {segment["id"]: segment for hit in hits.values() for segment in hit["segments"]}


def table(found: list[Difference]) -> Iterator[str]:
    """The lines of a table of differences, each question once."""
    for question, group in itertools.groupby(found, key=lambda each: each.question):
        yield question
        for each in group:
            told = "  ->  ".join(json.dumps(value, ensure_ascii=False)[:150] for value in (each.before, each.after))
            yield f"    {'(wording) ' * each.is_wording}{each.place:<32}  {told}"


def report_differences(before: Record, after: Record, tolerance: float = TOLERANCE) -> int:
    """Prints a table of all differences, and a summary as JSON; gives the number of those that are not wording."""
    found = list(differences(before, after, tolerance))
    print("\n".join(table(found)), file=sys.stderr)
    real = [each for each in found if not each.is_wording]
    figures = {
        "benchmark": "answers",
        "questions": len(before),
        "differing": len({each.question for each in real}),
        "differences": len(real),
        "ties": sum(each.place.endswith("(equal)") for each in real),
        "wording": len(found) - len(real),
        "largest_confidence": largest(before, after),
        "largest_score": largest(before, after, "score"),
    }
    print(json.dumps(figures))
    return len(real)
