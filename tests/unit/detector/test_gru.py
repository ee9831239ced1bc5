import json
from pathlib import Path

import numpy as np
import pytest

from detector.data import padded
from detector.inference.gru import GruHead, GruLayer, sigmoid
from registry.errors import DetectorError

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "gru.json").read_text())
ARRAYS = {name: np.array(values, np.float32) for name, values in VECTORS["arrays"].items()}
SEQUENCES = [np.array(rows, np.float32) for rows in VECTORS["sequences"]]


def test_a_head_with_a_missing_array_is_refused() -> None:
    with pytest.raises(DetectorError, match="gru_2_bias"):
        GruHead.from_arrays({name: array for name, array in ARRAYS.items() if name != "gru_2_bias"})


def test_a_head_whose_arrays_do_not_fit_is_refused() -> None:
    with pytest.raises(DetectorError, match="fit"):
        GruHead.from_arrays(ARRAYS | {"gru_1_kernel": ARRAYS["gru_1_kernel"][:-1]})


def test_numpy_computes_what_keras_computed() -> None:
    batch = padded(SEQUENCES, VECTORS["window_frames"])
    ours = sigmoid(GruHead.from_arrays(ARRAYS).logits(*batch))
    np.testing.assert_allclose(ours, VECTORS["probabilities"], atol=1e-6)


def test_masked_rows_change_nothing() -> None:
    head = GruHead.from_arrays(ARRAYS)
    rows, mask = padded(SEQUENCES, VECTORS["window_frames"])
    noisy = np.where(mask[..., None], rows, np.float32(1e3))
    np.testing.assert_array_equal(head.logits(noisy, mask), head.logits(rows, mask))


def test_a_sequence_gives_the_same_alone_and_among_others() -> None:
    head = GruHead.from_arrays(ARRAYS)
    together = head.logits(*padded(SEQUENCES, VECTORS["window_frames"]))
    alone = [head.logits(*padded([rows], len(rows)))[0] for rows in SEQUENCES]
    np.testing.assert_allclose(alone, together, atol=1e-6)


def test_a_fully_masked_sequence_leaves_the_state_at_zero() -> None:
    layer = GruLayer(ARRAYS["gru_1_kernel"], ARRAYS["gru_1_recurrent"], ARRAYS["gru_1_bias"])
    states = layer.run(np.ones((1, 3, 5), np.float32), np.zeros((1, 3), np.bool_))
    assert not states.any()


def test_the_sigmoid_stays_finite_far_from_zero() -> None:
    assert sigmoid(np.array([-1e4, 0, 1e4], np.float32)).tolist() == [0.0, 0.5, 1.0]
