import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import InvalidValueError
from registry.model import Cid

EMPTY_FILE = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "b",
        "bafk",
        "../../etc/passwd",
        EMPTY_FILE.upper(),
        "b" + EMPTY_FILE[1:].upper(),
        EMPTY_FILE + "a",
        EMPTY_FILE + "=",
        EMPTY_FILE[:-1],
        EMPTY_FILE[:-1] + "v",  # the last letter carries two spare bits: a second spelling of the same bytes
        EMPTY_FILE.replace("afkrei", "afyrei"),  # dag-cbor
        "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn",  # version 0
        "b" + "é" * 58,
    ],
)
def test_text_that_is_no_canonical_cid_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError, match="cid"):
        Cid.from_text(text)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(36),
        bytes.fromhex("01711220") + bytes(32),  # dag-cbor
        bytes.fromhex("01551320") + bytes(32),  # sha2-512
        bytes.fromhex("01551220"),
        bytes.fromhex("01551220") + bytes(33),
    ],
)
def test_bytes_of_another_version_codec_or_hash_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidValueError, match="CIDv1"):
        Cid.from_bytes(data)


def test_a_digest_of_another_length_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="32 bytes, got 31"):
        Cid(bytes(31), is_dag_pb=False)


def test_the_text_of_the_empty_file_is_the_one_that_ipfs_tools_print() -> None:
    assert str(Cid(hashlib.sha256(b"").digest(), is_dag_pb=False)) == EMPTY_FILE


@given(digest=st.binary(min_size=32, max_size=32), is_dag_pb=st.booleans())
def test_text_and_bytes_give_the_same_cid_back(digest: bytes, is_dag_pb: bool) -> None:
    cid = Cid(digest, is_dag_pb)
    assert Cid.from_text(str(cid)) == cid
    assert Cid.from_bytes(bytes(cid)) == cid
