"""Write docs/reference/contract.md, the auditors' page, from the contract's sources; a test compares.

usage: python docs/build_audit.py [--check]

Needs Node and the packages of package-lock.json, as contracts/build.py does.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from eth_utils.crypto import keccak

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "reference" / "contract.md"
GAS = ROOT / "benchmarks" / "results" / "gas.json"
MAIN = "contracts/MediaRegistry.sol"
FACE = "contracts/interfaces/IMediaRegistry.sol"
SLOT_BYTES = 32
# What a modifier of the sources means to a caller.
WHO = {
    "DEFAULT_ADMIN_ROLE": "admin (a timelock where one was deployed)",
    "GUARDIAN_ROLE": "guardian",
    "ARBITER_ROLE": "arbiter, not of its own challenge or record",
}
# Where the body, not a modifier, decides.
WHO_BY_BODY = {
    "register": "anyone with the quorum's and the uploader's signatures; the operator alone without an intent",
    "makeStatement": "the record's uploader; for ATTEST anybody else, for REVIEW a reviewer; relayed by anyone",
    "rotateKey": "the uploader's key, together with the new one; relayed by anyone",
    "withdrawCredit": "whoever has a credit",
    "withdrawIntent": "the signer itself",
    "closeEpoch": "anyone with the quorum's signatures",
    "registerBatch": "anyone with the quorum's signatures",
    "unfold": "anyone with the leaf and its path",
    "disputeTally": "the uploader, or who took over its name",
    "answerTally": "anyone with the openings; with too few, after three days",
    "grantRole": "admin (a timelock where one was deployed)",
    "revokeRole": "admin (a timelock where one was deployed)",
    "renounceRole": "the holder itself",
}
INHERITED = {
    "grantRole": "Gives a role. OpenZeppelin's.",
    "revokeRole": "Takes a role. OpenZeppelin's.",
    "renounceRole": "Gives a role of one's own up. OpenZeppelin's.",
}


def page() -> str:
    """Return the page's text."""
    build = _build()
    answer = build.compile_with(
        {
            "*": {
                "": ["ast"],
                "*": ["abi", "storageLayout", "userdoc", "devdoc", "evm.deployedBytecode.object"],
            }
        }
    )
    registry, face = (answer["contracts"][name][Path(name).stem] for name in (MAIN, FACE))
    ast = answer["sources"][MAIN]["ast"]
    size = len(registry["evm"]["deployedBytecode"]["object"]) // 2
    lines = [
        "<!-- made by docs/build_audit.py: do not edit -->\n",
        "# The contract, for auditors\n",
        "Generated from the sources. What the words mean and why it is so: [The contract](../explanation/contract.md)."
        " What checks what: [Assurance](contract-assurance.md).\n",
        f"{_line_count()} lines of Solidity without comments and blank lines in `contracts/`, {size:,} bytes of code"
        f" (the limit of EIP-170 is 24,576), solc {_solc()} with `{json.dumps(build.SETTINGS)}`."
        " OpenZeppelin for roles, pause, ECDSA and EIP-1271. No proxy, no delegate call, no assembly of our own.\n",
        "## Invariants\n",
        *(f"- {law}" for law in _laws()),
        "\n## Powers\n",
        "| function | who | stops in a pause | what |",
        "|---|---|---|---|",
        *_powers(ast, registry, face),
        "\nEverything else only reads.\n",
        "## Storage\n",
        "| slot | offset | bytes | type | name |",
        "|---|---|---|---|---|",
        *_storage(registry["storageLayout"]),
        "\n## What is signed (EIP-712)\n",
        *(f"- `{signed}`" for signed in _signed()),
        "\n## Events\n",
        "| event | when |",
        "|---|---|",
        *_events(face),
        "\n## Refusals\n",
        "| error | selector | why |",
        "|---|---|---|",
        *_errors(face),
        *_gas(),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("contracts_build", ROOT / "contracts" / "build.py")
    if spec is None or spec.loader is None:
        raise ImportError("contracts/build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _solc() -> str:
    version: str = json.loads((ROOT / "node_modules" / "solc" / "package.json").read_bytes())["version"]
    return version


def _line_count() -> int:
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "contracts").rglob("*.sol"))
    bare = "\n".join(re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL) for text in texts)
    return sum(1 for line in bare.splitlines() if line.strip() and not line.strip().startswith("//"))


def _laws() -> Iterator[str]:
    text = (ROOT / FACE).read_text(encoding="utf-8")
    block = text[text.index("Laws") : text.index("Signatures are EIP-712")]
    for law in re.findall(r"^ \* - (.*?)(?=^ \* -|^ \*$)", block, re.DOTALL | re.MULTILINE):
        yield re.sub(r"\s+\*?\s*", " ", law).strip()


