"""`IpfsRpc`: the five calls of an IPFS daemon's RPC API that the registry needs, checked and in the port's words.

`ipfshttpclient.Client` is used and never its ``connect()``, which refuses every daemon from 0.8.0 on. Every answer is
asked for in base32 and every name in it compared as a `Cid`, never as text.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ipfshttpclient
import urllib3.exceptions
from ipfshttpclient import exceptions as ipfs_errors

from registry.adapters.unixfs import MAX_BLOCK_BYTES, Block
from registry.errors import BlockCorruptError, BlockNotFoundError, InvalidValueError, StoreError, StoreUnavailableError
from registry.model import Cid

# ipfshttpclient 0.7.0 passes urllib3 an argument that urllib3 2 warns of at each request and urllib3 3 will refuse
# (pyproject.toml holds it below 3); whoever runs this can do nothing about it.
warnings.filterwarnings("ignore", message="The 'strict' parameter", category=FutureWarning)

_TRY_AGAIN = {429, 502, 503, 504}  # RFC 9110: too many requests, bad gateway, unavailable, gateway timeout


class IpfsRpc:
    """One conversation with a daemon over one connection; a context manager, for one thread.

    Args:
        address: the RPC API as a multiaddr, such as ``/ip4/127.0.0.1/tcp/5001/http``.
        timeout_s: how long the daemon may be silent within one request, in seconds.

    Raises:
        InvalidValueError: the address is none that HTTP can reach; nothing has been sent yet.
    """

    def __init__(self, address: str, *, timeout_s: float) -> None:
        self._address = address
        try:
            self._client: Any = ipfshttpclient.Client(address, timeout=timeout_s)
        except ipfs_errors.AddressError as exc:
            raise InvalidValueError(f"IPFS address: expected /ip4/<host>/tcp/<port>/http, got {address!r}") from exc

    def __enter__(self) -> IpfsRpc:
        self._client.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def put(self, block: Block) -> None:
        """Give the daemon one block.

        Raises:
            StoreUnavailableError: the daemon cannot be reached now.
            StoreError: it refused the block or gave it another name.
        """
        # Kubo reads cid-codec. js-ipfs knows its older name only, format, with dag-pb where none is given, and the
        # version; Kubo refuses format beside any codec but raw.
        options = {"mhtype": "sha2-256", "cid-base": "base32", "version": "1", "cid-codec": "dag-pb"}
        if not block.cid.is_dag_pb:
            options |= {"cid-codec": "raw", "format": "raw"}
        with self._answering(f"put {block.cid}"):
            name = self._client.block.put(io.BytesIO(block.data), opts=options)["Key"]
            if Cid.from_text(name) != block.cid:
                raise StoreError(f"{self._address}: expected the name {block.cid} for a block, got {name}")

    def get(self, cid: Cid) -> Block:
        """Return one block that the daemon itself holds, checked against its hash; no peer is asked.

        Raises:
            BlockNotFoundError: the daemon does not hold it.
            BlockCorruptError: what it gave does not hash to the CID.
            StoreUnavailableError: the daemon cannot be reached now, or was silent (js-ipfs on a block it has not).
            StoreError: it refused.
        """
        data = bytearray()
        with (
            self._answering(f"get {cid}", absent="not found"),
            self._client.block.get(str(cid), offline=True, stream=True) as pieces,
        ):
            for piece in pieces:
                data += piece
                if len(data) > MAX_BLOCK_BYTES:
                    break
        block = Block(cid, bytes(data))
        if not block.is_intact:
            raise BlockCorruptError(f"{self._address}: the {len(data)} bytes given for {cid} do not hash to it")
        return block

    def pin(self, root: Cid) -> None:
        """Have the daemon keep all blocks under ``root``.

        Raises:
            StoreUnavailableError: the daemon cannot be reached now.
            StoreError: it refused.
        """
        with self._answering(f"pin {root}"):
            pins = self._client.pin.add(str(root), opts={"cid-base": "base32"})["Pins"]
            if root not in [Cid.from_text(pin) for pin in pins]:
                raise StoreError(f"{self._address}: expected a pin of {root}, got {pins!r:.200}")

    def unpin(self, root: Cid) -> None:
        """Have the daemon keep these blocks no longer.

        Raises:
            BlockNotFoundError: the daemon has no such pin.
            StoreUnavailableError: the daemon cannot be reached now.
            StoreError: it refused.
        """
        with self._answering(f"unpin {root}", absent="not pinned"):
            self._client.pin.rm(str(root))

    def require_pin(self, root: Cid) -> None:
        """Return if the daemon keeps all blocks under ``root``.

        Raises:
            BlockNotFoundError: the daemon has no such pin.
            StoreUnavailableError: the daemon cannot be reached now.
            StoreError: it refused.
        """
        with self._answering(f"look for {root}", absent="not pinned"):
            self._client.pin.ls(str(root), type="recursive", offline=True)

    @contextmanager
    def _answering(self, request: str, *, absent: str | None = None) -> Iterator[None]:
        """Turn what goes wrong on the way to the daemon and back into the port's words.

        Daemons answer 500 to nearly everything; what they miss is told by the words ``absent`` in the message.
        """
        told = f"{self._address}: {request}: "
        try:
            yield
        except StoreError:
            raise
        except ipfs_errors.StatusError as exc:
            if absent and isinstance(exc, ipfs_errors.ErrorResponse) and absent in str(exc):
                raise BlockNotFoundError(f"{told}{exc}") from exc
            status = getattr(getattr(exc.original, "response", None), "status_code", None)
            kind = StoreUnavailableError if status in _TRY_AGAIN else StoreError
            raise kind(f"{told}{exc}") from exc
        except (ipfs_errors.CommunicationError, urllib3.exceptions.HTTPError, OSError) as exc:
            # OSError is the root of what `requests` raises while an answer is read.
            raise StoreUnavailableError(f"{told}{exc}") from exc
        except (ipfs_errors.Error, AssertionError, LookupError, TypeError, ValueError) as exc:
            raise StoreError(f"{told}the answer makes no sense: {exc!r:.200}") from exc
