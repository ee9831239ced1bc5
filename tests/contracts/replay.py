"""What a registry must hold, made from its events and their times alone: a second registry, in Python."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

from registry.reputation import Tally, is_open
from tests.contracts.actors import (
    ACTIVE,
    BOND,
    CORRECTED,
    DAY,
    DISMISSED,
    EARNS_BIT,
    FRAUD,
    NOBODY,
    NONE,
    OPERATOR,
    PRIVATE,
    PRIVATE_BIT,
    REVOKE,
)
from tests.contracts.stage import Happened
from tests.contracts.trees import Leaf

NO_RECORD = {"uploader": NOBODY, "registeredAt": 0, "blockNumber": 0, "kind": 0, "levels": 0, "standing": NONE}
NO_ROTATION = {"to": NOBODY, "completableAt": 0}
NO_TERM = {"validFrom": 0, "validUntil": 0, "compromisedSince": 0}
NO_BATCH = {"registeredAt": 0, "blockNumber": 0, "count": 0}
NO_TALLY_DISPUTE = {"challenger": NOBODY, "openedAt": 0, "doublings": 0, "rejections": 0}
NO_DISPUTE = {"challenger": NOBODY, "openedAt": 0, "doublings": 0, "reason": 0}


@dataclass
class Replay:
    """Everything is what views of the same names give; bonds are those of open disputes.

    A batch's manifest, its leaves by their digests, is told by whoever made it.
    """

    records: dict[bytes, dict[str, Any]] = field(default_factory=dict)
    batches: dict[bytes, dict[str, int]] = field(default_factory=dict)
    manifests: dict[bytes, dict[bytes, Leaf]] = field(default_factory=dict)
    tally_disputes: dict[tuple[int, str], dict[str, Any]] = field(default_factory=dict)
    disputes: dict[bytes, dict[str, Any]] = field(default_factory=dict)
    bonds: dict[bytes, int] = field(default_factory=dict)
    tally_bonds: dict[tuple[int, str], int] = field(default_factory=dict)
    credit: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    lost: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    tallies: dict[str, Tally] = field(default_factory=dict)
    successors: dict[str, str] = field(default_factory=dict)
    rotations: dict[str, dict[str, Any]] = field(default_factory=dict)
    roots: dict[int, bytes] = field(default_factory=dict)
    terms: dict[str, dict[str, int]] = field(default_factory=dict)
    threshold: int = 0

    def apply(self, event: Happened, *, time: int, block: int) -> None:
        """Take one event in."""
        handler = getattr(self, f"_on_{event.name}", None)
        if handler is not None:
            handler(event.args, time=time, today=time // DAY, block=block)

    # -- what views give ---------------------------------------------------------------------------------------

    def standing(self, digest: bytes) -> int:
        return int(self.records.get(digest, NO_RECORD)["standing"])

    def counts(self) -> tuple[int, ...]:
        standings = [record["standing"] for record in self.records.values()]
        return tuple(standings.count(standing) for standing in range(ACTIVE, ACTIVE + 3))

    def holder(self, uploader: str) -> str:
        while uploader in self.successors:
            uploader = self.successors[uploader]
        return uploader

    def reputation(self, uploader: str, today: int) -> list[int]:
        tally = self._tally(self.holder(uploader), today)
        return [tally.score_bps, tally.evidence, tally.open_disputes, tally.strikes, tally.last_fraud_day]

    def rejections(self, epoch: int, uploader: str, today: int) -> int:
        """How many of an epoch's rejections of an uploader may be disputed."""
        tallied = self.tally_disputes.get((epoch, uploader), NO_TALLY_DISPUTE)
        if tallied["openedAt"]:
            return 0
        return self._tally(self.holder(uploader), today).without_rejections(epoch, tallied["rejections"])[1]

    def is_fresh(self, key: str) -> bool:
        return key not in self.tallies and key not in self.rotations

    def is_gate(self, account: str, time: int) -> bool:
        term = self.terms.get(account)
        return term is not None and term["validFrom"] <= time < term["validUntil"]

    # -- what events do ----------------------------------------------------------------------------------------

    def _on_MediaRegistered(self, args: Any, *, time: int, today: int, block: int) -> None:  # noqa: N802 - an event
        self._enter(args["admission"], args["visibility"], {"registeredAt": time, "blockNumber": block})
        if args["admission"]["earnsReputation"]:
            self._accept(args["uploader"], 1, today)

    def _on_BatchRegistered(self, args: Any, *, time: int, today: int, block: int) -> None:  # noqa: N802 - an event
        assert args["root"] not in self.batches
        self.batches[args["root"]] = {"registeredAt": time, "blockNumber": block, "count": args["count"]}
        for each in args["tallies"]:
            self._accept(each["uploader"], each["count"], today)

    def _on_RecordUnfolded(self, args: Any, **_: int) -> None:  # noqa: N802 - an event
        leaf, batch = self.manifests[args["root"]][args["digest"]], self.batches[args["root"]]
        self._enter(leaf.admission, leaf.visibility, {name: batch[name] for name in ("registeredAt", "blockNumber")})

    def _enter(self, admission: Any, visibility: int, when: dict[str, int]) -> None:
        assert admission["digest"] not in self.records
        self.records[admission["digest"]] = {
            "uploader": admission["uploader"],
            **when,
            "kind": admission["kind"] | (PRIVATE_BIT if visibility == PRIVATE else 0),
            "levels": admission["levels"] | (EARNS_BIT if admission["earnsReputation"] else 0),
            "standing": ACTIVE,
        }

    def _accept(self, uploader: str, count: int, today: int) -> None:
        assert uploader not in self.successors
        self.tallies[uploader] = self._tally(uploader, today).with_outcomes(today, accepted=count)

    def _on_StandingChanged(self, args: Any, **_: int) -> None:  # noqa: N802 - an event
        record = self.records[args["digest"]]
        assert record["standing"] == args["from"]
        record["standing"] = args["to"]

    def _on_StatementMade(self, args: Any, *, today: int, **_: int) -> None:  # noqa: N802 - an event
        if args["act"] == REVOKE:
            self._take_back(args["digest"], today)

    def _on_DisputeOpened(self, args: Any, *, time: int, today: int, **_: int) -> None:  # noqa: N802 - an event
        digest, challenger = args["digest"], args["challenger"]
        self.disputes[digest] = {
            "challenger": challenger,
            "openedAt": time,
            "doublings": self.lost[challenger],
            "reason": args["reason"],
        }
        self.bonds[digest] = args["bond"]
        self._take_back(digest, today)
        holder = self.holder(self.records[digest]["uploader"])
        tally = self._tally(holder, today)
        self.tallies[holder] = replace(tally, open_disputes=tally.open_disputes + 1)

    def _on_DisputeRuled(self, args: Any, *, today: int, **_: int) -> None:  # noqa: N802 - an event
        digest, ruling = args["digest"], args["ruling"]
        challenge, record = self.disputes.pop(digest), self.records[digest]
        holder, since = self.holder(record["uploader"]), record["registeredAt"] // DAY
        self.credit[holder if ruling == DISMISSED else challenge["challenger"]] += self.bonds.pop(digest)
        tally = self._tally(holder, today)
        tally = replace(tally, open_disputes=tally.open_disputes - 1)
        if ruling == DISMISSED:
            self.lost[challenge["challenger"]] += 1
            if record["levels"] & EARNS_BIT and is_open(since, challenge["openedAt"] // DAY):
                tally = tally.with_outcomes(since, accepted=1)
        elif ruling in (CORRECTED, FRAUD):
            tally = tally.with_wrong(fraud=ruling == FRAUD)
        self.tallies[holder] = tally

    def _on_CreditWithdrawn(self, args: Any, **_: int) -> None:  # noqa: N802 - an event
        self.credit[args["account"]] -= args["amount"]

    def _on_EpochClosed(self, args: Any, *, today: int, **_: int) -> None:  # noqa: N802 - an event
        self.roots[args["epoch"]] = args["rejectionRoot"]
        for each in args["tallies"]:
            holder = self.holder(each["uploader"])
            tally = self._tally(holder, today)
            self.tallies[holder] = tally.with_outcomes(args["epoch"], rejected=each["count"])
            tallied = NO_TALLY_DISPUTE | {"rejections": min(each["count"], 65_535)}
            self.tally_disputes[args["epoch"], each["uploader"]] = tallied

    def _on_TallyDisputed(self, args: Any, *, time: int, today: int, **_: int) -> None:  # noqa: N802 - an event
        key, by = (args["epoch"], args["uploader"]), args["by"]
        tallied = self.tally_disputes[key]
        assert tallied["openedAt"] == 0
        self.tallies[by], taken = self._tally(by, today).without_rejections(args["epoch"], tallied["rejections"])
        assert args["rejections"] == min(taken, 256) > 0
        tallied |= {"challenger": by, "openedAt": time, "doublings": self.lost[by], "rejections": args["rejections"]}
        self.tally_bonds[key] = BOND << self.lost[by]

    def _on_TallyAnswered(self, args: Any, *, today: int, **_: int) -> None:  # noqa: N802 - an event
        key, proven = (args["epoch"], args["uploader"]), args["proven"]
        challenge, holder = self.tally_disputes[key], self.holder(args["uploader"])
        lost = proven == challenge["rejections"]
        self.credit[OPERATOR.address if lost else challenge["challenger"]] += self.tally_bonds.pop(key)
        self.lost[challenge["challenger"]] += lost
        if proven:
            self.tallies[holder] = self._tally(holder, today).with_outcomes(args["epoch"], rejected=proven)
        challenge["rejections"] = 0

    def _on_KeyRotationRequested(self, args: Any, **_: int) -> None:  # noqa: N802 - an event
        self.rotations[args["from"]] = {"to": args["to"], "completableAt": args["completableAt"]}

    def _on_KeyRotationVetoed(self, args: Any, **_: int) -> None:  # noqa: N802 - an event
        assert self.rotations.pop(args["from"])["to"] == args["to"]

    def _on_KeyRotated(self, args: Any, *, today: int, **_: int) -> None:  # noqa: N802 - an event
        old, new = args["from"], args["to"]
        assert self.rotations.pop(old)["to"] == new
        self.successors[old] = new
        self.tallies[new] = self._tally(old, today)
        self.tallies[old] = Tally(rotated=True)

    def _on_GateAdded(self, args: Any, **_: int) -> None:  # noqa: N802 - an event
        assert args["gate"] not in self.terms
        self.terms[args["gate"]] = {
            "validFrom": args["validFrom"],
            "validUntil": args["validUntil"],
            "compromisedSince": 0,
        }

    def _on_GateEnded(self, args: Any, *, time: int, **_: int) -> None:  # noqa: N802 - an event
        term = self.terms[args["gate"]]
        term["validUntil"] = min(term["validUntil"], time)
        term["compromisedSince"] = args["compromisedSince"] or term["compromisedSince"]

    def _on_ThresholdChanged(self, args: Any, **_: int) -> None:  # noqa: N802 - an event
        assert self.threshold == args["from"]
        self.threshold = args["to"]

    def _take_back(self, digest: bytes, today: int) -> None:
        record = self.records[digest]
        if record["levels"] & EARNS_BIT:
            holder = self.holder(record["uploader"])
            self.tallies[holder] = self._tally(holder, today).without_acceptance(record["registeredAt"] // DAY)

    def _tally(self, uploader: str, today: int) -> Tally:
        return self.tallies.get(uploader, Tally()).on(today)
