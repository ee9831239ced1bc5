"""The fingerprint document: canonical JSON (RFC 8785) whose SHA-256 the ledger holds."""

from __future__ import annotations

import json
import re
from typing import Any

import rfc8785

from registry.canonical import is_plain, without_point
from registry.errors import InvalidValueError
from registry.model import Digest, Fingerprint, MediaKind, PerceptualHash

DOCUMENT_VERSION = 1
# The document, its list of hashes, each hash: no text in it has a bracket, and what nests deeper could exhaust the C
# stack of a parser that recurses.
_SHAPE = re.compile(rb"\{\[(?:\{\})*\]\}")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
MAX_DOCUMENT_BYTES = 1 << 20  # 120 frames × 2 codes × about 150 bytes are 36 KiB
_KINDS = {kind.word: kind for kind in MediaKind}


def document(fingerprint: Fingerprint) -> bytes:
    """Return the fingerprint as canonical JSON: ``{v, fp_version, kind, sha256, hashes:[{alg,bits,t_s?,quality}]}``.

    ``bits`` and ``sha256`` are lower-case hex, ``t_s`` is seconds and absent for a still.
    """
    if not _is_plain(fingerprint):
        return rfc8785.dumps(_fields(fingerprint))
    hashes = ",".join(map(_plain_hash, fingerprint.hashes))
    return (
        f'{{"fp_version":{fingerprint.fp_version},"hashes":[{hashes}],"kind":"{fingerprint.kind.word}",'
        f'"sha256":"{fingerprint.digest.hex}","v":{DOCUMENT_VERSION}}}'
    ).encode()


def parse_document(data: bytes) -> Fingerprint:
    """Return the fingerprint that a document holds.

    Raises:
        InvalidValueError: not a document of this version, or not in its canonical form.
    """
    if len(data) > MAX_DOCUMENT_BYTES:
        raise InvalidValueError(f"fingerprint document: expected at most {MAX_DOCUMENT_BYTES} bytes, got {len(data)}")
    if not _SHAPE.fullmatch(data.translate(None, delete=_NO_BRACKETS)):
        raise InvalidValueError("fingerprint document: expected one object with one list of flat objects")
    try:
        parsed = _parse(json.loads(data))
        canonical = document(parsed)
    except InvalidValueError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        raise InvalidValueError(f"fingerprint document: {type(exc).__name__}: {exc}"[:300]) from exc
    # Whatever a lenient parser let pass (order, spacing, repeated or unknown keys) differs here.
    if canonical != data:
        raise InvalidValueError("fingerprint document: not in canonical form (RFC 8785)")
    return parsed


def _parse(fields: dict[str, Any]) -> Fingerprint:
    if fields["v"] != DOCUMENT_VERSION:
        raise InvalidValueError(f"fingerprint document: expected v {DOCUMENT_VERSION}, got {fields['v']!r}"[:200])
    kind = _KINDS[fields["kind"]]
    hashes = tuple(_hash(each) for each in fields["hashes"])
    if not hashes:
        raise InvalidValueError("fingerprint document: expected at least one hash, got none")
    if any((each.t_s is None) != (kind is MediaKind.IMAGE) for each in hashes):
        raise InvalidValueError("fingerprint document: expected t_s on every hash of a clip and on none of a still")
    return Fingerprint(_integer(fields["fp_version"]), kind, Digest.from_hex(fields["sha256"]), hashes)


def _fields(fingerprint: Fingerprint) -> dict[str, Any]:
    return {
        "v": DOCUMENT_VERSION,
        "fp_version": fingerprint.fp_version,
        "kind": fingerprint.kind.word,
        "sha256": fingerprint.digest.hex,
        "hashes": [
            {"alg": each.alg, "bits": each.bits.hex(), "quality": each.quality}
            | ({} if each.t_s is None else {"t_s": each.t_s})
            for each in fingerprint.hashes
        ],
    }


def _is_plain(fingerprint: Fingerprint) -> bool:
    """Return whether its numbers are written the same by the RFC and by Python; its texts need no escapes."""
    return is_plain(fingerprint.fp_version) and all(
        each.t_s is None or is_plain(each.t_s) for each in fingerprint.hashes
    )


def _plain_hash(code: PerceptualHash) -> str:
    time = "" if code.t_s is None else f',"t_s":{without_point(code.t_s)}'
    return f'{{"alg":"{code.alg}","bits":"{code.bits.hex()}","quality":{code.quality}{time}}}'


def _hash(fields: dict[str, Any]) -> PerceptualHash:
    t_s = fields.get("t_s")
    return PerceptualHash(
        alg=fields["alg"],
        bits=bytes.fromhex(fields["bits"]),
        quality=_integer(fields["quality"]),
        t_s=None if t_s is None else float(t_s),
    )


def _integer(value: object) -> int:
    if type(value) is not int:  # a bool is an int to isinstance
        raise InvalidValueError(f"fingerprint document: expected an integer, got {value!r}"[:200])
    return value
