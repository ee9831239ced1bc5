"""The import rules of pyproject.toml hold, and a planted violation of each is caught."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINT = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]

PLANTED = [
    ("registry/model/identity.py", "import registry.ports", "the rooms of the registry"),
    ("registry/policy.py", "import registry.verify", "the rooms of the registry"),
    ("registry/verify.py", "import api.settings", "api composes"),
    ("registry/errors.py", "import fastapi", "neither TensorFlow nor a web framework"),
    ("registry/verify.py", "import tensorflow", "neither TensorFlow nor a web framework"),
    ("registry/policy.py", "import eth_account", "keys of the EVM"),
    ("registry/register/check.py", "import web3", "outside engines"),
    ("api/schemas.py", "import ipfshttpclient", "outside engines"),
    ("detector/config.py", "import registry.policy", "the detector knows only"),
    ("api/settings.py", "import api.errors", "the rooms of the api"),
    ("registry/stray.py", '"""A module without a room."""', "the rooms of the registry"),
    ("detector/stray.py", '"""A module without a room."""', "the rooms of the detector"),
]


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(LINT, cwd=root, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("planted")
    for package in ("registry", "detector", "api"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__", "weights"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def test_every_import_rule_is_kept() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("module", "line", "rule"), PLANTED, ids=[f"{m}:{line[:30]}" for m, line, _ in PLANTED])
def test_a_planted_violation_is_caught(sources: Path, module: str, line: str, rule: str) -> None:
    path = sources / module
    before = path.read_text() if path.exists() else None
    # Before the first import, so that no import of ours is shadowed; a docstring may stand first.
    path.write_text((before or "") + f"\n{line}\n")
    try:
        result = lint(sources)
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before)
    assert result.returncode != 0, "the violation went unnoticed"
    assert any(rule in row for row in result.stdout.splitlines() if "BROKEN" in row or "rooms" in row), result.stdout
