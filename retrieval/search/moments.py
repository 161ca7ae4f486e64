"""When something is shown or said: score curves of one video or recording, and the moments on them. Pure.

A curve is a row of steps. A step of pictures begins half way back to the picture before it, because what it shows began
somewhere between the two. A moment is grown from a peak of the curve over all steps of its level, and over short doubts
between them. Then its ends are moved to shot cuts and sentence ends near by, and what overlaps or touches a surer moment
is left out. See docs/decisions/0185.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import Span
from retrieval.domain.records import distinct
from retrieval.search import fusion
from retrieval.settings import FRAME_EVERY_MS, LONGEST_SHOT_MS

if TYPE_CHECKING:
    from retrieval.domain.records import StoredSegment

Ms = NDArray[np.int64]
Odds = NDArray[np.float64]

SNAP_MS = FRAME_EVERY_MS  # an end so near to a cut is the cut
SENTENCE_MS = 600  # ... and to the end or beginning of a sentence
RISE = 0.5  # log-odds: levels of a curve that lie nearer together are one; see docs/decisions/0270
CLEAR = 0.8  # share of the variance that two levels within a level must explain
STEEP = 0.25  # ... and the part of the first rise that theirs must be
LOWEST = -1e9
GAP_MS = 1_200  # a hole in the curve, or a doubt, up to which its sides belong together


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """How sure something is, over time. Step i lasts [starts[i], ends[i]) ms; steps ascend and do not overlap.

    odds: log-odds of each step (fusion.confidence makes a confidence of them). at_ms: its best frame, else its start.
    Where no step is, nothing is known.
    """

    starts: Ms
    ends: Ms
    odds: Odds
    at_ms: Ms

    def __len__(self) -> int:
        return len(self.starts)

    def at(self, times: Ms) -> Odds:
        """Log-odds (n,) at times (n,) ms; fusion.LEAST where nothing is known."""
        if not len(self):
            return np.full(len(times), fusion.LEAST)
        places = np.searchsorted(self.starts, times, "right") - 1
        inside = (places >= 0) & (times < self.ends[places])
        return np.where(inside, self.odds[places], fusion.LEAST)

    def covers(self, times: Ms) -> NDArray[np.bool_]:
        """(n,) whether something is known at times (n,) ms."""
        return np.isfinite(_at(self, times)) if len(self) else np.zeros(len(times), np.bool_)

    def frames_at(self, times: Ms) -> Ms:
        """(n,) the best frames of the steps at times (n,) ms, which the curve covers."""
        return _frames(self, times)


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a curve peaks. odds: the log-odds of the peak, mean: of the whole moment by time. at_ms: the best frame."""

    span: Span
    at_ms: int
    odds: float
    mean: float


EMPTY = Curve(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))


def of_frames(times: Ms, odds: Odds, shots: Ms, every_ms: int = FRAME_EVERY_MS) -> Curve:
    """The curve of pictures: times (n,) ascending, log-odds (n,), the shot (n, 2) that each lies in.

    every_ms: how far apart pictures are looked at; one that did not change was left out, so a longer pause means that
    the picture before lasted.
    """
    if not len(times):
        return EMPTY
    starts, ends = shots[:, 0].copy(), shots[:, 1].copy()
    same = (starts[1:] == starts[:-1]) & (ends[1:] == ends[:-1])
    back = np.minimum(np.diff(times), every_ms) // 2
    borders = (times[1:] - back)[same]
    starts[1:][same], ends[:-1][same] = borders, borders
    return _kept(Curve(starts, ends, odds.astype(float), times))


def of_spans(spans: Ms, odds: Odds) -> Curve:
    """The curve of spans (n, 2), which may overlap as sound windows do: where they do, their mean counts."""
    if not len(spans):
        return EMPTY
    borders = distinct(spans)
    firsts, lasts = np.searchsorted(borders, spans).T
    counts = np.maximum(lasts - firsts, 0)
    steps = np.arange(counts.sum()) + np.repeat(firsts - np.cumsum(counts) + counts, counts)  # of every span in turn
    total = np.bincount(steps, np.repeat(odds, counts), len(borders))
    count = np.bincount(steps, minlength=len(borders))
    inside = np.flatnonzero(count)
    return _kept(Curve(borders[inside], borders[inside + 1], total[inside] / count[inside], borders[inside]))


