"""What moves is told from what only trembles, rustles or is carried about."""

import cv2
import numpy as np
import pytest
from roompulse_vision.faces.detection import Picture
from roompulse_vision.faces.face_reader import FaceReader, load_reader
from roompulse_vision.faces.motion import (
    STILL_BELOW,
    MotionMeter,
    Snapshot,
    largest_block,
    motion,
    registered,
    smoothed,
)
from roompulse_vision.faces.quality import Thumbnail, sharpness
from roompulse_vision.types import Box
from shared_data import needs_shared
from vision_samples import Setup, frames, resized

HERE = Box(0, 0, 1, 1)


def face(seed: int = 1) -> Thumbnail:
    """Return something as smooth as a face at 48×48."""
    noise = np.random.default_rng(seed).uniform(0, 255, (60, 60)).astype(np.float32)
    smooth = np.asarray(cv2.GaussianBlur(noise, (0, 0), 4), np.float32)[6:54, 6:54]
    return np.asarray((smooth - smooth.mean()) * 8 + 128, np.float32)


@pytest.fixture(scope="module")
def reader() -> FaceReader:
    return load_reader(Setup())[0]


def motions(reader: FaceReader, pictures: list[Picture], rate_hz: float = 5) -> list[float]:
    watcher = reader.watcher()
    looks = [watcher.look(picture, i / rate_hz) for i, picture in enumerate(pictures)]
    return [seen.reading.motion for look in looks for seen in look.faces if seen.reading.motion is not None]


@needs_shared
@pytest.mark.parametrize(
    "name", ["single_face.mp4", "portrait_s18.mp4", "portrait_d19.mp4", "WolfgangLanger_Pexels.mp4"]
)
def test_a_real_face_moves_within_ten_seconds(reader: FaceReader, name: str) -> None:
    pictures = [resized(picture, 0.5) for time_s, picture in frames(name, every=6) if time_s < 10]
    assert max(motions(reader, pictures)) > 2 * STILL_BELOW


@needs_shared
@pytest.mark.parametrize("kind", ["same", "noise", "jpeg", "moved"])
def test_a_still_does_not_move(reader: FaceReader, kind: str) -> None:
    _, picture = next(frames("WolfgangLanger_Pexels.mp4"))
    rng = np.random.default_rng(2)

    def shown(i: int) -> Picture:
        if kind == "noise":
            return (picture + rng.normal(0, 2, picture.shape)).clip(0, 255).astype(np.uint8)
        if kind == "jpeg":
            data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 95))])[1]
            return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
        if kind == "moved":
            by = np.array([[1.0, 0, 5.3 * i], [0, 1, 2.7 * i]])
            size = (picture.shape[1], picture.shape[0])
            return np.asarray(cv2.warpAffine(picture, by, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)
        return picture

    found = motions(reader, [shown(i) for i in range(16)])
    assert len(found) >= 10
    assert max(found) < 0.7 * STILL_BELOW
    assert (max(found) == 0) == (kind == "same")


def test_the_still_of_a_haar_box_does_not_move_either(tmp_path_factory: pytest.TempPathFactory) -> None:
    from roompulse_vision.faces.card import read_card
    from roompulse_vision.faces.classifier import Classifier
    from roompulse_vision.faces.haar import Haar

    haar = FaceReader(Haar(), Classifier(read_card()))
    _, picture = next(frames("portrait_d9.mp4"))
    rng = np.random.default_rng(2)
    noisy = [(picture + rng.normal(0, 2, picture.shape)).clip(0, 255).astype(np.uint8) for _ in range(12)]
    assert max(motions(haar, noisy)) < STILL_BELOW


def test_a_blink_is_motion_and_light_is_not() -> None:
    before = face()
    blink = before.copy()
    blink[14:20, 10:20] = blink[14:20, 10:20].mean() + 40
    assert motion(smoothed(blink), smoothed(blink), smoothed(before)) > STILL_BELOW
    brighter = before * 1.2 + 10
    assert motion(smoothed(brighter), smoothed(brighter), smoothed(before)) < 0.1


def test_registration_undoes_a_small_shift_turn_and_zoom() -> None:
    large = np.asarray(cv2.resize(face(), (96, 96), interpolation=cv2.INTER_CUBIC), np.float32)
    turn = np.asarray(cv2.getRotationMatrix2D((47.5, 47.5), 3, 1.04))
    turn[:, 2] += np.array([2, -1.5])
    small = (48, 48)
    before = np.asarray(cv2.resize(large, small, interpolation=cv2.INTER_AREA), np.float32)
    turned = cv2.warpAffine(large, turn, (96, 96), borderMode=cv2.BORDER_REPLICATE)
    now = np.asarray(cv2.resize(turned, small, interpolation=cv2.INTER_AREA), np.float32)
    assert largest_block(now, before) > STILL_BELOW
    assert largest_block(now, registered(now, before)) < 0.25 * largest_block(now, before)


def test_a_flat_face_neither_moves_nor_fails() -> None:
    flat = np.full((48, 48), 90, np.float32)
    assert motion(flat, flat, flat) == 0
    assert motion(flat, flat, face()) >= 0
    assert np.isfinite(registered(flat, flat)).all()


def test_the_reference_is_about_a_second_old() -> None:
    meter, thumbnail = MotionMeter(), face()
    for i in range(60):
        meter.keep(Snapshot(i / 30, HERE, thumbnail))
    reference = meter.reference(2.0)
    assert reference is not None
    assert 0.9 <= 2.0 - reference.time_s <= 1.1
    assert meter.reference(0.5) is None or meter.reference(0.5) is not reference


@pytest.mark.parametrize(("rate_hz", "age_s"), [(5.0, 1.0), (2.0, 1.0), (1.0, 1.0), (0.5, 2.0)])
def test_slow_rates_have_a_reference_too(rate_hz: float, age_s: float) -> None:
    meter = MotionMeter()
    for i in range(6):
        meter.keep(Snapshot(i / rate_hz, HERE, face()))
    reference = meter.reference(6 / rate_hz)
    assert reference is not None
    assert 6 / rate_hz - reference.time_s == pytest.approx(age_s)


def test_without_a_reference_of_the_right_age_there_is_none() -> None:
    meter = MotionMeter()
    meter.keep(Snapshot(0, HERE, face()))
    assert meter.reference(0.5) is None
    assert meter.reference(4.0) is None


def test_sharpness_tells_a_clear_face_from_a_blurred_and_a_flat_one() -> None:
    clear = np.random.default_rng(1).uniform(0, 255, (48, 48)).astype(np.float32)
    blurred = np.asarray(cv2.GaussianBlur(clear, (0, 0), 2), np.float32)
    assert sharpness(np.full((48, 48), 50, np.float32)) == 0
    assert sharpness(clear) > 20 * sharpness(blurred) > 0
