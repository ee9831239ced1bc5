"""`SignerList`: who signs for an installation, and when; signed by its admin, and pinned by those who trust it.

Format ``touchstone-signers/1``, canonical JSON (RFC 8785).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from registry import eip712
from registry.documents import Document, hex_of
from registry.errors import InvalidValueError, ReceiptError, SignatureError, TrustError
from registry.model import Address, GateTerm, Governance, LedgerInfo, Threshold
from registry.ports import Signer
from registry.receipt.canonical import canonical, first_difference, read_json
from registry.receipt.strict import Reader

SIGNERS_FORMAT = "touchstone-signers/1"
SEAL = "admin_signature"
_PARTS = (
    "admin", "chain_id", "contract", "format", "gates", "instance_id", "issued_at", "recorders", "threshold", "version",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SignerList:
    """Who signs for one installation.

    Attributes:
        domain: of the installation.
        thresholds: how many gates had to sign, and since when; ascending, the last one in force.
        gates: past and present.
        recorders: who may seal receipts, and register in the operator's name.
        version: rises by one with each change.
        issued_at: Unix seconds.
        admin: who signs this list.
    """

    domain: eip712.Domain
    thresholds: tuple[Threshold, ...]
    gates: tuple[GateTerm, ...]
    recorders: tuple[Address, ...]
    version: int
    issued_at: int
    admin: Address

    def __post_init__(self) -> None:
        if not self.thresholds or [each.since for each in self.thresholds] != sorted(
            {each.since for each in self.thresholds}
        ):
            raise InvalidValueError("thresholds: expected one at least, each later than the one before")
        if any(each.gates < 1 for each in self.thresholds):
            raise InvalidValueError("thresholds: expected one gate at least, got a quorum of none")
        if len({term.gate for term in self.gates}) != len(self.gates):
            raise InvalidValueError("gates: expected each once, got one twice")

    @classmethod
    def of(cls, info: LedgerInfo, powers: Governance, *, version: int, issued_at: int, admin: Address) -> Self:
        """Return the signers of a ledger as its own events have them."""
        changes = {each.since: each for each in powers.thresholds}  # of several in one block the last one counts
        history = tuple(changes[since] for since in sorted(changes))
        return cls(
            domain=eip712.Domain.of(info),
            thresholds=history if len(history) > 1 else (Threshold(powers.threshold, 0),),
            gates=powers.gates,
            recorders=(info.operator,),
            version=version,
            issued_at=issued_at,
            admin=admin,
        )

    def term_of(self, gate: Address) -> GateTerm | None:
        """Return a gate's term, or nothing for an account that never was one."""
        return next((term for term in self.gates if term.gate == gate), None)

    def threshold_between(self, first: int, last: int) -> int:
        """Return how many gates had to sign at the least at some moment from ``first`` to ``last``, Unix seconds."""
        before = [each.gates for each in self.thresholds if each.since <= first][-1:]
        within = [each.gates for each in self.thresholds if first < each.since <= last]
        return min(before + within, default=self.thresholds[0].gates)

    def says_the_same(self, other: Self) -> bool:
        """Return whether both lists name the same signers, whatever their version and time."""
        return replace(self, version=0, issued_at=0) == replace(other, version=0, issued_at=0)

    def sealed(self, admin: Signer) -> bytes:
        """Return the list signed by its admin as canonical JSON.

        Raises:
            SignerError: the admin's key cannot be used.
        """
        body = _document(self)
        seal = admin.sign_typed_data(eip712.signers_message(self.domain, _hash(body)))
        return canonical({**body, SEAL: hex_of(seal)})


def read_signers(raw: bytes) -> SignerList:
    """Return a list of signers that its own admin signed; whether that is an admin to trust is another question.

    Raises:
        ReceiptError: not a list of signers, or not in canonical form.
        TrustError: it is not signed by the admin that it names.
    """
    document = read_json(raw)
    parts = Reader(document).members(*_PARTS, SEAL, optional=("threshold_history",))
    parts["format"].word({SIGNERS_FORMAT: None})
    in_force = parts["threshold"].integer()
    history = _history(parts["threshold_history"]) if "threshold_history" in parts else (Threshold(in_force, 0),)
    try:
        signers = SignerList(
            domain=eip712.Domain(
                parts["chain_id"].integer(), parts["contract"].address(), parts["instance_id"].hexadecimal(32)
            ),
            thresholds=history,
            gates=tuple(_term(each) for each in parts["gates"].elements()),
            recorders=tuple(each.address() for each in parts["recorders"].elements()),
            version=parts["version"].integer(),
            issued_at=parts["issued_at"].integer(),
            admin=parts["admin"].address(),
        )
    except InvalidValueError as exc:
        raise ReceiptError("document", expected="a list of signers", got=str(exc)) from exc
    if history[-1].gates != in_force:
        raise ReceiptError("threshold", expected=f"{history[-1].gates} as in threshold_history", got=str(in_force))
    seal = parts[SEAL].hexadecimal(65)
    if (different := first_difference(raw, document)) is not None:
        raise ReceiptError(different, expected="the canonical form (RFC 8785)", got="another way of writing it")
    _require_seal(signers, document, seal)
    return signers


