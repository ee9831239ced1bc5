import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.faces import HaarFaceFinder, PixelBox, crop_face, iou, largest_track
from registry.errors import InvalidValueError

boxes = st.builds(PixelBox, *[st.floats(-50, 150)] * 2, st.floats(1, 120))


def picture(height: int = 60, width: int = 100) -> np.ndarray:
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack([rows, columns, rows * 0], axis=-1).astype(np.uint8)


def test_a_box_outside_the_picture_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="100x60"):
        crop_face(picture(), PixelBox(120, 10, 20), margin=1.3, size=32)


def test_a_crop_at_the_edge_is_moved_into_the_picture_and_not_made_up() -> None:
    crop = crop_face(picture(), PixelBox(-5, 30, 40), margin=1.0, size=40)
    assert crop[0, 0].tolist() == [20, 0, 0]
    assert crop[-1, -1].tolist() == [59, 39, 0]


def test_a_crop_larger_than_the_picture_is_shrunk_to_its_short_side() -> None:
    crop = crop_face(picture(), PixelBox(20, 0, 60), margin=2.0, size=60)
    assert crop[:, 0, 0].tolist() == list(range(60))
    assert crop[0, :, 1].tolist() == list(range(20, 80))


@given(boxes)
def test_every_box_that_touches_the_picture_gives_a_crop_of_the_asked_size(box: PixelBox) -> None:
    if box.x < 100 and box.y < 60 and box.x + box.side > 0 and box.y + box.side > 0:
        assert crop_face(picture(), box, margin=1.3, size=16).shape == (16, 16, 3)


@given(boxes, boxes)
def test_overlap_is_symmetric_and_whole_on_itself(a: PixelBox, b: PixelBox) -> None:
    assert iou(a, b) == pytest.approx(iou(b, a))
    assert 0 <= iou(a, b) <= 1 + 1e-9
    assert iou(a, a) == pytest.approx(1)


def test_a_quarter_shared_is_a_seventh_covered() -> None:
    assert iou(PixelBox(0, 0, 2), PixelBox(1, 1, 2)) == pytest.approx(1 / 7)


def test_a_face_that_stays_wins_against_a_larger_false_find() -> None:
    face, moved, false = PixelBox(10, 10, 20), PixelBox(12, 10, 20), PixelBox(60, 10, 30)
    track = largest_track([[face], [false, moved], [], [face]])
    assert [(found.index, found.box) for found in track] == [(0, face), (1, moved), (3, face)]


def test_of_two_people_the_larger_is_followed() -> None:
    near, far = PixelBox(0, 0, 40), PixelBox(60, 10, 15)
    assert [found.box for found in largest_track([[far, near], [near, far]])] == [near, near]


def test_no_face_in_any_frame_is_an_empty_track() -> None:
    assert largest_track([[], []]) == ()


def test_the_share_of_a_frame_ends_at_its_edges() -> None:
    share = PixelBox(-10, 30, 60).share_of(100, 60)
    assert (share.x0, share.y0, share.x1, share.y1) == (0, 0.5, 0.5, 1)


def test_the_cascades_of_opencv_find_nothing_in_an_even_picture() -> None:
    assert HaarFaceFinder().find(np.full((120, 160, 3), 127, np.uint8)) == ()
