import hashlib
import json
from pathlib import Path

import pytest

from detector.evaluate import Screened, evaluate_manifest
from registry.errors import DetectorError, MediaDecodeError

PROBABILITIES = {"r1.jpg": 0.1, "r2.jpg": 0.6, "f1.jpg": 0.9, "f2.jpg": 0.4, "v.mp4": 0.2, "silent.jpg": None}
KEYS = {"n", "auc", "auc_ci95", "eer", "tpr_at_fpr", "ece", "inconclusive_share", "by_generator"}


def screen(path: Path) -> Screened:
    if path.name == "broken.jpg":
        raise MediaDecodeError("truncated")
    if path.name == "absent.jpg":
        raise FileNotFoundError(path)
    p = PROBABILITIES[path.name]
    if p is None:
        return Screened("INCONCLUSIVE", None, ("no_face",))
    return Screened("REJECTED" if p >= 0.5 else "ACCEPTED", p, ())


def manifest(tmp_path: Path, *rows: tuple[str, str, str, str]) -> Path:
    path = tmp_path / "m.jsonl"
    keys = ("file", "label", "kind", "generator")
    path.write_text("".join(json.dumps(dict(zip(keys, row, strict=True))) + "\n" for row in rows))
    return path


ROWS = (
    ("r1.jpg", "real", "image", "camera"),
    ("r2.jpg", "real", "image", "camera"),
    ("f1.jpg", "fake", "image", "A"),
    ("f2.jpg", "fake", "image", "B"),
    ("v.mp4", "real", "video", "camera"),
)


def test_an_unreadable_or_absent_file_is_a_row_and_no_error(tmp_path: Path) -> None:
    rows = [("broken.jpg", "fake", "image", "A"), ("absent.jpg", "real", "image", "camera")]
    found = evaluate_manifest(manifest(tmp_path, *rows), screen, model_id="m")
    assert [row["outcome"] for row in found["files"]] == ["INCONCLUSIVE", "INCONCLUSIVE"]
    assert found["files"][0]["reasons"] == ["unreadable: MediaDecodeError"]
    assert found["image"]["inconclusive_share"] == 1
    assert found["image"]["auc"] == 0.5


def test_an_empty_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match="at least one row"):
        evaluate_manifest(manifest(tmp_path), screen, model_id="m")


def test_the_object_has_the_keys_that_the_design_gives_it(tmp_path: Path) -> None:
    path = manifest(tmp_path, *ROWS)
    found = json.loads(json.dumps(evaluate_manifest(path, screen, model_id="gru@1")))
    assert set(found) == {"files", "video", "image", "model_id", "manifest_sha256"}
    assert set(found["image"]) == set(found["video"]) == KEYS
    assert found["files"][0] == {"file": "r1.jpg", "outcome": "ACCEPTED", "fake_probability": 0.1, "reasons": []}
    assert found["manifest_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert set(found["image"]["tpr_at_fpr"]) == {"0.01", "0.05"}


def test_figures_are_those_of_the_kind_and_each_generator_stands_against_all_real_files(tmp_path: Path) -> None:
    image = evaluate_manifest(manifest(tmp_path, *ROWS), screen, model_id="m")["image"]
    assert image["n"] == 4
    assert image["auc"] == 0.75
    assert image["by_generator"] == {"A": {"n": 1, "auc": 1.0}, "B": {"n": 1, "auc": 0.5}}
    assert image["tpr_at_fpr"] == {"0.01": 0.5, "0.05": 0.5}


def test_a_figure_that_needs_both_classes_is_null_without_them(tmp_path: Path) -> None:
    video = evaluate_manifest(manifest(tmp_path, *ROWS), screen, model_id="m")["video"]
    assert (video["n"], video["auc"], video["eer"], video["by_generator"]) == (1, None, None, {})


def test_no_probability_counts_as_one_half(tmp_path: Path) -> None:
    rows = [
        ("silent.jpg", "real", "image", "camera"),
        ("f1.jpg", "fake", "image", "A"),
        ("f2.jpg", "fake", "image", "A"),
    ]
    image = evaluate_manifest(manifest(tmp_path, *rows), screen, model_id="m")["image"]
    assert image["auc"] == 0.5
    assert image["inconclusive_share"] == pytest.approx(1 / 3)


def test_files_are_found_beside_the_manifest(tmp_path: Path) -> None:
    paths: list[Path] = []

    def note(path: Path) -> Screened:
        paths.append(path)
        return Screened("ACCEPTED", 0.1, ())

    evaluate_manifest(manifest(tmp_path, ("sub/r1.jpg", "real", "image", "c")), note, model_id="m")
    assert paths == [tmp_path / "sub" / "r1.jpg"]
