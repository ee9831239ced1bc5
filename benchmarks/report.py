"""What every benchmark leaves: ``benchmarks/results/NAME.json`` with where, when and with what it was measured."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"


def write(name: str, figures: Mapping[str, object], *, versions: Mapping[str, str]) -> Path:
    """Write the figures with machine, commit, date and versions beside them, and return the file."""
    content = {
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "commit": commit(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "versions": {"python": platform.python_version(), **versions},
        **figures,
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return path


def commit() -> str:
    """Return the commit that is checked out, with "+changes" where tracked files differ from it."""
    return _git("rev-parse", "--short=12", "HEAD") + ("+changes" if _git("status", "--porcelain", "-uno") else "")


def npm_version(package: str) -> str:
    """Return the version of an npm package as installed."""
    content = json.loads((ROOT / "node_modules" / package / "package.json").read_bytes())
    return str(content["version"])


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
