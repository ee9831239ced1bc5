"""`Counters`: what this process has done since it started, for ``/metrics``."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator

Labels = tuple[tuple[str, str], ...]


class Counters:
    """Counts by name and labels; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, Labels]] = Counter()

    def add(self, name: str, **labels: str) -> None:
        """Count one more."""
        with self._lock:
            self._counts[name, tuple(sorted(labels.items()))] += 1

    def items(self) -> Iterator[tuple[str, Labels, int]]:
        """Yield every count so far, by name and labels."""
        with self._lock:
            counts = sorted(self._counts.items())
        for (name, labels), count in counts:
            yield name, labels, count
