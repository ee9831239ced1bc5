"""Old receipts on a new ledger: what makes them valid there, and what no forger gets there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from registry import eip712
from registry.documents import admission_document
from registry.errors import LedgerUnavailableError, ReceiptError
from registry.model import (
    Cid,
    Digest,
    Inclusion,
    Level,
    Moved,
    Opinion,
    Record,
    Registration,
    Standing,
    Visibility,
)
from registry.model.ledger import BatchPlace
from registry.model.moving import MovedLine, NamedMigration
from registry.origin import Origin
from registry.receipt import Pins, ReceiptVerification, Result, SignerList, read_receipt, trusted_for, verify
from registry.receipt.migration import Head, Migration, NotCarried, read_migration
from tests.fakes import KeySigner, MemoryLedger
from tests.receipts import (
    ADMIN,
    DOMAIN,
    GATES,
    KINDS,
    RECORDER,
    UPLOADER,
    Issued,
    by_operator,
    by_uploader,
    resealed,
    signers,
    term,
)
from tests.values import NOW, digest

STRANGER = KeySigner(99)
ROOT, OTHER_ROOT = b"\x71" * 32, b"\x72" * 32
MOVED_AT, NAMED_AT = NOW + 1000, NOW + 1100
THERE = Inclusion(b"\x81" * 32, 12, b"\x82" * 32, 0, NAMED_AT)
NEW = MemoryLedger().info
TO = eip712.Domain.of(NEW)
CID = Cid(b"\x0d" * 32, is_dag_pb=False)


def origin_of(one: Issued) -> Origin:
    registration = one.registration
    return Origin(
        domain=DOMAIN,
        inclusion=one.inclusion,
        batch=one.record.batch,
        admission_deadline=registration.admission.deadline,
        earns_reputation=registration.admission.earns_reputation,
        verdicts=registration.verdicts,
        intent=registration.intent,
    )


def line_of(one: Issued, origin: Origin | None = None, **changed: Any) -> Registration:
    before = one.registration
    admission = replace(before.admission, earns_reputation=False, deadline=MOVED_AT + 3600, **changed)
    moved = Moved((origin or origin_of(one)).canonical(), CID)
    return Registration(admission, before.verdicts, None, before.visibility, moved)


def migration(**changed: Any) -> Migration:
    plain = Migration(
        left=DOMAIN,
        head=Head(7, b"\x0b" * 32, 3, b"\x0c" * 32),
        to=TO,
        batches=((ROOT, 1),),
        admission_deadline=MOVED_AT + 3600,
        not_carried=(),
        statements=(),
        signers=signers().sealed(ADMIN),
        made_at=MOVED_AT,
    )
    return replace(plain, **changed)


@dataclass
class Manifests:
    """What the manifests of the new ledger say."""

    documents: list[bytes] = field(default_factory=list)
    lines: dict[tuple[Digest, bytes], Registration] = field(default_factory=dict)
    known: frozenset[bytes] = frozenset({ROOT})
    down: bool = False

    def migrations(self) -> Iterator[NamedMigration]:
        if self.down:
            raise LedgerUnavailableError("down")
        yield from (NamedMigration(document, NAMED_AT) for document in self.documents)

    def line_of(self, digest: Digest, roots: frozenset[bytes]) -> MovedLine | None:
        for root in roots:
            if (digest, root) in self.lines:
                return MovedLine(BatchPlace(root, 0), THERE, self.lines[digest, root])
        return None

    def at_hand(self, roots: frozenset[bytes]) -> frozenset[bytes]:
        return roots & self.known


def sealed(one: Migration, operator: KeySigner = RECORDER, gates: tuple[KeySigner, ...] = (GATES[0],)) -> bytes:
    return one.sealed(operator, gates)


def manifests(one: Issued, line: Registration | None = None, root: bytes = ROOT) -> Manifests:
    registration = line or line_of(one)
    return Manifests([sealed(migration())], {(one.record.digest, root): registration})


def judged(
    one: Issued,
    moved: Manifests,
    *,
    trusted: SignerList | None = None,
    raw: bytes | None = None,
    standing: Standing | None = Standing.ACTIVE,
) -> ReceiptVerification:
    there: Record = replace(one.record, standing=standing or Standing.ACTIVE, batch=BatchPlace(ROOT, 0))
    ledger = MemoryLedger(records={one.record.digest: there} if standing else {})
    return verify(read_receipt(raw or one.raw), signers=trusted or signers(), ledger=ledger, moved=moved)


def codes(found: ReceiptVerification, name: str = "inclusion") -> list[str]:
    return [reason.code for reason in getattr(found, name).reasons]


# -- what is not believed --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (lambda: sealed(migration(), operator=STRANGER), "no recorder"),
        (lambda: sealed(migration(), gates=()), "expected the seals of 1 gates"),
        (lambda: sealed(migration(), gates=(STRANGER,)), "expected the seals of 1 gates"),
        (lambda: sealed(migration(made_at=NOW - 5000)), "expected the seals of 1 gates"),
    ],
    ids=["another operator", "no gate", "no gate of theirs", "before the gate was in office"],
)
def test_a_migration_that_others_sealed_proves_nothing(document: Any, why: str) -> None:
    one = by_operator()
    found = judged(one, replace(manifests(one), documents=[document()]))
    assert (codes(found), found.inclusion.result) == (["migration_unproven"], Result.NOT_CHECKED)
    assert why in found.inclusion.reasons[0].message
    assert found.stands is None


def test_a_gate_signs_twice_and_counts_once() -> None:
    one = by_operator()
    moved = replace(manifests(one), documents=[sealed(migration(), gates=(GATES[0], GATES[0]))])
    assert codes(judged(one, moved, trusted=signers(threshold=2))) == ["migration_unproven"]
    moved = replace(manifests(one), documents=[sealed(migration(), gates=GATES[:2])])
    assert codes(judged(one, moved, trusted=signers(threshold=2))) == ["migrated"]


@pytest.mark.parametrize("since", [NOW - 900, MOVED_AT, NAMED_AT])
def test_a_stolen_gate_key_moves_no_ledger_whatever_date_it_writes(since: int) -> None:
    one = by_operator()
    stolen = signers(term(GATES[0], compromised_since=since), *map(term, GATES[1:]))
    for made_at in (NOW - 1000, MOVED_AT):
        moved = replace(manifests(one), documents=[sealed(migration(made_at=made_at))])
        assert codes(judged(one, moved, trusted=stolen)) == ["migration_unproven"]


def test_where_nobody_is_trusted_a_migration_proves_nothing() -> None:
    one = by_operator()
    ledger = MemoryLedger(records={one.record.digest: one.record})
    found = verify(read_receipt(one.raw), signers=None, ledger=ledger, moved=manifests(one))
    assert (codes(found), found.standing.result) == (["migration_unproven"], Result.NOT_CHECKED)


@pytest.mark.parametrize(
    "other",
    [
        {"left": replace(DOMAIN, instance_id=b"\x06" * 32)},
        {"to": replace(TO, chain_id=2)},
        {"to": replace(TO, contract=DOMAIN.contract)},
    ],
    ids=["from another", "to another chain", "to another contract"],
)
def test_a_migration_of_others_or_to_elsewhere_is_none_of_ours(other: dict[str, Any]) -> None:
    one = by_operator()
    found = judged(one, replace(manifests(one), documents=[sealed(migration(**other))]))
    assert codes(found) == ["other_ledger"]


@pytest.mark.parametrize(
    "damage", [b"", b"{}", b"[1", b'{"format":"touchstone-migration/1"}', b"9" * 5000, b'{"a":1.5}']
)
def test_a_damaged_migration_hides_no_sound_one(damage: bytes) -> None:
    with pytest.raises(ReceiptError):
        read_migration(damage)
    one = by_operator()
    both = replace(manifests(one), documents=[damage, sealed(migration())])
    assert codes(judged(one, both)) == ["migrated"]
    assert codes(judged(one, replace(both, documents=[damage]))) == ["other_ledger"]


@pytest.mark.parametrize("field", ["made_at", "admission_deadline", "batches", "to", "from", "not_carried", "signers"])
def test_a_changed_migration_is_no_longer_sealed(field: str) -> None:
    one = by_operator()
    document = json.loads(sealed(migration()))
    changed = {
        "made_at": MOVED_AT + 1,
        "admission_deadline": 1,
        "batches": [{"root": "0x" + OTHER_ROOT.hex(), "count": 1}],
        "to": document["to"],
        "from": {**document["from"], "event_count": 9},
        "not_carried": [left_document(one, Standing.REVOKED)],
        "signers": json.loads(signers(threshold=2).sealed(ADMIN)),
    }
    if field == "to":
        document["seals"]["operator"] = document["seals"]["operator"][:-4] + "0000"
    document[field] = changed[field]
    found = judged(one, replace(manifests(one), documents=[rfc8785.dumps(document)]))
    assert found.inclusion.result is not Result.VALID
    assert set(codes(found)) <= {"migration_unproven", "other_ledger"}


def left_document(one: Issued, standing: Standing) -> dict[str, Any]:
    left = NotCarried(admission_document(one.registration.admission), origin_of(one), standing, b"\x01" * 32)
    [row] = json.loads(sealed(migration(not_carried=(left,))))["not_carried"]
    return dict(row)


def test_a_line_in_a_batch_that_the_migration_does_not_name_counts_for_nothing() -> None:
    one = by_operator()
    found = judged(one, manifests(one, root=OTHER_ROOT), standing=None)
    assert (codes(found), found.inclusion.result) == (["not_recorded"], Result.INVALID)


def test_a_batch_that_is_not_at_hand_leaves_the_question_open() -> None:
    one = by_operator()
    moved = Manifests([sealed(migration())], {}, known=frozenset())
    assert (codes(judged(one, moved)), judged(one, moved).inclusion.result) == (
        ["migration_incomplete"],
        Result.NOT_CHECKED,
    )


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"inclusion": Inclusion(b"\x0a" * 32, 8, b"\x0b" * 32, 3, NOW)}, "inclusion.block_number"),
        ({"inclusion": Inclusion(b"\x1a" * 32, 7, b"\x0b" * 32, 3, NOW)}, "inclusion.tx"),
        ({"inclusion": Inclusion(b"\x0a" * 32, 7, b"\x1b" * 32, 3, NOW)}, "inclusion.block_hash"),
        ({"inclusion": Inclusion(b"\x0a" * 32, 7, b"\x0b" * 32, 4, NOW)}, "inclusion.log_index"),
        ({"inclusion": Inclusion(b"\x0a" * 32, 7, b"\x0b" * 32, 3, NOW + 1)}, "record.registered_at"),
        ({"domain": replace(DOMAIN, instance_id=b"\x06" * 32)}, "ledger"),
        ({"batch": BatchPlace(ROOT, 0)}, "inclusion.batch"),
        ({"admission_deadline": NOW + 1}, "admission.deadline"),
        ({"earns_reputation": False}, "admission.earns_reputation"),
        ({"verdicts": ()}, "opinions"),
    ],
)
def test_an_origin_that_is_not_the_receipts_makes_it_invalid(changed: dict[str, Any], field: str) -> None:
    one = by_operator()
    found = judged(one, manifests(one, line_of(one, replace(origin_of(one), **changed))))
    assert [(reason.code, reason.field) for reason in found.inclusion.reasons] == [("not_on_ledger", field)]


@pytest.mark.parametrize("field", ["fingerprint_hash", "content_hash", "policy_id"])
def test_an_admission_that_is_not_the_receipts_makes_it_invalid(field: str) -> None:
    one = by_operator()
    found = judged(one, manifests(one, line_of(one, **{field: b"\x77" * 32})))
    assert [reason.field for reason in found.inclusion.reasons] == [f"admission.{field}"]


def test_levels_that_the_move_added_make_it_invalid() -> None:
    one = by_operator()
    found = judged(one, manifests(one, line_of(one, levels=Level.GATE | Level.REVIEWER)))
    assert [reason.field for reason in found.inclusion.reasons] == ["admission.levels"]


def test_an_intent_that_the_line_lacks_makes_it_invalid() -> None:
    one = by_uploader()
    found = judged(one, manifests(one, line_of(one, replace(origin_of(one), intent=None))))
    assert [reason.field for reason in found.inclusion.reasons] == ["intent"]


def test_a_false_receipt_stays_false_though_a_line_claims_all_that_it_says() -> None:
    """Those who decide on the new ledger make up a receipt of the old one, and a line to go with it."""
    one = by_operator()
    verdict = one.registration.verdicts[0]
    forged = replace(verdict, opinion=Opinion(b"\x55" * 32, 0, 1, NOW))
    document = one.document
    document["opinions"][0] |= {"model_id": "0x" + "55" * 32, "threshold_bps": 1, "issued_at": NOW}
    document["record"]["model_ids"] = ["0x" + "55" * 32]
    raw = resealed(document, STRANGER)
    line = line_of(one, replace(origin_of(one), verdicts=(forged,)))
    found = judged(one, manifests(one, line), raw=raw)
    assert found.signatures.result is Result.INVALID
    assert {"seal_invalid", "gate_signature_invalid"} <= set(codes(found, "signatures"))


def test_a_ledger_that_does_not_answer_leaves_all_open() -> None:
    one = by_operator()
    found = judged(one, replace(manifests(one), down=True))
    assert codes(found) == codes(found, "standing") == ["ledger_unavailable"]


# -- what is ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_an_old_receipt_is_valid_where_its_ledger_was_moved(make: Any) -> None:
    one = make()
    found = judged(one, manifests(one))
    assert [found.signatures.result, found.inclusion.result, found.standing.result] == [Result.VALID] * 3
    assert (codes(found), found.stands) == (["migrated"], Standing.ACTIVE)
    assert str(NEW.contract) in found.inclusion.reasons[0].message


@pytest.mark.parametrize("standing", [Standing.DISPUTED, Standing.REVOKED])
def test_how_it_stands_is_the_new_ledgers_to_say(standing: Standing) -> None:
    one = by_operator()
    found = judged(one, manifests(one), standing=standing)
    assert (found.inclusion.result, found.stands, codes(found, "standing")) == (
        Result.VALID,
        standing,
        [standing.name.lower()],
    )


@pytest.mark.parametrize("standing", [Standing.DISPUTED, Standing.REVOKED])
def test_what_was_left_behind_stands_as_it_stood(standing: Standing) -> None:
    one = by_operator()
    left = NotCarried(admission_document(one.registration.admission), origin_of(one), standing, b"\x01" * 32)
    moved = Manifests([sealed(migration(not_carried=(left,)))])
    found = judged(one, moved, standing=Standing.ACTIVE)  # even if somebody registers the same bytes anew
    assert (codes(found), found.inclusion.result, found.stands) == (["not_carried"], Result.VALID, standing)
    document = one.document
    document["inclusion"]["log_index"] += 1
    other = judged(one, moved, raw=resealed(document), standing=None)
    assert [reason.field for reason in other.inclusion.reasons] == ["inclusion.log_index"]


def test_what_the_new_ledger_had_before_stands_as_it_says_there() -> None:
    one = by_operator()
    left = NotCarried(admission_document(one.registration.admission), origin_of(one), Standing.ACTIVE, None)
    moved = Manifests([sealed(migration(not_carried=(left,)))])
    assert judged(one, moved, standing=Standing.REVOKED).stands is Standing.REVOKED
    assert judged(one, moved).stands is Standing.ACTIVE


def test_a_successor_of_before_is_told() -> None:
    one = by_operator()
    said = {
        "digest": one.record.digest.hex,
        "act": "supersede",
        "by": str(UPLOADER.address),
        "detail": "0x" + digest("later").hex,
        "said_at": None,
    }
    found = judged(one, replace(manifests(one), documents=[sealed(migration(statements=(said,)))]))
    assert codes(found, "standing") == ["superseded"]
    assert digest("later").hex in found.standing.reasons[0].message


def test_a_migration_is_read_back_as_it_was_sealed() -> None:
    one = by_uploader()
    left = NotCarried(admission_document(one.registration.admission), origin_of(one), Standing.REVOKED, b"\x01" * 32)
    whole = migration(not_carried=(left,), batches=((ROOT, 2), (OTHER_ROOT, 1)))
    found = read_migration(sealed(whole))
    assert found.migration == whole
    assert (found.migration.carried, found.migration.roots) == (3, {ROOT, OTHER_ROOT})
    assert found.unproven(signers(), named_at=NAMED_AT) is None


def test_a_home_trusts_its_own_migration_about_those_of_before_and_a_reader_does_not(tmp_path: Path) -> None:
    one = by_operator()
    ledger, pins = MemoryLedger(), Pins(tmp_path)

    def whom(own: SignerList | None, moved: Manifests | None) -> tuple[SignerList | None, str]:
        return trusted_for(DOMAIN, pins=pins, ledger=ledger, own=lambda: own, moved=moved)

    assert whom(signers(), manifests(one)) == (signers(), "migration")
    assert whom(None, manifests(one)) == whom(signers(), None) == whom(signers(), Manifests()) == (None, "none")
    forged = replace(manifests(one), documents=[sealed(migration(), operator=STRANGER)])
    assert whom(signers(), forged) == (None, "none")
    pins.pin(signers(threshold=2).sealed(ADMIN))
    assert whom(signers(), manifests(one)) == (signers(threshold=2), "pinned")


def test_private_records_are_judged_by_their_visibility_too() -> None:
    one = KINDS["private_in_batch"]()
    line = replace(line_of(one), visibility=Visibility.PUBLIC)
    assert [reason.field for reason in judged(one, manifests(one, line)).inclusion.reasons] == ["record.cid"]
