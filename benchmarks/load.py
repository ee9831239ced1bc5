"""Many records on a chain by real batches, and back from it: what each step takes.

The chain is anvil's, the transactions are real, and every step is the product's own: `manifest.compose`, the content
store, `EthereumLedger`, the event table, `rebuild_index`. Made up are the files. Of each batch the first `SIGNED`
records have real signatures, which a check at the end recovers, and the others bytes in their place: a ledger believes
the root that its gates signed and looks at no verdict in a manifest. Fingerprint documents are laid out as the store's
own blocks, but written without a sync of each.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.chain import Chain, running
from benchmarks.load_records import DAY_S, UPLOADERS, Source, digest_of, fingerprint_of
from registry import manifest
from registry.adapters.blocks import BlockStore
from registry.adapters.deployment import ContractArguments
from registry.adapters.ethereum import EthereumLedger
from registry.adapters.hamming import HammingIndex
from registry.adapters.journal import SqliteJournal
from registry.adapters.jsonrpc import NetworkHome, install, open_network
from registry.adapters.keystore import KeystoreSigner
from registry.adapters.unixfs import Block
from registry.eip712 import Domain, batch_message, intent_message, recover, verdict_message
from registry.model import BatchAdmission, Cid, SignedBatch
from registry.register import rebuild_index

SIZES = (100_000, 1_000_000)
BATCH = 10_000
SIGNED = 10  # of each batch
SAMPLE = 1_000  # look-ups by digest; of proofs 200, since most make a tree of 10,000 leaves anew
MIN_PER_S = 5_000  # event sync and index rebuild
FUNDS_WEI = 10**20
MADE_UP = (
    f"The files. Of each batch {SIGNED} records have real signatures (recovered at the end), the others bytes in their "
    "place. Documents are blocks written without a sync of each."
)
ROLES = ("gate", "recorder", "arbiter", "admin")


@dataclass
class Taken:
    """Seconds of each step: by the wall, and of this process's own work, which others on the machine do not change."""

    wall: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Add what the block takes to a step."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall[name] = self.wall.get(name, 0.0) + time.perf_counter() - wall
        self.cpu[name] = self.cpu.get(name, 0.0) + time.process_time() - cpu


@dataclass(frozen=True)
class Place:
    """A folder with all that an installation keeps, and its contract."""

    folder: Path
    home: NetworkHome
    keys: dict[str, KeystoreSigner]
    store: BlockStore
    chain: Chain

    def ledger(self, events_file: str) -> EthereumLedger:
        """Open the ledger with an event table of this name."""
        return open_network(
            self.home,
            recorder=self.keys["recorder"],
            arbiter=self.keys["arbiter"],
            manifests=self.store,
            events_file=self.folder / events_file,
        )


