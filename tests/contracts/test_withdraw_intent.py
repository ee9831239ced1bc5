"""``withdrawIntent``: an uploader takes a signed wish back."""

from __future__ import annotations

import pytest

from tests.contracts.stage import ALICE, BOB, Happened, RevertedError, Stage


def test_a_withdrawn_intent_is_refused(stage: Stage) -> None:
    submission = stage.submission()
    assert stage.call("withdrawIntent", 7, sender=ALICE) == (
        Happened("IntentWithdrawn", {"uploader": ALICE.address, "nonce": 7}),
    )
    with pytest.raises(RevertedError) as refused:
        stage.register(submission)
    assert (refused.value.name, refused.value.arguments) == ("NonceSpent", (ALICE.address, 7))


def test_a_spent_nonce_cannot_be_withdrawn(stage: Stage) -> None:
    stage.register(stage.submission())
    with pytest.raises(RevertedError, match="NonceSpent"):
        stage.call("withdrawIntent", 7, sender=ALICE)


def test_nobody_withdraws_for_another(stage: Stage) -> None:
    stage.call("withdrawIntent", 7, sender=BOB)
    stage.register(stage.submission())
