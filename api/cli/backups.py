"""``backup`` and ``restore``: a whole home in one file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from api.bootstrap.keeping import Manifest, Progress, back_up_home, restore_home
from api.cli.output import Output, note, steps
from api.cli.sides import Json, settings

KEYS_NOTE = (
    "its password is not in the backup: keep HOME/key-password, or the password you chose, somewhere else. "
    "Without it the keys are lost"
)


def backup(
    archive: Annotated[Path, typer.Argument(help="The file to write, such as touchstone.tar; must not exist.")],
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="The four keystores too, encrypted as they are; never their password.")
    ] = False,
    small: Annotated[
        bool, typer.Option("--small", help="Without what can be made anew: similarity index and event table.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write this whole home to one file: ledger, records' documents and bytes, journal, receipts, anchors.

    Example: touchstone backup touchstone.tar --with-keys

    A service may go on registering meanwhile: the copy is what a power cut at one instant would have left, which every
    start resumes from. Tokens and passwords are never in it. Nothing is compressed; media hardly gets smaller.
    """
    with _shown("backing up") as progress:
        manifest = back_up_home(settings(), archive, with_keys=with_keys, small=small, progress=progress)
    if with_keys:
        note(KEYS_NOTE)
    else:
        note("the keys are not in the backup (--with-keys): keep HOME/keys and its password somewhere else")
    Output(as_json).answer({"file": str(archive), **_row(manifest)}, f"{archive}: {_line(manifest)}")


def restore(
    archive: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A file that `backup` wrote.")],
    home: Annotated[Path | None, typer.Option(help="Where to: absent or empty. Unset, TOUCHSTONE_HOME.")] = None,
    as_json: Json = False,
) -> None:
    """Put a backup back, all of it or nothing: every file against its SHA-256, the ledger against its head.

    Example: touchstone restore touchstone.tar --home restored

    An interrupted run leaves no home and starts again when it is repeated. Never run two homes from one backup: both
    would go on writing one ledger's history, each its own.
    """
    target = home or settings().home
    with _shown("putting back") as progress:
        manifest = restore_home(archive, target, progress=progress)
    if not manifest.with_keys:
        note(f"the backup has no keys: put yours into {target / 'keys'}, and their password beside it, before any use")
    if manifest.small:
        note("the backup has no index: until `touchstone index rebuild`, only exact bytes are found")
    Output(as_json).answer({"home": str(target), **_row(manifest)}, f"{target}: {_line(manifest)}")


def _row(manifest: Manifest) -> dict[str, object]:
    return {
        "made_at": manifest.made_at,
        "files": len(manifest.files),
        "bytes": sum(file.size for file in manifest.files),
        "with_keys": manifest.with_keys,
        "small": manifest.small,
        "ledger": manifest.ledger.model_dump() if manifest.ledger else None,
    }


def _line(manifest: Manifest) -> str:
    size = sum(file.size for file in manifest.files)
    ledger = f", ledger up to block {manifest.ledger.block_number}" if manifest.ledger else ""
    return f"{len(manifest.files)} files, {size:,} bytes{ledger}"


@contextmanager
def _shown(doing: str) -> Iterator[Progress]:
    """Show on stderr how far it is."""
    with steps(0) as bar:

        def done(name: str) -> None:
            bar.doing(f"{doing} {name[:40]}")
            bar.done()

        yield Progress(total=bar.expect, done=done)
