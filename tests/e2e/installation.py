"""One installation on disk, driven by its command line in processes of their own."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.processes import start


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
    settings: Mapping[str, str] = field(default_factory=dict)

    def run(self, *words: str | Path) -> Done:
        """Run a command that answers in JSON."""
        return self.run_plain(*words, "--json")

    def run_plain(self, *words: str | Path) -> Done:
        """Run a command as it is; its answer must still be JSON lines, or nothing."""
        with tempfile.TemporaryDirectory() as folder:
            stdout, stderr = Path(folder, "stdout"), Path(folder, "stderr")
            run = start(
                list(map(str, words)),
                home=self.home,
                stdout=stdout,
                stderr=stderr,
                says=self.says,
                settings=self.settings,
            )
            code = run.wait()
            rows = [json.loads(line) for line in stdout.read_text().splitlines()]
            return Done(code, rows, stderr.read_text())

    def contents(self) -> list[str]:
        """Return what stands in content store, spool and receipts."""
        folders = (self.home / "content" / "pins", self.home / "spool", self.home / "receipts")
        return [path.name for folder in folders if folder.exists() for path in folder.rglob("*") if path.is_file()]
