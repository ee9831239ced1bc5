"""What the contract's refusals mean, and what becomes of everything else that goes wrong on the way to it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import requests
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from web3.exceptions import ContractLogicError, TimeExhausted, Web3RPCError, Web3ValueError

from registry.adapters.contract import artefact, ledger_errors, reverted
from registry.errors import LedgerError, LedgerUnavailableError, SignerError, TransactionRevertedError


def data_of(signature: str, types: list[str], values: list[object]) -> str:
    return "0x" + (keccak(text=signature)[:4] + encode(types, values)).hex()


@pytest.mark.parametrize(
    ("data", "name", "arguments"),
    [
        (data_of("DeadlinePassed(uint64)", ["uint64"], [17]), "DeadlinePassed", ("17",)),
        (
            data_of("NonceSpent(address,uint256)", ["address", "uint256"], ["0x" + "11" * 20, 2**255]),
            "NonceSpent",
            ("0x" + "11" * 20, str(2**255)),
        ),
        (
            data_of("MediaNotRegistered(bytes32)", ["bytes32"], [b"\xab" * 32]),
            "MediaNotRegistered",
            ("0x" + "ab" * 32,),
        ),
        (data_of("Error(string)", ["string"], ["no"]), "Error", ("no",)),
        (data_of("Panic(uint256)", ["uint256"], [0x11]), "Panic", ("17",)),
        ({"data": data_of("EnforcedPause()", [], [])}, "EnforcedPause", ()),
        ("0x12345678", "UnknownError", ("0x12345678",)),
        ("0x", "UnknownError", ()),
        ("not hex", "UnknownError", ()),
        (None, "UnknownError", ()),
        (data_of("DeadlinePassed(uint64)", ["uint64"], [17])[:20], "DeadlinePassed", ()),
    ],
)
def test_a_reverts_data_gives_the_errors_name_and_arguments(
    data: object, name: str, arguments: tuple[str, ...]
) -> None:
    refusal = reverted(data)
    assert (refusal.error_name, refusal.arguments) == (name, arguments)


def rpc_error() -> Web3RPCError:
    return Web3RPCError("refused", rpc_response={"error": {"code": -32000, "message": "nonce too low"}})


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (lambda: requests.ConnectionError("http://key@host"), LedgerUnavailableError),
        (requests.Timeout, LedgerUnavailableError),
        (lambda: requests.HTTPError("503"), LedgerUnavailableError),
        (ConnectionResetError, LedgerUnavailableError),
        (lambda: TimeExhausted("waited"), LedgerUnavailableError),
        (lambda: ContractLogicError("no", data="0x"), TransactionRevertedError),
        (rpc_error, LedgerError),
        (lambda: Web3ValueError("odd"), LedgerError),
        (lambda: json.JSONDecodeError("odd", "", 0), LedgerError),
        (lambda: SignerError("locked"), SignerError),
    ],
)
def test_what_goes_wrong_outside_comes_out_as_an_error_of_the_registry(
    raised: Callable[[], Exception], expected: type[Exception]
) -> None:
    with pytest.raises(expected) as caught, ledger_errors("the node"):
        raise raised()
    assert type(caught.value) is expected
    assert "key@" not in str(caught.value)


def test_what_a_node_said_is_in_the_message() -> None:
    with pytest.raises(LedgerError, match="the node answered unexpectedly: nonce too low"), ledger_errors("the node"):
        raise rpc_error()


def test_every_error_of_the_interface_is_known_by_its_selector() -> None:
    names = {name for name, _ in artefact().errors.values()}
    assert {"MediaAlreadyRegistered", "NotAGate", "IntentRequired", "SignatureInvalid", "Error", "Panic"} <= names
    assert len(artefact().errors) >= len(names)