def joined(curves: Iterable[Curve]) -> Curve:
    """One curve of several lanes by the rule of fusion.agree: the highest counts, the others add their confidence."""
    lanes = [each for each in curves if len(each)]
    if len(lanes) < 2:
        return lanes[0] if lanes else EMPTY
    borders = distinct(np.concatenate([times for each in lanes for times in (each.starts, each.ends)]))
    starts = borders[:-1]
    table = np.stack([_at(each, starts) for each in lanes])  # (lanes, steps), -inf where a lane knows nothing
    best = table.argmax(axis=0)
    top = table[best, np.arange(len(starts))]
    sure = 1 / (1 + np.exp(-table))
    odds = top + fusion.AGREEMENT * (sure.sum(axis=0) - 1 / (1 + np.exp(-top)))
    frames = np.stack([_frames(each, starts) for each in lanes])[best, np.arange(len(starts))]
    known = np.isfinite(top)
    return Curve(starts[known], borders[1:][known], odds[known], frames[known])


def _at(curve: Curve, times: Ms) -> Odds:
    places = np.maximum(np.searchsorted(curve.starts, times, "right") - 1, 0)
    inside = (times >= curve.starts[places]) & (times < curve.ends[places])
    return np.where(inside, curve.odds[places], -np.inf)


def _frames(curve: Curve, times: Ms) -> Ms:
    return curve.at_ms[np.maximum(np.searchsorted(curve.starts, times, "right") - 1, 0)]


def _kept(curve: Curve) -> Curve:
    """Without steps of no length."""
    real = curve.ends > curve.starts
    return curve if real.all() else Curve(curve.starts[real], curve.ends[real], curve.odds[real], curve.at_ms[real])


# ---------------------------------------------------------------- moments


def boundaries(segments: Iterable[StoredSegment]) -> tuple[Ms, Ms]:
    """Times (n,) ms at which shots of an asset are cut, and spans (m, 2) ms of its sentences; the parts of one long shot
    are no cuts.
    """
    every = [each.segment for each in segments]
    shots, sentences = (_spans(each.span for each in every if each.kind == kind) for kind in ("shot", "speech"))
    parted = shots[:, 1] - shots[:, 0] >= LONGEST_SHOT_MS
    return np.setdiff1d(shots, shots[parted, 1]), sentences


def _spans(spans: Iterable[Span | None]) -> Ms:
    return np.array([(each.start, each.end) for each in spans if each is not None], np.int64).reshape(-1, 2)


def find(
    curve: Curve,
    cuts: Ms | Sequence[int] = (),
    sentences: Ms | None = None,
    *,
    most: int = 20,
    least: float = 0.0,
) -> list[Moment]:
    """Moments of a curve, highest log-odds first; ties: the earlier. The best one is given, however low.

    cuts: times (n,) at which shots end. sentences: spans (n, 2) of speech; ends near to theirs are moved outwards.
    most: so many at most. least: log-odds below which there is no further one, unless it reaches the level of the best.
    """
    if not len(curve):
        return []
    taken = np.zeros(len(curve), np.bool_)
    found: list[Moment] = []
    spans: list[tuple[int, int]] = []
    first_level: float | None = None
    while len(found) < most and not taken.all():
        peak = int(np.where(taken, -np.inf, curve.odds).argmax())
        top = float(curve.odds[peak])
        level = _level(curve, peak, taken)
        first_level = level if first_level is None else first_level
        if found and (level == LOWEST or top < min(least, first_level)):
            break
        first, last = _grow(curve, peak, level, taken)
        taken[first : last + 1] = True
        start, end = _snapped(curve, (first, last), np.asarray(cuts, np.int64), sentences)
        if all(end < other_start or start > other_end for other_start, other_end in spans):
            spans.append((start, end))
            found.append(_moment(curve, peak, (first, last), Span(start, end)))
    return found


