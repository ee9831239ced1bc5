"""The ERC-7053 commit of a public record: its CID against an encoder of another make."""

from __future__ import annotations

import base64
import json

import pytest
from eth_utils import keccak, to_bytes

from tests.contracts.actors import DAG_PB, IMAGE, STRANGER, VIDEO, hash_of
from tests.contracts.stage import Stage

COMMIT_TOPIC = keccak(text="Commit(address,string,string)")


def cid_text(sha256: bytes, *, codec: int) -> str:
    """CIDv1 by the standard library's base32: version, codec, multihash sha2-256 of 32 bytes."""
    return "b" + base64.b32encode(bytes([1, codec, 0x12, 0x20]) + sha256).decode().lower().rstrip("=")


CONTENTS = [
    bytes(32),
    b"\xff" * 32,
    bytes(31) + b"\x01",
    bytes(range(32)),
    *(hash_of(f"content {k}") for k in range(4)),
]


@pytest.mark.parametrize("content", CONTENTS, ids=bytes.hex)
@pytest.mark.parametrize(("kind", "codec"), [(IMAGE, 0x55), (VIDEO | DAG_PB, 0x70)])
def test_the_commit_names_the_contents_cid(stage: Stage, content: bytes, kind: int, codec: int) -> None:
    submission = stage.submission(admission={"contentHash": content, "kind": kind})
    receipt = stage.register_receipt(submission)
    commit = stage.happened(receipt)[-1]
    expected = cid_text(content, codec=codec)
    assert json.loads(commit.args["commitData"]) == {"assetCid": expected}
    assert commit.args["recorder"] == STRANGER.address
    assert commit.args["assetCid"] == keccak(text=expected)  # an indexed string is logged as its hash
    assert to_bytes(hexstr=receipt["logs"][-1]["topics"][0]) == COMMIT_TOPIC


def test_the_topic_is_that_of_the_standard() -> None:
    assert COMMIT_TOPIC.hex().startswith("39b5d180")
    assert COMMIT_TOPIC.hex().endswith("1532")


def test_the_encoder_used_for_comparison_knows_a_published_cid() -> None:
    """The raw block of ``hello world`` as every IPFS tutorial shows it."""
    sha256 = bytes.fromhex("b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9")
    assert cid_text(sha256, codec=0x55) == "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
