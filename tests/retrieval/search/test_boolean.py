"""Operators on scores: weights, + and -, AND, OR, brackets, and events in order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.domain.media import Span
from retrieval.domain.query import Tree
from retrieval.query.build import parse
from retrieval.search import boolean, fusion
from retrieval.search.boolean import Score, TimeGrid
from retrieval.search.moments import Moment

FINITE = st.floats(-8, 8)


def tree(text: str) -> Tree:
    found = parse(text).tree
    assert found is not None
    return found


def sure(*odds: float, whole: float | None = None) -> Score:
    at = np.array(odds, float)
    return Score(at, float(at.max()) if whole is None else whole)


def times(count: int, step: int = 1000) -> TimeGrid:
    starts = np.arange(count) * step
    return TimeGrid(starts, starts + step, starts, np.empty(0, np.int64))


def chance(odds: float) -> float:
    return fusion.confidence(odds)


def test_parts_side_by_side_are_a_weighted_mean() -> None:
    """The same rule as for several operands, with the weights that are written."""
    found = boolean.score_tree(tree("sunset^3 +beach"), [sure(1.0), sure(2.0)])
    assert found.whole == pytest.approx((3 * 1.0 + 2.0) / 4)


def test_what_must_be_caps_the_answer() -> None:
    """An answer is no surer than it is of what has a plus, however sure the rest is."""
    assert boolean.score_tree(tree("dog +snow"), [sure(3.0), sure(-2.0)]).whole == -2.0
    assert boolean.score_tree(tree("dog +snow"), [sure(-2.0), sure(3.0)]).whole == pytest.approx(0.5)


def test_what_is_excluded_lowers_by_its_probability() -> None:
    """p (1 - q), and p (1 - q)^w with a weight."""
    p, q = chance(2.0), chance(0.5)
    assert chance(boolean.score_tree(tree("dog -indoor"), [sure(2.0), sure(0.5)]).whole) == pytest.approx(p * (1 - q))
    weighted = boolean.score_tree(tree("dog -indoor^3"), [sure(2.0), sure(0.5)])
    assert chance(weighted.whole) == pytest.approx(p * (1 - q) ** 3)
    outside = boolean.score_tree(tree("dog (-indoor)^3"), [sure(2.0), sure(0.5)])
    assert chance(outside.whole) == pytest.approx(p * (1 - q) ** 3, rel=1e-3)
    assert boolean.score_tree(tree("dog NOT indoor"), [sure(2.0), sure(0.5)]).whole == pytest.approx(
        boolean.score_tree(tree("dog AND NOT indoor"), [sure(2.0), sure(0.5)]).whole
    )


def test_what_is_excluded_elsewhere_lowers_nothing_here() -> None:
    """A dog in the first part of a video is as sure as before where the room is shown in the second."""
    found = boolean.score_tree(tree("dog -indoor"), [sure(2.0, -4.0), sure(-8.0, 6.0)])
    assert found.whole == pytest.approx(2.0, abs=0.01)
    assert found.at[1] < -4.0
    assert boolean.score_tree(tree("dog -indoor"), [sure(2.0, -4.0), sure(6.0, -8.0)]).whole < -3.0


def test_a_name_is_lowered_where_everything_is_excluded() -> None:
    """Words of a file's name speak for all of it, so what is excluded everywhere lowers them."""
    assert boolean.score_tree(tree("dog -indoor"), [sure(-8.0, whole=3.0), sure(4.0)]).whole < -1.0


def test_a_name_speaks_also_where_something_else_is_excluded() -> None:
    """Its confidence is that of every place, less what is excluded there."""
    score = boolean.score_tree(tree("dog -indoor"), [sure(-8.0, -9.0, whole=3.0), sure(-6.0, 4.0)])
    assert score.whole == pytest.approx(3.0, abs=0.1)
    assert score.at[1] < -1.0


def test_and_is_the_least_or_the_greatest() -> None:
    """Brackets nest, and parts may be fulfilled at different places."""
    found = boolean.score_tree(tree("(cat OR dog) AND snow"), [sure(-3.0, -3.0), sure(2.0, -8.0), sure(-8.0, 1.0)])
    assert found.whole == 1.0
    assert found.at.max() < -2.0  # nowhere at once


def test_two_negations_ask_for_both() -> None:
    """`dog NOT NOT cat` is as sure as a dog and a cat are together."""
    found = boolean.score_tree(tree("dog NOT NOT cat"), [sure(1.0), sure(-1.0)])
    assert chance(found.whole) == pytest.approx(chance(1.0) * chance(-1.0))


