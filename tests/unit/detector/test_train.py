"""What of the training needs no TensorFlow."""

import json
from pathlib import Path

import numpy as np
import pytest

from detector.config import DetectorConfig
from detector.data import DenyList, Sample, Split, read_manifest
from detector.faces import PixelBox
from detector.train.__main__ import write_split
from detector.train.calibrate import LEAST_SLOPE, platt, strictest, thresholds, unit_weights
from detector.train.crops import WIDE_PX, cache_crops
from detector.train.degrade import Degradation
from detector.train.denied import permitted
from registry.errors import DetectorError
from registry.fingerprint import pdq
from registry.model import Frame, Media, MediaKind

CONFIG = DetectorConfig(crop_px=32)


class Found:
    def find(self, rgb: np.ndarray) -> tuple[PixelBox, ...]:
        return (PixelBox(40.0, 40.0, 80.0),)


def sample(name: str = "a.jpg") -> Sample:
    return Sample(name, False, "image", "camera", "r/x", name, ("ab",))


def media(seed: int = 0) -> Media:
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Media(MediaKind.IMAGE, "jpeg", 160, 160, 0.0, (Frame(0.0, coarse.repeat(20, 0).repeat(20, 1)),))


def test_training_refuses_a_file_whose_bytes_are_on_the_deny_list(tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match="deny-list"):
        permitted([sample()], tmp_path, DenyList(frozenset({"ab"}), ()), lambda path: media())


def test_training_refuses_a_file_that_looks_like_one_on_the_deny_list(tmp_path: Path) -> None:
    code = pdq.code(pdq.coefficients(media().frames[0].rgb)[0])
    near = bytes([code[0] ^ 0xFF]) + code[1:]
    decode = permitted([sample()], tmp_path, DenyList(frozenset(), (near,)), lambda path: media())
    with pytest.raises(DetectorError, match="8 bits"):
        decode(sample())


def test_training_takes_a_file_that_is_not_listed(tmp_path: Path) -> None:
    deny = DenyList(frozenset({"cd"}), (bytes(32),))
    assert permitted([sample()], tmp_path, deny, lambda path: media())(sample()).width == 160


def test_the_cache_goes_on_where_it_was_broken_off(tmp_path: Path) -> None:
    decoded: list[str] = []

    def decode(s: Sample) -> Media:
        decoded.append(s.file)
        return media()

    samples = [sample("a.jpg"), sample("b.jpg")]
    first = cache_crops(samples, decode, Found(), CONFIG, tmp_path)
    again = cache_crops(samples, decode, Found(), CONFIG, tmp_path)
    assert decoded == ["a.jpg", "b.jpg"]
    assert first[1].tight.shape == (1, 32, 32, 3)
    assert first[1].wide.shape == (1, WIDE_PX, WIDE_PX, 3)
    np.testing.assert_array_equal(first[1].wide, again[1].wide)
    with pytest.raises(ValueError, match="other samples"):
        cache_crops([sample("c.jpg")], decode, Found(), CONFIG, tmp_path)


def test_one_degradation_does_the_same_to_both_halves_of_a_pair() -> None:
    wide = np.random.default_rng(1).integers(0, 256, (WIDE_PX, WIDE_PX, 3), dtype=np.uint8)
    for seed in range(10):
        degradation = Degradation.draw(np.random.default_rng(seed))
        one, two = (degradation.apply(wide, 1.6, 48) for _ in range(2))
        assert one.shape == (48, 48, 3)
        np.testing.assert_array_equal(one, two)


def test_no_degradation_is_only_the_serving_crop() -> None:
    even = np.full((WIDE_PX, WIDE_PX, 3), 90, np.uint8)
    assert (Degradation().apply(even, 1.6, 40) == 90).all()


def test_a_calibrated_line_gives_back_the_odds_it_was_made_from() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, 20_000)
    fake = rng.random(20_000) < 1 / (1 + np.exp(-(0.7 * logits + 0.3)))
    line = platt(logits, fake, np.ones(20_000))
    assert line.slope == pytest.approx(0.7, abs=0.05)


def test_logits_that_part_nothing_or_wrongly_keep_a_least_slope() -> None:
    fake = np.arange(100) % 2 == 0
    assert platt(-3.0 * fake, fake, np.ones(100)).slope == LEAST_SLOPE


def test_a_threshold_lets_no_more_than_the_rate_through() -> None:
    p = np.linspace(0, 0.99, 100)
    for rate in (0.0, 0.02, 0.1):
        at = strictest(p, np.ones(100), rate)
        assert (p >= at).mean() <= rate
        assert (p >= at - 0.02).mean() > rate


def test_the_stricter_kind_sets_both_thresholds() -> None:
    low, high = np.linspace(0, 0.5, 101), np.linspace(0.4, 0.9, 101)
    lines = thresholds([(low, np.ones(101)), (high, np.ones(101))])
    assert 0.8 < lines.review_at < lines.reject_at <= 0.9


def test_files_of_one_unit_weigh_as_much_as_one_file() -> None:
    assert unit_weights(["a", "a", "b"]).tolist() == [0.5, 0.5, 1.0]


def test_a_split_is_written_with_paths_that_lead_to_the_media(tmp_path: Path) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    (folder / "x.jpg").touch()
    row = {"file": "x.jpg", "label": "real", "kind": "image", "generator": "c", "repo": "r/dev", "unit": "u"}
    (folder / "manifest.jsonl").write_text(json.dumps(row) + "\n")
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"dev_repos": ["r/dev"], "validation_repos": [], "unit_split_repos": []}))
    path = write_split(folder / "manifest.jsonl", plan, Split.DEV, tmp_path / "out" / "deep")
    (written,) = read_manifest(path)
    assert (path.parent / written.file).exists()
    assert not read_manifest(write_split(folder / "manifest.jsonl", plan, Split.TRAIN, tmp_path / "out"))
