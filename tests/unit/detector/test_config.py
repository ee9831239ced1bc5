from dataclasses import replace
from pathlib import Path

import pytest

from detector.config import DetectorConfig
from registry.errors import DetectorError, InvalidValueError

COMMITTED = Path(__file__).parents[3] / "detector" / "configs" / "gru-v1.json"


@pytest.mark.parametrize(
    "wrong", [{"margin": 0.9}, {"min_frames": 0}, {"dropout": 1.0}, {"gru_units": (16,)}, {"crop_px": -1}]
)
def test_a_configuration_refuses_values_outside_their_range(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidValueError, match=next(iter(wrong))):
        replace(DetectorConfig(), **wrong)  # type: ignore[arg-type] # what is refused here


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": "x"}'])
def test_a_file_that_is_no_configuration_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.json"
    path.write_text(text)
    with pytest.raises(DetectorError, match=r"broken\.json"):
        DetectorConfig.load(path)


def test_a_configuration_comes_back_from_its_file(tmp_path: Path) -> None:
    config = DetectorConfig(name="other", gru_units=(4, 2), seed=3)
    config.save(tmp_path / "c.json")
    assert DetectorConfig.load(tmp_path / "c.json") == config


def test_the_committed_configuration_is_the_default_one() -> None:
    assert DetectorConfig.load(COMMITTED) == DetectorConfig()
