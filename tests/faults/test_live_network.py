"""A registrar at work while its network takes back, holds up, forgets or prices out what was sent: counted at the end.

Whatever happens: every accepted file is recorded once, has one receipt, and has it only after finality.
"""

from __future__ import annotations

import contextlib
import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from api.jobs import JobRunner
from registry.adapters import courier
from registry.adapters.courier import SendingPolicy
from registry.adapters.ethereum import NO_LIMITS, EthereumLedger
from registry.adapters.fees import GWEI, FeePolicy, Fees
from registry.adapters.jsonrpc import NetworkHome, connect, open_network
from registry.errors import FeeTooHighError, LedgerUnavailableError
from registry.media import Decoder
from registry.model import Act, Job, JobState, Signed
from registry.register import Grouping, recorder, registrar
from tests.fakes import GATE, RECORDER, MemoryStore
from tests.ledgers import ANVIL, HOUR_S, Roles, anvil, new_key, on_anvil, said
from tests.pictures import write_photo
from tests.relay import Mood, Relay, gone, refusing, relay, status
from tests.unit.registry.register.conftest import Desk, request_for

pytestmark = [pytest.mark.node, pytest.mark.slow]

DEEP = 3  # blocks until final
STUCK_S = 180


@dataclass
class LateClock:
    """The system's clock, put forward."""

    ahead_s: int = 0

    def now(self) -> int:
        return int(time.time()) + self.ahead_s


@dataclass
class Town:
    """A registrar on a node that can be told what to do."""

    desk: Desk
    url: str
    home: NetworkHome
    clock: LateClock
    folder: Path

    @property
    def ledger(self) -> EthereumLedger:
        ledger = self.desk.ledger
        assert isinstance(ledger, EthereumLedger)
        return ledger

    def node(self, method: str, *params: object) -> Any:
        answer = connect(self.url).provider.make_request(method, list(params))
        assert "error" not in answer, answer
        return answer["result"]

    def mine(self, blocks: int = 1) -> None:
        self.node("anvil_mine", hex(blocks))

    def accept(self, seed: int, *, batched: bool = False) -> Job:
        photo = write_photo(self.folder / f"{seed}.jpg", seed=seed)
        return self.desk.registrar.accept(photo, request_for(photo, batched=batched)).job

    def try_all(self) -> None:
        """Run every open job once, as the service does after a while; no receipt may be early."""
        for job in self.desk.registrar.open_jobs():
            with contextlib.suppress(LedgerUnavailableError):
                self.desk.registrar.run(self.desk.journal.get(job.job_id))
            self.no_receipt_is_early()

    def try_one(self, job: Job) -> Job:
        with contextlib.suppress(LedgerUnavailableError):
            self.desk.registrar.run(self.desk.journal.get(job.job_id))
        return self.desk.journal.get(job.job_id)

    def until_final(self, *jobs: Job) -> None:
        for _ in range(30):
            if all(self.desk.journal.get(job.job_id).state is JobState.FINAL for job in jobs):
                return
            self.mine()
            self.try_all()
        raise AssertionError([self.desk.journal.get(job.job_id).state for job in jobs])

    def receipts(self) -> dict[str, dict[str, Any]]:
        folder = self.desk.root / "receipts"
        paths = sorted(folder.rglob("*.json")) if folder.exists() else []
        found = [json.loads(path.read_bytes()) for path in paths]
        return {receipt["record"]["digest"]: receipt for receipt in found}

    def no_receipt_is_early(self) -> None:
        height = self.ledger.height()
        for receipt in self.receipts().values():
            assert height - receipt["inclusion"]["block_number"] + 1 >= DEEP, "a receipt before finality"

    def signed(self, job: Job) -> Signed:
        found = self.desk.journal.get(job.job_id).signed
        assert found is not None
        return found

    def count(self, *jobs: Job) -> None:
        """Nothing lost, nothing doubled, and each receipt says where its record stands."""
        digests = [job.request.digest for job in jobs]
        events = list(self.ledger.events())
        assert sorted(event.digest.hex for event in events) == sorted(digest.hex for digest in digests)
        assert set(self.receipts()) == {digest.hex for digest in digests}
        assert self.desk.index.digests() == set(digests)
        for event in events:
            receipt = self.receipts()[event.digest.hex]
            assert receipt["inclusion"]["block_hash"] == "0x" + event.inclusion.block_hash.hex()
            assert receipt["inclusion"]["log_index"] == event.inclusion.log_index
            assert receipt["inclusion"]["tx"] == "0x" + event.inclusion.tx_hash.hex()


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder() as decoder:
        yield decoder


