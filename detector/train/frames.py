"""Stage one: the backbone learns from pairs of single crops."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from detector.config import DetectorConfig
from detector.network import preprocess
from detector.train.pairs import PairSource

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FramePlan:
    """How the backbone is fine-tuned.

    Attributes:
        steps: batches over which the learning rate runs from its peak to its end.
        stop_after: batches after which v1 stopped; what the time on two shared cores allowed.
        rate: peak learning rate of AdamW; warm-up over 5 %, then cosine to a fiftieth.
        decay: weight decay.
        spread_penalty: weight of the variance of honest logits within a batch. Honest media of different sources must
            not differ in score (detection trials: source offsets rule the pooled figure).
        average: momentum of the running mean of the weights that is kept in the end.
        check_every: steps between checkpoints.
    """

    steps: int = 1200
    stop_after: int = 450
    rate: float = 3e-4
    decay: float = 1e-4
    spread_penalty: float = 0.05
    average: float = 0.99
    check_every: int = 150


def fine_tune(
    model: keras.Model,
    source: PairSource,
    config: DetectorConfig,
    plan: FramePlan,
    *,
    folder: Path,
    check: Callable[[int], None],
) -> None:
    """Train ``model`` in place and leave the averaged weights in it; a run that was broken off goes on.

    Args:
        model: crops → one logit, from `detector.network.build_frame_model`.
        source: of batches; batch number n depends on the seed and n only.
        config: gives the seed.
        plan: how.
        folder: where checkpoints lie.
        check: called with the step after each checkpoint, the averaged weights in the model.
    """
    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(config.seed)
    rate = keras.optimizers.schedules.CosineDecay(
        plan.rate / 20, plan.steps, alpha=0.02, warmup_target=plan.rate, warmup_steps=max(1, plan.steps // 20)
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=plan.decay)
    optimizer.build(model.trainable_variables)
    averaged = [tf.Variable(w, trainable=False) for w in model.trainable_variables]
    checkpoint = tf.train.Checkpoint(model=model, optimizer=optimizer, averaged=averaged)
    first = _restore(checkpoint, folder)

    def step(crops: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            logits = model(crops, training=True)[:, 0]
            loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits))
            honest = tf.boolean_mask(logits, labels < 0.5)
            total = loss + plan.spread_penalty * tf.math.reduce_variance(honest)
        optimizer.apply_gradients(
            zip(tape.gradient(total, model.trainable_variables), model.trainable_variables, strict=True)
        )
        for mean, weight in zip(averaged, model.trainable_variables, strict=True):
            mean.assign_add((1 - plan.average) * (weight - mean))
        return loss

    compiled = tf.function(step)

    def prepare(number: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        crops, labels = source.batch(np.random.default_rng((config.seed, number)))
        return preprocess(crops), labels

    losses: list[float] = []
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(prepare, first)
        for number in range(first, plan.stop_after):
            crops, labels = waiting.result()
            waiting = pool.submit(prepare, number + 1)
            losses.append(float(compiled(tf.constant(crops), tf.constant(labels))))
            done = number + 1
            if done % 25 == 0:
                log.info("step %d of %d, loss %.3f", done, plan.stop_after, np.mean(losses[-100:]))
            if done % plan.check_every == 0 or done == plan.stop_after:
                checkpoint.write(str(folder / "state"))
                (folder / "state.json").write_text(json.dumps({"done": done}))
                _exchange(averaged, model.trainable_variables)
                check(done)
                if done < plan.stop_after:
                    _exchange(averaged, model.trainable_variables)


def _restore(checkpoint: tf.train.Checkpoint, folder: Path) -> int:
    progress = folder / "state.json"
    if not progress.exists():
        return 0
    checkpoint.read(str(folder / "state")).assert_existing_objects_matched()
    return int(json.loads(progress.read_text())["done"])


def _exchange(one: list[tf.Variable], other: list[tf.Variable]) -> None:
    for a, b in zip(one, other, strict=True):
        kept = tf.identity(a)
        a.assign(b)
        b.assign(kept)
