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
COMPILER = report.ROOT / "benchmarks" / "warm_solc.js"
CODE = "registry.json"  # the compiled contract, in the copy, for the tests to deploy
CONTRACT = "contracts/MediaRegistry.sol"
# As contracts/build.py, but with no step of the optimizer: what the code does is the same.
SETTINGS = {
    "evmVersion": "prague",
    "viaIR": True,
    "optimizer": {
        "enabled": True,
        "details": {"yul": True, "yulDetails": {"stackAllocation": True, "optimizerSteps": ":"}},
    },
    "outputSelection": {CONTRACT: {"MediaRegistry": ["evm.bytecode.object"]}},
}
SEED = 3
LONGEST_S = 300  # a test that never ends finds its fault as well
SHARE_MIN = 0.9


class Compiler:
    """A compiler that stays loaded: the second contract takes half as long as the first."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["nice", "-n", "15", "node", str(COMPILER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def code(self) -> str:
        """Return the creation code of the contract as it stands in the copy, empty where it does not compile."""
        sources = {
            path.relative_to(PLACE).as_posix(): {"content": path.read_text("utf-8")}
            for path in sorted((PLACE / "contracts").rglob("*.sol"))
        }
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("expected a compiler with pipes, got none")
        request = {"language": "Solidity", "sources": sources, "settings": SETTINGS}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "contracts" not in answer or any(one["severity"] == "error" for one in answer.get("errors", [])):
            return ""
        return str(answer["contracts"][CONTRACT]["MediaRegistry"]["evm"]["bytecode"]["object"])


def forge(*arguments: str) -> bool:
    """Return whether forge ended well, in the copy, with the profile of few runs."""
    command = ["nice", "-n", "15", str(FORGE), *arguments]
    environment = os.environ | {"FOUNDRY_PROFILE": "mutants", "REGISTRY_CODE": CODE}
    try:
        done = subprocess.run(command, cwd=PLACE, env=environment, capture_output=True, timeout=LONGEST_S, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def suite_passes(code: str) -> bool:
    """Return whether all tests pass on this code, the quick ones first."""
    (PLACE / CODE).write_text(json.dumps({"abi": [], "bytecode": {"object": "0x" + code}}), encoding="utf-8")
    return forge("test", "--fail-fast", "--no-match-contract", "LawsTest") and forge(
        "test", "--fail-fast", "--match-contract", "LawsTest"
    )


def prepare(compiler: Compiler) -> str:
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
    code = compiler.code()
    if not suite_passes(code):
        raise RuntimeError("expected a suite that passes without any fault, got one that fails")
    return code


def tried(mutant: Mutant, compiler: Compiler, original: str) -> str:
    """Return "killed", "alive", "same code" or "does not compile"; the copy is then as before."""
    path = PLACE / mutant.file
    source = path.read_bytes()
    path.write_bytes(mutant.applied(source))
    try:
        code = compiler.code()
        if not code:
            return "does not compile"
        if code == original:
            return "same code"
        return "alive" if suite_passes(code) else "killed"
    finally:
        path.write_bytes(source)


def sources_hash(sample: list[Mutant]) -> str:
    """Return the SHA-256 of the files that the faults are of, 64 hex digits."""
    names = sorted({mutant.file for mutant in sample})
    return hashlib.sha256(b"".join((report.ROOT / name).read_bytes() for name in names)).hexdigest()


def known(path: Path, sample: list[Mutant]) -> dict[str, str]:
    """Return what an earlier run found about the same sources."""
    if not path.is_file():
        return {}
    content = json.loads(path.read_bytes())
    found: dict[str, str] = content["found"] if content["sources_sha256"] == sources_hash(sample) else {}
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
        "sources_sha256": sources_hash(sample),
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
    found = known(report.RESULTS / "mutants.json", sample)
    if arguments.again:
        found = {one: outcome for one, outcome in found.items() if outcome != "alive"}
    compiler = Compiler()
    original = prepare(compiler)
    counts = keep(found, sample, arguments.count)
    for mutant in sample:
        if sum(counts.values()) >= arguments.count or time.monotonic() > until:
            break
        if mutant.id in found:
            continue
        found[mutant.id] = tried(mutant, compiler, original)
        counts = keep(found, sample, arguments.count)
        place = f"{mutant.file}:{mutant.line}"
        print(f"{found[mutant.id]:16} {place} {mutant.operator}: {mutant.before!r} -> {mutant.after!r}")
    share = counts["killed"] / max(1, sum(counts.values()))
    print(f"{counts['killed']} of {sum(counts.values())} killed: {share:.1%}")
    if sum(counts.values()) >= arguments.count and share < SHARE_MIN:
        raise SystemExit(f"expected at least {SHARE_MIN:.0%} killed, got {share:.1%}")


if __name__ == "__main__":
    main()
