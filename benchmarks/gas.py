"""Gas of every write, from real transactions on anvil; beside it EAS on the same chain.

``python -m benchmarks.gas`` prints a table and writes ``benchmarks/results/gas.json``. Figures are ``gasUsed`` of
receipts: the 21,000 of a transaction and its calldata are in them.
"""

from __future__ import annotations

from dataclasses import replace

from eth_utils.crypto import keccak

from benchmarks import eas, report, trees
from benchmarks.chain import DAY_S, Chain, running
from benchmarks.installation import BOND_WEI, Installation, as_private
from registry.adapters.deployment import timelock_creation
from registry.model import Act, Level

REASON = keccak(text="a reason")
SINGLE_MAX = 140_000  # the limit; its aim is 110,000


def registrations(chain: Chain) -> dict[str, int]:
    """Return the gas of registrations, 1 of 1 gate unless the key says otherwise."""
    one = Installation(chain, [chain.account("gate 0")], 1)
    alice, bob = chain.account("alice"), chain.account("bob")
    one.register(bob)  # not the registry's very first
    gas = {"deployment": one.deployment, "register_first_ever": one.register(alice)}
    one.register(alice)
    gas["register_single"] = one.register(alice)
    gas["register_single_random_nonce"] = one.register(alice, nonce=int.from_bytes(keccak(text="random"), "big"))
    gas["register_single_private"] = one.send_registration(as_private(one, alice))
    own = one.registration(one.operator)
    plain = replace(own, intent=None, admission=replace(own.admission, levels=Level.GATE))
    gas["register_operators_first"] = one.send_registration(one.approved(plain))
    chain.pass_days(1)
    gas["register_first_of_day"] = one.register(alice)
    for _ in range(8):  # until a day settles on each new one
        chain.pass_days(1)
        gas["register_first_of_day_settling"] = one.register(alice)
    chain.pass_days(365)
    gas["register_first_in_a_year"] = one.register(alice)
    gas["deployment_timelock"] = chain.send(
        one.operator, timelock_creation(chain.web3, replace(one.arguments, delay_s=DAY_S), endpoint="anvil").data
    )["gasUsed"]
    return gas


def quorums(chain: Chain) -> dict[str, int]:
    """Return the gas of a steady registration by 2 of 3 and 3 of 5 gates."""
    gas = {}
    for threshold, gates in ((2, 3), (3, 5)):
        many = Installation(chain, [chain.account(f"gate {k}") for k in range(gates)], threshold)
        carol = chain.account("carol")
        for _ in range(3):
            gas[f"register_{threshold}_of_{gates}"] = many.register(carol)
    return gas


def afterwards(chain: Chain) -> dict[str, int]:
    """Return the gas of what happens to a record later, and of epochs and keys."""
    one = Installation(chain, [chain.account("gate 0")], 1)
    alice, rival, friend = chain.account("alice"), chain.account("rival"), chain.account("friend")
    gas: dict[str, int] = {}
    one.register(alice)
    one.register(alice)
    gas["revoke"] = one.say(alice, Act.REVOKE, REASON)
    one.register(alice)
    gas["attest_first"] = one.say(friend, Act.ATTEST)
    gas["attest"] = one.say(friend, Act.ATTEST)
    gas["dispute"] = one.send(rival, "dispute", one.last(), 1, REASON, value=BOND_WEI)
    gas["rule"] = one.send(one.arbiter, "rule", one.last(), 1, REASON)  # removed; the bond goes back
    one.register(alice)
    one.send(rival, "dispute", one.last(), 1, REASON, value=BOND_WEI)
    gas["rule_dismissed"] = one.send(one.arbiter, "rule", one.last(), 0, REASON)
    one.register(alice)
    one.send(rival, "dispute", one.last(), 1, REASON, value=2 * BOND_WEI)
    gas["rule_fraud"] = one.send(one.arbiter, "rule", one.last(), 3, REASON)
    gas["withdraw_credit"] = one.send(rival, "withdrawCredit")
    gas["rotate_key"], gas["complete_key_rotation"] = one.rotate(alice, chain.account("new key"))
    _, gas["close_epoch"] = one.close_epoch(REASON, one.new_names(1))
    chain.pass_days(1)
    _, gas["close_epoch_100_tallies"] = one.close_epoch(REASON, one.new_names(100))
    return gas


def beside_eas(chain: Chain) -> dict[str, int]:
    """Return the gas of EAS: the same fields, four words as measured elsewhere, and one commitment, its cheapest."""
    payer, attester, bob = chain.account("payer"), chain.account("attester"), chain.account("bob")
    deployed = eas.deploy(chain, payer, eas.compiled())
    gas = {"eas_deployment": deployed.deployment}
    schema, gas["eas_schema"] = deployed.schema(eas.FIELDS)
    words = [b"".join(keccak(text=f"{k} {word}") for word in range(13)) for k in range(60)]
    deployed.attest(attester, schema, bob.address, words[0])
    gas["eas_attest"] = deployed.attest(attester, schema, bob.address, words[1])
    deployed.attest_signed(attester, 0, schema, bob.address, words[2])
    gas["eas_attest_by_delegation"] = deployed.attest_signed(attester, 1, schema, bob.address, words[3])
    gas["eas_multi_attest_50_per_record"] = deployed.attest_many(attester, schema, bob.address, words[4:54]) // 50
    schema, _ = deployed.schema(eas.FOUR)
    short = [one[:128] for one in words]
    gas["eas_attest_four_words"] = deployed.attest(attester, schema, bob.address, short[54])
    gas["eas_attest_by_delegation_four_words"] = deployed.attest_signed(attester, 2, schema, bob.address, short[55])
    per_record = deployed.attest_many(attester, schema, bob.address, short[:50]) // 50
    gas["eas_multi_attest_50_per_record_four_words"] = per_record
    schema, _ = deployed.schema(eas.ONE)
    gas["eas_attest_one_word"] = deployed.attest(attester, schema, bob.address, words[56][:32])
    gas["eas_attest_by_delegation_one_word"] = deployed.attest_signed(attester, 3, schema, bob.address, words[57][:32])
    return gas


def main() -> None:
    """Measure, print the table and write the file."""
    gas: dict[str, int | float] = {}
    for measure in (registrations, quorums, trees.batches, trees.tallies, afterwards, beside_eas):
        with running() as chain:
            gas |= measure(chain)
    for name, used in gas.items():
        print(f"{name:45} {used:>12,}")
    packages = ("@foundry-rs/anvil-linux-amd64", "solc", "@openzeppelin/contracts", eas.PACKAGE)
    path = report.write("gas", gas, versions={package: report.npm_version(package) for package in packages})
    print(f"written to {path.relative_to(report.ROOT)}")
    too_dear = trees.over_limits(gas)
    if gas["register_single"] > SINGLE_MAX:
        too_dear.append(f"register_single: expected at most {SINGLE_MAX:,}, got {gas['register_single']:,}")
    if too_dear:
        raise SystemExit("\n".join(too_dear))


if __name__ == "__main__":
    main()
