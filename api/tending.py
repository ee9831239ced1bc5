"""`Tender`: does, in a thread of its own and every few minutes, what is due for the epochs of rejections."""

from __future__ import annotations

import logging
import threading

from registry.errors import RegistryError
from registry.register import EpochKeeper

_log = logging.getLogger(__name__)

# An uploader's dispute has to be answered within three days, and an epoch closed within as many.
EVERY_S = 600.0


class Tender:
    """Calls `EpochKeeper.tend` now and then."""

    def __init__(self, epochs: EpochKeeper, *, every_s: float = EVERY_S) -> None:
        self._epochs = epochs
        self._every_s = every_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="epochs", daemon=True)

    def start(self) -> None:
        """Tend now, and then every few minutes."""
        self._thread.start()

    def stop(self) -> None:
        """Let what is under way end, then end."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                self._epochs.tend()
            except RegistryError as exc:
                _log.warning("epochs are looked after again in %.0f s: %s", self._every_s, exc)
            except Exception:  # noqa: BLE001  # the thread's last stand: a surprise today must not stop tomorrow's closing
                _log.exception("epochs are looked after again in %.0f s after an unforeseen error", self._every_s)
            self._stopping.wait(self._every_s)
