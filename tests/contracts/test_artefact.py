"""The committed artefact: what its sources compile to, small enough to deploy, from sources short enough to read."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from pathlib import Path

import pytest

from tests.contracts.abi import ARTEFACT

ROOT = Path(__file__).parents[2]
MAX_CODE_BYTES = 24_576  # EIP-170
MAX_LINES = 875  # what one auditor reads in a day, without comments and blank lines; ADR 0015 says why not 700
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)  # no string in these sources has such marks


def test_the_artefact_was_made_from_the_sources_as_they_are() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((ROOT / "contracts").rglob("*.sol"))
    }
    assert ARTEFACT["sources"] == found


def test_the_code_fits_the_networks_limit() -> None:
    assert len(bytes.fromhex(ARTEFACT["deployedBytecode"][2:])) <= MAX_CODE_BYTES


def test_the_sources_are_short_enough_to_be_read_whole() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "contracts").rglob("*.sol")]
    assert len(sources) > 1
    lines = [line for text in sources for line in COMMENT.sub("", text).splitlines() if line.strip()]
    assert len(lines) <= MAX_LINES


@pytest.mark.node
def test_the_sources_compile_to_the_artefact_byte_for_byte() -> None:
    if not (ROOT / "node_modules" / "solc").is_dir():
        pytest.skip("the packages of package-lock.json are not installed: npm ci")
    spec = importlib.util.spec_from_file_location("contracts_build", ROOT / "contracts" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    assert build.build() == build.ARTEFACT.read_text(encoding="utf-8")
