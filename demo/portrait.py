"""The two people of the demo: portraits that matplotlib and scikit-image carry, set into a 640×360 picture."""

from dataclasses import dataclass

import cv2
import numpy as np
from matplotlib.cbook import get_sample_data
from numpy.typing import NDArray
from skimage.data import astronaut

Picture = NDArray[np.uint8]

WIDTH, HEIGHT = 640, 360
BACKDROP_BLUR_PX = 45.0  # no face survives it, for a detector or for people
FEATHER_PX = 60  # the portrait's sides fade into the backdrop


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a portrait's face lies, in its own pixels, and where it goes: `scale`, and the row that becomes row 0."""

    right_eye: tuple[float, float]
    left_eye: tuple[float, float]
    scale: float
    top: float


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A person in a picture of WIDTH × HEIGHT, BGR; `centre` (between the eyes) and `eye_distance` in its pixels."""

    picture: Picture
    centre: tuple[float, float]
    eye_distance: float


def grace_hopper() -> Portrait:
    """Rear Admiral Grace Hopper, U.S. Navy photograph, public domain."""
    path = get_sample_data("grace_hopper.jpg", asfileobj=False)
    picture = cv2.imread(str(path))
    if picture is None:
        raise FileNotFoundError(f"matplotlib's portrait of Grace Hopper could not be read: {path}")
    return placed(np.asarray(picture, dtype=np.uint8), Placement((227, 193), (308, 195), scale=0.68, top=40))


def eileen_collins() -> Portrait:
    """Colonel Eileen Collins, NASA photograph, public domain."""
    picture = np.ascontiguousarray(astronaut()[:, :, ::-1], dtype=np.uint8)  # type: ignore[no-untyped-call]  # theirs
    return placed(picture, Placement((200, 102), (247, 103), scale=1.18, top=0))


def placed(portrait: Picture, placement: Placement) -> Portrait:
    """Set a portrait, taller than wide or square, into the middle of its own blurred backdrop."""
    backdrop = cv2.GaussianBlur(cv2.resize(portrait, (WIDTH, HEIGHT)), (0, 0), BACKDROP_BLUR_PX)
    width = round(portrait.shape[1] * placement.scale)
    left = (WIDTH - width) / 2
    to_canvas = np.array([[placement.scale, 0, left], [0, placement.scale, -placement.top * placement.scale]])
    picture = cv2.warpAffine(
        portrait, to_canvas, (WIDTH, HEIGHT), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
    )
    inside = np.minimum(np.arange(WIDTH) - left, left + width - 1 - np.arange(WIDTH))
    alpha = np.clip(inside / FEATHER_PX, 0, 1)[None, :, None]
    blended = (alpha * picture + (1 - alpha) * backdrop).astype(np.uint8)
    eyes = np.array([placement.right_eye, placement.left_eye]) @ to_canvas[:, :2].T + to_canvas[:, 2]
    x, y = eyes.mean(axis=0)
    return Portrait(blended, (float(x), float(y)), float(np.linalg.norm(eyes[1] - eyes[0])))