def _moment(curve: Curve, peak: int, steps: tuple[int, int], span: Span) -> Moment:
    inside = slice(steps[0], steps[1] + 1)
    lengths = curve.ends[inside] - curve.starts[inside]
    mean = float(np.average(curve.odds[inside], weights=lengths))
    at = min(max(int(curve.at_ms[peak]), span.start), max(span.start, span.end - 1))
    return Moment(span, at, float(curve.odds[peak]), mean)


def _level(curve: Curve, peak: int, taken: NDArray[np.bool_]) -> float:
    """The log-odds above which steps speak for a moment with that peak; LOWEST for a curve without levels.

    What is left of the curve is parted in two levels; as long as the upper one is clearly two levels again, in these.
    """
    level, least = LOWEST, RISE
    rows = ~taken
    while curve.odds[peak] > level:
        lengths = (curve.ends - curve.starts)[rows]
        border, rise, share = parted(curve.odds[rows], lengths)
        if rise < least or (level > LOWEST and share < CLEAR):
            break
        level, least = border, max(least, STEEP * rise)
        rows &= curve.odds > border
    return level


def parted(values: Odds, weights: Ms) -> tuple[float, float, float]:
    """The border between two levels of values (n,) by Otsu's rule, how far their means lie apart, and the share (0..1)
    of the variance that the two levels explain: 0.64 for one bell, 0.75 for an even spread, near 1 for two levels.

    One value alone has no levels: (LOWEST, 0, 0). Source: Otsu 1979.
    """
    order = np.argsort(values, kind="stable")
    values, weights = values[order], weights[order].astype(float)
    below = np.cumsum(weights)[:-1]
    sums = np.cumsum(values * weights)
    if not len(below) or values[0] == values[-1]:
        return LOWEST, 0.0, 0.0
    above = below[-1] + weights[-1] - below
    rises = (sums[-1] - sums[:-1]) / above - sums[:-1] / below
    between = below * above * rises**2
    best = int(between.argmax())
    total = float(weights.sum())
    variance = float((weights * (values - sums[-1] / total) ** 2).sum()) * total
    share = float(between[best]) / variance if variance else 0.0
    return float(values[best] + values[best + 1]) / 2, float(rises[best]), share


def _grow(curve: Curve, peak: int, level: float, taken: NDArray[np.bool_]) -> tuple[int, int]:
    """First and last step of the moment around a peak, up to what is taken, or a hole."""
    high = (curve.odds > level) & ~taken
    return _reach(curve, peak, high, taken, -1), _reach(curve, peak, high, taken, 1)


def _reach(curve: Curve, peak: int, high: NDArray[np.bool_], taken: NDArray[np.bool_], way: int) -> int:
    """The last high step from a peak on (way 1 or -1) before a doubt or hole longer than GAP_MS."""
    reached = peak
    at = peak + way
    while 0 <= at < len(curve) and not taken[at]:
        near, far = (reached, at) if way > 0 else (at, reached)
        if curve.starts[far] - curve.ends[near] > GAP_MS:
            break
        if high[at]:
            reached = at
        at += way
    return reached


def _snapped(curve: Curve, steps: tuple[int, int], cuts: Ms, sentences: Ms | None) -> tuple[int, int]:
    """Start and end (ms) of some steps, at cuts or else outside of sentences where such are near."""
    start, end = int(curve.starts[steps[0]]), int(curve.ends[steps[1]])
    first, last = nearest(cuts, start, SNAP_MS), nearest(cuts, end, SNAP_MS)
    if sentences is not None and len(sentences):
        first = nearest(sentences[:, 0], start, SENTENCE_MS) if first is None else first
        last = nearest(sentences[:, 1], end, SENTENCE_MS) if last is None else last
    start_at, end_at = start if first is None else first, end if last is None else last
    return (start_at, end_at) if start_at < end_at else (start, end)


def nearest(places: Ms, time: int, within: int) -> int | None:
    """The place nearest to a time, if it lies within so many ms; the earlier of two."""
    if not len(places):
        return None
    best = int(places[np.abs(places - time).argmin()])
    return best if abs(best - time) <= within else None
