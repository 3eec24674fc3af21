"""A known face is looked for where it was, at a size that suits; everything else is found within a second."""

from collections.abc import Sequence

import numpy as np
import pytest
from roompulse_vision.enumerations import Presence
from roompulse_vision.faces.detection import Detection, Picture, PixelBox
from roompulse_vision.faces.face_reader import load_reader
from roompulse_vision.faces.face_search import WHOLE_EVERY_S, Seeker, search
from roompulse_vision.faces.sampling import halved
from roompulse_vision.faces.view import View, view_of
from vision_samples import Setup, frames, marks, resized

WIDTH, HEIGHT = 1280, 720


class Room:
    """A detector that sees drawn faces: rectangles whose grey level is their number, as large as they are drawn."""

    id = "yunet"
    stride_px = 32

    def __init__(self, search_every_s: float = 0.0, score: float | None = 0.9) -> None:
        self.search_every_s = search_every_s
        self.shapes: list[tuple[int, int]] = []
        self.sides: list[float | None] = []
        self._score = score

    def detect(self, picture: Picture, face_px: float | None = None) -> list[Detection]:
        self.shapes.append((picture.shape[1], picture.shape[0]))
        self.sides.append(face_px)
        found = []
        for level in (100, 200):
            rows, columns = np.nonzero(np.abs(picture[:, :, 0].astype(int) - level) < 3)
            if len(rows):
                x, y = columns.min(), rows.min()
                box = PixelBox(float(x), float(y), float(columns.max() - x + 1), float(rows.max() - y + 1))
                found.append(Detection(box, marks(box), self._score))
        return found


def room(*faces: tuple[int, int, int]) -> View:
    """Return a view of faces: x, y and side of each."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for level, (x, y, side) in zip((100, 200), faces, strict=False):
        picture[y : y + side, x : x + side] = level
    return view_of(picture)


def look(seeker: Seeker, view: View, time_s: float) -> Sequence[Detection]:
    found = seeker.find(view, time_s)
    if found:
        seeker.remember(view, time_s, found[0], alone=len(found) == 1)
    else:
        seeker.forget()
    return found


@pytest.mark.parametrize("score", [0.9, None], ids=["scored", "without scores"])
@pytest.mark.parametrize("side", [60, 100, 160, 320])
def test_a_known_face_costs_a_small_look_and_is_reported_in_the_same_pixels(side: int, score: float | None) -> None:
    detector = Room(score=score)
    seeker = Seeker(detector)
    for number, x in enumerate((400, 404, 400)):
        (face,) = look(seeker, room((x, 200, side)), number / 3)
        box = face.box_px
        assert [box.x, box.y] == pytest.approx([x, 200], abs=4)
        assert [box.width, box.height] == pytest.approx([side, side], abs=8)
    assert detector.shapes[0] == (WIDTH, HEIGHT)
    assert all(width * height < 0.06 * WIDTH * HEIGHT for width, height in detector.shapes[1:])
    assert detector.sides[0] is None
    assert all(known is not None and 57 <= known <= 113 for known in detector.sides[1:])


def test_a_face_that_jumped_away_is_found_in_the_same_look() -> None:
    detector = Room()
    seeker = Seeker(detector)
    look(seeker, room((100, 100, 100)), 0.0)
    (face,) = look(seeker, room((900, 500, 100)), 0.3)
    assert face.box_px.x == 900
    assert detector.shapes[-1] == (WIDTH, HEIGHT)


def test_somebody_who_comes_in_is_found_within_a_second_and_watched_from_then_on() -> None:
    detector = Room()
    seeker = Seeker(detector)
    look(seeker, room((100, 100, 160)), 0.0)
    both = room((100, 100, 160), (800, 300, 140))
    counts = [len(look(seeker, both, number / 3)) for number in range(1, 9)]
    assert counts[:2] == [1, 1]
    assert set(counts[round(3 * WHOLE_EVERY_S) :]) == {2}  # rivals are looked for in every picture


def test_a_face_that_left_is_looked_for_everywhere() -> None:
    detector = Room()
    seeker = Seeker(detector)
    look(seeker, room((100, 100, 100)), 0.0)
    assert not look(seeker, room(), 0.2)
    assert detector.shapes[-1] == (WIDTH, HEIGHT)


def test_a_slow_detector_searches_an_empty_stream_now_and_then_and_a_lost_face_at_once() -> None:
    detector = Room(search_every_s=0.15)
    seeker = Seeker(detector)
    rate_hz = 12
    for number in range(rate_hz):
        assert not look(seeker, room(), number / rate_hz)
    assert detector.shapes == [(WIDTH, HEIGHT)] * (rate_hz // 2)
    assert look(seeker, room((100, 100, 100)), 1.0)
    (face,) = look(seeker, room((900, 500, 100)), 1.05)  # it jumped: no wait, because somebody was there
    assert face.box_px.x == 900


def test_an_old_place_says_nothing() -> None:
    detector = Room()
    seeker = Seeker(detector)
    look(seeker, room((100, 100, 100)), 0.0)
    look(seeker, room((100, 100, 100)), 10.0)
    assert detector.shapes == [(WIDTH, HEIGHT)] * 2


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_halving_averages(factor: int) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (66, 43, 3), dtype=np.uint8)
    shown = halved(picture, factor)
    assert shown.shape == (66 // factor, 43 // factor, 3)
    exact = picture[: 66 // factor * factor, : 43 // factor * factor].reshape(
        66 // factor, factor, 43 // factor, factor, 3
    )
    np.testing.assert_allclose(shown, exact.mean((1, 3)), atol=1.01)


@pytest.mark.parametrize("name", ["WolfgangLanger_Pexels.mp4", "portrait_s18.mp4", "portrait_d12.mp4"])
def test_a_real_face_is_seen_where_a_look_at_everything_sees_it(name: str) -> None:
    reader, _ = load_reader(Setup())
    watcher, detector = reader.watcher(), reader._detector
    for index, (time_s, picture) in enumerate(frames(name, every=8)):
        if index == 12:
            break
        small = resized(picture, 640 / picture.shape[1])
        seen = watcher.look(small, time_s)
        assert seen.presence is Presence.PRESENT
        (whole, *_) = search(detector, view_of(small))
        box, width = seen.faces[0].reading.box, small.shape[1]
        assert box.x * width == pytest.approx(whole.box_px.x, abs=0.2 * whole.box_px.longer_side)
        assert box.width * width == pytest.approx(whole.box_px.width, rel=0.3)
