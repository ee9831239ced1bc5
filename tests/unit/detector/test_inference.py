import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from detector.config import DetectorConfig
from detector.faces import PixelBox
from detector.inference import DEFAULT_DIRECTORY, GruDetector
from detector.inference.backbone import Backbone
from detector.inference.bundle import Bundle
from registry.errors import DetectorError
from registry.model import Abstention, AbstentionReason, Frame, Media, MediaKind, Prediction

ROOT = Path(__file__).parents[3]


class Found:
    """Finds given boxes, one tuple per call."""

    def __init__(self, *per_frame: tuple[PixelBox, ...]) -> None:
        self._per_frame = list(per_frame)

    def find(self, rgb: np.ndarray) -> tuple[PixelBox, ...]:
        return self._per_frame.pop(0)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.load(DEFAULT_DIRECTORY)


@pytest.fixture(scope="module")
def backbone(bundle: Bundle) -> Backbone:
    return Backbone(bundle.backbone, threads=1)


def media(frames: int, kind: MediaKind = MediaKind.VIDEO, side: int = 96) -> Media:
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (side, side, 3), dtype=np.uint8) for _ in range(frames)]
    shown = tuple(Frame(0.5 * n, picture) for n, picture in enumerate(pictures))
    return Media(kind, "mp4", side, side, 0.5 * frames, shown)


FACE = (PixelBox(16.0, 16.0, 64.0),)


def test_no_face_is_no_number(bundle: Bundle, backbone: Backbone) -> None:
    found = GruDetector(bundle, backbone, Found((), (), ())).predict(media(3))
    assert isinstance(found, Abstention)
    assert found.reason is AbstentionReason.NO_FACE
    assert "3 frames" in found.detail
    assert found.model_id == bundle.model_id


def test_a_face_too_small_is_no_number(bundle: Bundle, backbone: Backbone) -> None:
    small = (PixelBox(0.0, 0.0, 20.0),)
    found = GruDetector(bundle, backbone, Found(small)).predict(media(1, MediaKind.IMAGE))
    assert isinstance(found, Abstention)
    assert found.reason is AbstentionReason.FACE_TOO_SMALL
    assert f"at least {bundle.config.min_face_px} pixels, the largest has 20" in found.detail


def test_too_few_frames_are_no_number(bundle: Bundle, backbone: Backbone) -> None:
    found = GruDetector(bundle, backbone, Found(FACE, (), FACE, ())).predict(media(4))
    assert isinstance(found, Abstention)
    assert found.reason is AbstentionReason.TOO_FEW_FRAMES
    assert "at least 3 frames, got 2 of 4" in found.detail


def test_a_clip_is_judged_with_its_basis(bundle: Bundle, backbone: Backbone) -> None:
    found = GruDetector(bundle, backbone, Found(FACE, (), FACE, FACE)).predict(media(4))
    assert isinstance(found, Prediction)
    assert [frame.t_s for frame in found.frames] == [0.0, 1.0, 1.5]
    assert found.coverage == 0.75
    assert [(window.start_s, window.end_s) for window in found.windows] == [(0.0, 1.5)]
    assert found.windows[0].fake_probability == found.fake_probability
    assert found.frames[0].face.x0 == pytest.approx(1 / 6)


def test_a_long_clip_is_judged_in_windows(bundle: Bundle, backbone: Backbone) -> None:
    found = GruDetector(bundle, backbone, Found(*[FACE] * 25)).predict(media(25))
    assert isinstance(found, Prediction)
    assert len(found.windows) == 2
    assert len(found.frames) == 25
    low, high = sorted(window.fake_probability for window in found.windows)
    assert low <= found.fake_probability <= high


def test_a_still_is_judged_whole(bundle: Bundle, backbone: Backbone) -> None:
    found = GruDetector(bundle, backbone, Found(FACE)).predict(media(1, MediaKind.IMAGE))
    assert isinstance(found, Prediction)
    assert found.coverage == 1
    assert len(found.frames) == len(found.windows) == 1


def test_the_same_media_gives_the_same_answer(bundle: Bundle, backbone: Backbone) -> None:
    answers = [GruDetector(bundle, backbone, Found(*[FACE] * 5)).predict(media(5)) for _ in range(2)]
    assert answers[0] == answers[1]


def test_the_committed_weights_pass_their_self_check_and_stay_within_20_mib() -> None:
    detector = GruDetector.load(threads=1)
    assert detector.model_id.name == detector.config.name == "gru-v1"
    assert 0 < detector.thresholds.review_at <= detector.thresholds.reject_at <= 1
    assert sum(path.stat().st_size for path in DEFAULT_DIRECTORY.iterdir()) < 20 * 2**20


def test_weights_that_were_changed_are_refused(tmp_path: Path) -> None:
    shutil.copytree(DEFAULT_DIRECTORY, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "calibration.json"
    values = json.loads(path.read_text())
    path.write_text(json.dumps(values | {"reject_at": 1.0}))
    with pytest.raises(DetectorError, match="manifest"):
        GruDetector.load(tmp_path)


def test_an_engine_that_computes_something_else_is_refused(bundle: Bundle) -> None:
    class Other(Backbone):
        def __init__(self) -> None:
            pass

        def features(self, crops: np.ndarray) -> np.ndarray:
            return np.full((len(crops), len(bundle.head.mean)), 9.0, np.float32)

    with pytest.raises(DetectorError, match="self-check"):
        GruDetector(bundle, Other(), Found()).check_engine()


@pytest.mark.parametrize("name", ["manifest.json", "head.npz", "backbone.tflite", "config.json"])
def test_weights_with_a_file_missing_are_refused(tmp_path: Path, name: str) -> None:
    shutil.copytree(DEFAULT_DIRECTORY, tmp_path, dirs_exist_ok=True)
    (tmp_path / name).unlink()
    with pytest.raises(DetectorError):
        GruDetector.load(tmp_path)


def test_the_configuration_in_the_weights_is_the_committed_one(bundle: Bundle) -> None:
    assert bundle.config == DetectorConfig.load(ROOT / "detector" / "configs" / "gru-v1.json")


def test_serving_imports_no_tensorflow() -> None:
    code = "import sys, detector.inference, detector.forge, detector.evaluate; print([m for m in sys.modules if m.split('.')[0] in {'tensorflow', 'keras', 'h5py'}])"  # noqa: E501 - one command
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
