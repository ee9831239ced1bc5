"""The whole log of a ledger, each record with everything that was signed for it: from calldata, and from manifests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from heapq import merge
from typing import Any

from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract

from registry.adapters.batches import Batches
from registry.adapters.contract import ledger_errors
from registry.adapters.event_table import EventTable
from registry.errors import InvalidValueError, LedgerError
from registry.model import (
    Address,
    Admission,
    Digest,
    EventName,
    GateVerdict,
    Inclusion,
    Level,
    Opinion,
    Record,
    Registration,
    SignedIntent,
    UploadIntent,
    Visibility,
)
from registry.model.moving import Logged

Order = tuple[int, int, int]
Ordered = tuple[Order, Registration, bool]  # the last one: in a batch


class RegistrationLog:
    """Reads a log back in the order in which it was written."""

    def __init__(
        self,
        web3: Web3,
        contract: Contract,
        table: EventTable,
        batches: Batches,
        *,
        find: Callable[[Digest], Record | None],
        unchanged_in_batch: Callable[[Digest], Record | None],
        place: Callable[[bytes], Inclusion | None],
        endpoint: str,
    ) -> None:
        """Read what is known to be there.

        Args:
            web3: has the transactions.
            contract: the registry.
            table: its events.
            batches: its batches.
            find: gives a record as it stands now.
            unchanged_in_batch: gives one of a batch whose standing never changed, without asking the chain.
            place: gives where a transaction stands, as receipts tell it.
            endpoint: the ledger's name in messages.
        """
        self._web3 = web3
        self._contract = contract
        self._table = table
        self._batches = batches
        self._find = find
        self._unchanged_in_batch = unchanged_in_batch
        self._place = lru_cache(maxsize=1)(place)  # all records of a batch have one
        self._endpoint = endpoint

    def logged(self) -> Iterator[Logged]:
        """Yield every record in the order of registration, each once.

        Raises:
            LedgerError: something cannot be read back.
            StoreError: a batch's manifest is not at hand.
        """
        seen: set[Digest] = set()
        for _, registration, is_batched in merge(self._alone(), self._batched(), key=lambda each: each[0]):
            digest = registration.admission.digest
            if digest in seen:  # of repeats the first one is the record
                continue
            seen.add(digest)
            record = (self._unchanged_in_batch(digest) if is_batched else None) or self._find(digest)
            inclusion = self._place(record.tx) if record else None
            if record is None or inclusion is None:
                raise LedgerError(f"expected {digest} on {self._endpoint} as its log says, got no record of it")
            yield Logged(registration, record, inclusion, self._reason_of(digest))

    def _alone(self) -> Iterator[Ordered]:
        for event in self._table.events():
            if event.name is EventName.REGISTERED:
                place = event.inclusion
                order = (place.block_number, place.log_index, 0)
                yield order, self._called(event.digest, place.tx_hash), False

    def _batched(self) -> Iterator[Ordered]:
        for batch in self._batches.all():
            place = batch.inclusion
            try:
                for index, entry in enumerate(self._batches.entries(batch)):
                    yield (place.block_number, place.log_index, index), entry.registration, True
            except InvalidValueError as exc:
                raise LedgerError(f"the manifest {batch.manifest} cannot be read: {exc}") from exc

    def _called(self, digest: Digest, tx_hash: bytes) -> Registration:
        """Return what a transaction registered, from its own data."""
        with ledger_errors(self._endpoint):
            data = self._web3.eth.get_transaction(HexBytes(tx_hash))["input"]
            function, given = self._contract.decode_function_input(data)
        found = self._table.registration_of(digest)
        if function.fn_name != "register" or found is None or found.registered is None:
            raise LedgerError(f"expected a call of register in 0x{tx_hash.hex()}, got {function.fn_name}")
        return _registration(given, found.registered.gates)

    def _reason_of(self, digest: Digest) -> bytes | None:
        """Return the hash of why a record's standing changed last; only where it did."""
        block = self._table.standing_changed_at(digest)
        if block is None:
            return None
        changed = self._contract.events.StandingChanged()
        with ledger_errors(self._endpoint):
            logs = list(changed.get_logs(argument_filters={"digest": digest.value}, from_block=block, to_block=block))
        if not logs:
            raise LedgerError(f"expected the change of {digest} in block {block}, got none")
        return bytes(logs[-1]["args"]["reasonHash"])


def _registration(given: dict[str, Any], gates: tuple[Address, ...]) -> Registration:
    a, i = given["a"], given["i"]
    admission = Admission(
        digest=Digest(a["digest"]),
        fingerprint_hash=a["fingerprintHash"],
        content_hash=a["contentHash"],
        kind=a["kind"],
        uploader=Address.from_hex(a["uploader"]),
        policy_id=a["policyId"],
        levels=Level(a["levels"]),
        earns_reputation=a["earnsReputation"],
        deadline=a["deadline"],
    )
    opinions = (Opinion(o["modelId"], o["band"], o["thresholdBps"], o["issuedAt"]) for o in given["o"])
    verdicts = tuple(GateVerdict(*each) for each in zip(opinions, gates, given["gateSigs"], strict=True))
    visibility = Visibility(i["visibility"])
    intent = UploadIntent(
        Digest(i["digest"]), Address.from_hex(i["uploader"]), visibility, i["claimsHash"], i["nonce"], i["deadline"]
    )
    signed = SignedIntent(intent, given["intentSig"]) if given["intentSig"] else None
    return Registration(admission, verdicts, signed, visibility)
