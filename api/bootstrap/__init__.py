"""The composition root: the only place that names concrete adapters."""

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
