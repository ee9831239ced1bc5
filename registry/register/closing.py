"""Closing an epoch: from the rejections of a day to one root, and to what counts for each uploader.

A rejection counts only with its uploader's signed intent, or anybody could upload forgeries in another's name. Of one
uploader, tries with one intent, of one digest, or of one picture that looks the same count once in an epoch; a digest
that was refused on an earlier day does not count again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from registry.merkle import MerkleTree
from registry.model import ZERO_32, Address, Digest, Fingerprint, Rejection, Tally
from registry.register.clusters import look_the_same

# A tally costs up to 50,000 gas, and a block of 30 million has to take them all.
MAX_EPOCH_TALLIES = 400


@dataclass(frozen=True, slots=True)
class Rejected:
    """One rejection with what tells it from others.

    Attributes:
        fingerprint: absent where the decoder failed.
    """

    rejection: Rejection
    digest: Digest
    fingerprint: Fingerprint | None


@dataclass(frozen=True, slots=True)
class Closing:
    """What an epoch comes to.

    Attributes:
        leaves: of all its rejections, ascending, 32 bytes each.
        tallies: of those that count, uploaders ascending.
    """

    epoch: int
    root: bytes
    leaves: tuple[bytes, ...]
    tallies: tuple[Tally, ...]


def closing_of(epoch: int, rejected: Iterable[Rejected], *, with_tallies: bool = True) -> Closing | None:
    """Return what an epoch comes to, or nothing where nobody was rejected.

    Args:
        epoch: UTC day number.
        rejected: all that this installation ever rejected, or at least all up to this epoch's end.
        with_tallies: false where it closes too late for them.
    """
    known = list(rejected)
    mine = [each for each in known if each.rejection.epoch == epoch]
    if not mine:
        return None
    tree = MerkleTree(each.rejection.leaf for each in mine)
    counted = counting(epoch, known) if with_tallies else {}
    return Closing(epoch, tree.root, tree.leaves, _tallies(counted))


def counting(epoch: int, rejected: Iterable[Rejected]) -> Mapping[Address, tuple[Rejected, ...]]:
    """Return, by uploader, the rejections of an epoch that count, the earliest of each kind.

    Args:
        epoch: UTC day number.
        rejected: all up to this epoch's end.
    """
    wished = [each for each in rejected if each.rejection.intent_hash != ZERO_32]
    before = {(each.rejection.uploader, each.digest) for each in wished if each.rejection.epoch < epoch}
    by_uploader: dict[Address, list[Rejected]] = defaultdict(list)
    for each in sorted(wished, key=lambda each: (each.rejection.rejected_at, each.rejection.leaf)):
        if each.rejection.epoch == epoch and (each.rejection.uploader, each.digest) not in before:
            by_uploader[each.rejection.uploader].append(each)
    return {uploader: tuple(_distinct(some)) for uploader, some in by_uploader.items()}


def _distinct(rejected: Sequence[Rejected]) -> Iterator[Rejected]:
    """Yield the first of each group that hangs together by intent, digest or looks."""
    groups: list[list[Rejected]] = []
    for each in rejected:
        near = [group for group in groups if any(_is_same_try(each, other) for other in group)]
        groups = [group for group in groups if group not in near]
        groups.append([other for group in near for other in group] + [each])
    for group in groups:
        yield min(group, key=lambda each: (each.rejection.rejected_at, each.rejection.leaf))


def _is_same_try(first: Rejected, second: Rejected) -> bool:
    if first.rejection.intent_hash == second.rejection.intent_hash or first.digest == second.digest:
        return True
    if first.fingerprint is None or second.fingerprint is None:
        return False
    return look_the_same(first.fingerprint, second.fingerprint)


def _tallies(counted: Mapping[Address, Sequence[Rejected]]) -> tuple[Tally, ...]:
    """Return the tallies, uploaders ascending; where they are too many for a block, those of the most rejections."""
    counts = Counter({uploader: len(some) for uploader, some in counted.items() if some})
    return tuple(Tally(uploader, count) for uploader, count in sorted(counts.most_common(MAX_EPOCH_TALLIES)))
