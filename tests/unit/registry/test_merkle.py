"""Merkle trees: what is refused, the law of paths, and roots that OpenZeppelin's package gave."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import InvalidValueError
from registry.merkle import MerkleTree, root_of

LEAVES = [hashlib.sha256(str(number).encode()).digest() for number in range(300)]
VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "merkle.json").read_bytes())


def test_a_tree_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="got none"):
        MerkleTree([])


def test_a_leaf_that_stands_there_twice_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="twice"):
        MerkleTree([LEAVES[0], LEAVES[1], LEAVES[0]])


def test_a_leaf_of_another_length_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="32"):
        MerkleTree([b"short"])


@pytest.mark.parametrize("index", [-1, 3])
def test_there_is_no_path_from_a_leaf_that_is_not_there(index: int) -> None:
    with pytest.raises(InvalidValueError, match="0 to 2"):
        MerkleTree(LEAVES[:3]).path(index)


@given(st.integers(1, 300), st.data())
def test_each_leaf_leads_to_the_root_and_no_other_value_does(count: int, data: st.DataObject) -> None:
    tree = MerkleTree(LEAVES[:count])
    index = data.draw(st.integers(0, count - 1))
    path = tree.path(index)
    assert root_of(tree.leaves[index], path) == tree.root
    assert root_of(hashlib.sha256(b"another").digest(), path) != tree.root


def test_the_order_in_which_leaves_are_given_changes_nothing() -> None:
    assert MerkleTree(LEAVES).root == MerkleTree(reversed(LEAVES)).root


def test_the_index_of_a_leaf_is_its_place_in_ascending_order() -> None:
    assert MerkleTree(LEAVES[:5]).leaves == tuple(sorted(LEAVES[:5]))


@pytest.mark.parametrize("vector", VECTORS, ids=[f"{vector['count']} leaves" for vector in VECTORS])
def test_roots_and_paths_are_those_of_openzeppelins_package(vector: dict[str, Any]) -> None:
    tree = MerkleTree(LEAVES[: vector["count"]])
    assert "0x" + tree.root.hex() == vector["root"]
    index = tree.leaves.index(LEAVES[vector["number"]])
    assert ["0x" + node.hex() for node in tree.path(index)] == vector["path"]
