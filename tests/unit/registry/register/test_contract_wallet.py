"""An uploader that is a contract: its word (EIP-1271) goes through reception, recorder and the real contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import rlp
from eth_utils.crypto import keccak

from registry import eip712
from registry.adapters import transactions
from registry.adapters.blocks import BlockStore
from registry.adapters.embedded import open_embedded
from registry.adapters.ethereum import EthereumLedger
from registry.errors import IntentError
from registry.media import Decoder
from registry.model import ZERO_32, Address, Digest, JobState, Level, SignedIntent, UploadIntent, Visibility
from tests.fakes import GATE, RECORDER, FixedClock, KeySigner
from tests.pictures import write_photo
from tests.unit.registry.register.conftest import Desk, request_for

NOW = 1_800_000_000  # ahead of today: a chain's time does not go back
ARBITER, ADMIN = KeySigner(4), KeySigner(5)
SIGNATURE = b"\x02" * 130  # of two owners; this wallet looks at the hash alone


def wallet_code(accepted: bytes) -> bytes:
    """Return the bytecode that creates a wallet which says yes to one hash, whatever the signature."""
    yes = bytes.fromhex("5b631626ba7e60e01b60005260206000f3")  # JUMPDEST, the selector as the first bytes of a word
    no = bytes.fromhex("60206000f3")  # 32 zero bytes
    # the hash is the first argument: is it the accepted one? then jump over `no`
    asks = bytes.fromhex("6004357f") + accepted + bytes.fromhex("1460") + bytes([40 + len(no)]) + bytes.fromhex("57")
    runtime = asks + no + yes
    size = bytes([len(runtime)])
    return bytes.fromhex("60") + size + bytes.fromhex("600c60003960") + size + bytes.fromhex("6000f3") + runtime


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[EthereumLedger]:
    ledger = open_embedded(
        tmp_path / "ledger",
        recorder=RECORDER,
        arbiter=ARBITER,
        admin=ADMIN,
        gates=(GATE.address,),
        manifests=BlockStore(tmp_path / "content"),
        clock=FixedClock(NOW),
    )
    yield ledger
    ledger.close()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return write_photo(tmp_path / "photo.jpg", seed=1)


def deployed(ledger: EthereumLedger, photo: Path, *, accepts: bool) -> SignedIntent:
    """Deploy a wallet and return its intent for the photo, to which it says yes or no."""
    web3 = ledger._web3
    nonce = web3.eth.get_transaction_count(web3.to_checksum_address(ARBITER.address.hex))
    address = Address(keccak(rlp.encode([ARBITER.address.value, nonce]))[12:])  # known before, so that it can be named
    intent = UploadIntent(Digest.of_file(photo), address, Visibility.PUBLIC, ZERO_32, nonce=7, deadline=NOW + 60)
    wish = eip712.signing_hash(eip712.intent_message(eip712.Domain.of(ledger.info), intent))
    creation = "0x" + wallet_code(wish if accepts else ZERO_32).hex()
    transactions.submit(web3, "", transactions.prepare(web3, "", ARBITER, {"data": creation}))
    assert web3.eth.get_code(web3.to_checksum_address(address.hex))
    return SignedIntent(intent, SIGNATURE)


def test_a_wallet_that_says_yes_registers_to_the_end(
    tmp_path: Path, decoder: Decoder, ledger: EthereumLedger, photo: Path
) -> None:
    intent = deployed(ledger, photo, accepts=True)
    desk = Desk(tmp_path / "desk", decoder, ledger=ledger, clock=FixedClock(NOW))  # type: ignore[arg-type]  # the same port
    job = desk.registrar.run(desk.registrar.accept(photo, request_for(photo, intent=intent)).job)
    assert job.state is JobState.FINAL, job.reasons
    record = ledger.find(Digest.of_file(photo))
    assert record is not None
    assert (record.uploader, record.levels) == (intent.intent.uploader, Level.GATE | Level.UPLOADER)


def test_a_wallet_that_says_no_registers_nothing(
    tmp_path: Path, decoder: Decoder, ledger: EthereumLedger, photo: Path
) -> None:
    intent = deployed(ledger, photo, accepts=False)
    desk = Desk(tmp_path / "desk", decoder, ledger=ledger, clock=FixedClock(NOW))  # type: ignore[arg-type]  # the same port
    with pytest.raises(IntentError, match="intent signature"):
        desk.registrar.accept(photo, request_for(photo, intent=intent))
    assert not list(desk.journal.jobs())
    assert ledger.find(Digest.of_file(photo)) is None
