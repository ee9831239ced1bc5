"""An empty chain of its own (anvil, loopback only) and accounts that act on it, each transaction in its own block."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3 import Web3
from web3.types import RPCEndpoint

from benchmarks.report import ROOT

ANVIL = ROOT / "node_modules" / "@foundry-rs" / "anvil-linux-amd64" / "bin" / "anvil"
CHAIN_ID = 31_337
START = 1_800_000_000  # Unix seconds: 08:00 of a day in 2027
DAY_S = 86_400
GAS_PRICE_WEI = 2 * 10**9  # what a unit of gas costs does not change how many are used


@dataclass
class Chain:
    """A running node and the time of its next block.

    Attributes:
        now: Unix seconds; every transaction's block is 12 seconds after the one before.
    """

    web3: Web3
    url: str
    now: int = START
    _nonces: dict[str, int] = field(default_factory=dict)

    def account(self, name: str) -> LocalAccount:
        """Return an account whose key is made from a name; it has 100 ether."""
        account: LocalAccount = Account.from_key(keccak(text=f"benchmark {name}"))
        self.give(account.address, 10**20)
        return account

    def give(self, address: str, wei: int) -> None:
        """Set an account's balance."""
        self._ask("anvil_setBalance", address, hex(wei))

    def gas_of(self, tx_hash: bytes) -> int:
        """Return what an included transaction used."""
        return int(self.web3.eth.get_transaction_receipt(HexBytes(tx_hash))["gasUsed"])

    def send(self, sender: LocalAccount, data: str | bytes, *, to: str = "", value: int = 0) -> dict[str, Any]:
        """Return the receipt of a transaction that must succeed; without ``to``, of one that creates a contract."""
        self.now += 12
        self._ask("evm_setNextBlockTimestamp", self.now)
        nonce = self._nonces.get(sender.address, 0)
        transaction: dict[str, Any] = {
            "chainId": CHAIN_ID,
            "nonce": nonce,
            "gas": 29_000_000,
            "gasPrice": GAS_PRICE_WEI,
            "value": value,
            "data": data,
            "to": to,
        }
        raw = sender.sign_transaction(transaction).raw_transaction
        self._nonces[sender.address] = nonce + 1
        sent = self.web3.eth.send_raw_transaction(raw)
        receipt = dict(self.web3.eth.wait_for_transaction_receipt(sent, poll_latency=0.005))
        if receipt["status"] != 1:
            raise RuntimeError(f"expected a transaction that succeeds, got a failed one: 0x{bytes(sent).hex()}")
        return receipt

    def pass_days(self, days: int) -> None:
        """Let days go by without a block."""
        self.now += days * DAY_S

    def _ask(self, method: str, *arguments: object) -> None:
        answer = self.web3.provider.make_request(RPCEndpoint(method), arguments)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")


@contextmanager
def running() -> Iterator[Chain]:
    """Run anvil on a free loopback port for as long as the block lasts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = [
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--silent",
        "--hardfork",
        "prague",
        "--timestamp",
        str(START),
    ]
    process = subprocess.Popen([ANVIL, *options])
    try:
        url = f"http://127.0.0.1:{port}"
        web3 = Web3(Web3.HTTPProvider(url))
        until = time.monotonic() + 20
        while not web3.is_connected():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("expected an answer of anvil within 20 s, got none")
            time.sleep(0.05)  # between two questions; anvil announces nothing on a pipe of ours
        yield Chain(web3, url)
    finally:
        process.terminate()
        process.wait(10)
