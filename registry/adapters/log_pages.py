"""Ranges of blocks read in pages as large as the network lets us: endpoints cap blocks, results or time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import TypeVar

from web3.exceptions import Web3RPCError

_log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

FIRST_PAGE_BLOCKS = 1000  # most endpoints take it
LARGEST_PAGE_BLOCKS = 10_000  # what the generous ones take; a longer answer would stand in memory at once


class LogPages:
    """Remembers how much the network gives at once."""

    def __init__(self) -> None:
        self._blocks = FIRST_PAGE_BLOCKS

    def read(self, fetch: Callable[[int, int], Answer], start: int, end: int) -> Iterator[tuple[int, Answer]]:
        """Yield each page's last block and what ``fetch`` gave for it, from ``start`` to ``end``, both included.

        Whatever a node answers to a range of several blocks but logs is taken for its limit: there is no code for it.
        A page that is refused is halved, one that is given makes the next a quarter larger.
        """
        pages = end - start >= self._blocks
        while start <= end:
            last = min(start + self._blocks - 1, end)
            try:
                answer = fetch(start, last)
            except Web3RPCError as exc:
                if last == start:
                    raise
                self._blocks = (last - start + 1) // 2
                _log.info("%d blocks are too many at once (%s): %d are asked for", last - start + 1, exc, self._blocks)
                continue
            yield last, answer
            if pages:
                _log.info("events read up to block %d of %d", last, end)
            if last - start + 1 == self._blocks:
                self._blocks = min(self._blocks + self._blocks // 4 + 1, LARGEST_PAGE_BLOCKS)
            start = last + 1
