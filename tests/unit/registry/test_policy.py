"""The admission rule: a table of cases, and its laws as properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import InvalidValueError
from registry.model import AbstentionReason, Outcome, Record, Standing, Thresholds
from registry.policy import AbstentionMode, AdmissionPolicy
from tests.values import ALICE, BOB, abstention, prediction, record, reputation

POLICY = AdmissionPolicy(Thresholds(review_at=0.4, reject_at=0.8))
SEVERITY = {Outcome.ACCEPTED: 0, Outcome.INCONCLUSIVE: 1, Outcome.REJECTED: 2}
PROBABILITIES = st.floats(0.0, 1.0)
SCORES = st.integers(0, 10_000)


@pytest.mark.parametrize(
    ("probability", "outcome", "reasons"),
    [
        (0.0, Outcome.ACCEPTED, ()),
        (0.3999, Outcome.ACCEPTED, ()),
        (0.4, Outcome.INCONCLUSIVE, ("uncertain",)),
        (0.7999, Outcome.INCONCLUSIVE, ("uncertain",)),
        (0.8, Outcome.REJECTED, ("flagged",)),
        (1.0, Outcome.REJECTED, ("flagged",)),
    ],
)
def test_thresholds_are_inclusive(probability: float, outcome: Outcome, reasons: tuple[str, ...]) -> None:
    verdict = POLICY.decide(prediction(probability))
    assert (verdict.outcome, verdict.reasons) == (outcome, reasons)


def test_half_a_clip_must_have_been_judged() -> None:
    verdict = POLICY.decide(prediction(0.1, coverage=0.49))
    assert (verdict.outcome, verdict.reasons) == (Outcome.INCONCLUSIVE, ("partial_coverage",))


def test_a_flagged_clip_is_refused_however_little_was_judged() -> None:
    assert POLICY.decide(prediction(0.9, coverage=0.01)).outcome is Outcome.REJECTED


@pytest.mark.parametrize("reason", list(AbstentionReason))
@pytest.mark.parametrize(
    ("mode", "outcome"),
    [
        (AbstentionMode.REVIEW, Outcome.INCONCLUSIVE),
        (AbstentionMode.REJECT, Outcome.REJECTED),
        (AbstentionMode.ACCEPT, Outcome.ACCEPTED),
    ],
)
def test_each_abstention_follows_its_mode(reason: AbstentionReason, mode: AbstentionMode, outcome: Outcome) -> None:
    modes = tuple((other, mode if other is reason else AbstentionMode.REVIEW) for other in AbstentionReason)
    verdict = AdmissionPolicy(POLICY.thresholds, on_abstention=modes).decide(abstention(reason))
    assert verdict.outcome is outcome
    assert reason in verdict.reasons


def test_an_accepted_abstention_says_that_it_was_not_screened() -> None:
    modes = tuple((reason, AbstentionMode.ACCEPT) for reason in AbstentionReason)
    assert "not_screened" in AdmissionPolicy(POLICY.thresholds, on_abstention=modes).decide(abstention()).reasons


def test_abstentions_wait_for_a_person_by_default() -> None:
    assert POLICY.decide(abstention()).outcome is Outcome.INCONCLUSIVE


def test_a_policy_must_name_every_abstention_once() -> None:
    with pytest.raises(InvalidValueError, match="on_abstention"):
        AdmissionPolicy(POLICY.thresholds, on_abstention=POLICY.on_abstention[1:])


def test_a_near_duplicate_of_anothers_record_is_reviewed_and_never_refused() -> None:
    verdict = POLICY.decide(prediction(0.1), neighbours=[record(uploader=ALICE)], uploader=BOB)
    assert (verdict.outcome, verdict.reasons) == (Outcome.INCONCLUSIVE, ("near_duplicate",))


def test_a_near_duplicate_of_ones_own_record_is_accepted() -> None:
    assert POLICY.decide(prediction(0.1), neighbours=[record(uploader=BOB)], uploader=BOB).outcome is Outcome.ACCEPTED


def test_a_check_names_no_uploader_and_so_no_near_duplicate() -> None:
    assert POLICY.decide(prediction(0.1), neighbours=[record()]).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(
    ("standing", "reason"), [(Standing.DISPUTED, "near_disputed"), (Standing.REVOKED, "near_revoked")]
)
def test_a_copy_of_a_record_in_doubt_is_reviewed(standing: Standing, reason: str) -> None:
    verdict = POLICY.decide(prediction(0.1), neighbours=[record(standing=standing)])
    assert (verdict.outcome, verdict.reasons) == (Outcome.INCONCLUSIVE, (reason,))


def test_an_uploader_of_low_reputation_is_reviewed() -> None:
    verdict = POLICY.decide(prediction(0.1), uploader=BOB, reputation=reputation(999))
    assert (verdict.outcome, verdict.reasons) == (Outcome.INCONCLUSIVE, ("low_reputation",))


def test_a_newcomer_is_not_reviewed_for_being_new() -> None:
    assert POLICY.decide(prediction(0.1), uploader=BOB, reputation=reputation(2_000)).outcome is Outcome.ACCEPTED


@given(PROBABILITIES, PROBABILITIES, st.floats(0.0, 1.0), SCORES)
def test_the_outcome_is_monotone_in_fake_probability(low: float, high: float, coverage: float, score: int) -> None:
    low, high = sorted((low, high))
    milder, stricter = (
        POLICY.decide(prediction(p, coverage=coverage), uploader=BOB, reputation=reputation(score)) for p in (low, high)
    )
    assert SEVERITY[milder.outcome] <= SEVERITY[stricter.outcome]


@given(PROBABILITIES, SCORES, st.sampled_from([(), (record(),), (record(standing=Standing.REVOKED),)]))
def test_reputation_never_makes_a_verdict_milder(probability: float, score: int, near: tuple[Record, ...]) -> None:
    without = POLICY.decide(prediction(probability), neighbours=near, uploader=BOB)
    judged = POLICY.decide(prediction(probability), neighbours=near, uploader=BOB, reputation=reputation(score))
    assert SEVERITY[judged.outcome] >= SEVERITY[without.outcome]


@given(PROBABILITIES)
def test_nothing_is_refused_for_what_it_resembles(probability: float) -> None:
    alone = POLICY.decide(prediction(probability))
    near = POLICY.decide(prediction(probability), neighbours=[record(uploader=ALICE)], uploader=BOB)
    assert (near.outcome is Outcome.REJECTED) == (alone.outcome is Outcome.REJECTED)


def test_the_policy_id_changes_with_every_field() -> None:
    other_modes = tuple((reason, AbstentionMode.REJECT) for reason in AbstentionReason)
    policies = [
        POLICY,
        AdmissionPolicy(Thresholds(0.41, 0.8)),
        AdmissionPolicy(Thresholds(0.4, 0.81)),
        AdmissionPolicy(POLICY.thresholds, min_coverage=0.6),
        AdmissionPolicy(POLICY.thresholds, review_below_score_bps=1),
        AdmissionPolicy(POLICY.thresholds, on_abstention=other_modes),
    ]
    assert len({policy.policy_id for policy in policies}) == len(policies)


def test_the_policy_id_is_the_digest_of_its_canonical_json() -> None:
    # Computed with the sha256sum of the text below: the id stands on chain and must not drift.
    expected = (
        b'{"min_coverage":0.5,"on_abstention":{"decoder_failed":"review","face_too_small":"review",'
        b'"model_missing":"review","no_face":"review","too_few_frames":"review"},"reject_at":0.8,'
        b'"review_at":0.4,"review_below_score_bps":1000,"v":1}'
    )
    assert POLICY.canonical_json() == expected
    assert POLICY.policy_id.hex() == "1a4ba8c0f0a7859c4267a341fdb4264003162d4afc94021f49a7336235fea601"
