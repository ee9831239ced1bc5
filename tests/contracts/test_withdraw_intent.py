"""``withdrawIntent``: an uploader takes back what it signed."""

from __future__ import annotations

import pytest

from tests.contracts.actors import ALICE, ATTEST, BOB, CAROL, STRANGER
from tests.contracts.chain import RevertedError
from tests.contracts.stage import Happened, Stage


def test_a_withdrawn_intent_is_refused(stage: Stage) -> None:
    submission = stage.submission()
    assert stage.call("withdrawIntent", 7, sender=ALICE) == (
        Happened("IntentWithdrawn", {"uploader": ALICE.address, "nonce": 7}),
    )
    assert stage.refusal("register", *submission.arguments(), sender=STRANGER) == ("NonceSpent", ALICE.address, 7)


def test_a_withdrawn_statement_or_rotation_is_refused(stage: Stage) -> None:
    said, wish = stage.statement(ATTEST, stage.file("a file"), by=BOB), stage.rotation(BOB, CAROL)
    stage.call("withdrawIntent", 7, sender=BOB)
    ends = ("NonceSpent", BOB.address, 7)
    assert stage.refusal("makeStatement", said.struct, *said.signatures, sender=STRANGER) == ends
    assert stage.refusal("rotateKey", wish.struct, *wish.signatures, sender=STRANGER) == ends


def test_a_spent_nonce_cannot_be_withdrawn(stage: Stage) -> None:
    stage.register(stage.submission())
    with pytest.raises(RevertedError, match="NonceSpent"):
        stage.call("withdrawIntent", 7, sender=ALICE)


def test_nobody_withdraws_for_another(stage: Stage) -> None:
    stage.call("withdrawIntent", 7, sender=BOB)
    stage.register(stage.submission())
