"""``python -m detector.train``: train from a folder of media, or write a split as a manifest for ``evaluate``."""

from __future__ import annotations

import argparse
import json
import logging
import os
from pathlib import Path

from detector.config import DetectorConfig
from detector.data import Split, SplitPlan, read_manifest

CONFIGS = Path(__file__).resolve().parent.parent / "configs"


def main() -> None:
    """Run the command line."""
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    if arguments.write_split:
        for split in Split:
            write_split(arguments.media / "manifest.jsonl", arguments.splits, split, arguments.write_split)
        return
    from detector.train.run import Paths, train  # noqa: PLC0415 - TensorFlow takes seconds to import

    paths = Paths(arguments.media, arguments.backbones, arguments.splits, arguments.denylist, arguments.cache)
    train(DetectorConfig.load(arguments.config), paths, arguments.out, threads=arguments.threads)


def write_split(manifest: Path, splits: Path, split: Split, directory: Path) -> Path:
    """Write one split's rows as ``<split>.jsonl``, each ``file`` relative to it, and return its path.

    Args:
        manifest: of all media; its rows are kept as they are but for ``file``.
        splits: the split plan.
        split: which part.
        directory: where the new manifest goes; made if absent.
    """
    plan = SplitPlan.load(splits)
    rows = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines() if line.strip()]
    lines = []
    for row, sample in zip(rows, read_manifest(manifest), strict=True):
        if plan.split_of(sample) is split:
            row["file"] = os.path.relpath(manifest.parent / sample.file, directory)
            lines.append(json.dumps(row, sort_keys=True) + "\n")
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{split.value}.jsonl"
    path.write_text("".join(lines), encoding="utf-8")
    return path


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m detector.train", description=__doc__)
    parser.add_argument("--config", type=Path, default=CONFIGS / "gru-v1.json")
    parser.add_argument("--splits", type=Path, default=CONFIGS / "splits-v1.json")
    parser.add_argument("--denylist", type=Path, default=CONFIGS / "denylist.json")
    parser.add_argument("--media", type=Path, required=True, help="folder with manifest.jsonl")
    parser.add_argument("--backbones", type=Path, help="folder with the starting weights; default: beside the media")
    parser.add_argument("--out", type=Path, default=Path("detector/weights"))
    parser.add_argument("--cache", type=Path, default=Path(".cache/detector"), help="crops, features, checkpoints")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--write-split", type=Path, metavar="DIR", help="write train, validation and dev manifests")
    arguments = parser.parse_args()
    arguments.backbones = arguments.backbones or arguments.media.parent / "backbones"
    return arguments


if __name__ == "__main__":
    main()
