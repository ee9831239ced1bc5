"""`Spool`: the bytes of jobs under way; the only copy of a file that has not been accepted yet."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


class Spool:
    """One file per job, in a directory that only this account reads."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._directory = directory

    def path(self, job_id: str) -> Path:
        """Return where the bytes of a job are."""
        return self._directory / job_id

    def keep(self, source: Path, job_id: str) -> None:
        """Copy the bytes at ``source``, durably: synced before the journal may name the job."""
        partial = self._directory / f"{job_id}.partial"
        with source.open("rb") as reader, partial.open("wb") as writer:
            shutil.copyfileobj(reader, writer, 1 << 20)
            writer.flush()
            os.fsync(writer.fileno())
        partial.replace(self.path(job_id))
        _sync_directory(self._directory)

    def drop(self, job_id: str) -> None:
        """Delete the bytes of a job that is over."""
        self.path(job_id).unlink(missing_ok=True)

    def ages(self) -> dict[str, int]:
        """Return when each file here was last written, in Unix seconds, by its name: a job's id or a partial copy."""
        return {path.name: int(path.stat().st_mtime) for path in self._directory.iterdir()}


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
