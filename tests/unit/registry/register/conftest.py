"""The write side over ports in memory, with the real decoder and the real journal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from registry.adapters.journal import SqliteJournal
from registry.media import Decoder
from registry.model import Digest, Request, Thresholds, Visibility
from registry.policy import AdmissionPolicy
from registry.ports import Cosigner
from registry.register import (
    Batching,
    Checker,
    CoGate,
    EpochKeeper,
    Examiner,
    Grouping,
    Progress,
    Quorum,
    ReceiptFiles,
    Reception,
    Recorder,
    Registrar,
    Rejections,
    Spool,
    Stores,
)
from registry.register.recorder import STUCK_AFTER_S
from registry.verify import Verifier
from tests.fakes import GATE, RECORDER, FixedClock, FixedDetector, KeySigner, MemoryIndex, MemoryLedger, MemoryStore


@pytest.fixture(scope="package")
def decoder() -> Iterator[Decoder]:
    with Decoder() as decoder:
        yield decoder


@dataclass
class Desk:
    """One installation."""

    root: Path
    decoder: Decoder
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    index: MemoryIndex = field(default_factory=MemoryIndex)
    local: MemoryStore = field(default_factory=MemoryStore)
    published: MemoryStore | None = None
    detector: FixedDetector | None = field(default_factory=FixedDetector)
    clock: FixedClock = field(default_factory=FixedClock)
    gate: KeySigner = GATE
    cosigners: tuple[Cosigner, ...] = ()
    stuck_after_s: int = STUCK_AFTER_S
    grouping: Grouping = field(default_factory=Grouping)

    def __post_init__(self) -> None:
        self.journal = SqliteJournal(self.root / "journal.sqlite")
        self.spool = Spool(self.root / "spool")

    @property
    def verifier(self) -> Verifier:
        return Verifier(ledger=self.ledger, index=self.index, decoder=self.decoder)

    @property
    def examiner(self) -> Examiner:
        policy = AdmissionPolicy(Thresholds(review_at=0.4, reject_at=0.8))
        return Examiner(verifier=self.verifier, ledger=self.ledger, detector=self.detector, policy=policy)

    @property
    def checker(self) -> Checker:
        return Checker(verifier=self.verifier, examiner=self.examiner, decoder=self.decoder)

    @property
    def cogate(self) -> CoGate:
        return CoGate(
            ledger=self.ledger,
            store=self.local,
            decoder=self.decoder,
            examiner=self.examiner,
            gate=self.gate,
            clock=self.clock,
        )

    @property
    def receipts(self) -> ReceiptFiles:
        return ReceiptFiles(self.root / "receipts", info=self.ledger.info, recorder=RECORDER, clock=self.clock)

    @property
    def progress(self) -> Progress:
        return Progress(journal=self.journal, spool=self.spool, clock=self.clock)

    @property
    def rejections(self) -> Rejections:
        return Rejections(
            self.root / "receipts",
            ledger=self.ledger,
            journal=self.journal,
            gates=(self.gate,),
            progress=self.progress,
            clock=self.clock,
        )

    @property
    def quorum(self) -> Quorum:
        return Quorum(
            ledger=self.ledger,
            gates=(self.gate,),
            cosigners=self.cosigners,
            operator=RECORDER,
            progress=self.progress,
            spool=self.spool,
            clock=self.clock,
        )

    @property
    def recorder(self) -> Recorder:
        return Recorder(
            ledger=self.ledger,
            journal=self.journal,
            quorum=self.quorum,
            progress=self.progress,
            clock=self.clock,
            stuck_after_s=self.stuck_after_s,
        )

    @property
    def epochs(self) -> EpochKeeper:
        return EpochKeeper(
            ledger=self.ledger,
            journal=self.journal,
            rejections=self.rejections,
            recorder=self.recorder,
            gates=(self.gate,),
            store=self.local,
            clock=self.clock,
        )

    @property
    def registrar(self) -> Registrar:
        stores = Stores(local=self.local, published=self.published or self.local)
        if isinstance(self.ledger, MemoryLedger):
            self.ledger.manifests = stores.published
        batching = Batching(
            ledger=self.ledger,
            journal=self.journal,
            quorum=self.quorum,
            stores=stores,
            progress=self.progress,
            clock=self.clock,
            grouping=self.grouping,
        )
        return Registrar(
            ledger=self.ledger,
            index=self.index,
            stores=stores,
            journal=self.journal,
            examiner=self.examiner,
            decoder=self.decoder,
            reception=Reception(
                ledger=self.ledger,
                recorder=RECORDER.address,
                journal=self.journal,
                decoder=self.decoder,
                stores=stores,
                spool=self.spool,
                clock=self.clock,
            ),
            recorder=self.recorder,
            quorum=self.quorum,
            batching=batching,
            progress=self.progress,
            spool=self.spool,
            receipts=self.receipts,
            rejections=self.rejections,
            clock=self.clock,
        )

    def nothing_stored(self) -> bool:
        """Return whether no file, job, block, code or record was left."""
        spooled = list((self.root / "spool").iterdir())
        jobs = list(self.journal.jobs())
        return not (spooled or jobs or self.local.blocks or self.index.fingerprints or self.ledger.records)


@pytest.fixture
def desk(tmp_path: Path, decoder: Decoder) -> Desk:
    return Desk(tmp_path, decoder)


def request_for(path: Path, **fields: object) -> Request:
    given = {"visibility": Visibility.PUBLIC, **fields}
    return Request(Digest.of_file(path), path.name, path.stat().st_size, **given)  # type: ignore[arg-type]  # by name
