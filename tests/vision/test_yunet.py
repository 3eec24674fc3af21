"""Our decoding and NMS against OpenCV's, and what the detector does at the ends of its range."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from roompulse_vision.errors import ModelError
from roompulse_vision.faces.detection import Picture
from roompulse_vision.faces.yunet import YuNet, decode, suppress
from shared_data import needs_shared
from vision_samples import DYNAMIC, STATIC, frames, resized, still

PICTURES = ("multi_face.jpg", "single_face.jpg", "portrait_s1.jpg", "negative_monkey.jpg", "negative_dog_1.jpg")
VIDEOS = ("single_face.mp4", "WolfgangLanger_Pexels.mp4", "portrait_s18.mp4", "no_face.mp4")
THRESHOLD = 0.5


def opencv(picture: Picture) -> NDArray[np.float32]:
    """Return OpenCV's rows, (N, 15), best first."""
    height, width = picture.shape[:2]
    detector = cv2.FaceDetectorYN.create(str(STATIC), "", (width, height), THRESHOLD, 0.3)
    found = detector.detect(picture)[1]
    rows = np.zeros((0, 15)) if found is None else np.asarray(found)
    return rows[np.argsort(-rows[:, 14], kind="stable")].astype(np.float32)


def assert_same(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> None:
    assert len(ours) == len(theirs)
    np.testing.assert_allclose(ours[:, :14], theirs[:, :14], atol=1)
    np.testing.assert_allclose(ours[:, 14], theirs[:, 14], atol=0.01)


@needs_shared
@pytest.mark.parametrize("side", [100, 321, 640, 1000])
@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_has_the_faces_that_opencv_finds(name: str, side: int) -> None:
    picture = still(name, side)
    assert_same(YuNet(DYNAMIC).look(picture, THRESHOLD), opencv(picture))


@needs_shared
@pytest.mark.parametrize("name", VIDEOS)
def test_a_video_has_the_faces_that_opencv_finds(name: str) -> None:
    detector = YuNet(DYNAMIC)
    for _, picture in frames(name, every=40):
        for shown in (picture, resized(picture, 0.37)):
            assert_same(detector.look(shown, THRESHOLD), opencv(shown))


@needs_shared
def test_both_files_agree_at_the_size_of_the_static_one() -> None:
    picture = np.zeros((640, 640, 3), np.uint8)
    picture[:426] = still("multi_face.jpg", 640)[:426]
    dynamic, static = (YuNet(file).look(picture, THRESHOLD) for file in (DYNAMIC, STATIC))
    assert len(dynamic) == 5
    np.testing.assert_allclose(dynamic, static, atol=1e-3)


@needs_shared
def test_the_static_file_takes_pictures_of_any_size() -> None:
    detector = YuNet(STATIC)
    for side in (200, 640, 1000):
        assert len(detector.detect(still("multi_face.jpg", side))) == 5


@needs_shared
@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (31, 20), (32, 32), (33, 65), (2000, 3)])
@pytest.mark.parametrize("file", [DYNAMIC, STATIC])
def test_small_and_narrow_pictures_are_searched_without_a_find(file: object, shape: tuple[int, int]) -> None:
    assert YuNet(DYNAMIC if file is DYNAMIC else STATIC).detect(np.full((*shape, 3), 90, np.uint8)) == []


@needs_shared
def test_boxes_are_in_the_pixels_of_the_picture_that_was_given() -> None:
    detector = YuNet(DYNAMIC)
    small, large = (detector.detect(still("single_face.jpg", side))[0] for side in (500, 1500))
    assert large.box_px.width == pytest.approx(3 * small.box_px.width, rel=0.03)
    assert large.landmarks_px is not None
    assert small.landmarks_px is not None
    np.testing.assert_allclose(np.array(large.landmarks_px) / 3, small.landmarks_px, atol=5)


@needs_shared
@pytest.mark.parametrize("name", ["portrait_s18.mp4", "portrait_d9.mp4", "portrait_s20.mp4"])
def test_a_face_that_fills_the_picture_is_found_by_the_look_at_half_size(name: str) -> None:
    detector = YuNet(DYNAMIC)
    _, picture = next(frames(name))
    box = max(detector.detect(picture), key=lambda face: face.box_px.area).box_px
    left, top = max(0, round(box.x)), max(0, round(box.y))
    tight = picture[top : round(box.y + box.height), left : round(box.x + box.width)]
    tight = resized(tight, 640 / max(tight.shape[:2]))
    faces = detector.detect(tight)
    assert len(faces) == 1
    assert (faces[0].score or 0) > 0.9
    assert (faces[0].score or 0) > detector.look(tight, 0.3)[0, 14]


@needs_shared
def test_a_higher_threshold_finds_a_part_of_what_a_lower_one_finds() -> None:
    picture = still("negative_monkey.jpg")
    found = [{face.box_px for face in YuNet(DYNAMIC, threshold).detect(picture)} for threshold in (0.3, 0.75, 0.95)]
    assert found[2] < found[1] <= found[0]


def test_a_file_that_is_no_model_is_named() -> None:
    from roompulse_vision.faces.card import SHIPPED

    with pytest.raises(ModelError, match=r"roompulse-fer\.toml"):
        YuNet(SHIPPED)


def test_cells_become_boxes_by_the_papers_formula() -> None:
    def grids(columns: int, fill: float = 0.0) -> list[NDArray[np.float32]]:
        return [np.full((1, (64 // stride) ** 2, columns), fill, np.float32) for stride in (8, 16, 32)]

    classes, objects, boxes, points = grids(1), grids(1), grids(4), grids(10)
    cell = 2 * 4 + 1  # row 2, column 1 of the grid of stride 16
    classes[1][0, cell], objects[1][0, cell] = 0.81, 1.0
    boxes[1][0, cell] = [0.5, 0.25, np.log(2), np.log(3)]
    points[1][0, cell] = np.arange(10)
    rows = decode([*classes, *objects, *boxes, *points], (64, 64), 0.5)
    centre_x, centre_y, width, height = 1.5 * 16, 2.25 * 16, 32, 48
    expected = [centre_x - width / 2, centre_y - height / 2, width, height]
    expected += [(v + (2 if i % 2 else 1)) * 16 for i, v in enumerate(range(10))]
    np.testing.assert_allclose(rows, [[*expected, 0.9]], rtol=1e-5)


def test_of_overlapping_boxes_the_best_stays() -> None:
    def row(x: float, score: float) -> list[float]:
        return [x, 0, 100, 100, *[0.0] * 10, score]

    rows = np.array([row(0, 0.8), row(20, 0.9), row(60, 0.7), row(300, 0.6)], np.float32)
    assert suppress(rows, 0.3)[:, 0].tolist() == [20, 300]
    assert suppress(rows, 0.7)[:, 0].tolist() == [20, 0, 60, 300]
    assert suppress(rows[:0], 0.3).shape == (0, 15)
