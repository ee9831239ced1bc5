"""One installation on disk, driven by its command line in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).parent / "touchstone.py"


@dataclass(frozen=True)
class Done:
    """What one command did."""

    code: int
    rows: list[dict[str, Any]]
    people: str

    @property
    def row(self) -> dict[str, Any]:
        [row] = self.rows
        return row


@dataclass(frozen=True)
class Installation:
    """A home, and what its detector says of every file: a probability, or ``none`` for an abstention."""

    home: Path
    says: str = "0.1"

    def run(self, *words: str | Path) -> Done:
        command = [sys.executable, str(SCRIPT), self.says, *map(str, words), "--json"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHSTONE_")}
        environment["TOUCHSTONE_HOME"] = str(self.home)
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        return Done(done.returncode, rows, done.stderr)

    def contents(self) -> list[str]:
        """Return what stands in content store, spool and receipts."""
        folders = (self.home / "content" / "pins", self.home / "spool", self.home / "receipts")
        return [path.name for folder in folders if folder.exists() for path in folder.rglob("*") if path.is_file()]
