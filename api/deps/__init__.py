"""What the front doors work with: the composed core in three sides, each with what the one before has.

`ReadSide` has no key and no detector, `GateSide` has the detector, `WriteSide` has the keys. `api.bootstrap` fills
them; routes get them through the aliases below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.deps.counters import Counters
from api.settings import Settings
from registry.media import Decoder
from registry.model import Address, Dispute, ModelId, Record, Standing
from registry.ports import ContentStore, Governor, Journal, Ledger, Signer, SimilarityIndex
from registry.ports.migration import MovedRecords
from registry.receipt import SignerList
from registry.register import Checker, CoGate, EpochKeeper, Examiner, ReceiptFiles, Registrar, Rejections
from registry.verify import Verifier


@dataclass(frozen=True, slots=True)
class ReadSide:
    """Everything that answers from what is recorded.

    Attributes:
        own_signers: reads from the ledger's events who signs for this installation; nothing where it cannot.
        moved: what came to the ledger from others.
    """

    settings: Settings
    ledger: Ledger
    index: SimilarityIndex
    store: ContentStore
    journal: Journal
    decoder: Decoder
    verifier: Verifier
    own_signers: Callable[[], SignerList | None] = lambda: None
    moved: MovedRecords | None = None

    def fp_version_of(self, record: Record | None) -> int | None:
        """Return the fingerprint version under which a record's codes stand here."""
        return self.index.fp_version_of(record.digest) if record else None

    def dispute_of(self, record: Record | None) -> Dispute | None:
        """Return a record's open challenge; only of a DISPUTED one is the ledger asked."""
        if record is None or record.standing is not Standing.DISPUTED:
            return None
        return self.ledger.dispute_of(record.digest)


@dataclass(frozen=True, slots=True)
class GateSide:
    """Everything that judges; writes nothing."""

    read: ReadSide
    examiner: Examiner
    checker: Checker
    model_id: ModelId | None


@dataclass(frozen=True, slots=True)
class CosigningSide:
    """What screens for the gates of other installations.

    Attributes:
        gate: ours, as they ask it.
        tokens: that they are known by.
    """

    gate: CoGate
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WriteSide:
    """Everything that registers.

    Attributes:
        recorder: the key that sends registrations: the operator's own name.
        cosigning: absent where no other gate is named.
    """

    gate: GateSide
    registrar: Registrar
    receipts: ReceiptFiles
    rejections: Rejections
    epochs: EpochKeeper
    recorder: Signer
    cosigning: CosigningSide | None = None


@dataclass(frozen=True, slots=True)
class AdminSide:
    """Everything that changes who may do what.

    Attributes:
        keys: the present accounts by role: gate, recorder, arbiter, admin.
        successor: makes or returns the account that will take a role's place.
        promote: lets it take that place, for the next process that opens the keys.
        admin: the admin's key.
        moved: what came to the ledger from others.
    """

    ledger: Ledger
    governor: Governor
    keys: Mapping[str, Address]
    successor: Callable[[str], Address]
    promote: Callable[[str], None]
    admin: Signer
    moved: MovedRecords


def write_side(request: Request) -> WriteSide:
    """Return the composed core that the application was started with."""
    side: WriteSide = request.app.state.write_side
    return side


def cosigning_side(request: Request) -> CosigningSide:
    """Return what screens for others; its routes are there only where it is.

    Raises:
        LookupError: it is not.
    """
    side = write_side(request).cosigning
    if side is None:
        raise LookupError("expected a co-signing side, got none")
    return side


def gate_side(request: Request) -> GateSide:
    """Return its judging side."""
    return write_side(request).gate


def read_side(request: Request) -> ReadSide:
    """Return its reading side."""
    return write_side(request).gate.read


def counters(request: Request) -> Counters:
    """Return what this process counts."""
    counted: Counters = request.app.state.counters
    return counted


Writing = Annotated[WriteSide, Depends(write_side)]
Judging = Annotated[GateSide, Depends(gate_side)]
Reading = Annotated[ReadSide, Depends(read_side)]
Cosigning = Annotated[CosigningSide, Depends(cosigning_side)]
Counting = Annotated[Counters, Depends(counters)]
