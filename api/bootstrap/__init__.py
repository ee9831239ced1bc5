"""The composition root: the only place that names concrete adapters."""

import sys

from api.bootstrap.governing import DeploymentWishes, deploy_contract, open_admin_side, plan_deployment
from api.bootstrap.keys import AskPassword, bearer_token, create_key, nobody, open_key, open_keyring
from api.bootstrap.sides import open_gate_side, open_read_side, open_write_side, sole_runner

__all__ = [
    "AskPassword",
    "DeploymentWishes",
    "bearer_token",
    "create_key",
    "deploy_contract",
    "nobody",
    "open_admin_side",
    "open_gate_side",
    "open_key",
    "open_keyring",
    "open_read_side",
    "open_write_side",
    "plan_deployment",
    "sole_runner",
]

# py-ecc (below eth-account) and py-evm let Python recurse 100,000 deep when they are imported, as above they all are.
# Python's JSON parser relies on that limit: at 100,000 it overruns the stack, and 100 kB of brackets end the process.
# Our contract's calls nest a few frames; what Python starts with is plenty.
sys.setrecursionlimit(1000)
