"""The one table from errors to HTTP statuses and exit codes (design, sections 7 and 9).

A subclass without a row of its own takes its nearest ancestor's; a test asserts that every class of the tree has one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from http import HTTPStatus

from registry import errors


class Exit(IntEnum):
    """Exit codes of the command line."""

    GOOD = 0
    UNKNOWN = 1
    USAGE = 2
    REVIEW = 3
    REFUSED = 4
    OUTSIDE = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """How one class of error is told to the outside.

    Attributes:
        status: of the HTTP answer.
        exit_code: of the command.
        code: machine-readable, stable; the last part of the problem's ``type``.
        title: for people, the same for every occurrence.
        retry_after_s: set where trying again may help.
    """

    status: HTTPStatus
    exit_code: Exit
    code: str
    title: str
    retry_after_s: int | None = None


class RequestError(errors.RegistryError):
    """What only a request over HTTP can have wrong."""


class MalformedRequestError(RequestError):
    """A parameter or a body is not what the route takes; the message names it."""


class UnauthenticatedError(RequestError):
    """What is asked for needs the operator's bearer token."""


class MisdirectedRequestError(RequestError):
    """The Host header names something else than this machine's loopback: a name that was rebound, or a proxy."""


class CrossSiteRequestError(RequestError):
    """A page of another site asks to write."""


class UnsupportedBodyError(RequestError):
    """The body's content type is none that the route takes."""


class BytesNeededError(RequestError):
    """A digest that is not recorded decides nothing: the bytes are needed."""


class IdempotencyKeyReusedError(RequestError):
    """The same Idempotency-Key came before, with other bytes."""


class ReceiptNotFoundError(RequestError):
    """The record stands, but its receipt was not issued here."""


_RETRY_S = 30

