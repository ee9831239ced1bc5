"""Keeping a home: its backup, and that put back."""

from __future__ import annotations

from pathlib import Path

from api.settings import Settings
from registry.adapters.backup import Manifest, Progress, back_up
from registry.adapters.clock import SystemClock
from registry.adapters.home_snapshot import Wanted
from registry.adapters.restore import restore

__all__ = ["Manifest", "Progress", "back_up_home", "restore_home"]


def back_up_home(
    settings: Settings, archive: Path, *, with_keys: bool, small: bool, progress: Progress | None = None
) -> Manifest:
    """Write this home to a new file and return what is in it.

    Passwords and tokens stay behind, wherever in the home the settings put them.

    Raises:
        InvalidValueError: the file exists, or there is no home.
        BackupError: the home cannot be read or the file not written.
    """
    secrets = frozenset(filter(None, (_below(settings.home, path) for path in _secret_files(settings))))
    wanted = Wanted(with_keys=with_keys, small=small, secrets=secrets)
    return back_up(settings.home, archive, wanted, clock=SystemClock(), progress=progress)


def restore_home(archive: Path, home: Path, *, progress: Progress | None = None) -> Manifest:
    """Make a backup the home in this folder and return what is in it.

    Raises:
        InvalidValueError: the folder is not empty.
        BackupDamagedError: the file is no whole backup of this version; nothing is in place.
        BackupError: it cannot be read, or the disk not written.
    """
    return restore(archive, home, progress=progress)


def _secret_files(settings: Settings) -> tuple[Path | None, ...]:
    tokens = (cosigner.token_file for cosigner in settings.cosigners)
    return (settings.key_password_file, settings.gate_clients_file, *tokens)


def _below(home: Path, path: Path | None) -> str | None:
    """Return a path relative to the home, or nothing if it is not in there."""
    if path is None or not path.resolve().is_relative_to(home.resolve()):
        return None
    return path.resolve().relative_to(home.resolve()).as_posix()
