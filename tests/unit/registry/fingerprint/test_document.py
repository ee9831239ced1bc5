from __future__ import annotations

import json

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from registry.errors import InvalidValueError
from registry.fingerprint import document, parse_document
from registry.model import PDQ256, PHASH64, Digest, Fingerprint, MediaKind, PerceptualHash

STILL = Fingerprint(1, MediaKind.IMAGE, Digest(bytes(32)), (PerceptualHash(PHASH64, bytes(range(8)), 77),))


def codes(kind: MediaKind) -> st.SearchStrategy[PerceptualHash]:
    t_s = st.none() if kind is MediaKind.IMAGE else st.floats(0, 1e6).map(lambda seconds: round(seconds, 3))
    quality = st.integers(0, 100)
    return st.one_of(
        st.builds(PerceptualHash, st.just(alg), st.binary(min_size=size, max_size=size), quality, t_s)
        for alg, size in ((PDQ256, 32), (PHASH64, 8))
    )


fingerprints = st.sampled_from(MediaKind).flatmap(
    lambda kind: st.builds(
        Fingerprint,
        st.integers(1, 1000),
        st.just(kind),
        st.binary(min_size=32, max_size=32).map(Digest),
        st.lists(codes(kind), min_size=1, max_size=5).map(tuple),
    )
)


@given(fingerprints)
def test_a_document_parses_to_the_fingerprint_it_was_made_from(fingerprint: Fingerprint) -> None:
    assert parse_document(document(fingerprint)) == fingerprint


@given(st.integers(0, 2**53 - 1), st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 100))
@example(1, 5e-324, 0)
@example(1, 1e22, 0)
@example(2, -0.0, 0)
@example(3, 1.0, 0)
def test_whatever_its_numbers_a_document_is_written_as_the_rfc_says(version: int, t_s: float, quality: int) -> None:
    code = PerceptualHash(PDQ256, bytes(32), quality, t_s)
    hashes = [{"alg": PDQ256, "bits": bytes(32).hex(), "quality": quality, "t_s": t_s}]
    fields = {"v": 1, "fp_version": version, "kind": "video", "sha256": bytes(32).hex(), "hashes": hashes}
    assert document(Fingerprint(version, MediaKind.VIDEO, Digest(bytes(32)), (code,))) == rfc8785.dumps(fields)  # type: ignore[arg-type]  # any JSON


def test_the_document_is_the_canonical_json_of_the_design() -> None:
    assert document(STILL) == (
        b'{"fp_version":1,"hashes":[{"alg":"phash64-v1","bits":"0001020304050607","quality":77}],"kind":"image",'
        b'"sha256":"' + b"00" * 32 + b'","v":1}'
    )


def changed(**fields: object) -> bytes:
    return json.dumps(json.loads(document(STILL)) | fields, sort_keys=True, separators=(",", ":")).encode()


def with_hash(**fields: object) -> bytes:
    return changed(hashes=[json.loads(document(STILL))["hashes"][0] | fields])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        document(STILL) + b"\n",
        document(STILL).replace(b":1,", b": 1,"),
        document(STILL).replace(b'"v":1', b'"v":1,"v":1'),
        document(STILL).replace(b'"quality":77', b'"quality":77.0'),
        changed(v=2),
        changed(v=True),
        changed(extra=1),
        changed(fp_version=True),
        changed(fp_version="1"),
        changed(kind="audio"),
        changed(kind=["image"]),
        changed(sha256="00"),
        changed(sha256="0x" + "00" * 32),
        changed(hashes=[]),
        changed(hashes={}),
        changed(hashes=[1]),
        with_hash(alg="md5"),
        with_hash(bits="00"),
        with_hash(bits="00" * 7 + "0G"),
        with_hash(quality=101),
        with_hash(quality=True),
        with_hash(t_s=1),
        with_hash(extra=1),
        changed(kind="video"),
        b'{"x":"' + b"y" * (1 << 20) + b'"}',
    ],
    ids=lambda data: data[:60].decode("latin-1"),
)
def test_anything_but_a_canonical_document_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidValueError):
        parse_document(data)


@given(st.binary(max_size=200))
def test_no_bytes_bring_out_another_error(data: bytes) -> None:
    with pytest.raises(InvalidValueError):
        parse_document(data)


def test_the_changes_above_start_from_a_document_that_parses() -> None:
    assert parse_document(changed()) == STILL
    assert parse_document(with_hash()) == STILL
