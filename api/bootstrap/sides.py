"""The composed core, side by side; see `api.deps`."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from api.bootstrap.credentials import credentials_reader
from api.bootstrap.keys import AskPassword, nobody, open_keyring
from api.bootstrap.ledgers import open_ledger
from api.bootstrap.moved import require_unmoved
from api.bootstrap.proving import kept, own_signers
from api.deps import CosigningSide, GateSide, ReadSide, WriteSide
from api.deps.tokens import client_tokens, token_in
from api.settings import Settings
from detector.inference import GruDetector
from registry.adapters.blocks import BlockStore
from registry.adapters.clock import SystemClock
from registry.adapters.cosigner import HttpCosigner
from registry.adapters.hamming import HammingIndex
from registry.adapters.ipfs import IpfsStore
from registry.adapters.journal import SqliteJournal
from registry.adapters.keystore import Keyring
from registry.errors import DetectorError
from registry.media import Decoder, MediaLimits
from registry.model import AbstentionReason, Address, Thresholds
from registry.policy import AbstentionMode, AdmissionPolicy
from registry.ports import Detector
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
from registry.verify import Verifier

# With no detector there is no number, so these decide nothing; they only stand in the policy's id.
_NO_MODEL = Thresholds(review_at=0.5, reject_at=0.9)


@contextmanager
def open_read_side(settings: Settings, ask_password: AskPassword = nobody) -> Iterator[ReadSide]:
    """Yield everything that answers from what is recorded; the first use of a home makes its keys and its chain.

    Raises:
        SignerError: the keys do not open.
        LedgerUnavailableError: the ledger cannot be reached.
        LedgerMismatchError: the network is not the configured one.
    """
    with ExitStack() as stack:
        yield _read_side(settings, open_keyring(settings, ask_password), stack)


@contextmanager
def open_gate_side(settings: Settings, ask_password: AskPassword = nobody) -> Iterator[GateSide]:
    """Yield everything that judges."""
    with ExitStack() as stack:
        yield _gate_side(settings, open_keyring(settings, ask_password), stack)


@contextmanager
def open_write_side(settings: Settings, ask_password: AskPassword = nobody) -> Iterator[WriteSide]:
    """Yield everything that registers.

    Raises:
        LedgerMismatchError: the embedded ledger was moved to a network, and can only be read.
    """
    require_unmoved(settings)
    with ExitStack() as stack:
        keys = open_keyring(settings, ask_password)  # one keyring for ledger and gate: the password is asked for once
        yield _write_side(_gate_side(settings, keys, stack), keys)


@contextmanager
def sole_runner(settings: Settings) -> Iterator[bool]:
    """Yield whether this process alone may take up jobs that others left open; held until the end."""
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (settings.home / "runner.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _read_side(settings: Settings, keys: Keyring, stack: ExitStack) -> ReadSide:
    # The fork server is started before any thread and before the inference engine.
    limits = MediaLimits(max_upload_bytes=settings.max_upload_bytes)
    decoder = stack.enter_context(Decoder(limits, credentials_reader=credentials_reader(settings)))
    ledger = open_ledger(settings, keys)
    stack.callback(ledger.close)
    index = HammingIndex(settings.home / "index")
    return ReadSide(
        settings=settings,
        ledger=ledger,
        index=index,
        store=BlockStore(settings.home / "content"),
        journal=SqliteJournal(settings.home / "journal.sqlite"),
        decoder=decoder,
        verifier=Verifier(ledger=ledger, index=index, decoder=decoder),
        own_signers=kept(lambda: own_signers(ledger, ledger.governor(keys.admin, dry_run=True), keys.admin.address)),
        moved=ledger.moved,
    )


def _gate_side(settings: Settings, keys: Keyring, stack: ExitStack) -> GateSide:
    read = _read_side(settings, keys, stack)
    detector = _detector(settings)
    examiner = Examiner(
        verifier=read.verifier, ledger=read.ledger, detector=detector, policy=_policy(settings, detector)
    )
    return GateSide(
        read=read,
        examiner=examiner,
        checker=Checker(verifier=read.verifier, examiner=examiner, decoder=read.decoder),
        model_id=detector.model_id if detector else None,
    )


def _write_side(gate: GateSide, keys: Keyring) -> WriteSide:
    read = gate.read
    settings, ledger, journal, decoder = read.settings, read.ledger, read.journal, read.decoder
    clock = SystemClock()
    stores = _stores(settings, read)
    spool = Spool(settings.home / "spool")
    progress = Progress(journal=journal, spool=spool, clock=clock)
    receipts = ReceiptFiles(settings.home / "receipts", info=ledger.info, recorder=keys.recorder, clock=clock)
    rejections = Rejections(
        settings.home / "receipts",
        ledger=ledger,
        journal=journal,
        gates=(keys.gate,),
        progress=progress,
        clock=clock,
    )
    quorum = Quorum(
        ledger=ledger,
        gates=(keys.gate,),
        cosigners=_cosigners(settings),
        operator=keys.recorder,
        progress=progress,
        spool=spool,
        clock=clock,
    )
    batching = Batching(
        ledger=ledger,
        journal=journal,
        quorum=quorum,
        stores=stores,
        progress=progress,
        clock=clock,
        grouping=Grouping(size=settings.batch_size, age_s=settings.batch_age_s),
    )
    recorder = Recorder(
        ledger=ledger,
        journal=journal,
        quorum=quorum,
        progress=progress,
        clock=clock,
        stuck_after_s=settings.stuck_after_s,
    )
    registrar = Registrar(
        ledger=ledger,
        index=read.index,
        stores=stores,
        journal=journal,
        examiner=gate.examiner,
        decoder=decoder,
        reception=Reception(
            ledger=ledger,
            recorder=keys.recorder.address,
            journal=journal,
            decoder=decoder,
            stores=stores,
            spool=spool,
            clock=clock,
        ),
        recorder=recorder,
        quorum=quorum,
        batching=batching,
        progress=progress,
        spool=spool,
        receipts=receipts,
        rejections=rejections,
        clock=clock,
    )
    cosigning = _cosigning_side(gate, keys, clock)
    epochs = EpochKeeper(
        ledger=ledger,
        journal=journal,
        rejections=rejections,
        recorder=recorder,
        gates=(keys.gate,),
        store=stores.published,
        clock=clock,
    )
    return WriteSide(
        gate=gate,
        registrar=registrar,
        receipts=receipts,
        rejections=rejections,
        epochs=epochs,
        recorder=keys.recorder,
        cosigning=cosigning,
    )


def _cosigning_side(gate: GateSide, keys: Keyring, clock: SystemClock) -> CosigningSide | None:
    read = gate.read
    file = read.settings.gate_clients_file
    if file is None:
        return None
    cogate = CoGate(
        ledger=read.ledger,
        store=read.store,
        decoder=read.decoder,
        examiner=gate.examiner,
        gate=keys.gate,
        clock=clock,
    )
    return CosigningSide(cogate, client_tokens(file))


def _cosigners(settings: Settings) -> tuple[HttpCosigner, ...]:
    return tuple(
        HttpCosigner(
            each.url,
            gate=Address.from_hex(each.gate),
            token=token_in(each.token_file),
            timeout_s=settings.cosign_timeout_s,
        )
        for each in settings.cosigners
    )


def _stores(settings: Settings, read: ReadSide) -> Stores:
    local = BlockStore(settings.home / "content")
    if settings.ipfs is None:
        return Stores(local=local, published=local)
    return Stores(local=local, published=IpfsStore(local, settings.ipfs, timeout_s=settings.ipfs_timeout_s))


def _detector(settings: Settings) -> Detector | None:
    try:
        return GruDetector.load(settings.model_dir, threads=settings.threads)
    except DetectorError:
        if settings.model_dir is not None:  # asked for by name: silence would hide the mistake
            raise
        return None


def _policy(settings: Settings, detector: Detector | None) -> AdmissionPolicy:
    thresholds = detector.thresholds if isinstance(detector, GruDetector) else _NO_MODEL
    modes = tuple(
        (reason, AbstentionMode(settings.on_no_face) if reason is AbstentionReason.NO_FACE else AbstentionMode.REVIEW)
        for reason in AbstentionReason
    )
    return AdmissionPolicy(thresholds=thresholds, on_abstention=modes)
