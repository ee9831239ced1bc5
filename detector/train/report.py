"""``python -m detector.train.report``: the model card's tables, from the object that ``evaluate`` printed."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.config import DetectorConfig
from detector.data import Sample, evenly_spaced, read_manifest
from detector.faces import FaceFinder, HaarFaceFinder, crop_face, largest_track
from detector.inference import GruDetector
from detector.metrics import auc, wilson_interval
from registry.media import Decoder
from registry.model import Media

Scores = NDArray[np.float64]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m detector.train.report", description=__doc__)
    parser.add_argument("manifest", type=Path, help="what evaluate was given")
    parser.add_argument("figures", type=Path, help="what evaluate printed")
    parser.add_argument("--shortcut", action="store_true", help="decode all files again for the sharpness column")
    arguments = parser.parse_args()
    samples = read_manifest(arguments.manifest)
    found = json.loads(arguments.figures.read_text(encoding="utf-8"))
    detector = GruDetector.load()
    sharp = sharpness(samples, arguments.manifest.parent, detector.config) if arguments.shortcut else None
    for kind in ("video", "image"):
        lines = (detector.thresholds.review_at, detector.thresholds.reject_at)
        print(json.dumps({kind: summary(samples, found["files"], kind, lines, sharp)}, indent=2))  # noqa: T201 - a command


def summary(
    samples: Sequence[Sample],
    rows: Sequence[dict[str, Any]],
    kind: str,
    lines: tuple[float, float],
    sharp: Scores | None,
) -> dict[str, Any]:
    """Return the figures that show how far a source's own look moves the score, for one kind of media.

    Args:
        samples: the manifest's rows.
        rows: of the ``evaluate`` object, in the same order.
        kind: ``image`` or ``video``.
        lines: thresholds of review and refusal.
        sharp: of each sample, see `sharpness`; absent, the shortcut is left out.

    Returns:
        ``auc_pooled``; ``auc_inside_source``, the mean over repositories that hold both classes; ``honest_spread``, the
        deviation over repositories of the mean probability of genuine files; false-positive rates at both lines with
        their Wilson intervals, over judged genuine files; ``no_number_share``; ``auc_sharpness``, of softness alone.
    """
    place = [n for n, sample in enumerate(samples) if sample.kind == kind]
    fake = np.array([samples[n].fake for n in place])
    given = [rows[n]["fake_probability"] for n in place]
    scores = np.array([0.5 if p is None else p for p in given], np.float64)
    judged = np.array([p is not None for p in given])
    repos = np.array([samples[n].repo for n in place])
    inside, honest = {}, []
    for repo in np.unique(repos):
        own = repos == repo
        if fake[own].any() and not fake[own].all():
            inside[str(repo)] = auc(fake[own], scores[own])
        if (own & ~fake & judged).any():
            honest.append(scores[own & ~fake & judged].mean())
    genuine = scores[~fake & judged]
    figures: dict[str, Any] = {
        "n": {"real": int((~fake).sum()), "fake": int(fake.sum())},
        "auc_pooled": auc(fake, scores),
        "auc_inside_source": float(np.mean(list(inside.values()))) if inside else None,
        "sources_with_both": inside,
        "honest_sources": len(honest),
        "honest_spread": float(np.std(honest)),
        "no_number_share": float(1 - judged.mean()),
        "fpr": [_rate(int((genuine >= line).sum()), len(genuine)) for line in lines],
        "tpr": [_rate(int((scores[fake & judged] >= line).sum()), int((fake & judged).sum())) for line in lines],
    }
    if sharp is not None:
        figures["auc_sharpness"] = auc(fake, -sharp[place])
    return figures


def sharpness(samples: Sequence[Sample], folder: Path, config: DetectorConfig) -> Scores:
    """Return the mean log variance of the Laplacian of each file's crops: what framing and compression alone give away.

    A file without a face gets the median of the others.
    """
    finder = HaarFaceFinder()
    with Decoder() as decoder:
        found = [_sharpness(decoder.decode(folder / sample.file), finder, config) for sample in samples]
    values = np.array(found, np.float64)
    return np.where(np.isnan(values), np.nanmedian(values), values)


def _sharpness(media: Media, finder: FaceFinder, config: DetectorConfig) -> float:
    frames = [media.frames[i].rgb for i in evenly_spaced(len(media.frames), config.window_frames)]
    values = []
    for face in largest_track([finder.find(rgb) for rgb in frames]):
        crop = crop_face(frames[face.index], face.box, margin=config.margin, size=config.crop_px)
        values.append(np.log1p(cv2.Laplacian(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), cv2.CV_32F).var()))
    return float(np.mean(values)) if values else float("nan")


def _rate(hits: int, trials: int) -> dict[str, Any]:
    return {"rate": hits / trials, "of": trials, "ci95": wilson_interval(hits, trials)} if trials else {"of": 0}


if __name__ == "__main__":
    main()
