"""Whom the detectors find at their defaults: the promises of docs/detection.md."""

import itertools
import math
import pathlib

import numpy as np
import pytest
from roompulse_vision.enumerations import Presence
from roompulse_vision.faces.face_reader import FaceReader, load_reader
from roompulse_vision.faces.face_search import Seeker, search
from roompulse_vision.faces.haar import Haar
from roompulse_vision.faces.tracker import iou
from roompulse_vision.faces.view import view_of
from roompulse_vision.faces.yunet import YuNet
from shared_data import needs_shared
from vision_samples import DYNAMIC, STATIC, Setup, frames, resized, still

NO_PEOPLE = ("negative_dog_1.jpg", "negative_dog_2.jpg", "negative_llama.jpg")


@pytest.fixture(scope="module")
def reader() -> FaceReader:
    reader, warnings = load_reader(Setup())
    assert not warnings
    return reader


@needs_shared
def test_one_person_is_present_throughout_with_one_track(reader: FaceReader) -> None:
    watcher = reader.watcher()
    looks = [watcher.look(picture, time_s) for time_s, picture in frames("single_face.mp4")]
    present = [look for look in looks if look.presence is Presence.PRESENT]
    assert len(looks) > 70
    assert len(present) >= 0.98 * len(looks)
    assert {face.reading.track for look in present for face in look.faces} == {1}


@needs_shared
def test_nobody_is_found_where_nobody_is(reader: FaceReader) -> None:
    watcher = reader.watcher()
    looks = [watcher.look(picture, time_s) for time_s, picture in frames("no_face.mp4")]
    assert len(looks) > 90
    assert {look.presence for look in looks} == {Presence.NO_FACE}
    assert not any(look.faces for look in looks)


@needs_shared
def test_all_five_people_are_found_largest_first(reader: FaceReader) -> None:
    faces = reader.faces(still("multi_face.jpg"))
    areas = [face.box.width * face.box.height for face in faces]
    assert len(faces) == 5
    assert areas == sorted(areas, reverse=True)
    assert [face.track for face in faces] == [1, 2, 3, 4, 5]
    for face in faces:
        assert face.affect is not None
        assert face.affect.probabilities[1] > 0.4  # everybody smiles


@needs_shared
@pytest.mark.parametrize("weights", [DYNAMIC, STATIC], ids=["dynamic", "static"])
@pytest.mark.parametrize("name", NO_PEOPLE)
def test_dogs_and_the_llama_are_no_faces(weights: pathlib.Path, name: str) -> None:
    assert YuNet(weights).detect(still(name)) == []


@needs_shared
def test_the_monkey_is_taken_for_a_person() -> None:
    (face,) = YuNet(DYNAMIC).detect(still("negative_monkey.jpg"))
    assert face.score == pytest.approx(0.91, abs=0.01)  # the documented limit: no threshold would help


@needs_shared
@pytest.mark.parametrize("name", NO_PEOPLE)
def test_haar_takes_no_dog_and_no_llama_for_a_person(name: str) -> None:
    assert Haar().detect(still(name)) == []


@needs_shared
def test_haar_finds_one_person_in_the_pixels_of_the_picture() -> None:
    picture = still("single_face.jpg", 1200)
    (face,) = Haar().detect(picture)
    (known,) = YuNet(DYNAMIC).detect(picture)
    assert face.landmarks_px is None
    assert face.score is None
    a, b = ((d.box_px.x + d.box_px.width / 2, d.box_px.y + d.box_px.height / 2) for d in (face, known))
    assert math.dist(a, b) < 0.2 * known.box_px.width


@needs_shared
@pytest.mark.parametrize("name", ["portrait_d12.mp4", "portrait_s20.mp4", "single_face.mp4"])
def test_haar_finds_a_known_face_where_a_search_of_everything_finds_it(name: str) -> None:
    """A look at the surroundings costs a tenth of a search; the face is the same, and so is its box."""
    seeker, whole = Seeker(Haar()), Haar()
    alike = []
    for time_s, picture in itertools.islice(frames(name, every=2), 16):
        view = view_of(resized(picture, 640 / max(picture.shape[:2])))
        found, everywhere = seeker.find(view, time_s), search(whole, view)
        assert len(found) == len(everywhere) == 1
        seeker.remember(view, time_s, found[0], alone=True)
        alike.append(iou(view.own(found[0].box_px), view.own(everywhere[0].box_px)))
    assert min(alike) > 0.7
    assert sum(alike) / len(alike) > 0.9


def test_haar_survives_tiny_pictures() -> None:
    assert Haar().detect(np.zeros((1, 1, 3), np.uint8)) == []
    assert Haar().detect(np.zeros((5, 900, 3), np.uint8)) == []
    assert Haar().detect(np.zeros((40, 40, 3), np.uint8), 9.0) == []
    assert Haar().detect(np.zeros((40, 40, 3), np.uint8), 900.0) == []


@needs_shared
def test_without_weights_haar_reads_faces_and_says_so(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    reader, warnings = load_reader(Setup(models=str(tmp_path_factory.mktemp("models"))))
    watcher = reader.watcher()
    looks = [watcher.look(picture, time_s) for time_s, picture in frames("single_face.mp4", every=6)]
    assert reader.detector_id == "haar"
    assert len(warnings) == 1
    assert "models pull" in warnings[0]
    assert {look.presence for look in looks} == {Presence.PRESENT}
    reading = reader.classify(looks[-1].faces)[0]
    assert reading.track == 1
    assert reading.pose is None
    assert reading.landmarks is None
    assert reading.quality.detector_score is None
    assert reading.affect is not None
    assert reading.affect.probabilities[1] > 0.5  # she ends smiling
