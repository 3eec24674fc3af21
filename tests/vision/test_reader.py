"""What a worker gets from a look: presence, fractions of the whole picture, crops where they are to be read."""

import dataclasses
import pathlib

import numpy as np
import pytest
from roompulse_vision.enumerations import Presence
from roompulse_vision.errors import ModelError
from roompulse_vision.faces.card import read_card
from roompulse_vision.faces.classifier import Classifier
from roompulse_vision.faces.detection import Detection, Picture, PixelBox
from roompulse_vision.faces.face_reader import FaceReader, load_reader
from roompulse_vision.faces.face_search import MAX_FACES
from roompulse_vision.faces.view import view_of
from roompulse_vision.types import Box
from shared_data import needs_shared
from vision_samples import Setup, Told, frames, still

BLANK: Picture = np.full((400, 800, 3), 120, np.uint8)
NEAR, BESIDE, FAR = PixelBox(80, 100, 160, 200), PixelBox(500, 100, 150, 190), PixelBox(500, 100, 60, 80)
TINY = PixelBox(100, 100, 24, 40)


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(read_card())


def test_the_neutral_profile_is_told_by_the_services_labels(classifier: Classifier) -> None:
    card = classifier.card
    turned = dataclasses.replace(card.output, labels=card.output.labels[::-1])
    other = dataclasses.replace(card, output=turned, neutral_logp=tuple(range(8)))
    profile = FaceReader(Told([]), Classifier(other)).neutral_logp
    assert profile == pytest.approx((7, 6, 5, 4, 3, 2, 1, 0, float("nan")), nan_ok=True)


def test_without_a_neutral_profile_none_is_told(classifier: Classifier) -> None:
    card = dataclasses.replace(classifier.card, neutral_logp=())
    assert FaceReader(Told([]), Classifier(card)).neutral_logp is None


def told(classifier: Classifier, *looks: list[PixelBox], score: float = 0.9) -> FaceReader:
    return FaceReader(Told(looks, score), classifier)


def test_a_primary_face_is_read_and_reported_in_fractions(classifier: Classifier) -> None:
    reader = told(classifier, [FAR, NEAR])
    look = reader.watcher().look(BLANK, 0)
    (seen,) = look.faces
    assert look.presence is Presence.PRESENT
    assert seen.reading.track == 1
    assert seen.reading.box == Box(0.1, 0.25, 0.2, 0.5)
    assert seen.reading.landmarks is not None
    assert seen.reading.landmarks[2].x == pytest.approx(0.2)
    assert seen.reading.quality.size_px == 160
    assert seen.reading.quality.detector_score == 0.9
    assert seen.reading.pose is not None
    assert seen.reading.motion is None
    assert seen.crop is not None
    assert seen.crop.shape == (48, 48)
    (reading,) = reader.classify(look.faces)
    assert reading.affect is not None
    assert dataclasses.replace(reading, affect=None) == seen.reading


@pytest.mark.parametrize(
    ("boxes", "presence", "faces"),
    [
        ([], Presence.NO_FACE, 0),
        ([NEAR, BESIDE], Presence.SEVERAL_FACES, 1),
        ([TINY], Presence.FACE_TOO_SMALL, 1),
        ([NEAR, TINY], Presence.PRESENT, 1),
    ],
)
def test_the_primary_presence(classifier: Classifier, boxes: list[PixelBox], presence: Presence, faces: int) -> None:
    reader = told(classifier, boxes)
    look = reader.watcher().look(BLANK, 0)
    assert look.presence is presence
    assert len(look.faces) == faces
    assert all((seen.crop is not None) == (presence is Presence.PRESENT) for seen in look.faces)
    assert all((r.affect is not None) == (presence is Presence.PRESENT) for r in reader.classify(look.faces))


def test_every_face_is_read_that_is_large_enough(classifier: Classifier) -> None:
    reader = told(classifier, [TINY, BESIDE, NEAR], [NEAR, TINY], [])
    watcher = reader.watcher(every_face=True, first_track=4)
    first, second, third = (watcher.look(BLANK, time_s) for time_s in (0, 1, 2))
    assert [seen.reading.track for seen in first.faces] == [4, 5, 6]  # largest first
    assert [seen.crop is None for seen in first.faces] == [False, False, True]
    assert [seen.reading.track for seen in second.faces] == [4, 6]
    assert (first.presence, third.presence) == (Presence.PRESENT, Presence.NO_FACE)


def test_the_faces_of_one_picture_are_bounded(classifier: Classifier) -> None:
    crowd = [PixelBox(10 * i, 5, 9, 9 + 0.1 * i) for i in range(MAX_FACES + 20)]
    watcher = told(classifier, crowd).watcher(every_face=True)
    assert len(watcher.look(BLANK, 0).faces) == MAX_FACES
    faces = told(classifier, [NEAR, TINY, BESIDE]).faces(BLANK, max_faces=2)
    assert [face.quality.size_px for face in faces] == [160, 150]
    assert all(face.affect for face in faces)


