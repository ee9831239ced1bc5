"""Real IPFS daemons for the suites: started alone on loopback with an empty repository, stopped after."""

import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PEERS = Path(__file__).parent
START_S = 60  # js-ipfs needs about 3 s, Kubo 1 s, on two idle cores


@contextmanager
def js_ipfs(repo: Path) -> Iterator[str]:
    """Run npm's js-ipfs and give its API as a multiaddr; skip where Node or its packages are absent."""
    beside = Path(sys.executable).parent / "node"  # the wheel's Node 24; js-ipfs does not start on 20
    node = str(beside) if beside.exists() else shutil.which("node")
    if node is None:
        pytest.skip("not run: no Node")
    if not (PEERS / "ipfs" / "node_modules").is_dir():
        pytest.skip("not run: js-ipfs is not installed (npm ci in tests/peers/ipfs)")
    with _running([node, str(PEERS / "ipfs" / "daemon.mjs"), str(repo)], '{"api"') as line:
        yield json.loads(line)["api"]


@contextmanager
def kubo(repo: Path) -> Iterator[str]:
    """Run the Kubo that TOUCHSTONE_KUBO names and give its API as a multiaddr; skip where there is none to be had."""
    named = os.environ.get("TOUCHSTONE_KUBO")
    if named is None:
        go = "TOUCHSTONE_KUBO names no binary (tests/peers/build.py makes one)" if shutil.which("go") else "no Go"
        pytest.skip(f"not run: {go}")
    environment = {"PATH": os.environ["PATH"], "HOME": str(repo), "IPFS_PATH": str(repo), "IPFS_TELEMETRY": "off"}
    for arguments in (["init", "--profile=test"], ["config", "profile", "apply", "unixfs-v1-2025"]):
        subprocess.run([named, *arguments], env=environment, check=True, capture_output=True, timeout=START_S)
    _keep_to_itself(repo / "config")
    told = "RPC API server listening on "
    with _running([named, "daemon", "--offline"], told, environment) as line:
        yield line.removeprefix(told).strip() + "/http"


def _keep_to_itself(config: Path) -> None:
    """Leave the daemon nobody to ask, nothing to announce to and no socket but its API on a free port of loopback."""
    settings = json.loads(config.read_text())
    settings["Bootstrap"] = []
    settings["Routing"] = {"Type": "none", "DelegatedRouters": []}
    settings["Addresses"] |= {"Swarm": [], "API": "/ip4/127.0.0.1/tcp/0", "Gateway": []}
    settings["Discovery"] = {"MDNS": {"Enabled": False}}
    settings["AutoConf"] = {"Enabled": False}
    settings["Ipns"] = {"DelegatedPublishers": []}
    settings["DNS"] = {"Resolvers": {}}
    config.write_text(json.dumps(settings))


@contextmanager
def _running(command: list[str], ready: str, environment: dict[str, str] | None = None) -> Iterator[str]:
    """Run a daemon, give the line that starts with ``ready`` and end the daemon."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    said = b""
    try:
        while (line := _line_that_starts(said, ready)) is None:
            # read from the pipe itself: a buffer between would hold lines that ``select`` does not see
            heard, _, _ = select.select([process.stdout], [], [], START_S)
            more = os.read(process.stdout.fileno(), 65_536) if heard else b""
            if not more:
                pytest.fail(f"{command[0]} did not start: {said[-2000:].decode(errors='replace')}")
            said += more
        yield line
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _line_that_starts(said: bytes, ready: str) -> str | None:
    whole = said.decode(errors="replace").split("\n")[:-1]
    return next((line for line in whole if line.startswith(ready)), None)
