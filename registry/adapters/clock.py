"""The system's clock."""

from __future__ import annotations

import time


class SystemClock:
    """Implements `registry.ports.Clock` with the wall clock."""

    def now(self) -> int:
        """Return Unix seconds."""
        return int(time.time())
