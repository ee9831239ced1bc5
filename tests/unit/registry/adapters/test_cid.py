import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.adapters.cid import Cid, Codec
from registry.errors import InvalidValueError

EMPTY_DIRECTORY_V0 = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"  # the one pin of every fresh Kubo
EMPTY_FILE_V1 = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "b",
        "z",
        "Qm",
        "bafk",
        "../../etc/passwd",
        EMPTY_FILE_V1.upper(),
        EMPTY_FILE_V1 + "a",
        EMPTY_FILE_V1[:-1],
        EMPTY_FILE_V1[:-1] + "v",  # the last letter carries two spare bits: a second spelling of the same bytes
        EMPTY_FILE_V1.replace("afkrei", "afyrei"),
        EMPTY_DIRECTORY_V0[:-1] + "0",
        "z" * 500,
        "b" + "é" * 58,
    ],
)
def test_text_that_is_no_canonical_cid_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError, match="cid"):
        Cid.parse(text)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(36),
        bytes.fromhex("0171122" + "0" * 65),  # dag-cbor
        bytes.fromhex("01551320" + "00" * 32),  # sha2-512
        bytes.fromhex("0155122000"),
    ],
)
def test_bytes_of_another_version_codec_or_hash_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidValueError, match="CIDv1"):
        Cid.from_bytes(data)


def test_a_digest_of_another_length_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="32 bytes, got 31"):
        Cid(Codec.RAW, bytes(31))


def test_a_version_0_cid_is_the_same_value_as_its_version_1_form() -> None:
    # The empty directory, in the two spellings that Kubo prints.
    v1 = Cid.parse("bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354")
    assert Cid.parse(EMPTY_DIRECTORY_V0) == v1
    assert v1.is_dag_pb


def test_the_cid_of_raw_bytes_holds_their_sha256() -> None:
    cid = Cid.of_block(Codec.RAW, b"")
    assert str(cid) == EMPTY_FILE_V1
    assert cid.digest == hashlib.sha256(b"").digest()
    assert cid.matches(b"")
    assert not cid.matches(b"x")


@given(codec=st.sampled_from(Codec), digest=st.binary(min_size=32, max_size=32))
def test_text_and_bytes_give_the_same_cid_back(codec: Codec, digest: bytes) -> None:
    cid = Cid(codec, digest)
    assert Cid.parse(str(cid)) == cid
    assert Cid.from_bytes(cid.to_bytes()) == cid


@given(codec=st.sampled_from(Codec), digest=st.binary(min_size=32, max_size=32))
def test_base58_names_the_same_value_as_base32(codec: Codec, digest: bytes) -> None:
    cid = Cid(codec, digest)
    alphabet, number, text = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", 0, ""
    number = int.from_bytes(cid.to_bytes(), "big")
    while number:
        number, digit = divmod(number, 58)
        text = alphabet[digit] + text
    assert Cid.parse("z" + text) == cid
