"""The composition root: the only place that names concrete adapters."""

import sys

from api.bootstrap.governing import DeploymentWishes, deploy_contract, open_admin_side, plan_deployment
from api.bootstrap.keys import AskPassword, bearer_token, create_key, nobody, open_key, open_keyring
from api.bootstrap.proving import own_signers
from api.bootstrap.sides import open_gate_side, open_read_side, open_write_side, sole_runner
from registry.eip712 import RECURSION_LIMIT

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
    "own_signers",
    "plan_deployment",
    "sole_runner",
]

# py-evm raises the limit on recursion when it is imported, as above it is; our contract's calls nest a few frames.
sys.setrecursionlimit(RECURSION_LIMIT)