def measure(records: int) -> dict[str, Any]:
    """Return the figures of one load."""
    taken, commit = Taken(), report.commit()
    with tempfile.TemporaryDirectory(prefix="touchstone-load-") as name, running() as chain:
        place = installed(chain, Path(name))
        gas, sizes, last = register(place, records, taken)
        check_signatures(place, last, start=(records - 1) // BATCH * BATCH)
        found = read_back(place, records, taken)
        figures = {
            "commit": commit,
            "date": datetime.now(UTC).strftime("%Y-%m-%d"),
            "load_average": round(os.getloadavg()[1], 1),
            "batches": len(sizes),
            "seconds": {step: round(wall, 2) for step, wall in taken.wall.items()},
            "cpu_seconds": {step: round(cpu, 2) for step, cpu in taken.cpu.items()},
            "signatures_made_per_s": round(2 * SIGNED * len(sizes) / taken.wall["sign_sample"]),
            "gas_per_record": round(gas / records, 1),
            "manifest_bytes_per_record": round(sum(sizes) / records),
            "sync_records_per_s": round(records / taken.wall["sync"]),
            "rebuild_records_per_s": round(records / taken.wall["rebuild"]),
            "sync_records_per_cpu_s": round(records / taken.cpu["sync"]),
            "rebuild_records_per_cpu_s": round(records / taken.cpu["rebuild"]),
            **found,
            "disk_mib": {each.name: disk_mib(each) for each in sorted(place.folder.iterdir())},
            "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }
        say(f"{figures}\ndeleting {records:,} documents")
        return figures


def installed(chain: Chain, folder: Path) -> Place:
    """Deploy a registry and give everybody an account."""
    keys = {role: KeystoreSigner(hashlib.sha256(role.encode()).digest()) for role in ROLES}
    for signer in keys.values():
        chain.give(signer.address.hex, FUNDS_WEI)
    arguments = ContractArguments(
        instance_id=hashlib.sha256(b"load").digest(),
        admin=keys["admin"].address,
        guardian=keys["admin"].address,
        arbiter=keys["arbiter"].address,
        operator=keys["recorder"].address,
        gates=(keys["gate"].address,),
    )
    return Place(folder, install(chain.url, keys["admin"], arguments), keys, BlockStore(folder / "content"), chain)


def register(place: Place, records: int, taken: Taken) -> tuple[int, list[int], Cid]:
    """Put the records on the chain; return the gas, the sizes of the manifests in bytes, and the last of them."""
    ledger, gate = place.ledger("writer.sqlite"), place.keys["gate"]
    domain, now = Domain.of(ledger.info), ledger.state().head.block_time
    uploaders = [KeystoreSigner(hashlib.sha256(b"uploader %d" % k).digest()) for k in range(UPLOADERS)]
    source = Source(domain, gate, uploaders, place.keys["recorder"], now)
    gas, sizes = 0, []
    for start in range(0, records, BATCH):
        count = min(BATCH, records - start)
        with taken.step("make_up"):
            made = list(source.batch(start, count, signed=0))
            for body, _ in made:
                lay_out(place.store, body)
        with taken.step("sign_sample"):
            signed = list(source.batch(start, SIGNED, signed=SIGNED))
        registrations = [registration for _, registration in [*signed, *made[SIGNED:]]]
        with taken.step("compose"):
            composed = manifest.compose(domain, registrations)
        with taken.step("pin"):
            cid = place.store.pin(io.BytesIO(composed.body))
        with taken.step("send"):
            admission = BatchAdmission(composed.tree.root, count, cid, composed.tallies, now + DAY_S)
            signature = gate.sign_typed_data(batch_message(domain, admission))
            transaction = ledger.prepare(SignedBatch(admission, (signature,)))
            ledger.submit(transaction)
            if ledger.inclusion(transaction.tx_hash, wait_s=30.0) is None:
                raise RuntimeError("expected the batch in a block within 30 s, got none")
        gas += place.chain.gas_of(transaction.tx_hash)
        sizes.append(len(composed.body))
        say(f"registered {start + count:,} of {records:,}")
    ledger.close()
    return gas, sizes, cid


def lay_out(store: BlockStore, body: bytes) -> None:
    """Write a document as the block that the store would make of it, not synced and not pinned."""
    path = store._path(Block.of(body, is_dag_pb=False).cid)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(body)


def check_signatures(place: Place, last: Cid, *, start: int) -> None:
    """Raise unless the manifest of the last batch has the signatures that were made, of gate and uploaders."""
    domain = Domain(place.home.chain_id, place.home.contract, place.home.instance_id)
    real = {digest_of(number) for number in range(start, start + SIGNED)}
    seen = 0
    for entry in manifest.entries_of(domain, place.store.read(last)):
        registration = entry.registration
        if registration.admission.digest not in real:
            continue
        [verdict] = registration.verdicts
        signers = [recover(verdict_message(domain, registration.admission, verdict.opinion), verdict.signature)]
        if registration.intent:
            signers.append(recover(intent_message(domain, registration.intent.intent), registration.intent.signature))
        if signers != [verdict.gate, registration.admission.uploader][: len(signers)]:
            raise SystemExit(f"signatures: expected those of gate and uploader, got {signers}")
        seen += 1
    if seen != SIGNED:
        raise SystemExit(f"signatures: expected {SIGNED} records with real ones, got {seen}")


def read_back(place: Place, records: int, taken: Taken) -> dict[str, object]:
    """Fill a new event table and a new index from the chain, then look records up."""
    ledger = place.ledger("reader.sqlite")
    with taken.step("sync"):
        missing = ledger.batches_without_manifest()
    say(f"synced in {taken.wall['sync']:.1f} s")
    index = HammingIndex(place.folder / "index")
    with taken.step("rebuild"):
        rebuilt = rebuild_index(
            ledger=ledger, store=place.store, journal=SqliteJournal(place.folder / "journal.sqlite"), index=index
        )
    say(f"rebuilt in {taken.wall['rebuild']:.1f} s")
    if missing or rebuilt.missing or len(rebuilt.indexed) != records:
        raise SystemExit(f"expected {records} records, got {len(rebuilt.indexed)}; {len(missing)} manifests missing")
    chance = random.Random(1)
    numbers = [chance.randrange(records) for _ in range(SAMPLE)]

    def find(number: int) -> None:
        record = ledger.find(digest_of(number))
        if record is None or record.batch is None:
            raise SystemExit(f"record {number}: expected it in a batch, got {record}")

    def prove(number: int) -> None:
        proof = ledger.proof_of(digest_of(number))
        if proof is None:
            raise SystemExit(f"record {number}: expected a proof, got none")

    def match(number: int) -> None:
        hits = index.nearest(fingerprint_of(number).hashes, radius_bits=0)
        if digest_of(number) not in {hit.digest for hit in hits}:
            raise SystemExit(f"record {number}: expected to be found by its codes, got {len(hits)} others")

    figures: dict[str, object] = {
        "find": timed(find, numbers),
        "proof_of": timed(prove, numbers[:200]),
        "nearest": timed(match, numbers[:100]),
    }
    ledger.close()
    return figures


def timed(call: Callable[[int], None], numbers: list[int]) -> dict[str, float]:
    """Return the median and the 99th percentile of a call, in milliseconds."""
    taken = []
    for number in numbers:
        start = time.perf_counter()
        call(number)
        taken.append(1000 * (time.perf_counter() - start))
    cuts = statistics.quantiles(taken, n=100)
    return {"calls": len(taken), "p50_ms": round(cuts[49], 2), "p99_ms": round(cuts[98], 2)}


def disk_mib(path: Path) -> int:
    """Return what a file, or all below a folder, takes on the disk; `du`, for a million files."""
    shown = subprocess.run(["du", "-sm", path], check=True, capture_output=True, text=True).stdout
    return int(shown.split()[0])


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Measure, print the tables and write the file; sizes that are not measured now stay in it as they were."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, action="append", help=f"once or several times; else {SIZES}")
    sizes = parser.parse_args().records or SIZES
    path = report.RESULTS / "load.json"
    runs = json.loads(path.read_bytes())["runs"] if path.exists() else {}
    slow = []
    for size in sizes:
        figures = measure(size)
        runs[str(size)] = figures
        print(f"{size:,} records")
        for name, figure in figures.items():
            print(f"  {name:26} {figure}")
        slow += [f"{size:,} {name}" for name in ("sync", "rebuild") if figures[f"{name}_records_per_s"] < MIN_PER_S]
    versions = {"@foundry-rs/anvil-linux-amd64": report.npm_version("@foundry-rs/anvil-linux-amd64")}
    ordered = {size: runs[size] for size in sorted(runs, key=int)}
    written = report.write("load", {"made_up": MADE_UP, "runs": ordered}, versions=versions)
    print(f"written to {written.relative_to(report.ROOT)}")
    if slow:
        raise SystemExit(f"expected at least {MIN_PER_S:,} records/s, got fewer: {', '.join(slow)}")


if __name__ == "__main__":
    main()
