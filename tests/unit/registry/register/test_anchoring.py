"""Anchors made, published and checked: against the ledger itself, a copy, a forgery, and a network that saw."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from registry.adapters.embedded_history import EmbeddedHistory
from registry.anchor import Anchor, make
from registry.errors import LedgerUnavailableError
from registry.model import Address, SignedTransaction
from registry.model.chain import Sighting
from registry.ports import Signer
from registry.register.anchoring import AnchorFiles, Finding, check, publish
from tests.ledgers import Roles, SetClock, admission_of, embedded, new_key, registration_of
from tests.unit.registry.adapters.test_embedded_history import recorded

NOW = 1_800_000_500


@dataclass
class MemoryWitness:
    """A network in memory that includes what it is sent, unless it is told not to."""

    chain_id: int = 1
    includes: bool = True
    forgets_hashes: bool = False
    sent: list[SignedTransaction] = field(default_factory=list)
    included: list[tuple[bytes, Sighting]] = field(default_factory=list)

    def prepare(self, signer: Signer, data: bytes) -> SignedTransaction:
        self._next = Sighting(signer.address, data, 99, len(self.included), NOW, 1, False)
        return SignedTransaction(b"raw", bytes([len(self.included)]) * 32, 0)

    def submit(self, transaction: SignedTransaction) -> None:
        self.sent.append(transaction)
        if self.includes:
            self.included.append((transaction.tx_hash, self._next))

    def sighting(self, tx_hash: bytes, *, wait_s: float = 0.0) -> Sighting | None:
        return None if self.forgets_hashes else dict(self.included).get(tx_hash)

    def sighting_at(self, block_number: int, index: int) -> Sighting | None:
        return self.included[index][1] if block_number == 99 and index < len(self.included) else None


@pytest.fixture(scope="module")
def roles() -> Roles:
    return Roles()


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory, roles: Roles) -> Path:
    directory = tmp_path_factory.mktemp("ledger")
    recorded(directory, roles, records=2).close()
    return directory


@pytest.fixture
def ledger(directory: Path) -> Iterator[EmbeddedHistory]:
    history = EmbeddedHistory(directory)
    yield history
    history.close()


def anchor_of(ledger: EmbeddedHistory, roles: Roles) -> Anchor:
    history = ledger.upto(ledger.head().block_number)
    assert history is not None
    return make(ledger.info(), history, operator=roles.recorder, made_at=NOW)


def register_one_more(directory: Path, roles: Roles, at: int) -> None:
    """Go on where the file stands, with a clock and a key of one's own choice."""
    clock = SetClock(at)
    more, uploader = embedded(directory, roles, clock), new_key()
    registration = registration_of(
        more.info, admission_of(uploader, now=at), gate=roles.gate, uploader=uploader, now=at
    )
    more.submit(more.prepare(registration))
    more.close()


def test_an_anchor_holds_on_its_ledger_and_after_more_was_added(directory: Path, roles: Roles, tmp_path: Path) -> None:
    own = tmp_path / "ledger"
    shutil.copytree(directory, own)
    ledger = EmbeddedHistory(own)
    anchor = anchor_of(ledger, roles)
    for _ in range(2):
        found = check(anchor, ledger=ledger, witness=None)
        assert (found.signature.finding, found.history.finding) == (Finding.HOLDS, Finding.HOLDS)
        assert found.publication.finding is Finding.UNCHECKED
        register_one_more(own, roles, NOW)
    ledger.close()


def test_a_second_history_of_the_same_length_is_found_out(directory: Path, roles: Roles, tmp_path: Path) -> None:
    """The operator goes back to a copy and registers something else: all its signatures hold, the anchor does not."""
    honest, other = tmp_path / "honest", tmp_path / "other"
    for copy in (honest, other):
        shutil.copytree(directory, copy)
        register_one_more(copy, roles, NOW)
    ledgers = [EmbeddedHistory(copy) for copy in (honest, other)]
    anchor = anchor_of(ledgers[0], roles)
    assert ledgers[0].head().block_number == ledgers[1].head().block_number
    assert check(anchor, ledger=ledgers[0], witness=None).history.finding is Finding.HOLDS
    found = check(anchor, ledger=ledgers[1], witness=None)
    assert found.signature.finding is Finding.HOLDS
    assert found.history.finding is Finding.FAILS
    assert "block hash" in found.history.why
    for each in ledgers:
        each.close()


