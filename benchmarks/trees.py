"""Gas of batches and of disputed tallies, with trees, paths and signatures as they are in use."""

from __future__ import annotations

from dataclasses import dataclass

from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from benchmarks.chain import Chain
from benchmarks.installation import BOND_WEI, FAR, Installation, address_of, signed
from registry.eip712 import TypedData, intent_message
from registry.leaves import batch_leaf
from registry.merkle import MerkleTree
from registry.model import Admission, Digest, Level, UploadIntent, Visibility

CLAIMS = keccak(text="claims")
LIMITS = {1_000: 80, 10_000: 9}  # gas per record in a batch of one uploader, the issue's
REFUSED = 100  # rejections in an epoch's tree


@dataclass(frozen=True, slots=True)
class Grove:
    """A batch of one uploader's files, all of which earn."""

    uploader: LocalAccount
    admissions: tuple[Admission, ...]
    tree: MerkleTree


def grove(one: Installation, uploader: LocalAccount, count: int) -> Grove:
    """Return a batch of that many new files."""
    admissions = []
    for _ in range(count):
        one.count += 1
        admission = Admission(
            digest=Digest(keccak(text=f"file {one.count}")),
            fingerprint_hash=keccak(text=f"fingerprints {one.count}"),
            content_hash=keccak(text=f"content {one.count}"),
            kind=1,
            uploader=address_of(uploader),
            policy_id=keccak(text="policy"),
            levels=Level.GATE | Level.UPLOADER,
            earns_reputation=True,
            deadline=FAR,
        )
        admissions.append(admission)
    return Grove(uploader, tuple(admissions), MerkleTree(_leaf(one, admission) for admission in admissions))


def register(one: Installation, batch: Grove) -> int:
    """Return the gas of one more batch, signed by a quorum, its tally counted."""
    count, manifest = len(batch.admissions), keccak(batch.tree.root)
    tally = {"uploader": batch.uploader.address, "count": count}
    fields = {"root": batch.tree.root, "count": count, "manifestHash": manifest, "manifestIsDagPb": True}
    message = one.typed("BatchAdmission", {**fields, "tallies": [tally], "deadline": FAR})
    struct = (*fields.values(), [tuple(tally.values())], FAR)
    return one.send(
        one.operator, "registerBatch", struct, [signed(gate, message) for gate in one.gates[: one.threshold]]
    )


def unfold(one: Installation, batch: Grove, index: int) -> int:
    """Return the gas of giving one leaf a slot of its own."""
    a = batch.admissions[index]
    path = batch.tree.path(batch.tree.leaves.index(_leaf(one, a)))
    hashes = (a.digest.value, a.fingerprint_hash, a.content_hash)
    fields = (*hashes, a.kind, batch.uploader.address, a.policy_id, int(a.levels), a.earns_reputation, a.deadline)
    return one.send(one.operator, "unfold", batch.tree.root, fields, int(Visibility.PUBLIC), CLAIMS, list(path))


def batches(chain: Chain) -> dict[str, int | float]:
    """Return the gas per record in batches of one uploader, 1 of 1 gate unless the key says otherwise, and of `unfold`.

    The steady state is a later batch of the same uploader on the same day.
    """
    gas: dict[str, int | float] = {}
    one = Installation(chain, [chain.account("gate 0")], 1)
    alice = chain.account("alice")
    gas["batch_1000_first_ever_per_record"] = _per_record(one, grove(one, alice, 1_000))
    for count in (100, 1_000, 10_000):
        gas[f"batch_{count}_per_record"] = _per_record(one, grove(one, alice, count))
    chain.pass_days(1)
    gas["batch_1000_first_of_day_per_record"] = _per_record(one, last := grove(one, alice, 1_000))
    unfold(one, last, 0)  # not the registry's first record
    gas["unfold"] = unfold(one, last, 500)
    many = Installation(chain, [chain.account(f"gate {k}") for k in range(3)], 2)
    for _ in range(2):
        gas["batch_1000_2_of_3_per_record"] = _per_record(many, grove(many, alice, 1_000))
    return gas


def tallies(chain: Chain) -> dict[str, int]:
    """Return the gas of disputing a tally and of proving 1, 10 or 256 rejections, among so many that the tree has."""
    gas: dict[str, int] = {}
    one = Installation(chain, [chain.account("gate 0")], 1)
    for proofs, refused in ((1, REFUSED), (10, REFUSED), (256, 256)):
        alice = chain.account(f"alice of {proofs}")
        one.register(alice)
        chain.pass_days(1)
        openings, root = _openings(one, alice, refused)
        epoch, _ = one.close_epoch(root, [(alice.address, proofs)])
        gas["dispute_tally"] = one.send(alice, "disputeTally", epoch, alice.address, value=BOND_WEI)
        gas[f"answer_tally_{proofs}"] = one.send(one.operator, "answerTally", epoch, alice.address, openings[:proofs])
    return gas


def over_limits(gas: dict[str, int | float]) -> list[str]:
    """Return what costs more than it may, in words."""
    figures = {f"batch_{count}_per_record": limit for count, limit in LIMITS.items()}
    return [
        f"{name}: expected at most {limit}, got {gas[name]}" for name, limit in figures.items() if gas[name] > limit
    ]


def _per_record(one: Installation, batch: Grove) -> float:
    return round(register(one, batch) / len(batch.admissions), 2)


def _leaf(one: Installation, admission: Admission) -> bytes:
    return batch_leaf(one.domain, admission, visibility=Visibility.PUBLIC, claims_hash=CLAIMS)


def _openings(one: Installation, uploader: LocalAccount, count: int) -> tuple[list[tuple[object, ...]], bytes]:
    """Return openings of that many rejections of an uploader, in order, and their root."""
    detail = keccak(text="what the gate found")
    found: list[tuple[bytes, bytes, bytes]] = []
    leaves: dict[bytes, bytes] = {}
    for k in range(count):
        digest = Digest(keccak(text=f"refused {k}"))
        intent = UploadIntent(digest, address_of(uploader), Visibility.PUBLIC, bytes(32), 1000 + k, FAR)
        message = intent_message(one.domain, intent)
        hashed, salt = _struct_hash(message), keccak(text=f"salt {k}")
        found.append((hashed, salt, signed(uploader, message)))
        row = {"uploader": uploader.address, "intentHash": hashed, "detailHash": detail, "salt": salt}
        leaves[hashed] = _signing_hash(one.typed("RejectionLeaf", row))
    tree = MerkleTree(leaves.values())
    openings: list[tuple[object, ...]] = [
        (hashed, detail, salt, signature, list(tree.path(tree.leaves.index(leaves[hashed]))))
        for hashed, salt, signature in sorted(found)
    ]
    return openings, tree.root


def _struct_hash(message: TypedData) -> bytes:
    return bytes(encode_typed_data(full_message=dict(message)).body)


def _signing_hash(message: TypedData) -> bytes:
    signable = encode_typed_data(full_message=dict(message))
    return bytes(keccak(b"\x19" + signable.version + signable.header + signable.body))
