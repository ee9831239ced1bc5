import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.metrics import auc, auc_interval, ece, eer, tpr_at_fpr, wilson_interval
from registry.errors import InvalidValueError

LABELS = np.array([False, False, True, True])
SCORES = np.array([0.1, 0.4, 0.35, 0.8])


def test_one_class_has_no_curve() -> None:
    with pytest.raises(InvalidValueError, match="both classes"):
        auc(np.array([True, True]), np.array([0.1, 0.2]))


def test_a_share_needs_trials() -> None:
    with pytest.raises(InvalidValueError, match="0 of 0"):
        wilson_interval(0, 0)


def test_the_area_is_the_share_of_pairs_in_order() -> None:
    assert auc(LABELS, SCORES) == 0.75  # three of four pairs; scikit-learn's documented example


def test_ties_count_half() -> None:
    assert auc(LABELS, np.full(4, 0.5)) == 0.5


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=40))
def test_the_area_equals_counting_all_pairs(rows: list[tuple[bool, int]]) -> None:
    labels, scores = np.array([r[0] for r in rows]), np.array([r[1] for r in rows], float)
    if labels.all() or not labels.any():
        return
    differences = scores[labels][:, None] - scores[~labels][None]
    assert auc(labels, scores) == pytest.approx(((differences > 0) + 0.5 * (differences == 0)).mean())
    assert auc(labels, -scores) == pytest.approx(1 - auc(labels, scores))


def test_the_equal_error_rate_of_known_scores() -> None:
    assert eer(LABELS, SCORES) == pytest.approx(0.5)
    assert eer(LABELS, np.array([0.1, 0.2, 0.8, 0.9])) == 0
    assert eer(LABELS, np.full(4, 0.5)) == pytest.approx(0.5)


def test_the_rate_found_keeps_the_rate_allowed() -> None:
    labels = np.repeat([False, True], 100)
    scores = np.concatenate([np.arange(100), np.arange(100) + 50.5])
    assert tpr_at_fpr(labels, scores, 0.01) == pytest.approx(0.52)
    assert tpr_at_fpr(labels, scores, 0.05) == pytest.approx(0.56)
    assert tpr_at_fpr(labels, np.zeros(200), 0.05) == 0


def test_a_calibrated_bin_has_no_error_and_a_wrong_one_its_gap() -> None:
    labels = np.array([True, False, True, False])
    assert ece(labels, np.full(4, 0.5)) == pytest.approx(0)
    assert ece(labels, np.full(4, 0.9)) == pytest.approx(0.4)
    assert ece(labels, np.array([1.0, 0.0, 1.0, 0.0])) == 0


def test_wilson_gives_the_published_interval() -> None:
    low, high = wilson_interval(8, 10)  # Agresti and Coull's form for 8 of 10
    assert (low, high) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson_interval(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)


def test_an_interval_over_few_units_is_wider_than_over_many() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(20) % 2 == 0, 10)
    scores = 0.1 * rng.standard_normal(200) + labels + np.repeat(rng.standard_normal(20), 10)
    alone = auc_interval(labels, scores, [str(n) for n in range(200)], draws=300)
    grouped = auc_interval(labels, scores, [str(n // 10) for n in range(200)], draws=300)
    assert alone[0] < auc(labels, scores) < alone[1]
    assert grouped[1] - grouped[0] > alone[1] - alone[0]
    assert auc_interval(labels, scores, ["a", "b"] * 100, draws=50) == auc_interval(
        labels, scores, ["a", "b"] * 100, draws=50
    )
