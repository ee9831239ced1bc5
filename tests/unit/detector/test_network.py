"""Export and parity; needs TensorFlow."""

from pathlib import Path

import numpy as np
import pytest

from detector.config import DetectorConfig
from detector.data import padded
from detector.inference import DEFAULT_DIRECTORY, GruDetector
from detector.inference.backbone import Backbone
from detector.inference.bundle import Bundle, Calibration, Line
from detector.inference.gru import GruHead, sigmoid
from registry.model import MediaKind, Thresholds

pytestmark = [pytest.mark.train, pytest.mark.slow]
CONFIG = DetectorConfig(crop_px=64, window_frames=4)


@pytest.fixture(scope="module")
def parts() -> tuple[object, object, object]:
    keras = pytest.importorskip("keras", reason="the train extra is not installed")
    from detector.network import FEATURES, build_backbone, build_frame_model, build_head

    keras.utils.set_random_seed(1)
    backbone = build_backbone(CONFIG, None)
    head = build_head(CONFIG, np.zeros(FEATURES, np.float32), np.ones(FEATURES, np.float32))
    return backbone, build_frame_model(CONFIG, backbone), head


def test_the_exported_backbone_computes_what_keras_computes(parts: tuple, tmp_path: Path) -> None:
    from detector.network import preprocess
    from detector.train.export import export_backbone

    crops = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    served = Backbone(export_backbone(parts[0], CONFIG, tmp_path), threads=1).features(crops)
    expected = np.asarray(parts[0](preprocess(crops), training=False))
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(served, expected, atol=0.02 * np.abs(expected).max())


def test_the_numpy_head_computes_what_keras_computes(parts: tuple) -> None:
    from detector.train.export import head_arrays, head_parity

    _, frame_model, head = parts
    assert head_parity(head, head_arrays(head, frame_model), CONFIG) < 1e-5


def test_a_written_bundle_is_loaded_and_passes_its_self_check(parts: tuple, tmp_path: Path) -> None:
    from detector.train.export import export_backbone, head_arrays, keras_check, write_bundle

    backbone, frame_model, head = parts
    export_backbone(backbone, CONFIG, tmp_path)
    lines = {kind: Line(1.0, 0.0) for kind in MediaKind}
    check = keras_check(backbone, frame_model, head, CONFIG)
    calibration = Calibration(lines, lines, Thresholds(0.6, 0.9), check)
    write_bundle(tmp_path, CONFIG, head_arrays(head, frame_model), calibration)
    assert GruDetector.load(tmp_path, threads=1).thresholds == Thresholds(0.6, 0.9)


def test_the_committed_head_computes_the_same_in_keras() -> None:
    keras = pytest.importorskip("keras", reason="the train extra is not installed")
    from detector.network import build_head

    bundle = Bundle.load(DEFAULT_DIRECTORY)
    ours: GruHead = bundle.head
    theirs = build_head(bundle.config, ours.mean, 1 / ours.scale**2)
    for name, layer in (("gru_1", ours.first), ("gru_2", ours.second)):
        theirs.get_layer(name).set_weights([layer.kernel, layer.recurrent, layer.bias])
    theirs.get_layer("dense").set_weights(list(ours.dense))
    theirs.get_layer("output").set_weights(list(ours.output))
    rng = np.random.default_rng(3)
    rows = [rng.normal(ours.mean, 1 / ours.scale, (n, len(ours.mean))).astype(np.float32) for n in (1, 2, 9, 20)]
    batch = padded(rows, bundle.config.window_frames)
    expected = keras.ops.convert_to_numpy(theirs(list(batch), training=False))[:, 0]
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(sigmoid(ours.logits(*batch)), expected, atol=1e-5)


def test_inside_a_repository_both_classes_weigh_alike_and_kinds_too() -> None:
    from detector.data import Sample
    from detector.train.head import Track, balanced_weights

    def track(kind: str, repo: str, fake: bool) -> Track:
        return Track(Sample("f", fake, kind, "g", repo, "u", ()), np.zeros((1, 2), np.float32), fake)

    tracks = [track("image", "a", fake=n < 30) for n in range(40)] + [track("video", "b", fake=n < 1) for n in range(6)]
    weights = balanced_weights(tracks)
    assert weights[:30].sum() == pytest.approx(weights[30:40].sum())
    assert weights[40:41].sum() == pytest.approx(weights[41:].sum())
    assert weights[:40].sum() == pytest.approx(weights[40:].sum())
    assert weights.mean() == pytest.approx(1)
