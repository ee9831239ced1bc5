"""`IpfsStore`: public content pinned on an IPFS daemon as well as kept in the local block store.

The daemon gets the very blocks that the local store built, so a CID never depends on how the daemon is set up.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from registry.adapters.blocks import BlockStore
from registry.adapters.ipfs_rpc import IpfsRpc
from registry.adapters.unixfs import Block, links_of, walk
from registry.errors import BlockNotFoundError, StoreError, StoreUnavailableError
from registry.model import Cid


class IpfsStore:
    """A `ContentStore` that keeps everything twice: in a directory here and pinned on a daemon.

    Args:
        blocks: the local store; it is written first and answers where the daemon does not.
        address: the daemon's RPC API as a multiaddr, such as ``/ip4/127.0.0.1/tcp/5001/http``. The API has no
            password: whoever reaches it owns the daemon.
        timeout_s: how long the daemon may be silent within one request, in seconds.

    Raises:
        InvalidValueError: the address is none that HTTP can reach. The daemon itself is not asked yet.
    """

    def __init__(self, blocks: BlockStore, address: str, *, timeout_s: float) -> None:
        self._blocks = blocks
        self._address = address
        self._timeout_s = timeout_s
        self._daemon()  # refuses a wrong address now, not at the first registration

    def pin(self, stream: BinaryIO) -> Cid:
        """Store all bytes left in ``stream`` here, send their blocks to the daemon and pin them in both places.

        The same bytes again are sent again, which repairs a daemon that lost some.

        Raises:
            StoreUnavailableError: the daemon cannot be reached now; here the content is kept already.
            StoreError: the daemon refused, or gave a block another name.
        """
        cid = self._blocks.pin(stream)
        with self._daemon() as daemon:
            for block in self._blocks.blocks(cid):
                daemon.put(block)
            daemon.pin(cid)
        return cid

    def cid_of(self, stream: BinaryIO) -> Cid:
        """Return the CID that `pin` would give all bytes left in ``stream``; the daemon is not asked."""
        return self._blocks.cid_of(stream)

    def unpin(self, cid: Cid) -> None:
        """Stop keeping the content, first on the daemon, then here; not an error if it is not kept.

        Raises:
            StoreUnavailableError: the daemon cannot be reached now; nothing has changed here.
            StoreError: the daemon refused; nothing has changed here.
        """
        with self._daemon() as daemon, suppress(BlockNotFoundError):
            daemon.unpin(cid)
        self._blocks.unpin(cid)

    def has(self, cid: Cid) -> bool:
        """Return whether all blocks are in the local store, or pinned by the daemon.

        Raises:
            StoreUnavailableError: they are not here and the daemon cannot be asked now.
            StoreError: they are not here and the daemon refused to say.
        """
        if self._blocks.has(cid):
            return True
        with self._daemon() as daemon:
            try:
                daemon.require_pin(cid)
            except BlockNotFoundError:
                return False
        return True

    def read(self, cid: Cid) -> Iterator[bytes]:
        """Yield the content in order: each block from the daemon, checked here, else from the local store.

        Raises:
            BlockNotFoundError: neither holds a block.
            BlockCorruptError: a block does not hash to its CID, and the other place has none that does.
            StoreUnavailableError: a block is not here and the daemon cannot be asked now.
            StoreError: a block is not here and the daemon refused it.
        """
        with self._daemon() as daemon:
            source = _EitherPlace(daemon, self._blocks)
            for each in walk(cid, lambda node: links_of(source.block(node))):
                if not each.is_dag_pb:
                    yield source.block(each).data

    def _daemon(self) -> IpfsRpc:
        return IpfsRpc(self._address, timeout_s=self._timeout_s)


class _EitherPlace:
    """Blocks for one reading; a daemon that was once silent is not waited for again."""

    def __init__(self, daemon: IpfsRpc, blocks: BlockStore) -> None:
        self._daemon = daemon
        self._blocks = blocks
        self._silent: StoreUnavailableError | None = None

    def block(self, cid: Cid) -> Block:
        trouble: StoreError | None = self._silent
        if trouble is None:
            try:
                return self._daemon.get(cid)
            except StoreUnavailableError as exc:
                trouble = self._silent = exc
            except StoreError as exc:
                trouble = exc
        try:
            return self._blocks.block(cid)
        except StoreError as exc:
            if isinstance(trouble, BlockNotFoundError):
                raise  # the daemon lacks it too: what is wrong here is the answer
            raise trouble from exc
