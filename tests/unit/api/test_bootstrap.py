"""Composition: whoever registers is asked for the key password once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from api.bootstrap import open_read_side, open_write_side
from api.settings import Settings
from registry import eip712
from registry.errors import SignerError

PASSWORD = "correct horse battery staple"


def test_the_password_is_asked_for_once_and_never_for_reading(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    asked: list[bool] = []

    def ask(making: bool) -> str:
        asked.append(making)
        return PASSWORD

    with open_write_side(settings, ask):
        assert asked == [True], "once, for the making of all four keys"

    def nobody(making: bool) -> str:
        raise SignerError("asked for a password to read")

    with open_read_side(settings, nobody) as side:
        assert side.ledger.height() == 1
    asked.clear()
    with open_write_side(settings, ask) as writing:
        info = writing.gate.read.ledger.info
        seal = eip712.seal_message(eip712.Domain.of(info), bytes(32))
        recorder = writing.receipts._recorder
        assert eip712.recover(seal, recorder.sign_typed_data(seal)) == info.operator
        writing.gate.read.ledger._recorder.sign_typed_data(seal)  # type: ignore[attr-defined]  # the ledger's own use
        assert asked == [False], "once, for gate, receipts and ledger together"


@pytest.mark.parametrize("door", ["api.cli.commands", "api.cli.proof", "api.app"])
def test_deeply_nested_json_is_an_error_not_the_end_of_the_process(door: str) -> None:
    """Libraries raise Python's limit on recursion, on which its JSON parser relies."""
    code = f"import {door}, json\ntry:\n    json.loads('[' * 100_000)\nexcept RecursionError:\n    print('refused')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "refused\n")
