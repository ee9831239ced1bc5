"""Pages of blocks: whatever a node allows, each block is read once and in order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web3.exceptions import Web3RPCError

from registry.adapters.log_pages import LARGEST_PAGE_BLOCKS, LogPages


def test_one_block_that_is_refused_is_an_error() -> None:
    def refuse(start: int, end: int) -> None:
        raise Web3RPCError("no logs here")

    with pytest.raises(Web3RPCError, match="no logs here"):
        list(LogPages().read(refuse, 0, 5000))


@given(
    most=st.lists(st.integers(1, 3000), min_size=1, max_size=5), start=st.integers(0, 50), count=st.integers(0, 9000)
)
def test_every_block_is_read_once_whatever_the_node_takes_today(most: list[int], start: int, count: int) -> None:
    asked = 0

    def fetch(first: int, last: int) -> range:
        nonlocal asked
        asked += 1
        if last - first + 1 > most[asked // 20 % len(most)]:
            raise Web3RPCError("range too large")
        return range(first, last + 1)

    pages = list(LogPages().read(fetch, start, start + count - 1))
    assert [number for _, page in pages for number in page] == list(range(start, start + count))
    assert [last for last, _ in pages] == [page[-1] for _, page in pages]


def test_pages_grow_while_they_are_given_and_end_at_a_size_that_fits_in_memory() -> None:
    pages = LogPages()
    sizes = [last - first + 1 for _, (first, last) in pages.read(lambda first, last: (first, last), 0, 200_000)]
    assert sizes[1] > sizes[0]
    assert max(sizes) == LARGEST_PAGE_BLOCKS
