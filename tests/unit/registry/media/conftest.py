from __future__ import annotations

from collections.abc import Iterator

import pytest

from registry.media import Decoder, MediaLimits
from tests.unit.registry.media.hostile_decoder import HostileDecoder


@pytest.fixture(scope="session")
def decoder() -> Iterator[Decoder]:
    with Decoder() as shared:
        yield shared


@pytest.fixture(scope="session")
def hostile_decoder() -> Iterator[HostileDecoder]:
    with HostileDecoder(MediaLimits(wall_s=1.0, cpu_s=5, memory_bytes=1 << 30)) as shared:
        yield shared