def _powers(ast: Mapping[str, Any], registry: Mapping[str, Any], face: Mapping[str, Any]) -> Iterator[str]:
    """Yield a row for each function that writes, ours first."""
    notices = {name.split("(")[0]: doc["notice"] for name, doc in face["userdoc"]["methods"].items()}
    contract = next(node for node in ast["nodes"] if node["nodeType"] == "ContractDefinition")
    definitions = {node["name"]: node for node in contract["nodes"] if node["nodeType"] == "FunctionDefinition"}
    writing = [
        entry["name"]
        for entry in registry["abi"]
        if entry["type"] == "function" and entry["stateMutability"] in {"nonpayable", "payable"}
    ]
    ours = [name for name in definitions if name in writing]
    for name in [*ours, *(name for name in writing if name not in ours)]:
        modifiers = definitions[name]["modifiers"] if name in definitions else []
        names = [modifier["modifierName"]["name"] for modifier in modifiers]
        role = next((m["arguments"][0]["name"] for m in modifiers if m["modifierName"]["name"] == "onlyRole"), None)
        who = WHO[role] if role else WHO_BY_BODY.get(name, "anyone")
        stops = "yes" if "whenNotPaused" in names else "all but a veto" if name == "rotateKey" else "no"
        yield f"| `{name}` | {who} | {stops} | {_first(notices.get(name) or INHERITED[name])} |"


def _storage(layout: Mapping[str, Any]) -> Iterator[str]:
    types = layout["types"]
    for entry in layout["storage"]:
        kind = types[entry["type"]]
        place = f"{entry['slot']} | {entry['offset']} | {kind['numberOfBytes']}"
        yield f"| {place} | `{kind['label']}` | `{entry['label']}` |"
    for kind in types.values():
        if "members" not in kind:
            continue
        size = int(kind["numberOfBytes"])
        yield f"| in `{kind['label']}` | | {size} | slots: {size // SLOT_BYTES} | |"
        for member in kind["members"]:
            of = types[member["type"]]
            place = f"+{member['slot']} | {member['offset']} | {of['numberOfBytes']}"
            yield f"| {place} | `{of['label']}` | `{member['label']}` |"


def _signed() -> Iterator[str]:
    text = (ROOT / "contracts" / "libraries" / "TypeHash.sol").read_text(encoding="utf-8")
    for body in re.findall(r"keccak256\((.*?)\);", text, re.DOTALL):
        yield "".join(re.findall(r'"(.*?)"', body))


def _events(face: Mapping[str, Any]) -> Iterator[str]:
    notices = {name.split("(")[0]: doc["notice"] for name, doc in face["userdoc"]["events"].items()}
    for entry in face["abi"]:
        if entry["type"] == "event":
            arguments = ", ".join(
                f"{_type(argument)}{' indexed' if argument['indexed'] else ''} {argument['name']}"
                for argument in entry["inputs"]
            )
            yield f"| `{entry['name']}({arguments})` | {notices[entry['name']]} |"


def _errors(face: Mapping[str, Any]) -> Iterator[str]:
    details = {name.split("(")[0]: docs[0]["details"] for name, docs in face["devdoc"]["errors"].items()}
    for entry in face["abi"]:
        if entry["type"] == "error":
            arguments = ", ".join(f"{_type(argument)} {argument['name']}" for argument in entry["inputs"])
            signature = f"{entry['name']}({','.join(argument['type'] for argument in entry['inputs'])})"
            selector = keccak(text=signature)[:4].hex()
            yield f"| `{entry['name']}({arguments})` | `0x{selector}` | {details[entry['name']]} |"


def _gas() -> Iterator[str]:
    if not GAS.is_file():
        return
    result = json.loads(GAS.read_text(encoding="utf-8"))
    yield f"\n## Gas\n\nFrom real transactions, measured by `make bench-gas` at commit `{result['commit'][:12]}`.\n"
    yield from ("| what | gas |", "|---|---|")
    for name, gas in result.items():
        if isinstance(gas, int):
            yield f"| {name.replace('_', ' ')} | {gas:,} |"


def _type(argument: Mapping[str, Any]) -> str:
    return str(argument["internalType"]).removeprefix("struct ").removeprefix("enum ").removeprefix("IMediaRegistry.")


def _first(notice: str) -> str:
    """Return a notice up to its example."""
    return re.sub(r"\s+", " ", notice.split(" Example:", maxsplit=1)[0]).replace("|", "\\|")


def main() -> int:
    """Write the page, or with ``--check`` say whether it differs; return the exit code."""
    text = page()
    if "--check" in sys.argv:
        stale = not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text
        if stale:
            sys.stderr.write("docs/reference/contract.md is not what the sources say: run python docs/build_audit.py\n")
        return 1 if stale else 0
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
