"""One deployed registry for the whole run; every test starts from its first state."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contracts.stage import Stage
from tests.contracts.tally_case import Case


@pytest.fixture(scope="session")
def deployed() -> Stage:
    return Stage()


@pytest.fixture
def stage(deployed: Stage) -> Iterator[Stage]:
    """Three gates of which two must sign."""
    snapshot, address = deployed.tester.take_snapshot(), deployed.address
    yield deployed
    deployed.tester.revert_to_snapshot(snapshot)
    deployed.address = address


@pytest.fixture
def case(stage: Stage) -> Case:
    return Case(stage)


@pytest.fixture
def disputed(case: Case) -> Case:
    case.dispute()
    return case
