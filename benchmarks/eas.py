"""EAS (Ethereum Attestation Service) from its npm package: compiled with our compiler, deployed, and attested on.

An attestation holds what a Touchstone record commits to. EAS keeps all of it in storage, we keep one slot and log the
rest. Its own signed form, ``attestByDelegation``, checks one signature; a registration checks two, the gate's and the
uploader's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import solcx
from eth_abi.abi import encode
from eth_account.signers.local import LocalAccount
from eth_typing import Hash32
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from benchmarks.chain import CHAIN_ID, Chain
from benchmarks.report import ROOT

PACKAGE = "@ethereum-attestation-service/eas-contracts"
SOURCES = ROOT / "node_modules" / PACKAGE / "contracts"
# EAS's own settings (its hardhat.config.ts), for the network that the benchmark runs
SETTINGS = {
    "evmVersion": "prague",
    "viaIR": True,
    "optimizer": {"enabled": True, "runs": 1_000_000},
    "metadata": {"bytecodeHash": "none"},
    "outputSelection": {"*": {"EAS": ["abi", "evm.bytecode"], "SchemaRegistry": ["abi", "evm.bytecode"]}},
}
STRUCT = ["bytes32", "address", "bytes32", "address", "uint64", "bool", *["bytes32"] * 2, *["uint256"] * 2, "uint64"]
NOBODY = "0x" + "00" * 20
FIELDS = (
    "bytes32 digest,bytes32 fingerprintHash,bytes32 contentHash,uint8 kind,bytes32 policyId,uint8 levels,"
    "bool earnsReputation,bytes32 modelId,uint8 band,uint16 thresholdBps,uint64 issuedAt,uint8 visibility,"
    "bytes32 claimsHash"
)
FOUR = "bytes32 digest,bytes32 fingerprintHash,bytes32 contentHash,bytes32 policyId"
ONE = "bytes32 commitment"


@dataclass
class Eas:
    """A deployed EAS.

    Attributes:
        deployment: gas of both contracts.
    """

    chain: Chain
    payer: LocalAccount
    contract: Any
    registry: Any
    deployment: int

    def schema(self, fields: str) -> tuple[bytes, int]:
        """Register a schema and return its id and the gas."""
        data = self.registry.encode_abi("register", [fields, NOBODY, True])
        used = self.chain.send(self.payer, data, to=self.registry.address)["gasUsed"]
        packed = fields.encode() + bytes(20) + b"\x01"
        return keccak(packed), used

    def attest(self, attester: LocalAccount, schema: bytes, recipient: str, words: bytes) -> int:
        """Return the gas of an attestation that the attester sends itself."""
        data = self.contract.encode_abi("attest", [(schema, _request(recipient, words))])
        return int(self.chain.send(attester, data, to=self.contract.address)["gasUsed"])

    def attest_many(self, attester: LocalAccount, schema: bytes, recipient: str, words: list[bytes]) -> int:
        """Return the gas of one transaction with several attestations."""
        data = self.contract.encode_abi("multiAttest", [[(schema, [_request(recipient, one) for one in words])]])
        return int(self.chain.send(attester, data, to=self.contract.address)["gasUsed"])

    def attest_signed(self, attester: LocalAccount, nonce: int, schema: bytes, recipient: str, words: bytes) -> int:
        """Return the gas of an attestation that the attester signs and somebody else sends."""
        request, deadline = _request(recipient, words), 1 << 40
        types = "Attest(address attester,bytes32 schema,address recipient,uint64 expirationTime,bool revocable,"
        types += "bytes32 refUID,bytes data,uint256 value,uint256 nonce,uint64 deadline)"
        struct = encode(
            STRUCT,
            [keccak(text=types), attester.address, schema, *request[:4], keccak(words), 0, nonce, deadline],
        )
        signed = attester.unsafe_sign_hash(Hash32(keccak(b"\x19\x01" + self._domain() + keccak(struct))))
        signature = (signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big"))
        delegated = (schema, request, signature, attester.address, deadline)
        data = self.contract.encode_abi("attestByDelegation", [delegated])
        return int(self.chain.send(self.payer, data, to=self.contract.address)["gasUsed"])

    def _domain(self) -> bytes:
        types = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
        hashes = [keccak(text=types), keccak(text="EAS"), keccak(text="1.4.0")]
        values = [*hashes, CHAIN_ID, self.contract.address]
        return bytes(keccak(encode(["bytes32", "bytes32", "bytes32", "uint256", "address"], values)))


def compiled() -> dict[str, Any]:
    """Return EAS and its schema registry, each with abi and bytecode, from the package's sources.

    The sources pin solc 0.8.29; ours is newer, so the pin is opened.
    """
    sources = {path.relative_to(SOURCES).as_posix(): path.read_text("utf-8") for path in SOURCES.rglob("*.sol")}
    opened = {
        f"eas/{name}": {"content": text.replace("pragma solidity 0.8.29", "pragma solidity ^0.8.29")}
        for name, text in sources.items()
    }
    answer = solcx.compile_standard(
        {"language": "Solidity", "sources": opened, "settings": SETTINGS},
        solc_binary=ROOT / "contracts" / "solcjs.js",
    )
    return {name: answer["contracts"][f"eas/{name}.sol"][name] for name in ("EAS", "SchemaRegistry")}


def deploy(chain: Chain, payer: LocalAccount, artefacts: dict[str, Any]) -> Eas:
    """Deploy the schema registry and EAS."""
    made: list[Any] = []
    used = 0
    addresses: list[Any] = []
    for name in ("SchemaRegistry", "EAS"):
        artefact = artefacts[name]
        bytecode = HexBytes(artefact["evm"]["bytecode"]["object"])
        factory = chain.web3.eth.contract(abi=artefact["abi"], bytecode=bytecode)
        receipt = chain.send(payer, factory.constructor(*addresses).data_in_transaction)
        addresses = [receipt["contractAddress"]]
        used += receipt["gasUsed"]
        made.append(chain.web3.eth.contract(address=receipt["contractAddress"], abi=artefact["abi"]))
    return Eas(chain, payer, made[1], made[0], used)


def _request(recipient: str, words: bytes) -> tuple[str, int, bool, bytes, bytes, int]:
    return recipient, 0, True, bytes(32), words, 0
