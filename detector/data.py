"""The media that a detector learns from: manifest rows, splits that share no source, the deny-list, sequences."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from registry.errors import DetectorError

# PDQ codes at this distance or nearer are the same picture (ThreatExchange's recommended threshold).
DENY_RADIUS_BITS = 31


class Split(StrEnum):
    """What a file may be used for; no source (`unit`) stands in two."""

    TRAIN = "train"
    VALIDATION = "validation"
    DEV = "dev"


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of a manifest.

    Attributes:
        file: path relative to the manifest.
        fake: the label.
        kind: ``image`` or ``video``.
        generator: which program made the forgery, or where a genuine file comes from.
        repo: the collection it was found in.
        unit: the identity or source that it shares with other files.
        sha256: of the original and of the file as shipped, 64 hex digits each.
    """

    file: str
    fake: bool
    kind: str
    generator: str
    repo: str
    unit: str
    sha256: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """Which collections are kept out of training, whole.

    Attributes:
        validation_repos: collections that thresholds and calibration are chosen on.
        dev_repos: collections that nothing is chosen on; figures are reported on them.
        unit_split_repos: collections too large to leave out: their units are dealt out by hash, 15 % to validation
            and 15 % to dev.
    """

    validation_repos: frozenset[str]
    dev_repos: frozenset[str]
    unit_split_repos: frozenset[str]

    @classmethod
    def load(cls, path: Path) -> SplitPlan:
        """Return the plan written in a JSON file.

        Raises:
            DetectorError: the file cannot be read or is not such a plan.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            return cls(*(frozenset(values[key]) for key in ("validation_repos", "dev_repos", "unit_split_repos")))
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise DetectorError(f"split plan {path.name}: {exc!r}") from exc

    def split_of(self, sample: Sample) -> Split:
        """Return what the sample may be used for."""
        if sample.repo in self.unit_split_repos:
            share = hashlib.sha256(sample.unit.encode()).digest()[0] / 256
            return Split.VALIDATION if share < 0.15 else Split.DEV if share < 0.30 else Split.TRAIN
        if sample.repo in self.dev_repos:
            return Split.DEV
        return Split.VALIDATION if sample.repo in self.validation_repos else Split.TRAIN

    def divide(self, samples: Iterable[Sample]) -> dict[Split, list[Sample]]:
        """Return the samples by split.

        Raises:
            DetectorError: a unit would stand in two splits.
        """
        parts: dict[Split, list[Sample]] = {split: [] for split in Split}
        seen: dict[str, Split] = {}
        for sample in samples:
            split = self.split_of(sample)
            if seen.setdefault(sample.unit, split) is not split:
                raise DetectorError(f"unit {sample.unit!r}: expected one split, got {seen[sample.unit]} and {split}")
            parts[split].append(sample)
        return parts


@dataclass(frozen=True, slots=True)
class DenyList:
    """Media that must never be learnt from: the demo's, by exact bytes and by look.

    Attributes:
        sha256: 64 hex digits each.
        pdq: 32-byte codes of their frames.
    """

    sha256: frozenset[str]
    pdq: tuple[bytes, ...]

    @classmethod
    def load(cls, path: Path) -> DenyList:
        """Return the list written in a JSON file.

        Raises:
            DetectorError: the file cannot be read or is not such a list.
        """
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))["media"]
            codes = tuple(bytes.fromhex(code) for entry in entries for code in entry["pdq256"])
            return cls(frozenset(entry["sha256"] for entry in entries), codes)
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise DetectorError(f"deny-list {path.name}: {exc!r}") from exc

    def refuse_bytes(self, sample: Sample) -> None:
        """Raise `DetectorError` if the sample's bytes, or its original's, are listed."""
        if listed := self.sha256.intersection(sample.sha256):
            raise DetectorError(f"{sample.file}: SHA-256 {min(listed)} is on the deny-list, it may not be learnt from")

    def refuse_look(self, sample: Sample, codes: Iterable[bytes]) -> None:
        """Raise `DetectorError` if a frame's PDQ code is within `DENY_RADIUS_BITS` of a listed one."""
        for code in codes:
            bits = min((hamming(code, denied) for denied in self.pdq), default=256)
            if bits <= DENY_RADIUS_BITS:
                raise DetectorError(f"{sample.file}: a frame is {bits} bits from one on the deny-list")


def hamming(a: bytes, b: bytes) -> int:
    """Return in how many bits two codes of equal length differ."""
    return (int.from_bytes(a) ^ int.from_bytes(b)).bit_count()


def read_manifest(path: Path) -> tuple[Sample, ...]:
    """Return the rows of a JSON-lines manifest in file order.

    Every row has at least ``file``, ``label`` (``real`` or ``fake``), ``kind`` and ``generator``; where ``unit`` is
    absent, each file is its own.

    Raises:
        DetectorError: the file cannot be read, or a line is no such row.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise DetectorError(f"manifest {path.name}: {exc}") from exc
    return tuple(_sample(line, f"{path.name} line {n}") for n, line in enumerate(lines, 1) if line.strip())


def _sample(line: str, where: str) -> Sample:
    try:
        row = json.loads(line)
        label, kind, file = row["label"], row["kind"], str(row["file"])
        if label not in ("real", "fake") or kind not in ("image", "video"):
            raise DetectorError(f"{where}: expected label real or fake, kind image or video, got {label!r}, {kind!r}")
        sums = tuple(str(row[key]) for key in ("sha256", "shipped_sha256") if key in row)
        repo, unit = str(row.get("repo", "")), str(row.get("unit", file))
        return Sample(file, label == "fake", kind, str(row["generator"]), repo, unit, sums)
    except (ValueError, KeyError, TypeError) as exc:
        raise DetectorError(f"{where}: expected a JSON object with file, label, kind, generator, got {exc!r}") from exc


def evenly_spaced(count: int, at_most: int) -> NDArray[np.int64]:
    """Return at most ``at_most`` of the numbers 0 … count - 1, evenly spaced, the first and the last among them."""
    return np.unique(np.linspace(0, max(count - 1, 0), min(count, at_most)).round().astype(np.int64))


def padded(sequences: Sequence[NDArray[np.float32]], length: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return sequences of feature rows as one batch (n, length, features), and the mask (n, length) of real rows.

    Raises:
        DetectorError: a sequence is empty or longer than ``length``.
    """
    batch = np.zeros((len(sequences), length, sequences[0].shape[1]), np.float32)
    mask = np.zeros(batch.shape[:2], np.bool_)
    for n, rows in enumerate(sequences):
        if not 0 < len(rows) <= length:
            raise DetectorError(f"sequence: expected 1 to {length} rows, got {len(rows)}")
        batch[n, : len(rows)], mask[n, : len(rows)] = rows, True
    return batch, mask
