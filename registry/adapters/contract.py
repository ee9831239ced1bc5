"""The registry contract as committed: its artefact, how a registration is put to it, and what its refusals mean."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from sqlite3 import Error as SqliteError
from typing import Any

import requests
from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import abi_to_signature
from eth_utils.crypto import keccak
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import (
    ContractLogicError,
    ProviderConnectionError,
    TimeExhausted,
    TooManyRequests,
    Web3Exception,
    Web3RPCError,
)

from registry.eip712 import NOBODY
from registry.errors import LedgerError, LedgerUnavailableError, TransactionRevertedError
from registry.manifest import claims_hash_of
from registry.model import (
    ZERO_32,
    Address,
    Admission,
    BatchProof,
    KeyRotation,
    Registration,
    SignedBatch,
    Statement,
    UploadIntent,
)

ErrorShape = tuple[str, tuple[str, ...]]
BUILT_IN_ERRORS: tuple[ErrorShape, ...] = (("Error", ("string",)), ("Panic", ("uint256",)))  # of require and assert


@dataclass(frozen=True, slots=True)
class Artefact:
    """The compiled contract.

    Attributes:
        abi: as the compiler gives it.
        bytecode: that creates the contract, as hex with ``0x``.
        errors: each error's name and argument types by its four-byte selector, those of the timelock among them.
        timelock_abi: of OpenZeppelin's TimelockController.
        timelock_bytecode: that creates it.
    """

    abi: tuple[dict[str, Any], ...]
    bytecode: str
    errors: Mapping[bytes, ErrorShape]
    timelock_abi: tuple[dict[str, Any], ...]
    timelock_bytecode: str


@cache
def artefact() -> Artefact:
    """Return the committed artefact of ``contracts/MediaRegistry.sol``."""
    content = json.loads(files("registry.adapters").joinpath("MediaRegistry.json").read_text(encoding="utf-8"))
    errors = {_selector(f"{name}({','.join(types)})"): (name, types) for name, types in BUILT_IN_ERRORS}
    timelock = content["timelock"]
    for entry in (*content["abi"], *timelock["abi"]):
        if entry["type"] == "error":
            types = tuple(argument["type"] for argument in entry["inputs"])
            errors[_selector(abi_to_signature(entry))] = (entry["name"], types)
    return Artefact(tuple(content["abi"]), content["bytecode"], errors, tuple(timelock["abi"]), timelock["bytecode"])


def contract_at(web3: Web3, address: Address) -> Contract:
    """Return web3's handle on the contract at an address; nothing is asked of the network."""
    return web3.eth.contract(address=Web3.to_checksum_address(address.hex), abi=list(artefact().abi))


def timelock_at(web3: Web3, address: Address) -> Contract:
    """Return web3's handle on a timelock; nothing is asked of the network."""
    return web3.eth.contract(address=Web3.to_checksum_address(address.hex), abi=list(artefact().timelock_abi))


def register_arguments(registration: Registration) -> tuple[object, ...]:
    """Return the arguments of ``register``: admission, opinions, gate signatures, intent, intent signature."""
    admission = registration.admission
    signed = registration.intent
    # without a signature the contract reads visibility and claims only, but digest and uploader must agree
    intent = signed.intent if signed else _unsigned_intent(registration)
    return (
        _admission_fields(admission),
        [
            (verdict.opinion.model_id, verdict.opinion.band, verdict.opinion.threshold_bps, verdict.opinion.issued_at)
            for verdict in registration.verdicts
        ],
        [verdict.signature for verdict in registration.verdicts],
        (
            intent.digest.value,
            Web3.to_checksum_address(intent.uploader.hex),
            int(intent.visibility),
            intent.claims_hash,
            intent.nonce,
            intent.deadline,
        ),
        signed.signature if signed else b"",
    )


def batch_arguments(batch: SignedBatch) -> tuple[object, ...]:
    """Return the arguments of ``registerBatch``: admission and gate signatures."""
    admission = batch.admission
    tallies = [(Web3.to_checksum_address(tally.uploader.hex), tally.count) for tally in admission.tallies]
    manifest = admission.manifest
    fields = (admission.root, admission.count, manifest.digest, manifest.is_dag_pb, tallies, admission.deadline)
    return fields, list(batch.signatures)