@pytest.fixture
def node() -> Iterator[str]:
    if not ANVIL.exists():
        pytest.skip(f"no {ANVIL}; run npm ci")
    with anvil() as url:  # one for each test: reorganisations and clocks put forward are of no use to others
        yield url


Build = Callable[..., Town]


@pytest.fixture
def build(node: str, decoder: Decoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Build]:
    """Make a registrar on the node, or on endpoints before it."""
    monkeypatch.setattr(recorder, "INCLUSION_WAIT_S", 0.3)
    monkeypatch.setattr(registrar, "FINALITY_WAIT_S", 0.05)
    roles = Roles(gate=GATE, recorder=RECORDER)
    opened: list[EthereumLedger] = []

    def make(urls: str = node, policy: SendingPolicy = NO_LIMITS) -> Town:
        first, home = on_anvil(node, roles, tmp_path / "first.sqlite")
        first.close()
        home = replace(home, url=urls, finality=DEEP)
        connect(node).provider.make_request("anvil_mine", [hex(DEEP)])  # no test takes the contract itself back
        store = MemoryStore()
        ledger = open_network(
            home,
            recorder=RECORDER,
            arbiter=roles.arbiter,
            manifests=store,
            events_file=tmp_path / "events.sqlite",
            policy=policy,
        )
        opened.append(ledger)
        clock = LateClock()
        desk = Desk(tmp_path / "desk", decoder, ledger=ledger, local=store, clock=clock, stuck_after_s=STUCK_S)
        return Town(desk, node, home, clock, tmp_path)

    yield make
    for ledger in opened:
        ledger.close()


@pytest.fixture
def town(build: Build) -> Town:
    return build()


# -- reorganisations ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
def test_reorganisations_at_any_moment_lose_and_double_nothing(town: Town, seed: int) -> None:
    chance = random.Random(seed)
    jobs = [town.accept(number) for number in range(5)]
    for _ in range(12):
        town.try_all()
        if chance.random() < 0.5:
            town.node("anvil_reorg", chance.randrange(1, DEEP), [])  # never deeper than what is called final
        else:
            town.mine()
    town.until_final(*jobs)
    town.count(*jobs)


def test_a_service_at_work_rides_out_reorganisations(town: Town) -> None:
    """The service's own thread moves the jobs, so a block may go at any instant of a step."""
    runner = JobRunner(town.desk.registrar, town.desk.journal, retry_s=0.02)
    runner.start()
    try:
        jobs = [town.accept(number) for number in range(4)]
        for job in jobs:
            runner.submit(job)
        for number in range(10):
            runner.wait(jobs[number % 4].job_id, timeout_s=0.1)
            if number % 2:
                town.node("anvil_reorg", 1 + number % (DEEP - 1), [])
            else:
                town.mine()
            town.no_receipt_is_early()
        for _ in range(200):
            if all(runner.wait(job.job_id, timeout_s=0.1).state is JobState.FINAL for job in jobs):
                break
            town.mine()
    finally:
        runner.stop()
    town.count(*jobs)


def test_a_batch_whose_block_is_gone_is_recorded_once_with_a_receipt_for_each_file(town: Town) -> None:
    town.desk.grouping = Grouping(size=3, age_s=60)
    jobs = [town.accept(number, batched=True) for number in range(3)]
    for _ in range(2):
        town.try_all()
        assert not town.receipts()
        town.node("anvil_reorg", 1, [])
    town.until_final(*jobs)
    records = [town.ledger.find(job.request.digest) for job in jobs]
    assert sorted(record.batch.index for record in records if record and record.batch) == [0, 1, 2]
    assert len({record.tx for record in records if record}) == 1
    assert set(town.receipts()) == {job.request.digest.hex for job in jobs}
    assert town.ledger.next_nonce() == 1


def test_jobs_whose_blocks_are_gone_are_sent_again_before_new_ones_take_their_nonces(town: Town) -> None:
    first, second = town.accept(1), town.accept(2)
    assert town.try_one(first).state is JobState.INCLUDED
    assert town.try_one(second).state is JobState.INCLUDED
    town.node("anvil_reorg", 2, [])
    third = town.accept(3)
    assert town.try_one(third).state is JobState.INCLUDED
    assert [town.signed(job).transaction.nonce for job in (first, second, third)] == [0, 1, 2]
    town.until_final(first, second, third)
    town.count(first, second, third)


