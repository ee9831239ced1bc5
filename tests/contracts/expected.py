"""Why the contract must refuse a call, told from the model alone: the first reason in the contract's order, or none."""

from __future__ import annotations

from collections.abc import Iterable

from tests.contracts.actors import ACTIVE, ARBITER, ATTEST, DAY, DISPUTED, RETRACT, REVIEW, REVOKE, SUPERSEDE
from tests.contracts.replay import NO_DISPUTE, NO_RECORD, NO_TALLY_DISPUTE, Replay


def quorum(model: Replay, by: Iterable[str], now: int) -> str | None:
    gates = list(by)
    if len(gates) < model.threshold:
        return "QuorumNotMet"
    return None if all(model.is_gate(gate, now) for gate in gates) else "NotAGate"


def register(model: Replay, digest: bytes, uploader: str, by: Iterable[str], now: int) -> str | None:
    if digest in model.records:
        return "MediaAlreadyRegistered"
    if uploader in model.successors:
        return "KeyIsRotated"
    return quorum(model, by, now)


def statement(model: Replay, act: int, digest: bytes, by: str, other: bytes) -> str | None:
    records = model.records
    if digest not in records:
        return "MediaNotRegistered"
    record = records[digest]
    holder = model.holder(record["uploader"])
    if act in (ATTEST, REVIEW):
        if by in (holder, record["uploader"]):
            return "AttesterIsUploader"
        return "AccessControlUnauthorizedAccount" if act == REVIEW else None
    if act == RETRACT:
        return None
    if by != holder:
        return "NotUploader"
    if act == REVOKE:
        return None if record["standing"] == ACTIVE else "StandingMismatch"
    if other not in records:
        return "MediaNotRegistered"
    earlier, later = (record, records[other]) if act == SUPERSEDE else (records[other], record)
    if later["registeredAt"] <= earlier["registeredAt"]:
        return "NotLater"
    return "NotUploader" if act == SUPERSEDE and model.holder(records[other]["uploader"]) != holder else None


def dispute(model: Replay, digest: bytes, *, exact: bool) -> str | None:
    if digest not in model.records:
        return "MediaNotRegistered"
    if not exact:
        return "BondMismatch"
    return None if model.standing(digest) == ACTIVE else "StandingMismatch"


def ruling(model: Replay, digest: bytes, by: str) -> str | None:
    if by != ARBITER.address:
        return "AccessControlUnauthorizedAccount"
    if digest not in model.records:
        return "MediaNotRegistered"
    uploader = model.records.get(digest, NO_RECORD)["uploader"]
    if by in (uploader, model.holder(uploader), model.disputes.get(digest, NO_DISPUTE)["challenger"]):
        return "ArbiterIsParty"
    return None if model.standing(digest) == DISPUTED else "StandingMismatch"


def closing(model: Replay, epoch: int, by: Iterable[str], now: int, today: int, *, tallies: bool) -> str | None:
    if epoch >= today or epoch in model.roots or (tallies and epoch + 3 < today):
        return "EpochNotClosable"
    return quorum(model, by, now)


def batch(model: Replay, root: bytes, uploaders: Iterable[str], by: Iterable[str], now: int) -> str | None:
    if root in model.batches:
        return "BatchAlreadyRegistered"
    refused = quorum(model, by, now)
    if refused is None and any(uploader in model.successors for uploader in uploaders):
        return "KeyIsRotated"
    return refused


def unfolding(model: Replay, root: bytes, digest: bytes) -> str | None:
    if root not in model.batches:
        return "BatchNotRegistered"
    if digest in model.records:
        return "MediaAlreadyRegistered"
    return None if digest in model.manifests[root] else "PathInvalid"


def tally_dispute(model: Replay, key: tuple[int, str], by: str, today: int, *, exact: bool) -> str | None:
    epoch, uploader = key
    if by != model.holder(uploader):
        return "NotUploader"
    if not exact:
        return "BondMismatch"
    return None if model.rejections(epoch, uploader, today) else "NoTally"


def tally_answer(model: Replay, key: tuple[int, str], openings: int, now: int) -> str | None:
    challenge = model.tally_disputes.get(key, NO_TALLY_DISPUTE)
    if challenge["openedAt"] == 0 or challenge["rejections"] == 0:
        return "NoTally"
    return "AnswerPending" if openings < challenge["rejections"] and now < challenge["openedAt"] + 3 * DAY else None


def rotation(model: Replay, old: str, new: str | None) -> str | None:
    if new is None:
        return None if old in model.rotations else "NoRotation"
    if old in model.successors:
        return "KeyIsRotated"
    return None if new != old and model.is_fresh(new) else "KeyNotFresh"


def completion(model: Replay, old: str, now: int) -> str | None:
    pending = model.rotations.get(old)
    if pending is None:
        return "NoRotation"
    if now < pending["completableAt"]:
        return "RotationPending"
    return None if model.is_fresh(pending["to"]) else "KeyNotFresh"


def end_of_gate(model: Replay, gate: str, since: int, now: int) -> str | None:
    term = model.terms.get(gate)
    if term is None:
        return "NotAGate"
    return None if since < (term["compromisedSince"] or now + 1) else "CompromiseInvalid"
