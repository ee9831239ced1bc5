"""Small faults in Solidity sources, by the compiler's own syntax tree: each is one node's text replaced."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import solcx

from benchmarks.report import ROOT

Node = dict[str, Any]

COMPARISONS = {"<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"], "==": ["!="], "!=": ["=="]}
ARITHMETIC = {"+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["*"], "<<": [">>"], ">>": ["<<"]}
LOGIC = {"&&": ["||"], "||": ["&&"], "&": ["|"], "|": ["&"]}
ASSIGNMENTS = {"+=": ["-=", "="], "-=": ["+=", "="], "|=": ["=", "&="], "<<=": [">>="], ">>=": ["<<="], "/=": ["*="]}

NOTHING = "0"  # an expression that does nothing; the semicolon after it stays


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: a stretch of a file and what stands there instead.

    Attributes:
        file: path in the project.
        start: first byte of the stretch.
        end: first byte after it.
        line: where it starts, from 1.
        operator: what kind of fault.
    """

    file: str
    start: int
    end: int
    line: int
    operator: str
    before: str
    after: str

    @property
    def id(self) -> str:
        """Return 12 hex digits that stand for the fault."""
        place = f"{self.file}:{self.start}:{self.end}:{self.after}"
        return hashlib.sha256(place.encode()).hexdigest()[:12]

    def applied(self, source: bytes) -> bytes:
        """Return the file's text with the fault in it."""
        return source[: self.start] + self.after.encode() + source[self.end :]


def mutants() -> list[Mutant]:
    """Return every fault that the operators find in contracts/, by file and place."""
    sources = {
        path.relative_to(ROOT).as_posix(): path.read_bytes() for path in sorted((ROOT / "contracts").rglob("*.sol"))
    }
    answer = solcx.compile_standard(
        {
            "language": "Solidity",
            "sources": {name: {"content": text.decode()} for name, text in sources.items()},
            "settings": {"outputSelection": {"*": {"": ["ast"]}}},
        },
        solc_binary=ROOT / "contracts" / "solcjs.js",
    )
    found = {
        mutant.id: mutant
        for name, text in sources.items()
        for node in _nodes(answer["sources"][name]["ast"])
        for mutant in _of(name, text, node)
    }
    return sorted(found.values(), key=lambda mutant: (mutant.file, mutant.start, mutant.end, mutant.after))


def _nodes(node: object) -> Iterator[Node]:
    if isinstance(node, dict):
        if "nodeType" in node:
            yield node
        for child in node.values():
            yield from _nodes(child)
    elif isinstance(node, list):
        for child in node:
            yield from _nodes(child)


def _of(name: str, text: bytes, node: Node) -> Iterator[Mutant]:
    """Yield the faults of one node."""
    start, end = _span(node)
    before = text[start:end].decode()
    for operator, after in _replacements(text, node, before):
        if after != before:
            line = text[:start].count(b"\n") + 1
            yield Mutant(name, start, end, line, operator, before, after)


def _replacements(text: bytes, node: Node, before: str) -> Iterator[tuple[str, str]]:
    kind = node["nodeType"]
    if kind == "IfStatement":
        yield from _of_condition(text, node, before)
    elif kind == "Conditional":
        one, two = (_text(text, node[key]) for key in ("trueExpression", "falseExpression"))
        yield "take one side", one
        yield "take one side", two
    elif kind == "ExpressionStatement":
        yield "drop statement", NOTHING
    elif kind == "EmitStatement":
        yield "drop event", NOTHING
    elif kind == "ModifierInvocation" and node["kind"] == "modifierInvocation":
        yield "drop modifier", ""
    elif kind == "BinaryOperation":
        yield from _of_binary(text, node)
    elif kind == "Assignment" and node["operator"] in ASSIGNMENTS:
        left, right = _text(text, node["leftHandSide"]), _text(text, node["rightHandSide"])
        for after in ASSIGNMENTS[node["operator"]]:
            yield "assign otherwise", f"{left} {after} {right}"
    elif kind == "UnaryOperation":
        yield from _of_unary(text, node)
    elif kind == "Literal" and node.get("kind") == "number" and not re.search("[a-z]{2}| ", before):
        yield "change constant", f"({before} + 1)"
        if before not in ("0", "1"):
            yield "change constant", f"({before} - 1)"
        yield "change constant", "0"
    elif kind == "Literal" and node.get("kind") == "bool":
        yield "change constant", "false" if before == "true" else "true"


def _of_condition(text: bytes, node: Node, before: str) -> Iterator[tuple[str, str]]:
    condition = _text(text, node["condition"])
    whole = before.replace(f"({condition})", f"(!({condition}))", 1)
    yield "negate condition", whole
    body = node["trueBody"]
    statements = body.get("statements", [body])
    if len(statements) == 1 and statements[0]["nodeType"] == "RevertStatement" and not node.get("falseBody"):
        yield "drop refusal", "{}" if before.endswith("}") else NOTHING


def _of_binary(text: bytes, node: Node) -> Iterator[tuple[str, str]]:
    left, right = _text(text, node["leftExpression"]), _text(text, node["rightExpression"])
    for operator, table in (
        ("compare otherwise", COMPARISONS),
        ("reckon otherwise", ARITHMETIC),
        ("join otherwise", LOGIC),
    ):
        for after in table.get(node["operator"], []):
            yield operator, f"{left} {after} {right}"
    if node["operator"] in ("&&", "||"):
        yield "take one side", left
        yield "take one side", right


def _of_unary(text: bytes, node: Node) -> Iterator[tuple[str, str]]:
    inner = _text(text, node["subExpression"])
    if node["operator"] == "!":
        yield "negate condition", inner
    elif node["operator"] in ("++", "--"):
        yield "count otherwise", ("--" if node["operator"] == "++" else "++") + inner
    elif node["operator"] == "~":
        yield "reckon otherwise", inner


def _span(node: Node) -> tuple[int, int]:
    start, length, _ = map(int, node["src"].split(":"))
    return start, start + length


def _text(text: bytes, node: Node) -> str:
    start, end = _span(node)
    return text[start:end].decode()
