"""The network's head in numpy: standardise, masked GRU → GRU → dense → logit, as Keras computes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from registry.errors import DetectorError

Array = NDArray[np.float32]


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + e^-x), without overflow for any finite x."""
    e = np.exp(-np.abs(x))
    return np.asarray(np.where(x >= 0, 1 / (1 + e), e / (1 + e)), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class GruLayer:
    """A gated recurrent unit (Cho et al., 2014) in Keras' ``reset_after`` form.

    Attributes:
        kernel: float32 (inputs, 3·units), gates in the order update, reset, candidate.
        recurrent: float32 (units, 3·units).
        bias: float32 (2, 3·units), of the input's and of the state's product.
    """

    kernel: Array
    recurrent: Array
    bias: Array

    def run(self, rows: Array, mask: NDArray[np.bool_]) -> Array:
        """Return the state after each row, float32 (n, length, units); a masked row keeps the state before it.

        Args:
            rows: float32 (n, length, inputs).
            mask: bool (n, length), true where a row counts.
        """
        state = np.zeros((len(rows), len(self.recurrent)), np.float32)
        from_input = rows @ self.kernel + self.bias[0]
        states = []
        for step in range(rows.shape[1]):
            in_z, in_r, in_h = np.split(from_input[:, step], 3, axis=1)
            state_z, state_r, state_h = np.split(state @ self.recurrent + self.bias[1], 3, axis=1)
            update, reset = sigmoid(in_z + state_z), sigmoid(in_r + state_r)
            moved = update * state + (1 - update) * np.tanh(in_h + reset * state_h)
            state = np.where(mask[:, step, None], moved, state)
            states.append(state)
        return np.stack(states, axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class GruHead:
    """The head's weights.

    Attributes:
        mean: of each feature, (features,); likewise ``scale``, one over the deviation.
        first: the first recurrent layer; ``second`` reads its states.
        dense: kernel (units, dense) and bias (dense,) before a ReLU.
        output: kernel (dense, 1) and bias (1,).
        frame: kernel (features, 1) and bias (1,) of the logit of a single frame.
    """

    mean: Array
    scale: Array
    first: GruLayer
    second: GruLayer
    dense: tuple[Array, Array]
    output: tuple[Array, Array]
    frame: tuple[Array, Array]

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the head from named arrays, as `to_arrays` of the export writes them.

        Raises:
            DetectorError: an array is missing or its shape does not fit the others.
        """
        try:
            layers = [
                GruLayer(*(arrays[f"gru_{n}_{part}"] for part in ("kernel", "recurrent", "bias"))) for n in (1, 2)
            ]
            pairs = [(arrays[f"{name}_kernel"], arrays[f"{name}_bias"]) for name in ("dense", "output", "frame")]
            head = cls(arrays["mean"], arrays["scale"], layers[0], layers[1], *pairs)
            probe = np.zeros((1, 1, len(head.mean)), np.float32)
            head.logits(probe, np.ones((1, 1), np.bool_))
            head.frame_logits(probe[0])
        except (KeyError, ValueError) as exc:
            raise DetectorError(f"head: expected the arrays of a masked GRU that fit each other, got {exc}") from exc
        return head

    def logits(self, rows: Array, mask: NDArray[np.bool_]) -> Array:
        """Return the uncalibrated logit of each sequence, (n,).

        Args:
            rows: features, float32 (n, length, features).
            mask: bool (n, length); every sequence has at least one row that counts.
        """
        states = self.first.run((rows - self.mean) * self.scale, mask)
        last = self.second.run(states, mask)[:, -1]
        hidden = np.maximum(last @ self.dense[0] + self.dense[1], 0)
        return np.asarray((hidden @ self.output[0] + self.output[1])[:, 0], np.float32)

    def frame_logits(self, rows: Array) -> Array:
        """Return the uncalibrated logit of each single frame, (n,), from features (n, features)."""
        return np.asarray((rows @ self.frame[0] + self.frame[1])[:, 0], np.float32)
