"""A file that is there whole or not at all, whenever the machine stops."""

from __future__ import annotations

import os
from pathlib import Path


def replace_file(path: Path, body: bytes) -> None:
    """Put ``body`` in a file's place, synced before it takes its name."""
    partial = path.with_suffix(".partial")
    with partial.open("wb") as stream:
        stream.write(body)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)
