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

    def sweep(self, live: frozenset[str], *, older_than: int) -> None:
        """Delete what no live job needs: leftovers of a kill between two steps.

        Args:
            live: ids of the jobs that still need their bytes.
            older_than: Unix seconds; a younger file may be of a job that another process is about to make.
        """
        for path in self._directory.iterdir():
            if path.name not in live and path.stat().st_mtime < older_than:
                path.unlink(missing_ok=True)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