def test_the_faces_of_many_streams_are_read_together_and_given_back_in_order(classifier: Classifier) -> None:
    looks = [[NEAR, TINY], [FAR]]
    readers = [told(classifier, boxes) for boxes in looks]
    rng = np.random.default_rng(1)
    pictures = [rng.integers(0, 256, BLANK.shape, dtype=np.uint8) for _ in looks]
    seen = [
        face
        for reader, picture in zip(readers, pictures, strict=True)
        for face in reader.watcher(every_face=True).look(picture, 0).faces
    ]
    together = readers[0].classify(seen)
    alone = [readers[0].classify([face])[0] for face in seen]
    assert [r.quality for r in together] == [face.reading.quality for face in seen]
    for one, other in zip(together, alone, strict=True):
        assert (one.affect is None) == (other.affect is None)
        if one.affect and other.affect:
            np.testing.assert_allclose(one.affect.probabilities, other.affect.probabilities, atol=1e-4)


def test_a_tile_is_searched_alone_and_reported_in_the_whole_picture(classifier: Classifier) -> None:
    reader = told(classifier, [PixelBox(40, 50, 80, 80)], [PixelBox(40, 50, 80, 80)])
    watcher = reader.watcher()
    left = watcher.look(BLANK, 0, Box(0, 0, 0.5, 1)).faces[0].reading
    right = watcher.look(BLANK, 0.2, Box(0.5, 0, 0.5, 1)).faces[0].reading
    assert left.box == Box(0.05, 0.125, 0.1, 0.2)
    assert right.box == Box(0.55, 0.125, 0.1, 0.2)
    assert left.track == right.track == 1  # the tile moved, its person did not change


@pytest.mark.parametrize("region", [Box(1.5, 0, 0.5, 1), Box(0.2, 0.2, 0, 0.5), Box(-2, -2, 1, 1)])
def test_an_empty_tile_shows_nobody(classifier: Classifier, region: Box) -> None:
    watcher = told(classifier).watcher()
    assert watcher.look(BLANK, 0, region).presence is Presence.NO_FACE


def test_a_view_cuts_what_lies_inside() -> None:
    view = view_of(BLANK, Box(-0.25, 0.5, 0.5, 2))
    assert view.pixels.shape == (200, 200, 3)
    assert (view.left, view.top, view.width, view.height) == (0, 200, 800, 400)
    box = PixelBox(50, 20, 100, 40)
    assert view.pixel_box(view.own(box)) == box
    assert view.reported(box) == Box(50 / 800, 220 / 400, 0.125, 0.1)


def test_a_card_without_a_crop_for_the_detector_is_refused(classifier: Classifier) -> None:
    class Unknown:
        id = "retina"
        stride_px = 32
        search_every_s = 0.0

        def detect(self, picture: Picture, face_px: float | None = None) -> list[Detection]:
            return []

    with pytest.raises(ModelError, match=r"expected a table \[crop\.retina\], found \[crop\.yunet\], \[crop\.haar\]"):
        FaceReader(Unknown(), classifier)


def test_a_tile_of_a_real_gallery_is_read_as_the_picture_alone() -> None:
    reader, _ = load_reader(Setup())
    _, picture = next(frames("single_face.mp4"))
    height, width = picture.shape[:2]
    gallery = np.zeros((2 * height, 2 * width, 3), np.uint8)
    gallery[height:, width:] = picture
    alone = reader.classify(reader.watcher().look(picture, 0).faces)[0]
    tile = reader.classify(reader.watcher().look(gallery, 0, Box(0.5, 0.5, 0.5, 0.5)).faces)[0]
    assert tile.affect is not None
    assert alone.affect is not None
    assert tile.affect.probabilities[:8] == alone.affect.probabilities[:8]
    assert tile.pose == alone.pose
    own, whole = alone.box, tile.box
    expected = [0.5 + own.x / 2, 0.5 + own.y / 2, own.width / 2, own.height / 2]
    assert [whole.x, whole.y, whole.width, whole.height] == pytest.approx(expected)


@needs_shared
def test_mirrored_pictures_are_read_alike() -> None:
    """Landmarks tremble by two to five degrees from a picture to its mirror image: their mean must not."""
    reader, _ = load_reader(Setup())
    sums = []
    for _, picture in frames("portrait_d0.mp4", every=8):
        one, other = (reader.faces(np.ascontiguousarray(shown))[0] for shown in (picture, picture[:, ::-1]))
        assert one.affect is not None
        assert other.affect is not None
        np.testing.assert_allclose(one.affect.probabilities[:8], other.affect.probabilities[:8], atol=0.2)
        assert one.pose is not None
        assert other.pose is not None
        sums.append((one.pose.yaw_deg + other.pose.yaw_deg, one.pose.roll_deg + other.pose.roll_deg))
    np.testing.assert_allclose(np.mean(sums, 0), 0, atol=3)


@needs_shared
def test_settings_reach_the_detector() -> None:
    strict, _ = load_reader(Setup(detector_threshold=0.99))
    coarse, _ = load_reader(Setup(detector_width=64))
    picture = still("multi_face.jpg")
    assert strict.faces(picture) == []
    assert len(coarse.faces(picture)) < 5
    assert (strict.model_id, strict.detector_id) == ("roompulse-fer", "yunet")


def test_a_missing_card_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ModelError, match=r"none\.toml"):
        load_reader(Setup(card=str(tmp_path / "none.toml"), models=str(tmp_path)))
