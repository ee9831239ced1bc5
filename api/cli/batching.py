"""``batch``: a whole folder into the registry, under as few roots as can be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from api.cli.output import Output, note, steps
from api.cli.sides import Json, writing
from api.cli.writing import failed_row, tell, tell_duplicate
from api.deps import WriteSide
from api.errors import Exit, answer_to, combined
from registry.errors import AlreadyRegisteredError, InvalidValueError, RegistryError
from registry.model import Digest, Request, Visibility


def batch_command(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, readable=True, help="With all below it.")],
    private: Annotated[bool, typer.Option("--private", help="Nothing leaves this machine; hashes are salted.")] = False,
    accept_metadata: Annotated[
        bool, typer.Option("--accept-metadata", help="Publish location and author tags found in the files.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Screen every file of a folder and record those that pass in batches, in the operator's name.

    Each file gets a receipt of its own. An interrupted run goes on when it is repeated: what is recorded already is
    told as DUPLICATE.

    Example: touchstone batch photos

    Ends as `register` does: with the highest code of all files.
    """
    paths = list(_files(folder))
    if not paths:
        raise InvalidValueError(f"expected files in {folder}, got none")
    output = Output(as_json)
    codes: list[Exit] = []
    with writing() as side, steps(len(paths)) as progress:
        waiting: dict[Path, str] = {}
        for path in paths:
            progress.doing(f"screening {path.name}")
            _take_in(side, output, path, _request(path, private, accept_metadata), waiting, codes)
            progress.done()
        note(f"recording {len(waiting)} of {len(paths)} files")
        codes += _recorded(side, output, waiting)
    raise typer.Exit(combined(codes))


def _take_in(
    side: WriteSide, output: Output, path: Path, request: Request, waiting: dict[Path, str], codes: list[Exit]
) -> None:
    """Bring a file as far as it goes alone: to ``waiting`` if it waits for others, else its code to ``codes``."""
    try:
        accepted = side.registrar.accept(path, request)
        job = side.registrar.run(accepted.job, media=accepted.media)
    except AlreadyRegisteredError:
        codes.append(tell_duplicate(side, output, path, request))
    except RegistryError as exc:
        output.failure(str(path), exc, failed_row(exc))
        codes.append(answer_to(exc).exit_code)
    else:
        if job.state.is_open:
            waiting[path] = job.job_id
        else:
            codes.append(tell(side, output, str(path), job))


def _recorded(side: WriteSide, output: Output, waiting: dict[Path, str]) -> Iterator[Exit]:
    try:
        side.registrar.flush()
    except RegistryError as exc:
        for path in waiting:
            output.failure(str(path), exc, failed_row(exc))
            yield answer_to(exc).exit_code
        return
    for path, job_id in waiting.items():
        yield tell(side, output, str(path), side.gate.read.journal.get(job_id))


def _request(path: Path, private: bool, accept_metadata: bool) -> Request:
    return Request(
        digest=Digest.of_file(path),
        file_name=path.name,
        size_bytes=path.stat().st_size,
        visibility=Visibility.PRIVATE if private else Visibility.PUBLIC,
        accept_metadata=accept_metadata,
        batched=True,
    )


def _files(folder: Path) -> Iterator[Path]:
    """Yield the regular files below a folder in the order of their names; hidden ones and links are passed over."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and not path.is_symlink() and path.is_file():
            yield path
