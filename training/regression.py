"""Logistic regression in a few lines of numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def logistic(x: NDArray[np.float64], y: NDArray[np.float64], mass: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights of the columns of x (n, k), and the offset, by Newton's method with a small prior on the weights."""
    mean, spread, mass = x.mean(axis=0), x.std(axis=0) + 1e-9, mass / mass.sum()
    design = np.column_stack([(x - mean) / spread, np.ones(len(x))])
    theta = np.zeros(design.shape[1])
    prior = np.append(np.full(len(theta) - 1, 1e-3), 1e-9)
    for _ in range(50):
        p = 1 / (1 + np.exp(-design @ theta))
        gradient = design.T @ (mass * (p - y)) + prior * theta
        theta -= np.linalg.solve((design * (mass * p * (1 - p))[:, None]).T @ design + np.diag(prior), gradient)
    weights = theta[:-1] / spread
    return np.append(weights, theta[-1] - float(weights @ mean))
