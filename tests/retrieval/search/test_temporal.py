"""Operands over the time of one video or recording: tracks, bounds that are settled, events and their segments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from retrieval.domain.media import Kind, Span
from retrieval.domain.query import Tree
from retrieval.domain.records import Timed
from retrieval.query.build import parse
from retrieval.search import fusion, temporal
from retrieval.search.boolean import TimeGrid
from retrieval.search.candidates import Candidate
from retrieval.search.moments import Curve
from retrieval.search.temporal import Track, TreeScorer

VIDEO = 7
LEAST = fusion.LEAST


def tree(text: str) -> Tree:
    found = parse(text).tree
    assert found is not None
    return found


def track(*leaves: dict[Kind, list[float]], known: dict[Kind, list[bool]] | None = None) -> Track:
    """Steps of a second each; known: all, where it is not given."""
    kinds = sorted({kind for each in leaves for kind in each})
    count = len(next(iter(leaves[0].values())))
    starts = np.arange(count) * 1000
    grid = TimeGrid(starts, starts + 1000, starts + 500, np.empty(0, np.int64))
    steps = {kind: np.array((known or {}).get(kind, [True] * count)) for kind in kinds}
    return Track(grid, tuple({kind: np.array(odds) for kind, odds in each.items()} for each in leaves), steps)


def scorer(text: str, **tracks: Track) -> TreeScorer:
    """A scorer whose tracks are read already; asset ids are the digits of their names."""
    made: Any = None
    found = TreeScorer(tree(text), [], made)
    for name, own in tracks.items():
        asset = int(name[1:])
        starts = own.times.starts
        spans = np.stack([starts, own.times.ends], axis=1)
        table = Timed(np.arange(len(starts)) + 100 * asset, np.full(len(starts), asset), spans)
        found._tracks[asset] = own
        found._timed[asset] = dict.fromkeys(own.known, table)
    return found


def test_the_surest_kind_counts_at_each_step() -> None:
    """A leaf that no kind asks is sure of nothing."""
    own = track({"shot": [1.0, -2.0], "speech": [0.0, 3.0]}, {})
    assert own.highest(0).tolist() == [1.0, 3.0]
    assert own.highest(1).tolist() == [LEAST, LEAST]


def test_a_name_lifts_every_step_to_its_own_certainty() -> None:
    """By what the whole is surer than the best step; never down."""
    own = track({"shot": [1.0, -2.0]}, {"shot": [0.0, 0.0]})
    judged = own.judge(tree("cat OR dog"), [3.0, LEAST])
    assert judged.at.tolist() == [3.0, 0.0]
    assert own.judge(tree("cat OR dog"), [-5.0, LEAST]).at.tolist() == [1.0, 0.0]


def test_the_curve_of_one_kind_leaves_out_leaves_that_do_not_ask_it() -> None:
    """But not what is excluded, whatever kind of segment found it."""
    own = track({"shot": [2.0, 2.0]}, {"speech": [1.0, 1.0]}, {"speech": [-8.0, 6.0]})
    curve = own.of_kind(tree("(cat AND dog) -noise"), "shot")
    assert curve.odds[0] == pytest.approx(2.0, abs=0.01)
    assert curve.odds[1] < -3.0


def test_a_curve_has_the_steps_that_are_known() -> None:
    """Of its kind, or of any kind for the curve of the whole."""
    own = track(
        {"shot": [2.0, 1.0, LEAST], "speech": [LEAST, LEAST, 3.0]},
        {"shot": [0.0, 0.0, LEAST]},
        known={"shot": [True, False, False], "speech": [False, False, True]},
    )
    assert own.of_kind(tree("cat OR dog"), "shot").starts.tolist() == [0]
    whole = own.curve(tree("cat OR dog"), [LEAST, LEAST])
    assert (whole.starts.tolist(), whole.ends.tolist(), whole.at_ms.tolist()) == ([0, 2000], [1000, 3000], [500, 2500])
    assert whole.odds.tolist() == [2.0, 3.0]


def test_the_kind_at_a_time_is_the_surest_that_is_known_there() -> None:
    """Of leaves that bring candidates; beyond the ends the nearest step counts."""
    own = track({"shot": [5.0, 1.0], "speech": [9.0, 2.0]}, {"sound": [99.0, 99.0]}, known={"speech": [False, True]})
    assert own.kind_at(500, [True, False]) == "shot"
    assert own.kind_at(1000, [True, False]) == "speech"
    assert own.kind_at(99_000, [True, False]) == "speech"
    assert own.kind_at(-5, [True, False]) == "shot"


def test_curves_meet_on_the_steps_between_all_their_borders() -> None:
    """A step that no curve knows is left out; frames of pictures are kept inside their step."""
    shots = Curve(np.array([0, 4000]), np.array([2000, 6000]), np.array([1.0, 2.0]), np.array([1900, 4100]))
    speech = Curve(np.array([1000]), np.array([3000]), np.array([3.0]), np.array([1000]))
    own = temporal._track([{"shot": shots}, {"speech": speech}], np.array([2000]), np.empty((0, 2), np.int64))
    assert own.times.starts.tolist() == [0, 1000, 2000, 4000]
    assert own.times.ends.tolist() == [1000, 2000, 3000, 6000]
    assert own.times.frames.tolist() == [999, 1900, 2000, 4100]
    assert own.leaves[0]["shot"].tolist() == [1.0, 1.0, LEAST, 2.0]
    assert own.known["speech"].tolist() == [False, True, True, False]


def bounded(asset: int, odds: float, *wholes: float) -> Candidate:
    return Candidate(asset, odds, 0.0, [(odds, 100 * asset)], wholes=wholes, is_bound=True)


def test_bounds_are_settled_until_the_page_is_certain() -> None:
    """What a judged candidate loses lets the next one on the page, which is judged as well; others stay bounded."""
    judge = scorer("cat -dog", a1=track({"shot": [4.0]}, {"shot": [6.0]}), a2=track({"shot": [2.0]}, {"shot": [-8.0]}))
    rows = [bounded(1, 4.0, 4.0, 6.0), bounded(2, 2.0, 2.0, LEAST), bounded(3, -7.0, -7.0, LEAST)]
    found = judge.settle(rows, 1, -5.0)
    assert [each.asset for each in found] == [2, 1, 3]
    assert [each.is_bound for each in found] == [False, False, True]
    assert found[0].odds == pytest.approx(2.0, abs=0.01)
    assert found[0].by_time


def test_a_bound_below_the_cut_is_not_judged() -> None:
    """It cannot be shown, so it is not read either."""
    found = scorer("cat -dog").settle([bounded(1, 1.0, 1.0, 5.0)], 10, 1.5)
    assert found[0].is_bound


def events() -> tuple[TreeScorer, Candidate]:
    own = track({"shot": [5.0, LEAST, LEAST, LEAST]}, {"shot": [LEAST] * 4, "speech": [LEAST, LEAST, 4.0, LEAST]})
    judge = scorer("door then steps within 5s", a7=own)
    (one,) = judge.settle([bounded(VIDEO, 9.0, 5.0, 4.0)], 1, 0.0)
    return judge, one


def test_events_in_order_are_found_with_the_segments_that_hold_them() -> None:
    """A candidate is as sure as its least sure event."""
    judge, one = events()
    assert [each.span for each in one.row] == [Span(0, 1000), Span(2000, 3000)]
    assert one.odds == 4.0
    moments = judge.moments([one], {}, {}, 0.0)[VIDEO]
    assert [(moment.span.start, segment) for moment, segment in moments] == [(0, 700), (2000, 702)]


def test_without_its_events_nothing_of_an_order_is_shown() -> None:
    """A question that asks an order alone has no other moments."""
    judge, one = events()
    one.row = ()
    assert judge.moments([one], {}, {}, 0.0) == {}


def test_moments_of_every_kind_come_surest_first() -> None:
    """Each from its own curve, with the segment of its frame."""
    own = track({"shot": [1.0, LEAST, LEAST], "speech": [LEAST, LEAST, 3.0]}, {"shot": [LEAST] * 3})
    judge = scorer("cat OR dog", a7=own)
    one = Candidate(VIDEO, 3.0, 0.0, [])
    found = judge.moments([one], {}, {}, 0.0)[VIDEO]
    assert [(round(moment.odds), segment) for moment, segment in found] == [(3, 702), (1, 700)]
