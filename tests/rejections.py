"""Rejections for tests: signed by gates of our own making, closed without a ledger."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from registry import eip712
from registry.model import (
    DAY_S,
    ZERO_32,
    ClosedEpoch,
    Digest,
    EpochClose,
    GateSignature,
    GateTerm,
    Inclusion,
    LedgerInfo,
    Opinion,
    Rejection,
    SignedEpochClose,
    SignedIntent,
    Threshold,
    UploadIntent,
    Visibility,
    epoch_of,
)
from registry.ports import Signer
from registry.receipt import SignerList
from registry.register.closing import Closing, Rejected
from registry.rejection import (
    RejectionReceipt,
    detail_hash,
    intent_hash_of,
    leaf_of,
    rejection_receipt,
)
from registry.rejection import read_rejection as read
from tests.fakes import GATE, RECORDER, MemoryLedger
from tests.values import NOW

INFO: LedgerInfo = MemoryLedger().info
DOMAIN = eip712.Domain.of(INFO)
TODAY = epoch_of(NOW)
SIGNERS = SignerList(
    domain=DOMAIN,
    thresholds=(Threshold(1, 0),),
    gates=(GateTerm(GATE.address, RECORDER.address, 0, None, 0),),
    recorders=(RECORDER.address,),
    version=1,
    issued_at=NOW,
    admin=RECORDER.address,
)


def intent_of(uploader: Signer, digest: Digest, *, nonce: int | None = None) -> SignedIntent:
    wish = UploadIntent(
        digest,
        uploader.address,
        Visibility.PUBLIC,
        ZERO_32,
        secrets.randbits(256) if nonce is None else nonce,
        NOW + 30 * DAY_S,
    )
    return SignedIntent(wish, uploader.sign_typed_data(eip712.intent_message(DOMAIN, wish)))


def rejection_of(
    digest: Digest,
    intent: SignedIntent | None,
    *,
    at: int = NOW,
    gates: Sequence[Signer] = (GATE,),
    reasons: tuple[str, ...] = ("model_flags_forgery",),
) -> Rejection:
    opinion = Opinion(b"\x09" * 32, 4, 8000, at)
    salt, detail_salt = secrets.token_bytes(32), secrets.token_bytes(32)
    uploader = intent.intent.uploader if intent else INFO.operator
    details = detail_hash(
        detail_salt=detail_salt,
        digest=digest,
        reasons=reasons,
        opinion=opinion,
        policy_id=b"\x07" * 32,
        rejected_at=at,
    )
    leaf = leaf_of(DOMAIN, uploader=uploader, intent=intent, detail_hash=details, salt=salt)
    promise = eip712.rejection_message(DOMAIN, leaf, epoch=epoch_of(at), rejected_at=at)
    return Rejection(
        uploader=uploader,
        reasons=reasons,
        opinion=opinion,
        policy_id=b"\x07" * 32,
        rejected_at=at,
        salt=salt,
        detail_salt=detail_salt,
        intent_hash=intent_hash_of(intent),
        detail_hash=details,
        leaf=leaf,
        signatures=tuple(GateSignature(gate.address, gate.sign_typed_data(promise)) for gate in gates),
    )


def rejected(digest: Digest, intent: SignedIntent | None, *, at: int = NOW) -> Rejected:
    return Rejected(rejection_of(digest, intent, at=at), digest, None)


def receipt_of(rejection: Rejection, digest: Digest, intent: SignedIntent | None) -> RejectionReceipt:
    return read(rejection_receipt(info=INFO, digest=digest, rejection=rejection, intent=intent))


def closed(closing: Closing) -> ClosedEpoch:
    return ClosedEpoch(closing.epoch, closing.root, closing.tallies, Inclusion(b"\x01" * 32, 7, b"\x02" * 32, 0, NOW))


def signed(closing: Closing, *gates: Signer) -> SignedEpochClose:
    close = EpochClose(closing.epoch, closing.root, closing.tallies, (closing.epoch + 1) * DAY_S + 3600)
    message = eip712.epoch_message(DOMAIN, close)
    return SignedEpochClose(
        close, tuple(GateSignature(gate.address, gate.sign_typed_data(message)) for gate in gates or (GATE,))
    )
