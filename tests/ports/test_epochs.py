"""The `EpochLedger` port: one suite, on the embedded chain and on a node (anvil), both in time that is set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from web3 import Web3

from registry import eip712
from registry.adapters.ethereum import EthereumLedger
from registry.adapters.jsonrpc import connect
from registry.errors import TransactionRevertedError
from registry.leaves import intent_hash, rejection_leaf
from registry.merkle import MerkleTree
from registry.model import (
    DAY_S,
    ZERO_32,
    Address,
    Digest,
    EpochClose,
    GateSignature,
    Opening,
    SignedEpochClose,
    Tally,
    TallyDispute,
    UploadIntent,
    Visibility,
)
from registry.ports import Signer
from tests.ledgers import ANVIL, Roles, SetClock, anvil, embedded, new_key, on_anvil

Travel = Callable[[int], None]
ROOT = b"\x42" * 32


def closing(
    ledger: EthereumLedger, epoch: int, tallies: Sequence[Tally], *gates: Signer, root: bytes = ROOT
) -> SignedEpochClose:
    close = EpochClose(epoch, root, tuple(sorted(tallies, key=lambda each: each.uploader)), (epoch + 20) * DAY_S)
    message = eip712.epoch_message(eip712.Domain.of(ledger.info), close)
    return SignedEpochClose(close, tuple(GateSignature(gate.address, gate.sign_typed_data(message)) for gate in gates))


class Refused:
    """Rejections of one uploader, ready to be opened."""

    def __init__(self, ledger: EthereumLedger, uploader: Signer, count: int) -> None:
        domain = eip712.Domain.of(ledger.info)
        found = []
        for number in range(count):
            wish = UploadIntent(
                Digest.of_bytes(bytes([number])), uploader.address, Visibility.PUBLIC, ZERO_32, number, 2**40
            )
            signature = uploader.sign_typed_data(eip712.intent_message(domain, wish))
            details, salt = bytes([number]) * 32, bytes([100 + number]) * 32
            leaf = rejection_leaf(
                domain, uploader=uploader.address, intent_hash=intent_hash(wish), detail_hash=details, salt=salt
            )
            found.append((leaf, Opening(intent_hash(wish), details, salt, signature, ())))
        tree = MerkleTree([leaf for leaf, _ in found])
        self.root = tree.root
        opened = (replace(opening, path=tree.path(tree.leaves.index(leaf))) for leaf, opening in found)
        self.openings = tuple(sorted(opened, key=lambda opening: opening.intent_hash))


class EpochSuite:
    """What every ledger must do; a subclass gives ``ledger`` and ``travel``, to a moment in Unix seconds."""

    @pytest.fixture
    def roles(self) -> Roles:
        return Roles()

    @pytest.fixture
    def uploader(self) -> Signer:
        return new_key()

    @pytest.fixture
    def today(self, ledger: EthereumLedger, travel: Travel, born: int) -> int:
        """The day after the ledger was born, a few hours old."""
        today = born // DAY_S + 1
        travel(today * DAY_S + 3600)
        return today

    @pytest.fixture
    def rich(self, uploader: Signer) -> Signer:
        return uploader

    def test_an_open_epoch_is_nothing(self, ledger: EthereumLedger, today: int) -> None:
        assert ledger.closed_epoch(today - 1) is None
        assert ledger.signed_epoch(today - 1) is None
        assert ledger.tally_disputes() == ()

    def test_a_day_that_is_not_over_does_not_close(self, ledger: EthereumLedger, roles: Roles, today: int) -> None:
        with pytest.raises(TransactionRevertedError) as caught:
            ledger.close_epoch(closing(ledger, today, [], roles.gate))
        assert (caught.value.error_name, caught.value.arguments) == ("EpochNotClosable", (str(today),))

    def test_a_closing_that_no_gate_signed_is_refused(self, ledger: EthereumLedger, today: int) -> None:
        for signers in ((), (new_key(),)):
            with pytest.raises(TransactionRevertedError) as caught:
                ledger.close_epoch(closing(ledger, today - 1, [], *signers))
            assert caught.value.error_name in {"QuorumNotMet", "NotAGate"}

    def test_a_closed_epoch_is_told_with_its_tallies_and_who_signed(
        self, ledger: EthereumLedger, roles: Roles, uploader: Signer, today: int
    ) -> None:
        signed = closing(ledger, today - 1, [Tally(uploader.address, 2), Tally(Address(b"\x01" * 20), 1)], roles.gate)
        place = ledger.close_epoch(signed)
        closed = ledger.closed_epoch(today - 1)
        assert closed is not None
        assert (closed.root, closed.tallies, closed.inclusion) == (ROOT, signed.close.tallies, place)
        assert ledger.signed_epoch(today - 1) == signed
        with pytest.raises(TransactionRevertedError) as caught:
            ledger.close_epoch(signed)
        assert caught.value.error_name == "EpochNotClosable"

    def test_a_true_tally_that_is_disputed_is_proven_and_the_bond_is_the_operators(
        self, ledger: EthereumLedger, roles: Roles, rich: Signer, today: int
    ) -> None:
        refused = Refused(ledger, rich, 2)
        ledger.close_epoch(closing(ledger, today - 1, [Tally(rich.address, 2)], roles.gate, root=refused.root))
        counted = ledger.reputation_of(rich.address)
        credit = ledger.credit_wei()
        ledger.dispute_tally(today - 1, rich.address, by=rich)
        (dispute,) = ledger.tally_disputes()
        assert dispute == TallyDispute(today - 1, rich.address, rich.address, dispute.opened_at, 2)
        ledger.answer_tally(today - 1, rich.address, refused.openings)
        assert ledger.tally_disputes() == ()
        assert ledger.reputation_of(rich.address) == counted
        assert ledger.credit_wei() - credit == ledger.bond_wei()
        with pytest.raises(TransactionRevertedError):
            ledger.dispute_tally(today - 1, rich.address, by=rich)

    def test_an_invented_rejection_is_lost_and_the_reputation_is_as_if_it_had_not_been(
        self, ledger: EthereumLedger, roles: Roles, rich: Signer, today: int, travel: Travel
    ) -> None:
        refused = Refused(ledger, rich, 1)
        ledger.close_epoch(closing(ledger, today - 1, [Tally(rich.address, 3)], roles.gate, root=refused.root))
        ledger.dispute_tally(today - 1, rich.address, by=rich)
        with pytest.raises(TransactionRevertedError) as caught:
            ledger.answer_tally(today - 1, rich.address, refused.openings)
        assert caught.value.error_name == "AnswerPending"
        travel((today + 3) * DAY_S + 7200)
        ledger.answer_tally(today - 1, rich.address, ())
        assert ledger.tally_disputes() == ()
        travel((today + 10) * DAY_S)
        never = ledger.reputation_of(new_key().address)
        assert ledger.reputation_of(rich.address) == never

    def test_what_is_not_disputed_counts_after_a_week(
        self, ledger: EthereumLedger, roles: Roles, uploader: Signer, today: int, travel: Travel
    ) -> None:
        ledger.close_epoch(closing(ledger, today - 1, [Tally(uploader.address, 3)], roles.gate))
        travel((today + 8) * DAY_S)
        assert ledger.reputation_of(uploader.address).score_bps < 2000

    def test_only_the_uploader_disputes_its_tally(
        self, ledger: EthereumLedger, roles: Roles, uploader: Signer, today: int
    ) -> None:
        ledger.close_epoch(closing(ledger, today - 1, [Tally(uploader.address, 3)], roles.gate))
        with pytest.raises(TransactionRevertedError) as caught:
            ledger.dispute_tally(today - 1, uploader.address, by=roles.arbiter)
        assert caught.value.error_name == "NotUploader"

    def test_an_opening_of_somebody_else_or_of_no_leaf_proves_nothing(
        self, ledger: EthereumLedger, roles: Roles, rich: Signer, today: int
    ) -> None:
        refused, foreign = Refused(ledger, rich, 2), Refused(ledger, new_key(), 2)
        ledger.close_epoch(closing(ledger, today - 1, [Tally(rich.address, 2)], roles.gate, root=refused.root))
        ledger.dispute_tally(today - 1, rich.address, by=rich)
        twice = (refused.openings[0], refused.openings[0])
        for openings, error in ((foreign.openings, "PathInvalid"), (twice, "OpeningsNotAscending")):
            with pytest.raises(TransactionRevertedError) as caught:
                ledger.answer_tally(today - 1, rich.address, openings)
            assert caught.value.error_name == error


class TestEmbedded(EpochSuite):
    @pytest.fixture
    def clock(self) -> SetClock:
        return SetClock()

    @pytest.fixture
    def born(self, clock: SetClock) -> int:
        return clock.now()

    @pytest.fixture
    def travel(self, clock: SetClock) -> Travel:
        def travel(moment: int) -> None:
            clock.seconds = moment

        return travel

    @pytest.fixture
    def ledger(self, tmp_path: Path, roles: Roles, clock: SetClock, born: int) -> Iterator[EthereumLedger]:
        ledger = embedded(tmp_path / "ledger", roles, clock)
        yield ledger
        ledger.close()

    def test_a_table_of_events_that_was_lost_is_filled_again(
        self, ledger: EthereumLedger, roles: Roles, today: int, tmp_path: Path, clock: SetClock
    ) -> None:
        uploader = new_key()
        ledger.close_epoch(closing(ledger, today - 1, [Tally(uploader.address, 1)], roles.gate))
        ledger.dispute_tally(today - 1, uploader.address, by=uploader)
        before = (ledger.closed_epoch(today - 1), ledger.tally_disputes())
        ledger.close()
        for path in (tmp_path / "ledger").glob("events*"):
            path.unlink()
        again = embedded(tmp_path / "ledger", roles, clock)
        assert (again.closed_epoch(today - 1), again.tally_disputes()) == before
        again.close()


@pytest.mark.node
class TestAnvil(EpochSuite):
    @pytest.fixture
    def node(self) -> Iterator[str]:
        """A node of its own: time does not go back."""
        if not ANVIL.exists():
            pytest.skip(f"no {ANVIL}; run npm ci")
        with anvil() as url:
            yield url

    @pytest.fixture
    def born(self, node: str) -> int:
        return int(connect(node).eth.get_block("latest")["timestamp"])

    @pytest.fixture
    def travel(self, node: str) -> Travel:
        def travel(moment: int) -> None:
            connect(node).provider.make_request("evm_setNextBlockTimestamp", [moment])
            connect(node).provider.make_request("evm_mine", [])

        return travel

    @pytest.fixture
    def rich(self, node: str, uploader: Signer) -> Signer:
        account = Web3.to_checksum_address(uploader.address.hex)
        connect(node).provider.make_request("anvil_setBalance", [account, hex(10**20)])
        return uploader

    @pytest.fixture
    def ledger(self, node: str, roles: Roles, tmp_path: Path, born: int) -> Iterator[EthereumLedger]:
        ledger, _ = on_anvil(node, roles, tmp_path / "events.sqlite3")
        yield ledger
        ledger.close()