def unfold_arguments(registration: Registration, proof: BatchProof) -> tuple[object, ...]:
    """Return the arguments of ``unfold``: root, admission, visibility, claims, path."""
    return (
        proof.root,
        _admission_fields(registration.admission),
        int(registration.visibility),
        claims_hash_of(registration),
        list(proof.path),
    )


def _admission_fields(admission: Admission) -> tuple[object, ...]:
    return (
        admission.digest.value,
        admission.fingerprint_hash,
        admission.content_hash,
        admission.kind,
        Web3.to_checksum_address(admission.uploader.hex),
        admission.policy_id,
        int(admission.levels),
        admission.earns_reputation,
        admission.deadline,
    )


def statement_fields(statement: Statement) -> tuple[object, ...]:
    """Return a statement as ``makeStatement`` takes it."""
    return (
        statement.digest.value,
        Web3.to_checksum_address(statement.by.hex),
        int(statement.act),
        statement.detail,
        statement.nonce,
        statement.deadline,
    )


def rotation_fields(rotation: KeyRotation) -> tuple[object, ...]:
    """Return a key rotation as ``rotateKey`` takes it; the zero address takes the one before back."""
    to = Web3.to_checksum_address(rotation.to.hex) if rotation.to else NOBODY
    return (Web3.to_checksum_address(rotation.from_.hex), to, rotation.nonce, rotation.deadline)


def _unsigned_intent(registration: Registration) -> UploadIntent:
    admission = registration.admission
    return UploadIntent(admission.digest, admission.uploader, registration.visibility, ZERO_32, 0, 0)


def reverted(data: object) -> TransactionRevertedError:
    """Return the refusal that a revert's data stands for, with the custom error's name and arguments."""
    raw = _revert_bytes(data)
    name, types = artefact().errors.get(raw[:4], ("", ()))
    if not name:
        return TransactionRevertedError("UnknownError", (f"0x{raw.hex()}",) if raw else ())
    try:
        return TransactionRevertedError(name, tuple(map(_text, decode(types, raw[4:]))))
    except DecodingError:
        return TransactionRevertedError(name)


@contextmanager
def ledger_errors(endpoint: str) -> Iterator[None]:
    """Turn whatever web3, its transport or the embedded chain's file raise into the ledger's own errors.

    Raises:
        TransactionRevertedError: the contract refused.
        LedgerUnavailableError: the endpoint does not answer now.
        LedgerError: it answered something that cannot be right.
    """
    try:
        yield
    except ContractLogicError as exc:
        raise reverted(exc.data) from exc
    except (
        requests.RequestException,
        OSError,
        SqliteError,
        TimeExhausted,
        ProviderConnectionError,
        TooManyRequests,
    ) as exc:
        raise LedgerUnavailableError(f"{endpoint} does not answer: {type(exc).__name__}") from exc
    except (Web3Exception, ValueError) as exc:
        raise LedgerError(f"{endpoint} answered unexpectedly: {rpc_message(exc)}") from exc


def rpc_message(exc: Exception) -> str:
    """Return what a node said, without the envelope."""
    if isinstance(exc, Web3RPCError) and exc.rpc_response is not None:
        error = exc.rpc_response.get("error")
        if isinstance(error, dict):
            return str(error.get("message", error))
    return str(exc)


def _selector(signature: str) -> bytes:
    return bytes(keccak(text=signature)[:4])


def _revert_bytes(data: object) -> bytes:
    if isinstance(data, dict):  # some nodes nest it
        data = data.get("data")
    try:
        return bytes.fromhex(data.removeprefix("0x")) if isinstance(data, str) else b""
    except ValueError:
        return b""


def _text(value: object) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)


def addresses(values: Sequence[Address]) -> list[str]:
    """Return addresses as web3 wants them, checksummed (EIP-55)."""
    return [Web3.to_checksum_address(value.hex) for value in values]
