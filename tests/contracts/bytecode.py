"""Small contracts that meet the registry, written down by their instructions so that no compiler is needed."""

from __future__ import annotations

from eth.vm import opcode_values
from eth_utils import function_signature_to_4byte_selector

from tests.contracts.actors import STRANGER
from tests.contracts.chain import Chain

# isValidSignature(hash, signature): the magic where the signature's first word is the hash, else 0
WALLET = "0x64 CALLDATALOAD 0x04 CALLDATALOAD EQ 0x1626ba7e MUL 0xe0 SHL PUSH0 MSTORE 0x20 PUSH0 RETURN"
# isValidSignature(hash, signature): 0xffffffff, whatever is asked
DENIER = "0xffffffff 0xe0 SHL PUSH0 MSTORE 0x20 PUSH0 RETURN"

# Told `target ‖ calldata`, a puppet calls that with all the value it was sent and ends as that call did. Paid without
# calldata, it does what the rest says.
PUPPET = """
    CALLDATASIZE ISZERO @paid JUMPI
    0x14 CALLDATASIZE SUB 0x14 PUSH0 CALLDATACOPY
    PUSH0 PUSH0 0x14 CALLDATASIZE SUB PUSH0 CALLVALUE PUSH0 CALLDATALOAD 0x60 SHR GAS CALL ISZERO @failed JUMPI STOP
    failed: RETURNDATASIZE PUSH0 PUSH0 RETURNDATACOPY RETURNDATASIZE PUSH0 REVERT
    paid:
"""
_WITHDRAW = function_signature_to_4byte_selector("withdrawCredit()").hex()
# It asks whoever paid it to pay again, once per payment that is not nothing, and does not mind a refusal.
GREEDY = f"""{PUPPET}
    CALLVALUE ISZERO @done JUMPI
    0x{_WITHDRAW} 0xe0 SHL PUSH0 MSTORE PUSH0 PUSH0 0x04 PUSH0 PUSH0 CALLER GAS CALL POP
    done: STOP
"""
# It takes no money.
ASCETIC = f"{PUPPET} PUSH0 PUSH0 REVERT"


def assemble(text: str) -> bytes:
    """Instructions by name, `0x..` for a push of so many bytes, `label:` for a place and `@label` for a jump there."""
    code, labels, jumps = bytearray(), {}, {}
    for word in text.split():
        if word.startswith("0x"):
            value = bytes.fromhex(word[2:])
            code += bytes([opcode_values.PUSH1 - 1 + len(value)]) + value
        elif word.startswith("@"):
            jumps[len(code) + 1] = word[1:]
            code += bytes([opcode_values.PUSH1, 0])
        elif word.endswith(":"):
            labels[word[:-1]] = len(code)
            code.append(opcode_values.JUMPDEST)
        else:
            code.append(getattr(opcode_values, word))
    for place_of_jump, label in jumps.items():
        code[place_of_jump] = labels[label]
    return bytes(code)


def place(chain: Chain, text: str) -> str:
    """The address of a new contract with this code."""
    code = assemble(text)
    size = f"0x{len(code):02x}"
    create = assemble(f"{size} 0x0a PUSH0 CODECOPY {size} PUSH0 RETURN")
    create += bytes(10 - len(create))  # the code begins at byte 10
    return str(chain.transact(STRANGER, create + code)["contract_address"])
