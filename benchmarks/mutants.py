"""How many small faults in the contract the forge suite finds: ``python -m benchmarks.mutants``.

A seeded sample of faults is tried one at a time in a copy of the sources. A fault is *killed* when a test fails,
*alive* when all pass. One that does not compile, or compiles to the same code, is no fault and the next of the sample
takes its place. Whatever is known is kept in ``benchmarks/results/mutants.json`` after each, so that it can be stopped
at any time and goes on where it stood, for as long as the contract is the same; ``--again`` tries those alive once
more.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path

from benchmarks import report
from benchmarks.mutation import Mutant, mutants

PLACE = report.ROOT / ".mutants"
FORGE = report.ROOT / "node_modules" / "@foundry-rs" / "forge-linux-amd64" / "bin" / "forge"
ARTEFACT = PLACE / "artifacts" / "forge-mutants" / "MediaRegistry.sol" / "MediaRegistry.json"
SEED = 3
LONGEST_S = 300  # a test that never ends finds its fault as well
SHARE_MIN = 0.9


def forge(*arguments: str) -> bool:
    """Return whether forge ended well, in the copy, with the profile of few runs."""
    command = ["nice", "-n", "15", str(FORGE), *arguments]
    environment = os.environ | {"FOUNDRY_PROFILE": "mutants"}
    try:
        done = subprocess.run(command, cwd=PLACE, env=environment, capture_output=True, timeout=LONGEST_S, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def suite_passes() -> bool:
    """Return whether all tests pass, the quick ones first."""
    return forge("test", "--fail-fast", "--no-match-contract", "LawsTest") and forge(
        "test", "--fail-fast", "--match-contract", "LawsTest"
    )


def prepare() -> str:
    """Make the copy, check that the suite passes there, and return the contract's creation code.

    Raises:
        RuntimeError: the suite fails without any fault.
    """
    PLACE.mkdir(exist_ok=True)
    for name in ("contracts", "tests/forge"):
        shutil.rmtree(PLACE / name, ignore_errors=True)
        shutil.copytree(report.ROOT / name, PLACE / name)
    shutil.copy(report.ROOT / "foundry.toml", PLACE)
    if not (PLACE / "node_modules").exists():
        (PLACE / "node_modules").symlink_to(report.ROOT / "node_modules")
    if not suite_passes():
        raise RuntimeError("expected a suite that passes without any fault, got one that fails")
    return creation_code()


def creation_code() -> str:
    """Return the contract's code as it was compiled last."""
    return str(json.loads(ARTEFACT.read_bytes())["bytecode"]["object"])


def tried(mutant: Mutant, original: str) -> str:
    """Return "killed", "alive", "same code" or "does not compile"; the copy is then as before."""
    path = PLACE / mutant.file
    source = path.read_bytes()
    path.write_bytes(mutant.applied(source))
    try:
        if not forge("build"):
            return "does not compile"
        if creation_code() == original:
            return "same code"
        return "alive" if suite_passes() else "killed"
    finally:
        path.write_bytes(source)


def sources_hash() -> str:
    """Return the SHA-256 of all of contracts/*.sol, 64 hex digits."""
    paths = sorted((report.ROOT / "contracts").rglob("*.sol"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def known(path: Path) -> dict[str, str]:
    """Return what an earlier run found about the same sources."""
    if not path.is_file():
        return {}
    content = json.loads(path.read_bytes())
    found: dict[str, str] = content["found"] if content["sources_sha256"] == sources_hash() else {}
    return found


def keep(found: dict[str, str], sample: list[Mutant], wanted: int) -> dict[str, int]:
    """Write what is known, and return how many of each outcome there are."""
    counts = Counter(found.values())
    killed, alive = counts["killed"], counts["alive"]
    survivors = [
        {"file": one.file, "line": one.line, "operator": one.operator, "before": one.before, "after": one.after}
        for one in sample
        if found.get(one.id) == "alive"
    ]
    figures = {
        "seed": SEED,
        "possible": len(sample),
        "wanted": wanted,
        "tried": killed + alive,
        "killed": killed,
        "share_killed": round(killed / max(1, killed + alive), 4),
        "does_not_compile": counts["does not compile"],
        "same_code": counts["same code"],
        "survivors": sorted(survivors, key=lambda one: (str(one["file"]), str(one["line"]))),
        "sources_sha256": sources_hash(),
        "found": found,
    }
    packages = ("@foundry-rs/forge-linux-amd64", "solc")
    report.write("mutants", figures, versions={package: report.npm_version(package) for package in packages})
    return {"killed": killed, "alive": alive}


def main() -> None:
    """Try faults until enough are known or the time is over, and print those alive."""
    parser = argparse.ArgumentParser(description="Try small faults in the contract on the forge suite.")
    parser.add_argument("--count", type=int, default=200, help="how many faults to know about")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="start no other one after this time")
    parser.add_argument("--again", action="store_true", help="try those alive once more, after a change of the tests")
    arguments = parser.parse_args()
    until = time.monotonic() + arguments.seconds

    sample = mutants()
    random.Random(SEED).shuffle(sample)
    found = known(report.RESULTS / "mutants.json")
    if arguments.again:
        found = {one: outcome for one, outcome in found.items() if outcome != "alive"}
    original = prepare()
    counts = keep(found, sample, arguments.count)
    for mutant in sample:
        if sum(counts.values()) >= arguments.count or time.monotonic() > until:
            break
        if mutant.id in found:
            continue
        found[mutant.id] = tried(mutant, original)
        counts = keep(found, sample, arguments.count)
        place = f"{mutant.file}:{mutant.line}"
        print(f"{found[mutant.id]:16} {place} {mutant.operator}: {mutant.before!r} -> {mutant.after!r}")
    share = counts["killed"] / max(1, sum(counts.values()))
    print(f"{counts['killed']} of {sum(counts.values())} killed: {share:.1%}")
    if sum(counts.values()) >= arguments.count and share < SHARE_MIN:
        raise SystemExit(f"expected at least {SHARE_MIN:.0%} killed, got {share:.1%}")


if __name__ == "__main__":
    main()
