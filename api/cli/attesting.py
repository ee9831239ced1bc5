"""``attest``: somebody else's signed word on a record, which the recorder carries to the ledger."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from api.bootstrap import open_key, open_read_side
from api.cli.output import Output
from api.cli.reading import digest_of
from api.cli.sides import Json, ask_key_password, ask_password, settings, writing
from api.cli.standing import Subject, tell
from api.schemas import StatementIn
from registry import eip712
from registry.errors import InvalidValueError
from registry.model import Act, Address, Digest, SignedStatement, Statement
from registry.ports import Ledger
from registry.register import canonical_claims, claims_hash, hash_of_words, signed_by

LIFETIME_S = 7 * 24 * 3_600  # for a signature that is made elsewhere; 30 days at most are taken


def attest(
    subject: Subject,
    claims: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="What is claimed (JSON): its hash is published, never itself."),
    ] = None,
    as_reviewer: Annotated[bool, typer.Option("--as-reviewer", help="With a key that has the reviewer role.")] = False,
    retract: Annotated[bool, typer.Option("--retract", help="Take back all that this key attested of it.")] = False,
    reason: Annotated[str, typer.Option(help="Of a retraction; its SHA-256 stands on the ledger.")] = "",
    key: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="The attester's keystore file.")] = None,
    key_password_file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Its password (first line); else it is asked."),
    ] = None,
    statement: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A statement that is signed already (JSON).")
    ] = None,
    to_sign: Annotated[
        bool, typer.Option("--print", help="Publish nothing; print what --by has to sign (EIP-712).")
    ] = False,
    by: Annotated[str | None, typer.Option(help="Whose signature it will be, with --print.")] = None,
    as_json: Json = False,
) -> None:
    """Vouch for another's record under a key of one's own, or take that back. The recorder pays.

    Example: touchstone attest photo.jpg --key witness.json --claims claims.json

    The signature is made here with `--key`, or elsewhere: `--print --by ADDRESS` gives what has to be signed, and
    `--statement FILE` takes it once it is.
    """
    if [key is not None, statement is not None, to_sign].count(True) != 1:
        raise InvalidValueError("expected one of --key, --statement and --print")
    digest = digest_of(subject)
    if statement is not None:
        given = _statement_in(statement)
        _publish(digest, lambda _: given, as_json)
        return
    act = _act_of(as_reviewer=as_reviewer, retract=retract, claims=claims, reason=reason)
    detail = hash_of_words(reason) if retract else _hash_of(claims)
    nonce, deadline = secrets.randbits(256), int(time.time()) + LIFETIME_S
    if key is not None:
        signer = open_key(key, ask_key_password(key, key_password_file))
        said = Statement(digest, signer.address, act, detail, nonce, deadline)
        _publish(digest, lambda ledger: signed_by(signer, said, ledger=ledger), as_json)
        return
    if by is None:
        raise InvalidValueError("expected --by ADDRESS with --print, got none")
    _print(Statement(digest, Address.from_hex(by), act, detail, nonce, deadline))


def _publish(digest: Digest, sign: Callable[[Ledger], SignedStatement], as_json: bool) -> None:
    with writing() as side:
        side.registrar.attest(sign(side.gate.read.ledger), digest=digest)
        tell(side, Output(as_json), digest)


def _print(said: Statement) -> None:
    with open_read_side(settings(), ask_password) as side:
        message = eip712.statement_message(eip712.Domain.of(side.ledger.info), said)
    unsigned = StatementIn.of(SignedStatement(said)).model_dump(mode="json")
    typer.echo(json.dumps({"statement": unsigned, "typed_data": message}))


def _act_of(*, as_reviewer: bool, retract: bool, claims: Path | None, reason: str) -> Act:
    if retract:
        if as_reviewer or claims is not None:
            raise InvalidValueError("expected --retract without --as-reviewer and --claims: it takes back everything")
        return Act.RETRACT
    if reason:
        raise InvalidValueError("expected --reason with --retract only: what is attested stands in --claims")
    return Act.REVIEW if as_reviewer else Act.ATTEST


def _hash_of(claims: Path | None) -> bytes:
    try:
        return claims_hash(canonical_claims(claims.read_text(encoding="utf-8")) if claims else None)
    except UnicodeDecodeError as exc:
        raise InvalidValueError(f"{claims}: expected JSON in UTF-8: {exc}") from exc


def _statement_in(path: Path) -> SignedStatement:
    try:
        return StatementIn.model_validate(json.loads(path.read_bytes())).to_value()
    except (ValueError, ValidationError) as exc:
        raise InvalidValueError(f"{path}: expected a signed statement as JSON, got {exc}") from exc
