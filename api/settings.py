"""`Settings`: the only reader of the environment. Every variable begins with ``TOUCHSTONE_``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

AbstentionModeName = Literal["review", "reject", "accept"]


class CosignerSettings(BaseModel):
    """One other installation whose gate is asked for its verdict."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    gate: str
    token_file: Path


class Settings(BaseSettings):
    """How this installation runs. Unset, everything is embedded, local and safe."""

    model_config = SettingsConfigDict(env_prefix="TOUCHSTONE_", frozen=True, extra="ignore")

    home: Annotated[Path, Field(description="Holds all state.")] = Field(
        default_factory=lambda: platformdirs.user_data_path("touchstone", appauthor=False)
    )
    key_password_file: Annotated[Path | None, Field(description="First line: the password of the four keystores.")] = (
        None
    )
    rpc_url: Annotated[
        str | None,
        Field(description="JSON-RPC endpoint of an EVM network, or several, by commas; unset, the embedded chain."),
    ] = None
    deployment: Annotated[
        Path | None,
        Field(description="JSON file {chain_id, contract, instance_id, first_block}; unset, HOME/network.json."),
    ] = None
    confirmations: Annotated[
        Annotated[int, Field(ge=1)] | Literal["finalized"],
        Field(description="Blocks after which a registration is final there; or `finalized`, by the network's word."),
    ] = 12
    max_fee_gwei: Annotated[
        float | None, Field(gt=0, description="Most paid there for a unit of gas; while it costs more, jobs wait.")
    ] = None
    stuck_after_s: Annotated[
        int, Field(ge=1, description="How long a transaction waits there before it goes out again for higher fees.")
    ] = 180
    batch_uploads: Annotated[
        bool, Field(description="Uploads to `serve` wait for each other and are registered together, under one root.")
    ] = False
    batch_size: Annotated[int, Field(ge=1, le=1 << 20, description="As many as this are registered together.")] = 1000
    batch_age_s: Annotated[int, Field(ge=0, description="The oldest waits no longer than this for others.")] = 60
    ipfs: Annotated[
        str | None, Field(description="Multiaddress of a Kubo RPC endpoint, such as /ip4/127.0.0.1/tcp/5001.")
    ] = None
    ipfs_timeout_s: Annotated[float, Field(gt=0, description="Per request to that endpoint.")] = 60.0
    model_dir: Annotated[
        Path | None, Field(description="Another folder of detector weights; unset, the shipped ones.")
    ] = None
    threads: Annotated[int, Field(ge=1, description="Threads of the inference engine.")] = 2
    on_no_face: Annotated[AbstentionModeName, Field(description="What to do with a file without a face.")] = "review"
    host: Annotated[str, Field(description="Where `serve` listens; loopback only until API keys exist.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="Port of `serve`; 0 takes a free one.")] = 8080
    max_upload_bytes: Annotated[int, Field(gt=0, description="Largest file accepted.")] = 512 * 1024 * 1024
    c2pa_trust_anchors: Annotated[
        Path | None,
        Field(description="PEM file of certificates under which a C2PA signer is trusted; unset, nobody is."),
    ] = None
    c2pa_trust_config: Annotated[
        Path | None,
        Field(
            description="Text file of the extended key usages (OIDs) that a C2PA signer may have; unset, C2PA's own."
        ),
    ] = None
    cosigners: Annotated[
        tuple[CosignerSettings, ...],
        Field(description='JSON list of `{"url", "gate", "token_file"}`: whose verdicts are asked for, in this order.'),
    ] = ()
    cosign_timeout_s: Annotated[float, Field(gt=0, description="How long one of them may take over a file.")] = 120.0
    gate_clients_file: Annotated[
        Path | None,
        Field(description="Lines `NAME TOKEN`: the installations we screen for; unset, `/v1/gate` does not exist."),
    ] = None
