"""Merkle trees as OpenZeppelin checks them: the proof that one value stands under a root that a ledger holds.

The layout is that of ``SimpleMerkleTree`` of the npm package ``@openzeppelin/merkle-tree``: the leaves, ascending, fill
a complete binary tree from its end; an inner node is the Keccak-256 of its two children, the lesser first. The contract
checks a path with ``MerkleProof.verify``. A leaf must not be the hash of 64 bytes, or an inner node could pass for one:
ours are EIP-712 hashes, which are of 66.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from registry.errors import InvalidValueError
from registry.keccak import keccak
from registry.model.identity import require_length


class MerkleTree:
    """A tree over distinct leaves of 32 bytes each."""

    def __init__(self, leaves: Iterable[bytes]) -> None:
        """Build the tree.

        Raises:
            InvalidValueError: no leaf, two equal ones, or one that is not 32 bytes long.
        """
        self._leaves = tuple(sorted(leaves))
        if not self._leaves:
            raise InvalidValueError("leaves: expected one at least, got none")
        for leaf in self._leaves:
            require_length("leaf", leaf, 32)
        if len(set(self._leaves)) != len(self._leaves):
            raise InvalidValueError("leaves: expected each once, got one twice")
        count = len(self._leaves)
        nodes = [b""] * (count - 1) + list(reversed(self._leaves))
        for at in range(count - 2, -1, -1):
            nodes[at] = _node(nodes[2 * at + 1], nodes[2 * at + 2])
        self._nodes = nodes

    @property
    def root(self) -> bytes:
        """The 32 bytes that commit to all leaves."""
        return self._nodes[0]

    @property
    def leaves(self) -> tuple[bytes, ...]:
        """All leaves, ascending: a leaf's index is its place here."""
        return self._leaves

    def path(self, index: int) -> tuple[bytes, ...]:
        """Return the siblings from a leaf up to the root.

        Raises:
            InvalidValueError: no such leaf.
        """
        if not 0 <= index < len(self._leaves):
            raise InvalidValueError(f"index: expected 0 to {len(self._leaves) - 1}, got {index}")
        at = len(self._nodes) - 1 - index
        siblings = []
        while at > 0:
            siblings.append(self._nodes[at + 1 if at % 2 else at - 1])
            at = (at - 1) // 2
        return tuple(siblings)


def root_of(leaf: bytes, path: Sequence[bytes]) -> bytes:
    """Return the root under which a leaf stands if the path is right; 32 bytes."""
    node = leaf
    for sibling in path:
        node = _node(node, sibling)
    return node


def _node(a: bytes, b: bytes) -> bytes:
    return keccak(a + b if a < b else b + a)
