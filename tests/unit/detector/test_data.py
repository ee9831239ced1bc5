import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.data import DenyList, Sample, Split, SplitPlan, evenly_spaced, hamming, padded, read_manifest
from registry.errors import DetectorError

CONFIGS = Path(__file__).parents[3] / "detector" / "configs"
ROW = {"file": "a.jpg", "label": "fake", "kind": "image", "generator": "G", "repo": "r/x", "unit": "u", "sha256": "ab"}


def sample(**changes: object) -> Sample:
    values: dict[str, object] = {
        "file": "a.jpg", "fake": True, "kind": "image", "generator": "G", "repo": "r/x", "unit": "u", "sha256": ("ab",)
    }  # fmt: skip
    return Sample(**(values | changes))  # type: ignore[arg-type] # a test's shorthand


def manifest(tmp_path: Path, *rows: object) -> Path:
    path = tmp_path / "m.jsonl"
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("bad", ["{", "[]", "3", {**ROW, "label": "real?"}, {**ROW, "kind": "sound"}, {"file": "a"}])
def test_a_row_that_is_none_is_named_by_its_line(tmp_path: Path, bad: object) -> None:
    with pytest.raises(DetectorError, match="line 2"):
        read_manifest(manifest(tmp_path, ROW, bad))


def test_an_absent_manifest_is_a_detector_error(tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match=r"none\.jsonl"):
        read_manifest(tmp_path / "none.jsonl")


def test_a_row_needs_only_file_label_kind_and_generator(tmp_path: Path) -> None:
    few = {key: ROW[key] for key in ("file", "label", "kind", "generator")}
    assert read_manifest(manifest(tmp_path, few, "", ROW)) == (sample(repo="", unit="a.jpg", sha256=()), sample())


def test_a_unit_in_two_splits_is_refused() -> None:
    plan = SplitPlan(frozenset(), frozenset({"r/dev"}), frozenset())
    with pytest.raises(DetectorError, match="'u'"):
        plan.divide([sample(), sample(repo="r/dev")])


def test_whole_repositories_are_left_out_and_large_ones_split_by_unit() -> None:
    plan = SplitPlan(frozenset({"r/val"}), frozenset({"r/dev"}), frozenset({"r/large"}))
    large = [sample(repo="r/large", unit=f"u{n}") for n in range(400)]
    parts = plan.divide([sample(), sample(repo="r/dev", unit="d"), sample(repo="r/val", unit="v"), *large])
    assert [s.repo for s in parts[Split.DEV] if s.repo != "r/large"] == ["r/dev"]
    assert [s.repo for s in parts[Split.VALIDATION] if s.repo != "r/large"] == ["r/val"]
    assert 30 < len(parts[Split.DEV]) < 100
    assert sum(map(len, parts.values())) == 403


def test_the_committed_plan_names_no_repository_twice() -> None:
    plan = SplitPlan.load(CONFIGS / "splits-v1.json")
    assert not plan.dev_repos & plan.validation_repos
    assert not plan.unit_split_repos & (plan.dev_repos | plan.validation_repos)


def test_listed_bytes_may_not_be_learnt_from() -> None:
    deny = DenyList(frozenset({"cd"}), ())
    deny.refuse_bytes(sample())
    with pytest.raises(DetectorError, match="deny-list"):
        deny.refuse_bytes(sample(sha256=("ab", "cd")))


def test_a_frame_within_31_bits_of_a_listed_one_may_not_be_learnt_from() -> None:
    deny = DenyList(frozenset(), (bytes(32),))
    deny.refuse_look(sample(), [b"\xff" * 4 + bytes(28)])  # 32 bits
    with pytest.raises(DetectorError, match="31 bits"):
        deny.refuse_look(sample(), [b"\xff" * 32, b"\xff" * 3 + b"\xfe" + bytes(28)])


def test_the_committed_deny_list_holds_the_demo_media() -> None:
    names = {Path(entry["file"]).name for entry in json.loads((CONFIGS / "denylist.json").read_text())["media"]}
    assert {"astronaut.png", "carphone_pristine.mp4"} <= names
    deny = DenyList.load(CONFIGS / "denylist.json")
    assert len(deny.sha256) == len(names)
    assert all(len(code) == 32 for code in deny.pdq)


@given(st.binary(min_size=4, max_size=4), st.binary(min_size=4, max_size=4))
def test_bits_that_differ_are_counted(a: bytes, b: bytes) -> None:
    assert hamming(a, b) == sum((x ^ y).bit_count() for x, y in zip(a, b, strict=True)) == hamming(b, a)


@given(st.integers(1, 300), st.integers(1, 60))
def test_evenly_spaced_numbers_keep_order_and_ends(count: int, at_most: int) -> None:
    chosen = evenly_spaced(count, at_most)
    assert len(chosen) == min(count, at_most)
    assert chosen[0] == 0
    assert at_most == 1 or chosen[-1] == count - 1
    assert (np.diff(chosen) > 0).all()


def test_sequences_are_padded_and_masked() -> None:
    batch, mask = padded([np.ones((2, 3), np.float32), np.ones((1, 3), np.float32)], 4)
    assert mask.tolist() == [[True, True, False, False], [True, False, False, False]]
    assert (batch.sum(2) == 3 * mask).all()


@pytest.mark.parametrize("rows", [0, 5])
def test_a_sequence_that_does_not_fit_is_refused(rows: int) -> None:
    with pytest.raises(DetectorError, match=f"got {rows}"):
        padded([np.ones((rows, 3), np.float32)], 4)
