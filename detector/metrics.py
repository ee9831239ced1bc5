"""Figures of merit of scores against labels, in numpy; each defined where it is computed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from registry.errors import InvalidValueError

Scores = NDArray[np.float64]
Labels = NDArray[np.bool_]


def auc(labels: Labels, scores: Scores) -> float:
    """Return the area under the ROC curve: the chance that a fake scores above a real file, ties counting half.

    The Mann-Whitney statistic (Hanley and McNeil, 1982).

    Raises:
        InvalidValueError: one of the classes is missing.
    """
    fake, real = _classes(labels, scores)
    ordered = np.sort(real)
    below = np.searchsorted(ordered, fake, "left")
    not_above = np.searchsorted(ordered, fake, "right")
    return float((below + not_above).mean() / (2 * len(real)))


def roc(labels: Labels, scores: Scores) -> tuple[Scores, Scores]:
    """Return false- and true-positive rates from the strictest threshold to the mildest, both starting at 0.

    Raises:
        InvalidValueError: one of the classes is missing.
    """
    fake, real = _classes(labels, scores)
    thresholds = np.unique(scores)[::-1]
    # Counts first, so that one in a hundred is exactly 0.01.
    false = (len(real) - np.searchsorted(np.sort(real), thresholds, "left")) / len(real)
    true = (len(fake) - np.searchsorted(np.sort(fake), thresholds, "left")) / len(fake)
    return np.concatenate([[0.0], false]), np.concatenate([[0.0], true])


def eer(labels: Labels, scores: Scores) -> float:
    """Return the rate at which false positives and false negatives are equal, between ROC points linearly.

    Raises:
        InvalidValueError: one of the classes is missing.
    """
    false, true = roc(labels, scores)
    gap = false + true - 1  # from -1 to 1, never falling; the rates are equal where it is 0
    above = int(np.argmax(gap >= 0))
    share = -gap[above - 1] / (gap[above] - gap[above - 1])
    return float(false[above - 1] + share * (false[above] - false[above - 1]))


def tpr_at_fpr(labels: Labels, scores: Scores, rate: float) -> float:
    """Return the share of fakes found at the mildest threshold whose false-positive rate is at most ``rate``.

    Raises:
        InvalidValueError: one of the classes is missing.
    """
    false, true = roc(labels, scores)
    return float(true[false <= rate].max())


def ece(labels: Labels, probabilities: Scores, bins: int = 10) -> float:
    """Return the expected calibration error: |mean probability - share of fakes|, over equal bins, by their size.

    Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017), equation 5.
    """
    place = np.minimum((probabilities * bins).astype(np.int64), bins - 1)
    gaps = [
        abs(probabilities[place == b].mean() - labels[place == b].mean()) * (place == b).mean()
        for b in np.unique(place)
    ]
    return float(sum(gaps))


def auc_interval(
    labels: Labels, scores: Scores, units: Sequence[str], *, draws: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % percentile interval of the AUC, whole units drawn with replacement.

    Files of one unit (a source, an identity) are not independent; a draw that misses a class is drawn again.

    Raises:
        InvalidValueError: one of the classes is missing.
    """
    _classes(labels, scores)
    rng = np.random.default_rng(seed)
    _, place = np.unique(np.asarray(units), return_inverse=True)
    members = np.split(np.argsort(place, kind="stable"), np.cumsum(np.bincount(place))[:-1])
    found: list[float] = []
    while len(found) < draws:
        rows = np.concatenate([members[i] for i in rng.integers(len(members), size=len(members))])
        if 0 < labels[rows].sum() < len(rows):
            found.append(auc(labels[rows], scores[rows]))
    low, high = np.quantile(found, (0.025, 0.975))
    return float(low), float(high)


def wilson_interval(hits: int, trials: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share (Wilson, 1927).

    Raises:
        InvalidValueError: not 0 <= hits <= trials with at least one trial.
    """
    if not 0 <= hits <= trials or trials < 1:
        raise InvalidValueError(f"expected 0 <= hits <= trials and a trial, got {hits} of {trials}")
    z, share = 1.959963984540054, hits / trials
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / (1 + z * z / trials)
    return max(0.0, middle - half), min(1.0, middle + half)


def _classes(labels: Labels, scores: Scores) -> tuple[Scores, Scores]:
    if labels.shape != scores.shape or labels.all() or not labels.any():
        raise InvalidValueError(
            f"expected a score per label and both classes, got {labels.sum()} of {len(labels)} fake"
        )
    return scores[labels], scores[~labels]
