"""``serve`` and ``contract``: running an installation."""

from __future__ import annotations

from typing import Annotated

import typer
import uvicorn

from api.app import create_app
from api.bootstrap import bearer_token, deploy_contract, open_read_side, open_write_side, sole_runner
from api.cli.output import Output, note
from api.cli.sides import Json, ask_password, settings
from api.jobs import JobRunner
from registry.errors import InvalidValueError

contract_app = typer.Typer(help="The registry contract on a network.", no_args_is_help=True)

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def serve(
    host: Annotated[str | None, typer.Option(help="Where to listen; loopback only until API keys exist.")] = None,
    port: Annotated[int | None, typer.Option(help="0 takes a free one.")] = None,
) -> None:
    """Serve the page and the HTTP API on this machine.

    Example: touchstone serve --port 8080
    """
    run = settings()
    host, port = host or run.host, run.port if port is None else port
    if host not in LOOPBACK:
        raise InvalidValueError(f"host: expected one of {sorted(LOOPBACK)} until API keys exist, got {host!r}")
    with sole_runner(run) as alone, open_write_side(run, ask_password) as side:
        runner = JobRunner(side.registrar, side.gate.read.journal, take_up=alone)
        app = create_app(side, runner, bearer_token=bearer_token(run))
        note(f"the token for registering in the operator's name, reviewing and revoking: {run.home / 'bearer-token'}")
        uvicorn.run(app, host=host, port=port, log_level="info", access_log=False)


@contract_app.command("deploy")
def contract_deploy() -> None:
    """Deploy the contract to the network of TOUCHSTONE_RPC_URL, paid by this home's admin key.

    Example: TOUCHSTONE_RPC_URL=http://127.0.0.1:8545 touchstone contract deploy
    """
    note(f"deployed; {deploy_contract(settings(), ask_password)} says where")


@contract_app.command("status")
def contract_status(as_json: Json = False) -> None:
    """Show which ledger this home uses.

    Example: touchstone contract status
    """
    with open_read_side(settings(), ask_password) as side:
        info, height = side.ledger.info, side.ledger.height()
    document = {
        "ledger": info.kind,
        "chain_id": info.chain_id,
        "contract": str(info.contract),
        "instance_id": "0x" + info.instance_id.hex(),
        "operator": str(info.operator),
        "height": height,
    }
    Output(as_json).answer(document, *(f"{name}: {value}" for name, value in document.items()))