def test_brackets_of_what_is_excluded_are_excluded() -> None:
    """`dog (-a -b)` is `dog -a -b`; `-(a OR b)` costs the greater of both."""
    given = [sure(2.0), sure(0.0), sure(1.0)]
    assert boolean.score_tree(tree("dog (-a -b)"), given).whole == pytest.approx(
        boolean.score_tree(tree("dog -a -b"), given).whole
    )
    both = boolean.score_tree(tree("dog -(a OR b)"), given).whole
    assert chance(both) == pytest.approx(chance(2.0) * (1 - chance(1.0)))


def test_what_is_excluded_reaches_into_brackets() -> None:
    """Each alternative is lowered at its own places."""
    given = [sure(2.0, -8.0), sure(-8.0, 1.0), sure(5.0, -8.0)]
    assert boolean.score_tree(tree("(cat OR dog) -snow"), given).whole == pytest.approx(1.0, abs=0.01)


def test_what_nobody_can_ask_is_left_out() -> None:
    """An operand without an answer in this lane changes nothing, nor does an excluded one."""
    assert boolean.score_tree(tree("cat +dog"), [sure(2.0), None]).whole == 2.0
    assert boolean.score_tree(tree("cat -dog"), [sure(2.0), None]).whole == 2.0
    assert boolean.score_tree(tree("cat -dog"), [None, sure(2.0)]).whole == fusion.LEAST


TREES = ["a -b", "a +b -c^2", "(a OR b) AND c -d", "a AND (b OR -(c OR d) e)", "a^2 NOT NOT b", "a then b within 3s"]


@given(st.sampled_from(TREES), st.lists(st.lists(FINITE, min_size=4, max_size=4), min_size=5, max_size=5))
def test_the_bound_is_never_below_what_is_judged(text: str, table: list[list[float]]) -> None:
    """So a search may leave out what is bounded below its page."""
    judged = [sure(*row) for row in table[: len(parse(text).operands)]]
    most = float(boolean.bounds(tree(text), np.array([[each.whole] for each in judged]))[0])
    assert most >= boolean.score_tree(tree(text), judged, times(4)).whole - 1e-9


@given(st.sampled_from(TREES[:-1]), st.lists(st.lists(FINITE, min_size=4, max_size=4), min_size=5, max_size=5))
def test_no_place_is_surer_than_the_whole(text: str, table: list[list[float]]) -> None:
    """The best place of an asset is a part of it."""
    found = boolean.score_tree(tree(text), [sure(*row) for row in table[: len(parse(text).operands)]])
    assert found.at.max() <= found.whole + 1e-9


@given(st.sampled_from(TREES[:-1]), st.lists(st.lists(FINITE, min_size=2, max_size=2), min_size=5, max_size=5), FINITE)
def test_surer_of_what_is_asked_is_never_less_sure(text: str, table: list[list[float]], more: float) -> None:
    """Each operand that is sought lifts, each that is excluded lowers."""
    wanted = boolean.generates_candidates(tree(text))
    judged = [sure(*row) for row in table[: len(wanted)]]
    for number, own in enumerate(wanted):
        if not own and "NOT NOT" in text:
            continue
        changed = [Score(s.at + abs(more), s.whole + abs(more)) if n == number else s for n, s in enumerate(judged)]
        before, after = boolean.score_tree(tree(text), judged).whole, boolean.score_tree(tree(text), changed).whole
        assert after >= before - 1e-9 if own else after <= before + 1e-9


def test_which_operands_bring_candidates() -> None:
    """What is excluded never does, in any bracket."""
    assert boolean.generates_candidates(tree("a -b (c OR d) -(e OR f)")) == [True, False, True, True, False, False]
    assert boolean.by_place(tree("a (b -c)")) and not boolean.by_place(tree("a +b^2 AND (c OR d)"))
    assert boolean.timed(tree("(a then b within 2s) -c")) and not boolean.timed(tree("(a THEN b) OR c"))


# ---------------------------------------------------------------- order


def moment(start: int, end: int, odds: float = 1.0) -> Moment:
    return Moment(Span(start, end), start, odds, odds)


def spans(rows: Sequence[Sequence[Moment]]) -> list[list[tuple[int, int]]]:
    return [[(each.span.start, each.span.end) for each in row] for row in rows]


def test_events_come_in_order_within_their_pause() -> None:
    """The pause is from the end of one to the beginning of the next."""
    goals, cheers = [moment(0, 2000)], [moment(5000, 8000), moment(20_000, 22_000)]
    assert spans(boolean.in_order([goals, cheers], [3000])) == [[(0, 2000), (5000, 8000)]]
    assert spans(boolean.in_order([goals, cheers], [2999])) == []
    assert len(boolean.in_order([goals, cheers], [None])) == 2
    assert boolean.in_order([cheers, goals], [None]) == []