ANSWERS: dict[type[errors.RegistryError], Answer] = {
    errors.RegistryError: Answer(
        HTTPStatus.INTERNAL_SERVER_ERROR, Exit.OUTSIDE, "internal", "Something went wrong here"
    ),
    errors.InvalidValueError: Answer(HTTPStatus.BAD_REQUEST, Exit.USAGE, "invalid-value", "A value is out of range"),
    errors.MediaError: Answer(
        HTTPStatus.UNPROCESSABLE_ENTITY, Exit.USAGE, "media", "This file cannot be read as media"
    ),
    errors.UnsupportedMediaError: Answer(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, Exit.USAGE, "unsupported-media", "Not a supported kind of media"
    ),
    errors.MediaDecodeError: Answer(
        HTTPStatus.UNPROCESSABLE_ENTITY, Exit.USAGE, "media-decode", "This file cannot be decoded"
    ),
    errors.MediaTooLargeError: Answer(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, Exit.USAGE, "media-too-large", "This file is over a limit"
    ),
    errors.DecoderFailedError: Answer(
        HTTPStatus.UNPROCESSABLE_ENTITY, Exit.REVIEW, "decoder-failed", "The decoder had to be stopped on this file"
    ),
    errors.MetadataNotAcceptedError: Answer(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        Exit.USAGE,
        "metadata-not-accepted",
        "The file says where it was made or by whom",
    ),
    errors.DetectorError: Answer(
        HTTPStatus.SERVICE_UNAVAILABLE, Exit.OUTSIDE, "detector", "The detector cannot run", _RETRY_S
    ),
    errors.SignatureError: Answer(HTTPStatus.FORBIDDEN, Exit.USAGE, "signature", "A signature does not hold"),
    errors.IntentError: Answer(
        HTTPStatus.FORBIDDEN, Exit.USAGE, "intent", "The upload intent does not authorise this registration"
    ),
    errors.StatementError: Answer(
        HTTPStatus.FORBIDDEN, Exit.USAGE, "statement", "The statement may not be published as it is"
    ),
    errors.SignerError: Answer(
        HTTPStatus.INTERNAL_SERVER_ERROR, Exit.OUTSIDE, "signer", "A key of this installation cannot be used"
    ),
    errors.ReceiptError: Answer(
        HTTPStatus.UNPROCESSABLE_ENTITY, Exit.USAGE, "receipt", "Not a receipt, or not a list of signers"
    ),
    errors.TrustError: Answer(HTTPStatus.CONFLICT, Exit.REFUSED, "trust", "This list of signers is not to be trusted"),
    errors.EpochError: Answer(
        HTTPStatus.NOT_FOUND, Exit.REFUSED, "epoch", "This day of rejections is not at hand, or cannot be closed"
    ),
    errors.ConvictionError: Answer(HTTPStatus.CONFLICT, Exit.UNKNOWN, "no-conviction", "Nothing here convicts a gate"),
    errors.CosignError: Answer(
        HTTPStatus.BAD_GATEWAY, Exit.OUTSIDE, "cosign", "A second gate's verdict could not be had"
    ),
    errors.CosignRefusedError: Answer(
        HTTPStatus.UNPROCESSABLE_ENTITY, Exit.REFUSED, "cosign-refused", "This gate will not sign"
    ),
    errors.CosignerUnavailableError: Answer(
        HTTPStatus.SERVICE_UNAVAILABLE,
        Exit.OUTSIDE,
        "cosigner-unavailable",
        "Another gate cannot be reached",
        _RETRY_S,
    ),
    errors.QuorumNotMetError: Answer(HTTPStatus.CONFLICT, Exit.REFUSED, "quorum-not-met", "Too few gates sign"),
    errors.AlreadyRegisteredError: Answer(
        HTTPStatus.CONFLICT, Exit.REFUSED, "already-registered", "These bytes are recorded already"
    ),
    errors.LedgerError: Answer(
        HTTPStatus.BAD_GATEWAY, Exit.OUTSIDE, "ledger", "The ledger gave an answer that cannot be right"
    ),
    errors.LedgerUnavailableError: Answer(
        HTTPStatus.SERVICE_UNAVAILABLE, Exit.OUTSIDE, "ledger-unavailable", "The ledger cannot be reached", _RETRY_S
    ),
    errors.FeeTooHighError: Answer(
        HTTPStatus.SERVICE_UNAVAILABLE,
        Exit.OUTSIDE,
        "ledger-fee-too-high",
        "The network asks more for a transaction than the cap allows",
        _RETRY_S,
    ),
    errors.NotTakenYetError: Answer(
        HTTPStatus.SERVICE_UNAVAILABLE,
        Exit.OUTSIDE,
        "ledger-not-taken-yet",
        "The network does not take a transaction now",
        _RETRY_S,
    ),
    errors.LedgerMismatchError: Answer(
        HTTPStatus.BAD_GATEWAY, Exit.OUTSIDE, "ledger-mismatch", "This is another network than the configured one"
    ),
    errors.TransactionRevertedError: Answer(
        HTTPStatus.CONFLICT, Exit.REFUSED, "transaction-reverted", "The contract refused"
    ),
    errors.NonceTakenError: Answer(
        HTTPStatus.CONFLICT, Exit.OUTSIDE, "nonce-taken", "Another program sends with this installation's key"
    ),
    errors.RecordNotFoundError: Answer(
        HTTPStatus.NOT_FOUND, Exit.UNKNOWN, "record-not-found", "Not recorded; that says nothing about the media"
    ),
    errors.StoreError: Answer(
        HTTPStatus.BAD_GATEWAY, Exit.OUTSIDE, "store", "The content store gave an answer that cannot be right"
    ),
    errors.StoreUnavailableError: Answer(
        HTTPStatus.SERVICE_UNAVAILABLE,
        Exit.OUTSIDE,
        "store-unavailable",
        "The content store cannot be reached",
        _RETRY_S,
    ),
    errors.BlockNotFoundError: Answer(HTTPStatus.NOT_FOUND, Exit.OUTSIDE, "block-not-found", "A block is missing"),
    errors.BlockCorruptError: Answer(
        HTTPStatus.BAD_GATEWAY, Exit.OUTSIDE, "block-corrupt", "A block does not hash to its name"
    ),
    errors.SimilarityIndexError: Answer(
        HTTPStatus.SERVICE_UNAVAILABLE,
        Exit.OUTSIDE,
        "similarity-index",
        "The similarity index is damaged; `touchstone index rebuild` mends it",
        _RETRY_S,
    ),
    errors.JournalError: Answer(
        HTTPStatus.SERVICE_UNAVAILABLE, Exit.OUTSIDE, "journal", "The journal cannot be used", _RETRY_S
    ),
    errors.JobNotFoundError: Answer(HTTPStatus.NOT_FOUND, Exit.USAGE, "job-not-found", "No such job"),
    errors.JobConflictError: Answer(
        HTTPStatus.CONFLICT, Exit.OUTSIDE, "job-conflict", "Another process is moving this job", _RETRY_S
    ),
    errors.JobStateError: Answer(
        HTTPStatus.CONFLICT, Exit.USAGE, "job-state", "The job is not in a state that allows this"
    ),
    errors.BackupError: Answer(
        HTTPStatus.INTERNAL_SERVER_ERROR, Exit.OUTSIDE, "backup", "The backup cannot be made or put back here"
    ),
    errors.BackupDamagedError: Answer(
        HTTPStatus.UNPROCESSABLE_ENTITY, Exit.USAGE, "backup-damaged", "This is no whole backup"
    ),
    RequestError: Answer(HTTPStatus.BAD_REQUEST, Exit.USAGE, "bad-request", "The request is not understood"),
    MalformedRequestError: Answer(
        HTTPStatus.UNPROCESSABLE_ENTITY, Exit.USAGE, "malformed-request", "The request is not what this route takes"
    ),
    UnauthenticatedError: Answer(
        HTTPStatus.UNAUTHORIZED, Exit.USAGE, "unauthenticated", "This needs the operator's token"
    ),
    MisdirectedRequestError: Answer(
        HTTPStatus.MISDIRECTED_REQUEST, Exit.USAGE, "misdirected", "This host name is not served here"
    ),
    CrossSiteRequestError: Answer(
        HTTPStatus.FORBIDDEN, Exit.USAGE, "cross-site", "Another site's page may not ask this"
    ),
    UnsupportedBodyError: Answer(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, Exit.USAGE, "unsupported-body", "This kind of body is not taken here"
    ),
    BytesNeededError: Answer(
        HTTPStatus.UNPROCESSABLE_ENTITY, Exit.USAGE, "bytes-needed", "The digest alone decides nothing"
    ),
    IdempotencyKeyReusedError: Answer(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        Exit.USAGE,
        "idempotency-key-reused",
        "This Idempotency-Key stands for other bytes",
    ),
    ReceiptNotFoundError: Answer(HTTPStatus.NOT_FOUND, Exit.UNKNOWN, "receipt-not-found", "No receipt was issued here"),
}


