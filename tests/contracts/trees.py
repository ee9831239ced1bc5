"""Batches and rejections in trees of the project's own making: the chain's taking their paths proves that they fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from eth_account.signers.local import LocalAccount

from registry.eip712 import Domain
from registry.leaves import batch_leaf
from registry.merkle import MerkleTree
from registry.model import Address, Admission, Digest, Level, Visibility
from tests.contracts.actors import ALICE, FAR, GATE, GATES, IMAGE, INSTANCE_ID, PUBLIC, UPLOADER, hash_of
from tests.contracts.stage import Happened, Signed, Stage
from tests.contracts.typed_data import (
    Fields,
    batch_message,
    intent_message,
    rejection_leaf_message,
    sign,
    signing_hash,
    struct_hash,
)


@dataclass(frozen=True)
class Leaf:
    """One record of a batch."""

    admission: Fields
    visibility: int = PUBLIC
    claims_hash: bytes = field(default_factory=lambda: hash_of("the claims"))

    @property
    def digest(self) -> bytes:
        return bytes(self.admission["digest"])

    def hashed(self, stage: Stage) -> bytes:
        """As ``registry.leaves`` makes it."""
        a = self.admission
        domain = Domain(stage.domain["chainId"], Address.from_hex(stage.address), INSTANCE_ID)
        admission = Admission(
            digest=Digest(a["digest"]),
            fingerprint_hash=a["fingerprintHash"],
            content_hash=a["contentHash"],
            kind=a["kind"],
            uploader=Address.from_hex(a["uploader"]),
            policy_id=a["policyId"],
            levels=Level(a["levels"]),
            earns_reputation=a["earnsReputation"],
            deadline=a["deadline"],
        )
        return batch_leaf(domain, admission, visibility=Visibility(self.visibility), claims_hash=self.claims_hash)


def leaf(name: str, *, uploader: LocalAccount = ALICE, visibility: int = PUBLIC, **admission: Any) -> Leaf:
    """The record of a file by this name, which earns reputation."""
    fields = {
        "digest": hash_of(name),
        "fingerprintHash": hash_of(f"fingerprints of {name}"),
        "contentHash": hash_of(f"content of {name}"),
        "kind": IMAGE,
        "uploader": uploader.address,
        "policyId": hash_of("the policy"),
        "levels": GATE | UPLOADER,
        "earnsReputation": True,
        "deadline": FAR,
    }
    return Leaf(fields | admission, visibility)


@dataclass(frozen=True)
class Batch(Signed):
    """What gates signed, and the records that it stands for."""

    leaves: tuple[Leaf, ...] = ()
    tree: MerkleTree = field(default_factory=lambda: MerkleTree([bytes(32)]))

    @property
    def root(self) -> bytes:
        return bytes(self.fields["root"])

    @property
    def call(self) -> tuple[Any, ...]:
        """The arguments of ``registerBatch``."""
        return self.struct, list(self.signatures)

    def path(self, stage: Stage, one: Leaf) -> tuple[bytes, ...]:
        return self.tree.path(self.tree.leaves.index(one.hashed(stage)))

    def unfolding(self, stage: Stage, one: Leaf) -> tuple[Any, ...]:
        """The arguments of ``unfold``."""
        admission = tuple(one.admission.values())
        return self.root, admission, one.visibility, one.claims_hash, list(self.path(stage, one))


def batch(
    stage: Stage,
    leaves: Sequence[Leaf],
    *,
    tallies: Sequence[tuple[str, int]] | None = None,
    gates: Sequence[LocalAccount] = GATES[:2],
    domain: Fields | None = None,
    **fields: Any,
) -> Batch:
    """A batch in order but for the changes asked for, signed as it then stands; tallies are of the leaves that earn."""
    tree = MerkleTree([one.hashed(stage) for one in leaves])
    earning = Counter(one.admission["uploader"] for one in leaves if one.admission["earnsReputation"])
    rows = sorted(earning.items(), key=lambda row: int(row[0], 16)) if tallies is None else tallies
    full = {
        "root": tree.root,
        "count": len(leaves),
        "manifestHash": hash_of("the manifest"),
        "manifestIsDagPb": True,
        "tallies": [{"uploader": uploader, "count": count} for uploader, count in rows],
        "deadline": FAR,
    } | fields
    message = batch_message(domain or stage.domain, full)
    signatures = tuple(sign(gate, message) for gate in gates)
    return Batch(full | {"tallies": [tuple(row) for row in rows]}, signatures, tuple(leaves), tree)


def register(stage: Stage, leaves: Sequence[Leaf], **changes: Any) -> Batch:
    """A batch of these leaves, just registered."""
    made = batch(stage, leaves, **changes)
    stage.call("registerBatch", *made.call, sender=GATES[0])
    return made


def unfold(stage: Stage, of: Batch, one: Leaf) -> tuple[Happened, ...]:
    return stage.call("unfold", *of.unfolding(stage, one), sender=GATES[0])


@dataclass(frozen=True)
class Rejection:
    """One refused upload: what the uploader signed, and what the gate keeps."""

    uploader: str
    intent_hash: bytes
    signature: bytes
    salt: bytes

    def hashed(self, stage: Stage) -> bytes:
        leaf = {
            "uploader": self.uploader,
            "intentHash": self.intent_hash,
            "detailHash": hash_of("what the gate found"),
            "salt": self.salt,
        }
        return signing_hash(rejection_leaf_message(stage.domain, leaf))


def rejection(
    stage: Stage, number: int, *, uploader: LocalAccount = ALICE, by: LocalAccount | None = None, salt: str = ""
) -> Rejection:
    """The `number`-th refused upload of an uploader, whose intent another may have signed in its name."""
    intent = {
        "digest": hash_of(f"refused {number}"),
        "uploader": uploader.address,
        "visibility": PUBLIC,
        "claimsHash": bytes(32),
        "nonce": 1_000_000 + number,
        "deadline": FAR,
    }
    message = intent_message(stage.domain, intent)
    signature = sign(by or uploader, message)
    return Rejection(uploader.address, struct_hash(message), signature, hash_of(f"salt {salt or number}"))


@dataclass(frozen=True)
class Refused:
    """An epoch's rejections in their tree."""

    stage: Stage
    rejections: tuple[Rejection, ...]

    @cached_property
    def tree(self) -> MerkleTree:
        return MerkleTree([one.hashed(self.stage) for one in self.rejections])

    def opening(self, one: Rejection) -> tuple[Any, ...]:
        path = self.tree.path(self.tree.leaves.index(one.hashed(self.stage)))
        return one.intent_hash, hash_of("what the gate found"), one.salt, one.signature, list(path)

    def openings(self, rejections: Sequence[Rejection]) -> list[tuple[Any, ...]]:
        """In the order that the contract asks for."""
        return sorted((self.opening(one) for one in rejections), key=lambda opening: bytes(opening[0]))

    def close(self, epoch: int, tallies: dict[str, int]) -> None:
        """The epoch closes with this tree's root."""
        ordered = sorted(tallies.items(), key=lambda item: int(item[0], 16))
        closing = self.stage.epoch(epoch, ordered, root=self.tree.root)
        self.stage.call("closeEpoch", closing.struct, list(closing.signatures), sender=GATES[0])
