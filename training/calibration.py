"""Logistic curves from cosines to confidences, and what they show and hide at the default cut."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Curve:
    """confidence = 1 / (1 + exp(-(slope * cosine + offset)))."""

    slope: float
    offset: float

    @property
    def midpoint(self) -> float:
        """The cosine of confidence 0.5."""
        return -self.offset / self.slope


def fit(right: NDArray[np.float64], wrong: NDArray[np.float64], steps: int = 60) -> Curve:
    """The logistic curve that tells right cosines from wrong ones best, both sides weighed alike.

    Newton's method with a small prior on the slope; the slope stays in 5..60, so that cosines between the sides keep
    confidences between 0 and 1.
    """
    x = np.concatenate([right, wrong])
    y = np.repeat([1.0, 0.0], [len(right), len(wrong)])
    weight = np.where(y == 1, 0.5 / len(right), 0.5 / len(wrong)) * len(x)
    mean, spread = float(x.mean()), float(x.std()) + 1e-9
    design = np.stack([(x - mean) / spread, np.ones_like(x)], axis=1)
    theta = np.zeros(2)
    for _ in range(steps):
        p = 1 / (1 + np.exp(-design @ theta))
        gradient = design.T @ (weight * (p - y)) + [0.01 * theta[0], 0]
        curvature = (design * (weight * p * (1 - p))[:, None]).T @ design + np.diag([0.01, 1e-6])
        theta -= np.linalg.solve(curvature, gradient)
    slope = float(np.clip(theta[0] / spread, 5, 60))
    middle = mean - spread * theta[1] / theta[0] if theta[0] > 0 else mean
    return Curve(slope, -slope * float(middle))


def absent() -> list[str]:
    """Sentences in sixteen languages about things that captioned photos of people and dogs do not show."""
    return Path(__file__).with_name("absent.txt").read_text(encoding="utf-8").split("\n")[:-1]