# What the contract's refusals mean, for people; programs read the name. Those without a sentence cannot come of what
# the front doors ask.
REFUSALS: dict[str, str] = {
    "NotUploader": "only the record's own uploader may say this; anybody else's way is a dispute",
    "StandingMismatch": "the record stands otherwise than this needs: only an ACTIVE one is disputed or revoked, "
    "only a DISPUTED one is ruled on, and REVOKED is for ever",
    "AttesterIsUploader": "an uploader cannot vouch for its own record: a third party is somebody else",
    "AccessControlUnauthorizedAccount": "this key does not hold the role that this needs: arbiters rule, reviewers "
    "attest as reviewers",
    "BondMismatch": "a dispute costs exactly its bond, which changed in the meantime: try again",
    "ArbiterIsParty": "an arbiter may not rule on its own challenge or its own record: another one has to",
    "NotLater": "a successor must be registered after what it replaces, and a derived record after its parent",
    "KeyIsRotated": "this key handed its name over to another one, which speaks for it now",
    "RotationPending": "the uploader may still veto its new key; the answer says from which second on it is too late",
    "NoRotation": "no change of this key is under way",
    "KeyNotFresh": "a new key must have no records, no rotation of its own, and be another one",
    "GateAlreadyKnown": "this account is or was a gate: a key has one term, so use a new one",
    "DeadlinePassed": "the signature was good until a moment that has passed: sign anew with a later deadline",
    "NonceSpent": "this signer used or withdrew that number before: sign anew with another nonce",
    "SignatureInvalid": "the signature is not of the account that it is said to be of",
    "IntentRequired": "an uploader other than the operator has to sign an intent",
    "NotAGate": "a signature is of no gate in office",
    "QuorumNotMet": "fewer gates signed than this registry asks for",
    "MediaAlreadyRegistered": "these very bytes are recorded already",
    "EpochNotClosable": "an epoch closes once, after its day, and with what counts in it at most three days late",
    "NoTally": "no rejections of this uploader on that day can be disputed any more, or none are to be proven",
    "AnswerPending": "fewer rejections are proven than were counted: that is taken only when three days are over",
    "PathInvalid": "a rejection does not stand under the epoch's root",
    "EnforcedPause": "the registry is paused: what is recorded can be read, and nothing is added until it goes on",
}


def told(error: errors.RegistryError) -> str:
    """Return an error in words for people: the contract's refusals with what they mean."""
    meaning = REFUSALS.get(error.error_name) if isinstance(error, errors.TransactionRevertedError) else None
    return f"{meaning} ({error})" if meaning else str(error)


def answer_to(error: errors.RegistryError) -> Answer:
    """Return the row of the error's class, or of its nearest ancestor that has one."""
    return next(ANSWERS[cls] for cls in type(error).__mro__ if cls in ANSWERS)


def combined(codes: list[Exit]) -> Exit:
    """Return one exit code for several files: the highest, 5 above all, 2 only if nothing else went wrong."""
    others = [code for code in codes if code is not Exit.USAGE]
    if not others or (Exit.USAGE in codes and max(others) is Exit.GOOD):
        return Exit.USAGE if codes else Exit.GOOD
    return max(others)
