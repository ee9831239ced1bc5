"""Several endpoints of one network: which one answers, which are passed over, which are shut out, and what is said."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from registry.adapters import chain_events
from registry.adapters import endpoint as endpoints
from registry.adapters.blocks import BlockStore
from registry.adapters.clock import SystemClock
from registry.adapters.ethereum import EthereumLedger
from registry.adapters.jsonrpc import NetworkHome, connect, network_name, open_network
from registry.errors import LedgerMismatchError, LedgerUnavailableError
from registry.model import Digest, EndpointState, Registration
from tests.ledgers import ANVIL, Roles, admission_of, anvil, new_key, on_anvil, registration_of
from tests.relay import Mood, Relay, at_block, gone, logs_of_at_most, refusing, relay, says, status, well

pytestmark = [pytest.mark.node, pytest.mark.slow]

WAIT_S = 10.0  # a node includes within milliseconds


@pytest.fixture(scope="module")
def node() -> Iterator[str]:
    if not ANVIL.exists():
        pytest.skip(f"no {ANVIL}; run npm ci")
    with anvil() as url:
        yield url


@pytest.fixture
def roles() -> Roles:
    return Roles()


@pytest.fixture
def home(node: str, roles: Roles, tmp_path: Path) -> NetworkHome:
    ledger, home = on_anvil(node, roles, tmp_path / "first.sqlite3")
    ledger.close()
    return home


@pytest.fixture
def ways(node: str) -> Iterator[tuple[Relay, Relay]]:
    with relay(node) as first, relay(node) as second:
        yield first, second


Open = Callable[..., EthereumLedger]


@pytest.fixture
def open_at(home: NetworkHome, roles: Roles, tmp_path: Path) -> Iterator[Open]:
    with ExitStack() as stack:

        def opened(*ways: Relay, **changes: object) -> EthereumLedger:
            there = replace(home, url=" , ".join(way.url for way in ways), **changes)
            file = tmp_path / f"{secrets.token_hex(4)}.sqlite3"
            ledger = open_network(
                there,
                recorder=roles.recorder,
                arbiter=roles.arbiter,
                manifests=BlockStore(tmp_path / "content"),
                events_file=file,
            )
            stack.callback(ledger.close)
            return ledger

        yield opened


def register(ledger: EthereumLedger, roles: Roles) -> Digest:
    uploader, now = new_key(), SystemClock().now()
    registration = registration_of(
        ledger.info, admission_of(uploader, now=now), gate=roles.gate, uploader=uploader, now=now
    )
    transaction = ledger.prepare(registration)
    ledger.submit(transaction)
    assert ledger.inclusion(transaction.tx_hash, wait_s=WAIT_S) is not None
    return registration.admission.digest


def states(ledger: EthereumLedger) -> list[EndpointState]:
    return [each.state for each in ledger.endpoints()]


# -- refused -----------------------------------------------------------------------------------------------------------


def test_an_endpoint_of_another_chain_is_shut_out_by_name(
    ways: tuple[Relay, Relay], open_at: Open, roles: Roles, caplog: pytest.LogCaptureFixture
) -> None:
    right, wrong = ways
    wrong.mood = says("eth_chainId", "0x1")
    ledger = open_at(wrong, right)
    register(ledger, roles)
    first, second = ledger.endpoints()
    assert (first.state, second.state) == (EndpointState.EXCLUDED, EndpointState.UP)
    assert first.why == f"expected chain id 31337 at {first.name}, got 1"
    assert first.why in caplog.text
    assert set(wrong.methods()) == {"eth_chainId"}, "nothing but its name was ever asked of it"


def test_an_endpoint_with_other_code_is_shut_out_by_name(
    ways: tuple[Relay, Relay], open_at: Open, roles: Roles
) -> None:
    right, wrong = ways
    wrong.mood = says("eth_getCode", "0x00")
    ledger = open_at(right, wrong)
    register(ledger, roles)
    right.mood = gone
    with pytest.raises(LedgerUnavailableError):
        ledger.height()
    assert EndpointState.EXCLUDED in states(ledger)
    assert "eth_call" not in wrong.methods()


def test_where_every_endpoint_is_of_another_network_the_ledger_does_not_open(
    ways: tuple[Relay, Relay], open_at: Open
) -> None:
    for way in ways:
        way.mood = says("eth_chainId", "0x1")
    with pytest.raises(LedgerMismatchError, match=r"expected chain id 31337 at .* got 1; expected chain id"):
        open_at(*ways)


def test_a_network_that_names_no_finalized_block_is_refused_at_the_start(
    ways: tuple[Relay, Relay], open_at: Open
) -> None:
    def knows_no_tags(request: dict[str, object]) -> dict[str, object] | None:
        if request["params"] and request["params"][0] == "finalized":
            return {"error": {"code": -39001, "message": "finalized block not found"}}
        return None

    ways[0].mood = knows_no_tags
    with pytest.raises(LedgerMismatchError, match="set TOUCHSTONE_CONFIRMATIONS to a number"):
        open_at(ways[0], finality="finalized")
    open_at(ways[0], finality=12)


def test_where_no_endpoint_answers_the_ledger_is_unavailable_and_no_key_is_told(
    ways: tuple[Relay, Relay], open_at: Open, home: NetworkHome
) -> None:
    assert network_name("http://u:secret@a.example:1/v3/secret, https://b.example/secret") == "a.example:1, b.example"
    ledger = open_at(*ways)
    for way in ways:
        way.mood = gone
    with pytest.raises(LedgerUnavailableError) as caught:
        ledger.height()
    assert all(way.url.removeprefix("http://") in str(caught.value) for way in ways)


# -- passed over -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mood", [gone, status(429), status(500)], ids=["hangs up", "429", "500"])
def test_one_endpoint_that_answers_is_enough(
    ways: tuple[Relay, Relay], open_at: Open, roles: Roles, mood: Mood
) -> None:
    ledger = open_at(*ways)
    ways[0].mood = mood
    digest = register(ledger, roles)
    assert ledger.find(digest) is not None
    assert states(ledger) == [EndpointState.DOWN, EndpointState.UP]
    asked = len(ways[0].asked)
    ledger.height()
    assert len(ways[0].asked) == asked, "it is left alone for a while"


def test_an_endpoint_that_stalls_is_given_up(
    ways: tuple[Relay, Relay], open_at: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "TIMEOUT_S", 0.3)
    ledger = open_at(*ways)
    ways[0].mood = ways[0].stalled
    assert ledger.height() >= 1
    assert states(ledger)[0] is EndpointState.DOWN


def test_an_endpoint_that_is_behind_is_passed_over(
    ways: tuple[Relay, Relay], open_at: Open, roles: Roles, node: str
) -> None:
    ledger = open_at(*ways)
    ways[0].mood = at_block(ledger.height())
    connect(node).provider.make_request("anvil_mine", ["0x3"])
    ways[0].mood, behind = gone, ways[0].mood
    seen = ledger.height()
    ways[0].mood = behind
    for each in ledger._web3.provider._endpoints:
        each._ready_at = 0.0  # its pause is over
    digest = register(ledger, roles)
    assert ledger.find(digest) is not None
    assert ledger.height() > seen
    assert states(ledger) == [EndpointState.LAGGING, EndpointState.UP]


def test_an_endpoint_that_is_behind_is_not_the_next_one(ways: tuple[Relay, Relay], open_at: Open, node: str) -> None:
    with relay(node) as third:
        ledger = open_at(*ways, third)
        ways[1].mood = at_block(ledger.height() - 1)
        ways[0].mood = gone
        assert ledger.quorum() == 1
        assert "eth_call" not in ways[1].methods()
        assert states(ledger) == [EndpointState.DOWN, EndpointState.LAGGING, EndpointState.UP]


def test_where_all_endpoints_went_back_the_furthest_is_believed(
    ways: tuple[Relay, Relay], open_at: Open, node: str
) -> None:
    connect(node).provider.make_request("anvil_mine", ["0x5"])
    ledger = open_at(*ways)
    height = ledger.height()
    ways[0].mood, ways[1].mood = at_block(height - 3), at_block(height - 2)
    assert ledger.height() in {height - 3, height - 2}
    assert ledger.height() in {height - 3, height - 2}


def test_a_method_that_no_endpoint_has_is_done_without(ways: tuple[Relay, Relay], open_at: Open, roles: Roles) -> None:
    ledger = open_at(*ways)
    for way in ways:
        way.mood = refusing("eth_feeHistory", code=-32601, message="the method eth_feeHistory does not exist")
    digest = register(ledger, roles)
    assert ledger.find(digest) is not None


# -- events ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def long_chain(open_at: Open, ways: tuple[Relay, Relay], roles: Roles, node: str) -> list[Digest]:
    """Return the digests of records a few hundred blocks apart."""
    ledger, digests = open_at(ways[1]), []
    for _ in range(3):
        digests.append(register(ledger, roles))
        connect(node).provider.make_request("anvil_mine", [hex(100)])
    return digests


@pytest.mark.parametrize("blocks", [1000, 30])
def test_events_are_read_in_pages_as_large_as_the_endpoint_gives(
    ways: tuple[Relay, Relay], open_at: Open, long_chain: list[Digest], blocks: int
) -> None:
    ledger = open_at(ways[0])
    ways[0].mood = logs_of_at_most(blocks)
    assert [event.digest for event in ledger.events()] == long_chain
    asked = [each["params"][0] for each in ways[0].asked if each["method"] == "eth_getLogs"]
    sizes = [int(each["toBlock"], 16) - int(each["fromBlock"], 16) + 1 for each in asked]
    given = [size for size in sizes if size <= blocks]
    assert len(given) <= 3 * ledger.height() / blocks + 3, "pages grow again after they were halved"


def test_a_first_reading_that_is_cut_off_goes_on_where_it_stood(
    ways: tuple[Relay, Relay], open_at: Open, long_chain: list[Digest]
) -> None:
    ledger = open_at(ways[0])
    far = ledger.height() // 2

    def cut(request: dict[str, object]) -> dict[str, object] | int | None:
        if request["method"] == "eth_getLogs" and int(request["params"][0]["fromBlock"], 16) > far:
            return 0
        return logs_of_at_most(50)(request)

    ways[0].mood = cut
    with pytest.raises(LedgerUnavailableError):
        list(ledger.events())
    ways[0].asked.clear()
    ways[0].mood = logs_of_at_most(50)
    assert [event.digest for event in ledger.events()] == long_chain
    starts = [int(each["params"][0]["fromBlock"], 16) for each in ways[0].asked if each["method"] == "eth_getLogs"]
    assert min(starts) > far - 50, "what was read is not read again"


def test_no_state_of_an_old_block_is_ever_asked_for(
    ways: tuple[Relay, Relay], open_at: Open, roles: Roles, long_chain: list[Digest]
) -> None:
    ledger = open_at(ways[0])
    assert all(ledger.find(digest) is not None for digest in long_chain)
    ledger.reputation_of(ledger.info.operator)
    ledger.governor(roles.admin).survey()
    stateful = {"eth_call", "eth_getCode", "eth_getBalance", "eth_getTransactionCount", "eth_estimateGas"}
    blocks = {each["params"][-1] for each in ways[0].asked if each["method"] in stateful}
    assert blocks <= {"latest", "pending"}


@pytest.mark.parametrize("batches", [True, False], ids=["batches taken", "batches refused"])
def test_times_that_the_logs_do_not_have_come_from_the_headers(
    ways: tuple[Relay, Relay], open_at: Open, roles: Roles, monkeypatch: pytest.MonkeyPatch, batches: bool
) -> None:
    expected = open_at(ways[1])
    for _ in range(3):
        register(expected, roles)
    monkeypatch.setattr(chain_events, "_time_in", lambda log: 0)
    ledger = open_at(ways[0])
    if not batches:
        for each in ledger._web3.provider._endpoints:
            monkeypatch.setattr(each._provider, "make_batch_request", lambda asked: {"error": {"code": -32600}})
    assert list(ledger.events()) == list(expected.events())


def test_a_reorganisation_deeper_than_several_readings_is_followed(
    ways: tuple[Relay, Relay], open_at: Open, roles: Roles, node: str
) -> None:
    ledger = open_at(ways[0])
    kept = register(ledger, roles)
    assert [event.digest for event in ledger.events()] == [kept]
    for _ in range(4):  # a reading after each block, so each has its own mark in the table
        register(ledger, roles)
        list(ledger.events())
    connect(node).provider.make_request("anvil_reorg", [4, []])
    assert [event.digest for event in ledger.events()] == [kept]
    new = register(ledger, roles)
    assert [event.digest for event in ledger.events()] == [kept, new]
    assert list(ledger.events()) == list(open_at(ways[1]).events())


# -- finality ----------------------------------------------------------------------------------------------------------


def test_an_inclusion_is_final_once_the_network_says_so(
    ways: tuple[Relay, Relay], open_at: Open, roles: Roles, node: str
) -> None:
    ledger = open_at(ways[0], finality="finalized")
    uploader, now = new_key(), SystemClock().now()
    wish: Registration = registration_of(
        ledger.info, admission_of(uploader, now=now), gate=roles.gate, uploader=uploader, now=now
    )
    transaction = ledger.prepare(wish)
    ledger.submit(transaction)
    inclusion = ledger.inclusion(transaction.tx_hash, wait_s=WAIT_S)
    assert inclusion is not None
    assert not ledger.is_final(inclusion)
    connect(node).provider.make_request("anvil_mine", [hex(63)])
    assert not ledger.is_final(inclusion)
    connect(node).provider.make_request("anvil_mine", ["0x1"])
    assert ledger.is_final(inclusion)
    assert not ledger.is_final(replace(inclusion, block_hash=bytes(32))), "another block stands there"


def test_an_endpoint_that_came_back_is_preferred_again(ways: tuple[Relay, Relay], open_at: Open) -> None:
    ledger = open_at(*ways)
    ways[0].mood = gone
    ledger.height()
    ways[0].mood = well
    for each in ledger._web3.provider._endpoints:
        each._ready_at = 0.0  # its pause is over
    ways[1].asked.clear()
    ledger.height()
    assert states(ledger) == [EndpointState.UP, EndpointState.UP]
    assert "eth_call" not in ways[1].methods()
