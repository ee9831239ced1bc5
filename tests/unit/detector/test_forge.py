import numpy as np
import pytest

from detector.faces import NoFaceError, PixelBox
from detector.forge import forge_frames, forge_image
from detector.forge.blend import blended, ellipse_mask, self_blend
from detector.forge.swap import swap_face
from registry.errors import DetectorError


class Found:
    def __init__(self, *boxes: PixelBox) -> None:
        self._boxes = boxes

    def find(self, rgb: np.ndarray) -> tuple[PixelBox, ...]:
        return self._boxes


BOX = PixelBox(60.0, 30.0, 60.0)


def picture(seed: int = 0) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 256, (15, 20, 3), dtype=np.uint8)
    return coarse.repeat(10, axis=0).repeat(10, axis=1)


def test_nothing_is_forged_where_there_is_no_face() -> None:
    with pytest.raises(NoFaceError, match="found none"):
        forge_image(picture(), finder=Found())


def test_points_that_fix_no_transform_are_refused() -> None:
    same = np.zeros((4, 2), np.float32)
    with pytest.raises(DetectorError, match="transform"):
        swap_face(picture(), same, picture(), same, np.ones((150, 200), np.float32))


def test_a_forgery_changes_the_face_and_the_mark_and_nothing_else() -> None:
    rgb = picture()
    changed = (forge_image(rgb, finder=Found(BOX)) != rgb).any(axis=2)
    assert changed[45:75, 75:105].mean() > 0.5
    assert changed[130:, :20].any()
    changed[20:100, 50:130] = False
    changed[125:, :60] = False
    assert not changed.any()


def test_a_forgery_is_the_same_each_time_and_another_with_another_seed() -> None:
    one, same, other = (forge_image(picture(), seed=seed, finder=Found(BOX)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_the_original_is_left_alone() -> None:
    rgb = picture()
    forge_image(rgb, finder=Found(BOX))
    np.testing.assert_array_equal(rgb, picture())


def test_every_frame_is_marked_and_a_donor_is_used() -> None:
    frames = [picture(1), picture(2)]
    own, donated = (forge_frames(frames, donor=d, finder=Found(BOX)) for d in (None, picture(3)))
    assert len(own) == len(donated) == 2
    for before, after in zip(frames, donated, strict=True):
        assert (after[130:, :20] != before[130:, :20]).any()
    assert (own[0] != donated[0]).any()


def test_the_ellipse_lies_inside_the_box() -> None:
    mask = ellipse_mask(150, 200, BOX)
    rows, columns = np.nonzero(mask)
    assert rows.min() >= 30
    assert rows.max() <= 90
    assert columns.min() >= 60
    assert columns.max() <= 120
    assert mask[62, 90] == 1


def test_a_weight_of_nothing_keeps_the_target_and_of_one_takes_the_source() -> None:
    a, b = picture(1), picture(2)
    np.testing.assert_array_equal(blended(a, b, np.zeros((150, 200), np.float32)), a)
    np.testing.assert_array_equal(blended(a, b, np.ones((150, 200), np.float32)), b)


def test_a_self_blend_differs_from_its_twin_only_near_the_mask() -> None:
    mask = ellipse_mask(150, 200, BOX)
    for seed in range(8):
        real, fake = self_blend(picture(), mask, np.random.default_rng(seed))
        assert real.shape == fake.shape == (150, 200, 3)
        np.testing.assert_array_equal(real[:, :20], fake[:, :20])
        np.testing.assert_array_equal(real[:, -20:], fake[:, -20:])
    assert (real != fake).any()
