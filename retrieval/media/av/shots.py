"""Where one shot ends and the next begins, by small pictures of the frames in the order they are shown. Pure: no
decoding.

Three kinds of border, all found with a short look ahead:
- a cut: the change from one frame to the next stands out of the changes around it, in shape and in colour, and lasts
  (a flash that
  comes back does not);
- a dissolve or a fade between pictures: frames that are a mixture of the one before and the one behind, in growing
  parts;
- black: a run of black frames parts two shots in its middle.
Thresholds were chosen on clips made of training photos with pans, zooms, shaking, noise, flashes and known borders
(tests/retrieval/media/made_clips.py makes such clips), not on real films.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Small = NDArray[np.float32]

WIDTH, HEIGHT = 48, 27  # of the small pictures, pixels
LOOK: Final = 4  # frames on either side that a cut must stand out of
LEAST_CHANGE: Final = 12.0  # mean difference (0..255) below which nothing is a cut
STANDS_OUT: Final = 3.0  # change to the typical change around it
LEAST_COLOUR: Final = 0.22  # share of pixels that change colour cell (0..1)
BLACK: Final = (16.0, 8.0)  # mean and deviation of brightness up to which a frame is black
FLAT: Final = 4.0  # deviation up to which a frame of any colour shows nothing
DISSOLVES_MS: Final = (500, 900, 1_600)  # spans that a dissolve is looked for in
FADE_MS: Final = 800  # behind black, in which a picture only grows brighter
LOOK_EVERY_MS: Final = 100  # for dissolves
LEFT: Final = 0.14
SHORTEST_MS: Final = 250  # borders closer than this are one


@dataclass(slots=True)
class _Frame:
    at: int
    small: Small  # (HEIGHT, WIDTH, 3), 0..255
    colours: Small  # (64,)
    black: bool
    change: float = 0.0  # from the frame before, 0..255
    colour: float = 0.0  # the same in colours, 0..1


class ShotFinder:
    """Takes frames in time order and gives the borders between shots, each a few frames late."""

    def __init__(self) -> None:
        self._near: deque[_Frame] = deque(maxlen=2 * LOOK + 1)
        self._past: deque[_Frame] = deque()
        self._border = -(10**9)
        self._black_since: int | None = None
        self._next_look = 0
        self._lit = -(10**9)

    def add(self, at_ms: int, small: Small) -> list[int]:
        """Borders (ms) that this frame made certain: at most one or two, not before the last one given."""
        frame = _Frame(at_ms, small, colours_of(small), is_black(small))
        if self._near:
            last = self._near[-1]
            frame.change = float(np.abs(small - last.small).mean())
            frame.colour = _apart(last.colours, frame.colours)
        self._near.append(frame)
        self._past.append(frame)
        while self._past[0].at < at_ms - DISSOLVES_MS[-1]:
            self._past.popleft()
        found = [
            border for border in (self._black_border(frame), self._cut(), self._dissolve(frame)) if border is not None
        ]
        return [border for border in sorted(found) if self._accept(border)]

    def finish(self) -> list[int]:
        """Borders among the last frames."""
        frames = list(self._near)
        found = [self._cut_at(frames, at) for at in range(max(1, LOOK + 1), len(frames))] if len(frames) > 1 else []
        return [border for border in found if border is not None and self._accept(border)]

    def _accept(self, border: int) -> bool:
        if border - self._border < SHORTEST_MS:
            return False
        self._border = border
        return True

    def _cut(self) -> int | None:
        frames = list(self._near)
        return self._cut_at(frames, len(frames) - 1 - LOOK) if len(frames) > LOOK else None

    def _cut_at(self, frames: list[_Frame], at: int) -> int | None:
        """The time of frame `at` if a shot begins with it."""
        if at < 1:
            return None
        frame = frames[at]
        if frame.change < LEAST_CHANGE or frame.colour < LEAST_COLOUR:
            return None
        around = [other.change for n, other in enumerate(frames) if n not in (0, at)]
        typical = float(np.median(around)) if around else 0.0
        if frame.change < STANDS_OUT * typical or frame.change < max(around, default=0.0):
            return None
        before, earlier, after = (frames[n] for n in (at - 1, max(0, at - 4), min(at + 3, len(frames) - 1)))
        back = min(np.abs(after.small - before.small).mean(), np.abs(frame.small - earlier.small).mean())
        if back < 0.5 * frame.change:  # a flash: the picture before comes back, now or soon
            return None
        return None if before.black or frame.black else frame.at

    def _black_border(self, frame: _Frame) -> int | None:
        if frame.black:
            self._black_since = frame.at if self._black_since is None else self._black_since
            return None
        since, self._black_since = self._black_since, None
        if since is not None:
            self._lit = frame.at
        return None if since is None or since == 0 else (since + frame.at) // 2

    def _dissolve(self, frame: _Frame) -> int | None:
        """The middle of a mixture of two pictures within the last moments, looked for in spans of several lengths."""
        if frame.at < self._next_look:
            return None
        self._next_look = frame.at + LOOK_EVERY_MS
        fresh = [one for one in self._past if one.at > max(self._border + SHORTEST_MS, self._lit + FADE_MS)]
        for length in DISSOLVES_MS:
            frames = [one for one in fresh if one.at >= frame.at - length]
            if (
                len(frames) >= 6
                and frames[-1].at - frames[0].at > 0.7 * length
                and _apart(frames[0].colours, frames[-1].colours) >= LEAST_COLOUR
                and not any(one.black for one in frames)
            ):
                middle = mixture_middle([one.small for one in frames], [one.at for one in frames])
                if middle is not None:
                    return middle
        return None


def colour_change(one: Small, other: Small) -> float:
    """Share of the pixels (0..1) that change their cell among 64 colours; where they stand does not matter."""
    return _apart(colours_of(one), colours_of(other))


def _apart(one: Small, other: Small) -> float:
    return float(np.abs(one - other).sum() / 2)


def colours_of(small: Small) -> Small:
    """(64,) float32, summing to 1: how the pixels spread over 64 colours."""
    levels = small.astype(np.uint8).reshape(-1, 3) >> 6
    cells = levels[:, 0] << 4 | levels[:, 1] << 2 | levels[:, 2]
    return (np.bincount(cells, minlength=64) / len(cells)).astype(np.float32)


def is_black(small: Small) -> bool:
    """Whether a frame shows nothing but black."""
    return bool(small.mean() < BLACK[0] and small.std() < BLACK[1])


def is_flat(small: Small) -> bool:
    """Whether a frame is one plain colour, black or not."""
    return bool(np.abs(small - small.mean(axis=(0, 1))).mean() < FLAT)


def mixture_middle(frames: list[Small], times: list[int]) -> int | None:
    """When the second picture outweighs the first, if the frames between the ends are mixtures of them in growing
    parts.

    Each frame is fitted as (1 - w) * first + w * last by least squares; what the fit leaves must be small against the
    difference of the ends, w must grow, and some frames must be real mixtures.
    """
    first, last = frames[0], frames[-1]
    step = last - first
    size = float(np.square(step).sum())
    if (
        size < first.size * (1.5 * LEAST_CHANGE) ** 2
        or colour_change(first, last) < LEAST_COLOUR
        or _alike(first, last) > 0.7
    ):
        return None
    if min(first.mean(), last.mean()) < 0.4 * max(
        first.mean(), last.mean()
    ):  # a fade from or to black, which has its own rule
        return None
    offsets = np.stack(frames).reshape(len(frames), -1) - first.ravel()
    weights = np.einsum("ij,j->i", offsets, step.ravel()) / size  # not BLAS, whose threads cost more than the sum
    left = np.square(offsets - weights[:, None] * step.ravel()).sum(axis=1) / size
    mixed = (weights > 0.2) & (weights < 0.8)
    if mixed.sum() < 3 or np.diff(weights).min() < -0.1 or left.max() > LEFT:
        return None
    return times[int(np.argmax(weights >= 0.5))]


def _alike(one: Small, other: Small) -> float:
    """Correlation of two pictures' brightness: near 1 for one scene in two lights."""
    a, b = one.mean(axis=2).ravel(), other.mean(axis=2).ravel()
    spread = float(a.std() * b.std())
    return float(((a - a.mean()) * (b - b.mean())).mean()) / spread if spread > 1e-6 else 0.0
