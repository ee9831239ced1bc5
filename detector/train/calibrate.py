"""From validation logits to probabilities and thresholds; nothing here sees the dev split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detector.inference.bundle import Line
from registry.model import Thresholds

# What may be sent to review, and what may be refused, of genuine validation media.
REVIEW_FPR, REJECT_FPR = 0.10, 0.02
# A network that parts nothing would get a slope of 0, and then no number without a basis: keep the order, say little.
LEAST_SLOPE = 0.05


def unit_weights(units: Sequence[str]) -> NDArray[np.float64]:
    """Return a weight per file so that every unit weighs 1."""
    sizes = Counter(units)
    return np.array([1 / sizes[unit] for unit in units])


def platt(logits: NDArray[np.float64], fake: NDArray[np.bool_], weights: NDArray[np.float64]) -> Line:
    """Return the line that fits sigmoid(slope · logit + offset) to the labels, both classes weighing alike.

    Logistic regression by Newton's method with a slight ridge on the slope (Platt, 1999; Lin et al., 2007).
    """
    w = weights * np.where(fake, 0.5 / weights[fake].sum(), 0.5 / weights[~fake].sum())
    design = np.stack([logits, np.ones_like(logits)], 1)
    beta = np.array([1.0, 0.0])
    ridge = np.diag([1e-4, 1e-8])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        gradient = design.T @ (w * (p - fake)) + ridge @ beta
        curvature = (design * (w * p * (1 - p))[:, None]).T @ design + ridge
        step = np.linalg.solve(curvature, gradient)
        beta -= step / max(1.0, float(np.abs(step).max()))
    return Line(max(float(beta[0]), LEAST_SLOPE), float(beta[1]))


def strictest(probabilities: NDArray[np.float64], weights: NDArray[np.float64], rate: float) -> float:
    """Return the least threshold at which genuine files of at most ``rate`` of the weight lie on or above it."""
    order = np.argsort(-probabilities)
    share = np.cumsum(weights[order]) / weights.sum()
    allowed = int(np.searchsorted(share, rate, "right"))
    if allowed == 0:
        return float(np.nextafter(probabilities[order[0]], 2.0))
    following = probabilities[order[min(allowed, len(order) - 1)]]
    return float((probabilities[order[allowed - 1]] + following) / 2) if following < 1 else 1.0


def thresholds(genuine: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> Thresholds:
    """Return the gate's lines: each kind of media keeps both false-positive rates.

    Args:
        genuine: per kind, the probabilities of genuine validation files and their weights.
    """
    review, reject = (min(1.0, max(strictest(p, w, rate) for p, w in genuine)) for rate in (REVIEW_FPR, REJECT_FPR))
    return Thresholds(round(review, 4), round(max(review, reject), 4))