def next_signers(wanted: SignerList, last: bytes | None, admin: Signer) -> bytes:
    """Return the signed list to hand out: the last one where it still says the same, else one version later.

    Args:
        wanted: who signs now; its version is not looked at.
        last: the list handed out before, if there was one.
        admin: signs.

    Raises:
        ReceiptError: the last one is damaged.
        TrustError: the last one is not as its admin signed it.
        SignerError: the admin's key cannot be used.
    """
    before = read_signers(last) if last is not None else None
    if last is not None and before is not None and before.says_the_same(wanted):
        return last
    return replace(wanted, version=before.version + 1 if before else 1).sealed(admin)


def require_successor(pinned: SignerList, offered: SignerList) -> None:
    """Refuse a list that must not take a pinned one's place: another admin's, an older one, or one at odds with it.

    Raises:
        TrustError: it must not.
    """
    if offered.domain != pinned.domain:
        raise TrustError("expected a list of the same installation, got another one's")
    if offered.admin != pinned.admin:
        raise TrustError(f"expected a list signed by the pinned admin {pinned.admin}, got one of {offered.admin}")
    if offered.version < pinned.version:
        raise TrustError(f"expected version {pinned.version} or later, got {offered.version}: an old list played back")
    if offered.version == pinned.version and offered != pinned:
        raise TrustError(f"expected what is pinned as version {pinned.version}, got other content under that number")


def _require_seal(signers: SignerList, document: Mapping[str, Any], seal: bytes) -> None:
    body = {name: value for name, value in document.items() if name != SEAL}
    try:
        signer = eip712.recover(eip712.signers_message(signers.domain, _hash(body)), seal)
    except SignatureError as exc:
        raise TrustError(f"{SEAL}: {exc}") from exc
    if signer != signers.admin:
        raise TrustError(f"{SEAL}: expected the signature of {signers.admin} over this list, got one of {signer}")


def _hash(body: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(canonical(body)).digest()


def _document(signers: SignerList) -> Document:
    body: Document = {
        "format": SIGNERS_FORMAT,
        "instance_id": hex_of(signers.domain.instance_id),
        "chain_id": signers.domain.chain_id,
        "contract": str(signers.domain.contract),
        "threshold": signers.thresholds[-1].gates,
        "gates": [
            {
                "address": str(term.gate),
                "run_by": str(term.run_by),
                "valid_from": term.valid_from,
                "valid_until": term.valid_until,
                "compromised_since": term.compromised_since or None,
            }
            for term in signers.gates
        ],
        "recorders": [str(recorder) for recorder in signers.recorders],
        "version": signers.version,
        "issued_at": signers.issued_at,
        "admin": str(signers.admin),
    }
    if signers.thresholds != (Threshold(signers.thresholds[-1].gates, 0),):
        body["threshold_history"] = [{"since": each.since, "threshold": each.gates} for each in signers.thresholds]
    return body


def _history(reader: Reader) -> tuple[Threshold, ...]:
    rows = [each.members("since", "threshold") for each in reader.elements()]
    if not rows:
        raise reader.wrong("one threshold at least")
    return tuple(Threshold(row["threshold"].integer(), row["since"].integer()) for row in rows)


def _term(reader: Reader) -> GateTerm:
    parts = reader.members("address", "compromised_since", "run_by", "valid_from", "valid_until")
    return GateTerm(
        gate=parts["address"].address(),
        run_by=parts["run_by"].address(),
        valid_from=parts["valid_from"].integer(),
        valid_until=parts["valid_until"].optional(Reader.integer),
        compromised_since=parts["compromised_since"].optional(Reader.integer) or 0,
    )
