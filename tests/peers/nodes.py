"""Real nodes for the ledger suites: each started alone on loopback with an empty chain, stopped after."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from registry.adapters.jsonrpc import connect

ROOT = Path(__file__).parents[2]
HARDHAT = ROOT / "node_modules/hardhat/internal/cli/cli.js"
START_S = 60  # geth needs 1.5 s and Hardhat 2 s on two idle cores
ETHER = 10**18


@contextmanager
def hardhat() -> Iterator[str]:
    """Run Hardhat's node and give its URL; skip where Node or its packages are absent."""
    beside = Path(sys.executable).parent / "node"
    node = str(beside) if beside.exists() else shutil.which("node")
    if node is None or not HARDHAT.exists():
        pytest.skip("not run: no Node, or no Hardhat (npm ci)")
    port = free_port()
    command = [node, str(HARDHAT), "node", "--hostname", "127.0.0.1", "--port", str(port)]
    with _running(command, port, {"HARDHAT_DISABLE_TELEMETRY_PROMPT": "true", "CI": "1"}) as url:
        yield url


@contextmanager
def geth(folder: Path) -> Iterator[str]:
    """Run the geth that TOUCHSTONE_GETH names, as a network of its own; skip where there is none to be had."""
    named = os.environ.get("TOUCHSTONE_GETH")
    if named is None:
        go = "TOUCHSTONE_GETH names no binary (tests/peers/build.py makes one)" if shutil.which("go") else "no Go"
        pytest.skip(f"not run: {go}")
    port = free_port()
    # without the rest it would open a port on every interface and look for peers
    alone = ["--nat", "none", "--port", "0", "--nodiscover", "--maxpeers", "0", "--ipcdisable", "--authrpc.port", "0"]
    served = ["--http", "--http.addr", "127.0.0.1", "--http.port", str(port), "--http.api", "eth,net,web3,txpool"]
    with _running([named, "--dev", "--datadir", str(folder), *served, *alone], port) as url:
        yield url


def give(url: str, accounts: Sequence[str]) -> None:
    """Give accounts 100 ether: by the node's own method, or from the account that a development chain is born with."""
    web3 = connect(url)
    for account in accounts:
        for method in ("anvil_setBalance", "hardhat_setBalance"):
            if "error" not in web3.provider.make_request(method, [account, hex(100 * ETHER)]):
                break
        else:
            sent = web3.eth.send_transaction({"from": web3.eth.accounts[0], "to": account, "value": 100 * ETHER})
            web3.eth.wait_for_transaction_receipt(sent, START_S, 0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(command: list[str], port: int, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | dict(environment or {}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + START_S
        while not connect(url).is_connected():
            assert time.monotonic() < until, f"{command[0]} does not answer"
            with suppress(subprocess.TimeoutExpired):
                pytest.fail(f"{command[0]} ended with {process.wait(0.02)}")
        yield url
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