def test_a_row_is_as_sure_as_its_least_sure_event() -> None:
    """The surest row is found over all events, not event by event."""
    first = [moment(0, 1000, 0.5), moment(10_000, 11_000, 3.0)]
    second = [moment(2000, 3000, 2.0), moment(12_000, 13_000, 1.0)]
    third = [moment(4000, 5000, 2.0), moment(14_000, 15_000, 0.9)]
    assert spans(boolean.in_order([first, second, third], [5000, 5000]))[0] == [
        (10_000, 11_000),
        (12_000, 13_000),
        (14_000, 15_000),
    ]


def test_the_nearest_of_equal_events_counts() -> None:
    """Of two equally sure beginnings the one with the shorter pause."""
    assert spans(boolean.in_order([[moment(0, 1000), moment(3000, 4000)], [moment(5000, 6000)]], [None])) == [
        [(3000, 4000), (5000, 6000)]
    ]


def test_what_is_there_all_the_time_does_not_follow_itself() -> None:
    """The next event must begin after the one before began."""
    assert boolean.in_order([[moment(0, 9000)], [moment(0, 9000)]], [None]) == []
    assert boolean.in_order([[moment(0, 9000)], [moment(4000, 6000)]], [1000]) != []


HIGH, LOW = 3.0, -6.0


def steps(count: int, *events: tuple[int, int]) -> Score:
    """A curve of steps that is high within each event [start, end)."""
    odds = np.full(count, LOW)
    for start, end in events:
        odds[start:end] = HIGH
    return Score(odds, float(odds.max()))


@given(st.data())
def test_ordered_events_are_exact_on_known_curves(data: st.DataObject) -> None:
    """Whether and where A comes before B within the pause, against every pair of the known events."""
    count = 60
    borders = sorted(data.draw(st.lists(st.integers(1, count - 2), min_size=4, max_size=12, unique=True)))
    events = [(start, end) for start, end in zip(borders[::2], borders[1::2], strict=False)]
    mine = data.draw(st.lists(st.booleans(), min_size=len(events), max_size=len(events)))
    pause = data.draw(st.integers(1, 20))
    # Events of one kind that touch, or nearly, are one event: leave pauses of three steps between them.
    one = [each for each, own in zip(events, mine, strict=True) if own]
    two = [each for each, own in zip(events, mine, strict=True) if not own]
    for row in (one, two):
        row[:] = [each for n, each in enumerate(row) if n == 0 or each[0] - row[n - 1][1] > 3]
    right = [
        [(1000 * a[0], 1000 * a[1]), (1000 * b[0], 1000 * b[1])]
        for a in one
        for b in two
        if a[0] < b[0] and b[0] - a[1] <= pause
    ]
    found = boolean.score_tree(
        tree(f"a then b within {pause}s"), [steps(count, *one), steps(count, *two)], times(count)
    )
    if right and one and two:
        assert found.whole == HIGH
        assert [(each.span.start, each.span.end) for each in found.row] in right
    else:
        assert found.whole <= LOW


def test_an_order_may_exclude_and_nest() -> None:
    """What is excluded is looked for at the places of each event; brackets of an order are one event."""
    dog, cat, snow = steps(30, (2, 5), (12, 15)), steps(30, (7, 9), (17, 19)), steps(30, (12, 15))
    found = boolean.score_tree(tree("(dog -snow) then cat within 5s"), [dog, snow, cat], times(30))
    assert spans([found.row]) == [[(2000, 5000), (7000, 9000)]]
    bird = steps(30, (22, 24))
    nested = boolean.score_tree(tree("(dog THEN cat) then bird within 4s"), [dog, cat, bird], times(30))
    assert nested.whole == HIGH and nested.row[-1].span == Span(22_000, 24_000)


def test_events_are_judged_each_by_itself() -> None:
    """A cat of which nothing is ever sure comes after a dog, though every picture is more like a dog than like a cat."""
    dog = steps(30, (2, 5))
    cat = Score(np.where(np.arange(30) // 3 == 2, LOW - 1, LOW - 4), LOW - 1)
    found = boolean.score_tree(tree("dog then cat within 5s"), [Score(dog.at + 4, HIGH + 4), cat], times(30))
    assert found.whole == LOW - 1
    assert spans([found.row]) == [[(2000, 5000), (6000, 9000)]]


def test_an_occurrence_far_below_the_best_is_no_event() -> None:
    """A dog that is doubtful beside a sure one later is not the first event; a sure one is."""
    cat = steps(30, (10, 13))
    for doubt, expected in ((0.5, False), (3.1, True)):
        at = np.full(30, LOW)
        at[6:9], at[20:23] = doubt, 6.0
        found = boolean.score_tree(tree("dog then cat within 5s"), [Score(at, 6.0), cat], times(30))
        assert (found.whole == HIGH) == expected


def test_an_order_needs_time() -> None:
    """A picture has no before and after."""
    assert boolean.score_tree(tree("dog THEN cat"), [sure(3.0), sure(3.0)]).whole == fusion.LEAST