def test_a_ledger_that_ends_before_the_anchor_is_found_out(
    ledger: EmbeddedHistory, directory: Path, roles: Roles, tmp_path: Path
) -> None:
    longer = tmp_path / "longer"
    shutil.copytree(directory, longer)
    register_one_more(longer, roles, NOW)
    ahead = EmbeddedHistory(longer)
    found = check(anchor_of(ahead, roles), ledger=ledger, witness=None)
    ahead.close()
    assert found.history.finding is Finding.FAILS
    assert "something is left out" in found.history.why


def test_another_operators_ledger_leaves_history_and_signer_open(
    ledger: EmbeddedHistory, roles: Roles, tmp_path: Path
) -> None:
    recorded(tmp_path / "theirs", Roles(), records=0).close()
    theirs = EmbeddedHistory(tmp_path / "theirs")
    for at_hand in (theirs, None):
        found = check(anchor_of(ledger, roles), ledger=at_hand, witness=None)
        assert {found.signature.finding, found.history.finding} == {Finding.UNCHECKED}
    theirs.close()


def test_an_anchor_that_somebody_else_signed_is_not_the_operators(ledger: EmbeddedHistory, roles: Roles) -> None:
    history = ledger.upto(ledger.head().block_number)
    assert history is not None
    forged = make(ledger.info(), history, operator=roles.gate, made_at=NOW)
    assert check(forged, ledger=ledger, witness=None).signature.finding is Finding.FAILS
    broken = replace(forged, signature=b"\x01" * 65)
    assert check(broken, ledger=ledger, witness=None).signature.finding is Finding.FAILS


@pytest.mark.parametrize("forgets_hashes", [False, True])
def test_a_published_anchor_is_found_by_its_hash_or_by_its_place(
    ledger: EmbeddedHistory, roles: Roles, tmp_path: Path, forgets_hashes: bool
) -> None:
    witness, files = MemoryWitness(), AnchorFiles(tmp_path / "anchors")
    anchor = publish(anchor_of(ledger, roles), witness, operator=roles.recorder, keep=files.keep)
    assert [each for _, each in files.all()] == [anchor]
    witness.forgets_hashes = forgets_hashes
    found = check(anchor, ledger=None, witness=witness).publication
    assert (found.finding, "since 1800000500" in found.why) == (Finding.HOLDS, True)


def test_the_document_is_kept_before_its_hash_goes_out(ledger: EmbeddedHistory, roles: Roles, tmp_path: Path) -> None:
    witness, files = MemoryWitness(includes=False), AnchorFiles(tmp_path / "anchors")
    with pytest.raises(LedgerUnavailableError, match="is not included"):
        publish(anchor_of(ledger, roles), witness, operator=roles.recorder, keep=files.keep)
    [(_, kept)] = files.all()
    assert kept.publication is not None
    assert kept.publication.tx == witness.sent[0].tx_hash
    assert check(kept, ledger=None, witness=witness).publication.finding is Finding.UNCHECKED


def test_a_transaction_with_another_hash_or_of_somebody_else_proves_nothing(
    ledger: EmbeddedHistory, roles: Roles, tmp_path: Path
) -> None:
    witness, files = MemoryWitness(), AnchorFiles(tmp_path / "anchors")
    anchor = publish(anchor_of(ledger, roles), witness, operator=roles.recorder, keep=files.keep)
    tx, seen = witness.included[0]
    for forged, why in (
        (replace(seen, data=seen.data[:-1] + bytes([seen.data[-1] ^ 1])), "expected the data"),
        (replace(seen, sender=Address(b"\xbb" * 20)), "expected a transaction of"),
    ):
        witness.included[0] = (tx, forged)
        found = check(anchor, ledger=None, witness=witness).publication
        assert found.finding is Finding.FAILS
        assert why in found.why
    other = MemoryWitness(chain_id=5)
    assert check(anchor, ledger=None, witness=other).publication.finding is Finding.UNCHECKED
