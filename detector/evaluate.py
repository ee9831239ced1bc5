"""`touchstone evaluate`: screen every file of a manifest and set the scores against the labels."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from detector.data import Sample, read_manifest
from detector.metrics import Labels, Scores, auc, auc_interval, ece, eer, tpr_at_fpr
from registry.errors import DetectorError, MediaError

NOT_JUDGED = 0.5  # what a null probability counts as in every figure
INCONCLUSIVE = "INCONCLUSIVE"
UNREADABLE = "unreadable"


class Screened(NamedTuple):
    """What the gate says of one file.

    Attributes:
        outcome: the policy's word.
        fake_probability: 0 to 1, absent where nothing was judged.
        reasons: codes, most important first.
    """

    outcome: str
    fake_probability: float | None
    reasons: Sequence[str]


def evaluate_manifest(manifest: Path, screen: Callable[[Path], Screened], *, model_id: str | None) -> dict[str, Any]:
    """Return the object that ``touchstone evaluate`` prints, whatever the outcomes.

    Args:
        manifest: JSON lines with at least ``file`` (relative to the manifest), ``label``, ``kind``, ``generator``;
            ``unit``, where given, is what the intervals are drawn over.
        screen: judges one file. A file that it calls unreadable (`MediaError`, `OSError`) is a row INCONCLUSIVE.
        model_id: of the model that judges, as shown; absent where there is none.

    Raises:
        DetectorError: the manifest itself cannot be read.
    """
    samples = read_manifest(manifest)
    if not samples:
        raise DetectorError(f"manifest {manifest.name}: expected at least one row, got none")
    rows = [_row(sample, manifest.parent / sample.file, screen) for sample in samples]
    return {
        "files": rows,
        "video": measures(samples, rows, "video"),
        "image": measures(samples, rows, "image"),
        "model_id": model_id,
        "manifest_sha256": hashlib.sha256(manifest.read_bytes()).hexdigest(),
    }


def measures(samples: Sequence[Sample], rows: Sequence[dict[str, Any]], kind: str) -> dict[str, Any]:
    """Return the figures for one kind of media; a figure that needs both classes is null where one is missing.

    Args:
        samples: of all kinds, in the order of ``rows``.
        rows: with ``outcome`` and ``fake_probability``.
        kind: ``image`` or ``video``.
    """
    chosen = [(sample, row) for sample, row in zip(samples, rows, strict=True) if sample.kind == kind]
    labels = np.array([sample.fake for sample, _ in chosen], np.bool_)
    given = [row["fake_probability"] for _, row in chosen]
    scores = np.array([NOT_JUDGED if p is None else p for p in given], np.float64)
    units = [sample.unit for sample, _ in chosen]
    both = bool(labels.any() and not labels.all())
    silent = sum(row["outcome"] == INCONCLUSIVE for _, row in chosen)
    return {
        "n": len(chosen),
        "auc": auc(labels, scores) if both else None,
        "auc_ci95": list(auc_interval(labels, scores, units)) if both else None,
        "eer": eer(labels, scores) if both else None,
        "tpr_at_fpr": {str(rate): tpr_at_fpr(labels, scores, rate) if both else None for rate in (0.01, 0.05)},
        "ece": ece(labels, scores) if chosen else None,
        "inconclusive_share": silent / len(chosen) if chosen else None,
        "by_generator": _by_generator([sample for sample, _ in chosen], labels, scores),
    }


def _by_generator(samples: Sequence[Sample], labels: Labels, scores: Scores) -> dict[str, Any]:
    """Return, for each fake generator, the number of its files and their AUC against all real files."""
    names = np.array([sample.generator for sample in samples])
    found: dict[str, Any] = {}
    for name in sorted({str(name) for name in names[labels]}):
        rows = ~labels | (names == name)
        figure = auc(labels[rows], scores[rows]) if (~labels).any() else None
        found[name] = {"n": int((labels & (names == name)).sum()), "auc": figure}
    return found


def _row(sample: Sample, path: Path, screen: Callable[[Path], Screened]) -> dict[str, Any]:
    try:
        found = screen(path)
    except (MediaError, OSError) as exc:
        found = Screened(INCONCLUSIVE, None, (f"{UNREADABLE}: {type(exc).__name__}",))
    return {"file": sample.file, **found._asdict(), "reasons": list(found.reasons)}
