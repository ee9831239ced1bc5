"""The web application over ports in memory, with the real decoder and the real journal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from api.app import create_app
from api.deps import CosigningSide, GateSide, ReadSide, WriteSide
from api.jobs import JobRunner
from api.settings import Settings
from registry.media import Decoder
from tests.fakes import RECORDER
from tests.pictures import jpeg, picture
from tests.unit.registry.register.conftest import Desk

TOKEN = "0123456789abcdef" * 4
PEER_TOKEN = "fedcba9876543210" * 4
OPERATOR = {"Authorization": f"Bearer {TOKEN}"}
ADDRESS = "http://127.0.0.1:8080"
MAX_UPLOAD_BYTES = 1_000_000
PHOTO = jpeg(picture(1))


@pytest.fixture(scope="package")
def decoder() -> Iterator[Decoder]:
    with Decoder() as decoder:
        yield decoder


@dataclass
class Service:
    """One installation behind HTTP."""

    desk: Desk
    app: FastAPI
    client: TestClient

    def register(
        self, data: bytes, *, wait: int = 30, headers: dict[str, str] | None = None, **fields: str
    ) -> Response:
        return self.client.post(
            "/v1/media",
            files={"file": ("photo.jpg", data, "image/jpeg")},
            data=fields,
            headers={"Prefer": f"wait={wait}", **(OPERATOR if headers is None else headers)},
        )

    def ask(self, route: str, data: bytes) -> Response:
        return self.client.post(route, files={"file": ("photo.jpg", data, "image/jpeg")})


def application(desk: Desk, *, peers: tuple[str, ...] = (PEER_TOKEN,), **settings: object) -> FastAPI:
    read = ReadSide(
        settings=Settings(home=desk.root, **{"max_upload_bytes": MAX_UPLOAD_BYTES, **settings}),
        ledger=desk.ledger,
        index=desk.index,
        store=desk.local,
        journal=desk.journal,
        decoder=desk.decoder,
        verifier=desk.verifier,
    )
    model_id = desk.detector.model_id if desk.detector else None
    gate = GateSide(read=read, examiner=desk.examiner, checker=desk.checker, model_id=model_id)
    cosigning = CosigningSide(desk.cogate, peers) if peers else None
    side = WriteSide(
        gate=gate,
        registrar=desk.registrar,
        receipts=desk.receipts,
        rejections=desk.rejections,
        epochs=desk.epochs,
        recorder=RECORDER,
        cosigning=cosigning,
    )
    return create_app(side, JobRunner(desk.registrar, desk.journal), bearer_token=TOKEN)


@pytest.fixture
def desk(tmp_path: Path, decoder: Decoder) -> Desk:
    return Desk(tmp_path / "home", decoder)


@pytest.fixture
def service(desk: Desk) -> Iterator[Service]:
    yield from serving(desk)


@pytest.fixture(scope="package")
def idle_service(tmp_path_factory: pytest.TempPathFactory, decoder: Decoder) -> Iterator[Service]:
    """One for all tests that register nothing."""
    yield from serving(Desk(tmp_path_factory.mktemp("idle"), decoder))


@pytest.fixture(scope="package")
def read_service(tmp_path_factory: pytest.TempPathFactory, decoder: Decoder) -> Iterator[Service]:
    """One that holds `PHOTO`, for all tests that only read."""
    for service in serving(Desk(tmp_path_factory.mktemp("read"), decoder)):
        assert service.register(PHOTO).status_code == 201
        yield service


@pytest.fixture
def recorded(service: Service) -> Service:
    """One of the test's own that holds `PHOTO`."""
    assert service.register(PHOTO).status_code == 201
    return service


def serving(desk: Desk) -> Iterator[Service]:
    app = application(desk)
    with TestClient(app, base_url=ADDRESS) as client:
        yield Service(desk, app, client)