def test_a_transaction_that_comes_back_in_another_block_has_its_receipt_from_there(town: Town) -> None:
    job = town.accept(1)
    before = town.try_one(job).inclusion
    assert before is not None
    town.mine()
    raw = "0x" + town.signed(job).transaction.raw.hex()
    town.node("anvil_reorg", 2, [[raw, 1]])
    town.until_final(job)
    after = town.desk.journal.get(job.job_id).inclusion
    assert after is not None
    assert (after.tx_hash, after.block_number) == (before.tx_hash, before.block_number + 1)
    town.count(job)


# -- stuck, dropped, lapsed --------------------------------------------------------------------------------------------


def held(town: Town, seed: int = 1) -> Job:
    """Return a job whose transaction waits in the node's pool."""
    town.node("evm_setAutomine", False)
    job = town.try_one(town.accept(seed))
    assert job.state is JobState.SUBMITTED
    return job


def test_a_stuck_transaction_goes_out_again_under_its_nonce_for_more(town: Town) -> None:
    job = held(town)
    slow = town.signed(job).transaction
    town.clock.ahead_s = STUCK_S
    town.try_one(job)
    fast = town.signed(job).transaction
    assert fast.nonce == slow.nonce
    for old, new in zip(Fees.of(slow).fields().values(), Fees.of(fast).fields().values(), strict=True):
        assert new >= old * 1.1 or new == old == 2  # the type of the transaction
    assert town.signed(job).tx_hashes == (fast.tx_hash, slow.tx_hash)
    town.node("evm_setAutomine", True)
    town.until_final(job)
    assert town.desk.journal.get(job.job_id).inclusion.tx_hash == fast.tx_hash
    town.count(job)


