"""Slither's findings on contracts/ against the waivers beside this file.

``python tests/static/slither.py SLITHER FORGE`` takes the paths of the two programs. It ends 1 where a finding has no
waiver, or a waiver no finding.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
Finding = tuple[str, str]  # detector and function


def findings(slither: Path, forge: Path) -> dict[Finding, str]:
    """Slither's words on each finding."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "findings.json"
        elsewhere = ["--filter-paths", "node_modules|tests/forge", "--foundry-out-directory", "artifacts/forge"]
        options = ["--compile-force-framework", "foundry", *elsewhere, "--json", str(path)]
        environment = os.environ | {"PATH": os.pathsep.join([str(forge.parent), os.environ["PATH"]])}
        done = subprocess.run(
            [slither, ".", *options], cwd=ROOT, env=environment, check=False, capture_output=True, text=True
        )
        if not path.is_file():
            raise SystemExit(f"slither ended with {done.returncode} and no findings:\n{done.stderr}")
        answer = json.loads(path.read_bytes())
    if not answer["success"]:
        raise SystemExit(f"slither: {answer['error']}")
    found = answer["results"].get("detectors", [])
    return {(one["check"], one["elements"][0]["name"]): one["description"] for one in found}


def waived() -> set[Finding]:
    content = tomllib.loads((HERE / "waivers.toml").read_text("utf-8"))
    return {(one["detector"], function) for one in content["waiver"] for function in one["functions"]}


def main() -> int:
    found, reasons = findings(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute()), waived()
    for detector, function in sorted(found.keys() - reasons):
        sys.stdout.write(f"{detector} in {function}, not waived: {found[detector, function]}\n")
    for detector, function in sorted(reasons - found.keys()):
        sys.stdout.write(f"{detector} in {function}: waived, and not found\n")
    sys.stdout.write(f"slither: {len(found)} findings, {len(reasons)} waivers\n")
    return 0 if found.keys() == reasons else 1


if __name__ == "__main__":
    sys.exit(main())
