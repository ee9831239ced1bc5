"""A registry on a benchmark's chain, and everybody who acts on it with signatures of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from web3 import Web3

from benchmarks.chain import CHAIN_ID, DAY_S, Chain
from registry.adapters.contract import contract_at, register_arguments, statement_fields
from registry.adapters.deployment import ContractArguments, registry_creation
from registry.eip712 import Domain, TypedData, intent_message, statement_message, verdict_message
from registry.model import (
    Act,
    Address,
    Admission,
    Digest,
    GateVerdict,
    Level,
    Opinion,
    Registration,
    SignedIntent,
    Statement,
    UploadIntent,
    Visibility,
)

FAR = 1 << 40
BOND_WEI = 10**16
INSTANCE = keccak(text="benchmark")
FIELDS = {  # what registry.eip712 does not sign
    "Tally": [{"name": "uploader", "type": "address"}, {"name": "count", "type": "uint32"}],
    "EpochClose": [
        {"name": "epoch", "type": "uint32"},
        {"name": "rejectionRoot", "type": "bytes32"},
        {"name": "tallies", "type": "Tally[]"},
        {"name": "deadline", "type": "uint64"},
    ],
    "BatchAdmission": [
        {"name": "root", "type": "bytes32"},
        {"name": "count", "type": "uint32"},
        {"name": "manifestHash", "type": "bytes32"},
        {"name": "manifestIsDagPb", "type": "bool"},
        {"name": "tallies", "type": "Tally[]"},
        {"name": "deadline", "type": "uint64"},
    ],
    "RejectionLeaf": [
        {"name": "uploader", "type": "address"},
        {"name": "intentHash", "type": "bytes32"},
        {"name": "detailHash", "type": "bytes32"},
        {"name": "salt", "type": "bytes32"},
    ],
    "KeyRotation": [
        {"name": "from", "type": "address"},
        {"name": "to", "type": "address"},
        {"name": "nonce", "type": "uint256"},
        {"name": "deadline", "type": "uint64"},
    ],
}
NEEDED = {
    "EpochClose": ("EpochClose", "Tally"),
    "BatchAdmission": ("BatchAdmission", "Tally"),
    "RejectionLeaf": ("RejectionLeaf",),
    "KeyRotation": ("KeyRotation",),
}


def address_of(account: LocalAccount) -> Address:
    return Address.from_hex(account.address)


def signed(account: LocalAccount, message: TypedData) -> bytes:
    return bytes(account.sign_message(encode_typed_data(full_message=dict(message))).signature)


@dataclass
class Installation:
    """A deployed registry and who acts on it."""

    chain: Chain
    gates: list[LocalAccount]
    threshold: int
    deployment: int = 0
    count: int = 0
    nonces: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.operator = self.chain.account("operator")
        self.arbiter = self.chain.account("arbiter")
        self.gates.sort(key=lambda gate: int(gate.address, 16))
        others = [address_of(self.chain.account(name)) for name in ("admin", "guardian")]
        self.arguments = ContractArguments(
            instance_id=INSTANCE,
            admin=others[0],
            guardian=others[1],
            arbiter=address_of(self.arbiter),
            operator=address_of(self.operator),
            gates=tuple(map(address_of, self.gates)),
            threshold=self.threshold,
            dispute_bond_wei=BOND_WEI,
        )
        creation = registry_creation(self.chain.web3, self.arguments, admin=others[0], endpoint="anvil")
        receipt = self.chain.send(self.operator, creation.data)
        self.deployment = receipt["gasUsed"]
        self.address = Address.from_hex(receipt["contractAddress"])
        self.contract = contract_at(self.chain.web3, self.address)
        self.domain = Domain(CHAIN_ID, self.address, INSTANCE)

    def send(self, sender: LocalAccount, name: str, *arguments: object, value: int = 0) -> int:
        """Return the gas of a call."""
        data = self.contract.encode_abi(name, list(arguments))
        return int(self.chain.send(sender, data, to=self.contract.address, value=value)["gasUsed"])

    def nonce(self, account: LocalAccount) -> int:
        """Return the next nonce in the account's sequence: 256 of them share a slot."""
        self.nonces[account.address] = self.nonces.get(account.address, 0) + 1
        return self.nonces[account.address]

    def registration(self, uploader: LocalAccount, *, nonce: int | None = None) -> Registration:
        """Return a public image of the uploader's that earns reputation, with an intent, signed by a quorum."""
        self.count += 1
        digest = Digest(keccak(text=f"file {self.count}"))
        admission = Admission(
            digest=digest,
            fingerprint_hash=keccak(text=f"fingerprints {self.count}"),
            content_hash=keccak(text=f"content {self.count}"),
            kind=1,
            uploader=address_of(uploader),
            policy_id=keccak(text="policy"),
            levels=Level.GATE | Level.UPLOADER,
            earns_reputation=True,
            deadline=self.chain.now + 3600,
        )
        intent = UploadIntent(
            digest=digest,
            uploader=address_of(uploader),
            visibility=Visibility.PUBLIC,
            claims_hash=keccak(text=f"claims {self.count}"),
            nonce=self.nonce(uploader) if nonce is None else nonce,
            deadline=self.chain.now + 30 * DAY_S,
        )
        wish = SignedIntent(intent, signed(uploader, intent_message(self.domain, intent)))
        return self.approved(Registration(admission, (), wish, Visibility.PUBLIC))

    def approved(self, registration: Registration) -> Registration:
        """Return it with the verdicts of the first gates, as many as must sign."""
        verdicts = []
        for k, gate in enumerate(self.gates[: self.threshold]):
            opinion = Opinion(keccak(text=f"model {k}"), band=1, threshold_bps=5000, issued_at=self.chain.now)
            message = verdict_message(self.domain, registration.admission, opinion)
            verdicts.append(GateVerdict(opinion, address_of(gate), signed(gate, message)))
        return replace(registration, verdicts=tuple(verdicts))

    def register(self, uploader: LocalAccount, *, nonce: int | None = None) -> int:
        """Return the gas of one more record; the operator sends it."""
        return self.send_registration(self.registration(uploader, nonce=nonce))

    def send_registration(self, registration: Registration) -> int:
        """Return the gas of a registration; the operator sends it."""
        return self.send(self.operator, "register", *register_arguments(registration))

    def last(self) -> bytes:
        """Return the digest of the record that was made last."""
        return bytes(keccak(text=f"file {self.count}"))

    def say(self, by: LocalAccount, act: Act, detail: bytes = bytes(32)) -> int:
        """Return the gas of a signed statement of the last record; the operator sends it."""
        statement = Statement(Digest(self.last()), address_of(by), act, detail, self.nonce(by), FAR)
        signature = signed(by, statement_message(self.domain, statement))
        return self.send(self.operator, "makeStatement", statement_fields(statement), signature)

    def close_epoch(self, root: bytes, tallies: Sequence[tuple[str, int]]) -> tuple[int, int]:
        """Return yesterday's epoch and the gas of closing it with these rejections, uploaders ascending."""
        epoch = self.chain.now // DAY_S - 1
        counted = [{"uploader": uploader, "count": count} for uploader, count in tallies]
        close = {"epoch": epoch, "rejectionRoot": root, "tallies": counted, "deadline": FAR}
        signatures = [signed(gate, self.typed("EpochClose", close)) for gate in self.gates[: self.threshold]]
        struct = (epoch, root, list(tallies), FAR)
        return epoch, self.send(self.operator, "closeEpoch", struct, signatures)

    def new_names(self, count: int) -> list[tuple[str, int]]:
        """Return tallies of three rejections each of uploaders never seen, ascending."""
        uploaders = sorted(keccak(text=f"{self.chain.now} {k}")[:20] for k in range(count))
        return [(Web3.to_checksum_address(uploader), 3) for uploader in uploaders]

    def rotate(self, old: LocalAccount, new: LocalAccount) -> tuple[int, int]:
        """Return the gas of asking for a rotation that both keys signed, and of completing it after seven days."""
        wish = {"from": old.address, "to": new.address, "nonce": self.nonce(old), "deadline": FAR}
        message = self.typed("KeyRotation", wish)
        asked = self.send(self.operator, "rotateKey", tuple(wish.values()), signed(old, message), signed(new, message))
        self.chain.pass_days(7)
        return asked, self.send(self.operator, "completeKeyRotation", old.address)

    def typed(self, name: str, message: Mapping[str, object]) -> TypedData:
        """Return the EIP-712 message of one of `FIELDS`."""
        # the domain and its types are those of every message
        intent = UploadIntent(Digest(bytes(32)), self.address, Visibility.PUBLIC, bytes(32), 0, 0)
        every = intent_message(self.domain, intent)
        types = {"EIP712Domain": every["types"]["EIP712Domain"], **{one: FIELDS[one] for one in NEEDED[name]}}
        return {"types": types, "primaryType": name, "domain": every["domain"], "message": message}


def as_private(one: Installation, uploader: LocalAccount) -> Registration:
    """Return a registration whose intent says private: no `Commit` is logged."""
    public = one.registration(uploader)
    if public.intent is None:
        raise RuntimeError("expected a signed intent, got none")
    intent = replace(public.intent.intent, visibility=Visibility.PRIVATE)
    wish = SignedIntent(intent, signed(uploader, intent_message(one.domain, intent)))
    return replace(public, intent=wish, visibility=Visibility.PRIVATE)