def test_the_overtaken_transaction_may_be_the_one_that_is_included(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    job = held(town)
    slow = town.signed(job).transaction
    town.clock.ahead_s = STUCK_S

    def cut_off(_: object) -> None:
        raise LedgerUnavailableError("the line is dead")

    with monkeypatch.context() as patch:
        patch.setattr(town.ledger, "submit", cut_off)
        town.try_one(job)
    assert town.signed(job).transaction != slow, "the replacement is durable before it is sent"
    town.mine()
    town.node("evm_setAutomine", True)
    town.until_final(job)
    assert town.desk.journal.get(job.job_id).inclusion.tx_hash == slow.tx_hash
    town.count(job)


def test_a_dropped_transaction_is_sent_again(town: Town) -> None:
    job = held(town)
    transaction = town.signed(job).transaction
    town.node("anvil_dropTransaction", "0x" + transaction.tx_hash.hex())
    town.node("evm_setAutomine", True)
    town.try_one(job)
    town.until_final(job)
    assert town.signed(job).transaction == transaction
    town.count(job)


def test_a_verdict_that_lapses_while_stuck_is_signed_anew_under_the_same_nonce(town: Town) -> None:
    job = held(town)
    before = town.signed(job)
    town.clock.ahead_s = HOUR_S
    town.node("evm_increaseTime", HOUR_S)
    town.try_one(job)
    after = town.signed(job)
    assert after.transaction.nonce == before.transaction.nonce
    assert after.registration.admission.deadline > before.registration.admission.deadline
    town.node("evm_setAutomine", True)
    town.until_final(job)
    receipt = town.receipts()[job.request.digest.hex]
    assert receipt["admission"]["deadline"] == after.registration.admission.deadline
    town.count(job)


def test_a_lapsed_verdict_that_is_included_and_fails_costs_a_nonce_and_no_record(town: Town) -> None:
    job = held(town)
    town.clock.ahead_s = HOUR_S
    town.node("evm_increaseTime", HOUR_S + 1)
    town.mine()
    town.node("evm_setAutomine", True)
    town.until_final(job)
    assert town.signed(job).transaction.nonce == 1
    town.count(job)


# -- fees and nonces ---------------------------------------------------------------------------------------------------


def test_while_the_network_asks_more_than_the_cap_a_job_waits(build: Build) -> None:
    town = build(policy=SendingPolicy(FeePolicy(max_fee_wei=20 * GWEI)))
    town.node("anvil_setNextBlockBaseFeePerGas", hex(100 * GWEI))
    town.mine()
    job = town.accept(1)
    with pytest.raises(FeeTooHighError, match=r"at most 20 gwei .*TOUCHSTONE_MAX_FEE_GWEI.* the network asks \d+"):
        town.desk.registrar.run(job)
    assert town.desk.journal.get(job.job_id).state is JobState.PINNED
    town.node("anvil_setNextBlockBaseFeePerGas", hex(GWEI))
    town.until_final(job)
    assert Fees.of(town.signed(job).transaction).max_fee <= 20 * GWEI
    town.count(job)


def test_a_nonce_that_another_program_took_is_replaced_by_the_next(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    job = held(town)
    mine = town.signed(job).transaction
    town.node("anvil_dropTransaction", "0x" + mine.tx_hash.hex())
    foreign = RECORDER.sign_transaction(
        {
            "to": "0x" + "11" * 20,
            "value": 0,
            "gas": 21_000,
            "gasPrice": 50 * GWEI,
            "nonce": mine.nonce,
            "chainId": town.home.chain_id,
        }
    )
    town.node("eth_sendRawTransaction", "0x" + foreign.raw.hex())
    town.mine()
    town.node("evm_setAutomine", True)
    town.until_final(job)
    assert town.signed(job).transaction.nonce == mine.nonce + 1
    assert f"nonce {mine.nonce} of {RECORDER.address}".lower() in caplog.text.lower()
    town.count(job)


def test_an_act_that_outlives_its_wait_keeps_its_nonce_and_goes_first(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = town.accept(1)
    town.until_final(record)
    town.node("evm_setAutomine", False)
    word = said(town.ledger.info, new_key(), Act.ATTEST, record.request.digest, b"\x0c" * 32)
    with monkeypatch.context() as patch:
        patch.setattr(courier, "INCLUSION_WAIT_S", 0.2)
        with pytest.raises(LedgerUnavailableError, match="is kept"):
            town.desk.registrar.act(lambda: town.ledger.publish(word))
        job = town.accept(2)
        assert town.try_one(job).state is JobState.PINNED, "what comes after it waits"
    town.node("evm_setAutomine", True)
    town.mine()
    town.until_final(job)
    assert town.signed(job).transaction.nonce == 2
    found = town.ledger.find(record.request.digest)
    assert found is not None
    assert len(found.attestations) == 1
    town.count(record, job)


def test_a_stuck_act_goes_out_again_for_more(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    town = build(policy=SendingPolicy(stuck_after_s=1))
    record = town.accept(1)
    town.until_final(record)
    town.node("evm_setAutomine", False)
    word = said(town.ledger.info, new_key(), Act.ATTEST, record.request.digest, b"\x0c" * 32)
    monkeypatch.setattr(courier, "INCLUSION_WAIT_S", 2.5)
    with pytest.raises(LedgerUnavailableError, match="is kept"):
        town.desk.registrar.act(lambda: town.ledger.publish(word))
    [(_, waiting)] = town.node("txpool_content")["pending"].items()
    [(nonce, transaction)] = waiting.items()
    assert nonce == "1"
    assert int(transaction["maxPriorityFeePerGas"], 16) > GWEI
    town.node("evm_setAutomine", True)
    town.mine()
    town.desk.registrar.act(
        lambda: town.ledger.publish(said(town.ledger.info, new_key(), Act.ATTEST, record.request.digest, b"\x0d" * 32))
    )
    found = town.ledger.find(record.request.digest)
    assert found is not None
    assert len(found.attestations) == 2


# -- endpoints ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def way(node: str) -> Iterator[Relay]:
    with relay(node) as way:
        yield way


@pytest.mark.parametrize(
    "mood",
    [
        gone,
        status(429),
        status(503),
        status(403),
        refusing("eth_sendRawTransaction", code=-32601, message="the method eth_sendRawTransaction is not available"),
        refusing("eth_call", code=-32005, message="daily request count exceeded, request rate limited"),
    ],
    ids=["hangs up", "429", "503", "403", "method not available", "out of quota"],
)
def test_a_registrar_goes_on_over_the_next_endpoint(build: Build, node: str, way: Relay, mood: Mood) -> None:
    town = build(f"{way.url},{node}")
    first, second = town.accept(1), town.accept(2)
    assert town.try_one(first).state is JobState.INCLUDED
    assert way.asked
    way.mood = mood
    town.until_final(first, second)
    town.count(first, second)


def test_an_answer_that_is_lost_on_its_way_back_sends_nothing_twice(build: Build, node: str, way: Relay) -> None:
    town = build(f"{way.url},{node}")

    def loses_answers(request: dict[str, Any]) -> int | None:
        if request["method"] != "eth_sendRawTransaction":
            return None
        connect(node).provider.make_request(request["method"], request["params"])
        return 0

    way.mood = loses_answers
    job = town.accept(1)
    town.until_final(job)
    town.count(job)
    assert [town.signed(job).transaction.nonce, town.ledger.next_nonce()] == [0, 1]
