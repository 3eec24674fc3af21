"""Crops show what the card says, at sub-pixel places, with the border repeated outside."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from roompulse_vision.faces.crop import BoxCrop, SquareCrop, crop
from roompulse_vision.faces.detection import Picture, PixelBox
from roompulse_vision.faces.sampling import patch, shrink


def ramp(height: int = 120, width: int = 160) -> Picture:
    """Return a picture whose blue says x, green says y, and red is 7."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x, y, np.full_like(x, 7)], 2).astype(np.uint8)


def test_a_square_is_made_of_shares_of_the_box() -> None:
    area = SquareCrop((0.5, 0.25), (0.5, 1.0)).area(PixelBox(10, 20, 40, 60))
    assert area == PixelBox(30 - 40, 35 - 40, 80, 80)


def test_a_box_is_widened_by_its_margin() -> None:
    assert BoxCrop(0.1).area(PixelBox(10, 20, 40, 60)) == PixelBox(6, 14, 48, 72)


@pytest.mark.parametrize("factor", [1, 2, 3, 4])
def test_an_area_on_whole_pixels_is_what_opencv_averages(factor: int) -> None:
    rng = np.random.default_rng(factor)
    picture = rng.integers(0, 256, (220, 220, 3), dtype=np.uint8)
    side = 48 * factor
    shown = patch(picture, PixelBox(11, 7, side, side), 48)
    expected = cv2.resize(picture[7 : 7 + side, 11 : 11 + side], (48, 48), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(shown.astype(int), np.asarray(expected, int), atol=1)


@given(x=st.floats(0, 60), y=st.floats(0, 40), side=st.floats(20, 80))
def test_each_pixel_shows_the_place_it_stands_for(x: float, y: float, side: float) -> None:
    shown = patch(ramp(), PixelBox(x, y, side, side), 16).astype(float)
    centres = (np.arange(16) + 0.5) * side / 16 - 0.5
    inner = slice(1, -1)  # the outermost may lean on the border
    rounding = 1.5  # three times half a level: shrinking, sampling, averaging
    np.testing.assert_allclose(shown[inner, inner, 0], np.tile(x + centres, (16, 1))[inner, inner], atol=rounding)
    np.testing.assert_allclose(shown[inner, inner, 1], np.tile(y + centres, (16, 1)).T[inner, inner], atol=rounding)


@given(
    box=st.builds(PixelBox, st.floats(-500, 500), st.floats(-500, 500), st.floats(0.01, 2000), st.floats(0.01, 2000)),
    colour=st.sampled_from(["grey", "rgb", "bgr"]),
    shape=st.tuples(st.integers(1, 90), st.integers(1, 90)),
)
def test_any_box_of_any_picture_has_a_crop(box: PixelBox, colour: str, shape: tuple[int, int]) -> None:
    shown = crop(np.full((*shape, 3), 77, np.uint8), box, BoxCrop(), 48, colour)
    assert shown.shape == ((48, 48) if colour == "grey" else (48, 48, 3))
    assert shown.dtype == np.uint8
    assert (shown == 77).all()  # outside as inside: nothing is invented


def test_outside_the_picture_the_nearest_pixels_are_repeated() -> None:
    shown = patch(ramp(), PixelBox(-40, 30, 60, 60), 60)
    assert (shown[:, :39, 0] == 0).all()
    np.testing.assert_array_equal(shown[:, 10, 1], np.arange(30, 90))


def test_colours_are_what_the_card_says() -> None:
    picture = np.zeros((60, 60, 3), np.uint8)
    picture[:] = (200, 100, 50)  # BGR
    box = PixelBox(5, 5, 48, 48)
    assert crop(picture, box, BoxCrop(), 48, "bgr")[20, 20].tolist() == [200, 100, 50]
    assert crop(picture, box, BoxCrop(), 48, "rgb")[20, 20].tolist() == [50, 100, 200]
    assert crop(picture, box, BoxCrop(), 48, "grey")[20, 20] == round(0.114 * 200 + 0.587 * 100 + 0.299 * 50)


def test_shrinking_keeps_the_aspect_and_leaves_small_pictures_alone() -> None:
    assert shrink(ramp(1080, 1920), 640).shape == (360, 640, 3)
    assert shrink(ramp(2000, 3), 640).shape == (640, 1, 3)
    small = ramp(10, 20)
    assert shrink(small, 20) is small
