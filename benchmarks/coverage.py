"""How much of contracts/ the forge suite runs: ``python -m benchmarks.coverage`` prints and keeps it, and has a floor.

The contract compiles only through the IR ("stack too deep" else), where forge places some lines wrongly: single calls
such as ``_pause();`` and ``return t;`` count as never run though tests fail without them. Branches are those of ``if``;
the conditions inside one are what the mutants are for.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import report

FORGE = report.ROOT / "node_modules" / "@foundry-rs" / "forge-linux-amd64" / "bin" / "forge"
FLOOR = 0.98


@dataclass
class Seen:
    """What there is in a file, and how much of it ran.

    Attributes:
        missed: the lines that never ran.
    """

    lines: int = 0
    lines_run: int = 0
    branches: int = 0
    branches_run: int = 0
    missed: list[int] = field(default_factory=list)


def measured() -> dict[str, Seen]:
    """Return what forge saw, by file.

    Raises:
        subprocess.CalledProcessError: a test failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lcov.info"
        command = [str(FORGE), "coverage", "--ir-minimum", "--report", "lcov", "--report-file", str(path)]
        environment = os.environ | {"FOUNDRY_PROFILE": "coverage"}
        subprocess.run(command, cwd=report.ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        return _read(path.read_text("utf-8"))


def _read(lcov: str) -> dict[str, Seen]:
    files: dict[str, Seen] = defaultdict(Seen)
    seen = Seen()
    for entry in lcov.splitlines():
        kind, _, value = entry.partition(":")
        if kind == "SF":
            seen = files[value]
        elif kind == "DA":
            line, times = map(int, value.split(",")[:2])
            seen.lines += 1
            seen.lines_run += times > 0
            if not times:
                seen.missed.append(line)
        elif kind == "BRDA":
            seen.branches += 1
            seen.branches_run += value.split(",")[3] not in ("0", "-")
    return {name: found for name, found in files.items() if name.startswith("contracts/")}


def main() -> None:
    """Measure, print, keep, and end 1 below the floor."""
    files = measured()
    total = Seen()
    for found in files.values():
        total.lines += found.lines
        total.lines_run += found.lines_run
        total.branches += found.branches
        total.branches_run += found.branches_run
    for name, found in [*files.items(), ("all", total)]:
        print(
            f"{name:38} lines {found.lines_run:3}/{found.lines:3}  branches {found.branches_run:3}/{found.branches:3}"
        )
        if found.missed:
            print(f"{'':38} not run, says forge: {', '.join(map(str, found.missed))}")
    figures: dict[str, object] = {
        "lines": round(total.lines_run / total.lines, 4),
        "branches": round(total.branches_run / total.branches, 4),
        "files": {
            name: {"lines": [f.lines_run, f.lines], "branches": [f.branches_run, f.branches], "missed": f.missed}
            for name, f in files.items()
        },
    }
    package = "@foundry-rs/forge-linux-amd64"
    report.write("coverage", figures, versions={package: report.npm_version(package)})
    if total.lines_run < FLOOR * total.lines or total.branches_run < FLOOR * total.branches:
        raise SystemExit(f"expected at least {FLOOR:.0%} of lines and of branches")


if __name__ == "__main__":
    main()
