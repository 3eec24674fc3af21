"""What cameras, networks and people do to pictures, so that one can ask what it does to the score.

Strengths are those of ordinary calls: light half or double, a lens out of focus, a poor connection, a small tile, a
camera that leans. Lengths are pixels of a picture of 360 lines and grow with it. Each names the reasons that are right
when it leaves no score: none where a person would still see the face well.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from roompulse_server.types import NoScoreReason
from roompulse_vision.types import FaceReading

Picture = NDArray[np.uint8]  # (H, W, 3), BGR
Points = NDArray[np.float64]  # (N, 2), pixels

LINES = 360
KEY_FRAME_EVERY = 60  # pictures
UNSEEN = frozenset({NoScoreReason.NO_FACE})
SMALL = UNSEEN | {NoScoreReason.FACE_TOO_SMALL}
COVERED = UNSEEN | {NoScoreReason.EXPRESSION_UNCLEAR}

# A surgical mask in eye distances from the point between the eyes, x to the person's left, y down.
MASK = np.array(
    [(-1.0, 0.4), (0, 0.28), (1.0, 0.4), (0.95, 1.05), (0.55, 1.75), (0, 1.92), (-0.55, 1.75), (-0.95, 1.05)]
)
MASK_COLOUR = np.array([205.0, 185.0, 150.0])
PLEATS = (0.75, 1.05, 1.35)


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Pictures of one person at a regular rate, with where the face is (None: not found).

    `every_picture` yields all that were filmed, `native_hz` a second; `pictures` are those that are looked at, there
    and back until there were `looks`.
    """

    name: str
    pictures: Sequence[Picture]
    faces: Sequence[FaceReading | None]
    looked_at: Sequence[int]
    every_picture: Callable[[], Iterator[Picture]]
    native_hz: float
    looks: int


@dataclass(frozen=True, slots=True)
class Perturbation:
    """A change with its name; `reasons` are right where it leaves no score."""

    name: str
    apply: Callable[[Clip], Sequence[Picture]]
    reasons: frozenset[NoScoreReason] = frozenset()


def each(change: Callable[[Picture], Picture]) -> Callable[[Clip], Sequence[Picture]]:
    """Return what changes every picture by itself."""
    return lambda clip: [change(picture) for picture in clip.pictures]


def about_the_face(change: Callable[[Picture, FaceReading], Picture]) -> Callable[[Clip], Sequence[Picture]]:
    """Return what changes every picture that shows a face, by where it is."""
    return lambda clip: [
        picture if face is None else change(picture, face)
        for picture, face in zip(clip.pictures, clip.faces, strict=True)
    ]


def gamma(picture: Picture, exponent: float) -> Picture:
    """Return the picture with other light: above 1 darker, below brighter."""
    levels = np.round(255 * (np.arange(256) / 255) ** exponent).astype(np.uint8)
    return np.asarray(cv2.LUT(picture, levels), np.uint8)


def blurred(picture: Picture, sigma: float) -> Picture:
    """Return the picture out of focus."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma * picture.shape[0] / LINES), np.uint8)


def shrunk(picture: Picture, scale: float) -> Picture:
    """Return the picture smaller, of even sides (4:2:0)."""
    height, width = (max(2, round(side * scale) // 2 * 2) for side in picture.shape[:2])
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def mirrored(picture: Picture) -> Picture:
    """Return the picture as a mirror shows it."""
    return np.ascontiguousarray(picture[:, ::-1])


def tilted(picture: Picture, clockwise_deg: float) -> Picture:
    """Return the picture of a camera that leans, its border repeated."""
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -clockwise_deg, 1.0)
    return np.asarray(cv2.warpAffine(picture, turn, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def masked(picture: Picture, face: FaceReading) -> Picture:
    """Return the picture with a surgical mask from the nose's bridge to below the chin."""
    outline = on_the_face(picture, face, MASK)
    cover = np.zeros(picture.shape[:2], np.float32)
    cv2.fillPoly(cover, [outline.round().astype(np.int32)], 1.0)
    cloth = np.empty(picture.shape, np.float32)
    cloth[:] = MASK_COLOUR * (0.35 + 0.65 * picture.mean() / 128)  # lit as the room is
    for y in PLEATS:
        a, b = on_the_face(picture, face, np.array([(-0.8, y), (0.8, y)])).round().astype(int).tolist()
        cv2.line(cloth, a, b, (cloth[0, 0] * 0.85).tolist(), max(1, picture.shape[0] // 180))
    return blended(picture, cloth.clip(0, 255), cover, 0.8)


def before_a_blur(picture: Picture, face: FaceReading) -> Picture:
    """Return the picture with everything out of focus but head and shoulders, as conference software does it."""
    height, width = picture.shape[:2]
    across, down = face.box.width * width, face.box.height * height
    x, y = face.box.x * width + across / 2, face.box.y * height + down / 2
    person = np.zeros((height, width), np.float32)
    cv2.ellipse(person, (round(x), round(y)), (round(0.85 * across), round(0.85 * down)), 0, 0, 360, 1.0, -1)
    shoulders = [(x - across / 2, y + 0.6 * down), (x + across / 2, y + 0.6 * down)]
    ground = [(x + 2 * across, height), (x - 2 * across, height)]
    cv2.fillPoly(person, [np.array(shoulders + ground).round().astype(np.int32)], 1.0)
    return blended(blurred(picture, 9.0), picture.astype(np.float32), person, 3.0)


def blended(below: Picture, above: NDArray[np.float32], share: NDArray[np.float32], softness: float) -> Picture:
    """Return `above` where `share` is 1, `below` where it is 0, with an edge as soft as a blur of `softness`."""
    soft = cv2.GaussianBlur(share, (0, 0), softness * below.shape[0] / LINES)[:, :, None]
    return np.asarray((below * (1 - soft) + above * soft).round(), np.uint8)


def on_the_face(picture: Picture, face: FaceReading, places: Points) -> Points:
    """Return pixels for places in eye distances; a turned face's middle line leans to where its nose is."""
    size = np.array(picture.shape[1::-1])
    right_eye, left_eye, nose, *_ = (np.array([mark.x, mark.y]) * size for mark in face.landmarks or ())
    across = left_eye - right_eye
    down = np.array([-across[1], across[0]])
    middle = (right_eye + left_eye) / 2
    aside = float((nose - middle) @ across / max(float(across @ across), 1e-9))
    x, y = places[:, :1], places[:, 1:]
    return np.asarray(middle + (x + 0.7 * aside * np.minimum(y, 1.0)) * across + y * down, np.float64)


def few_bits(clip: Clip, kilobits_per_s: float) -> Sequence[Picture]:
    """Return what a viewer sees of it through H.264 at so many kb/s for 640×360 (as many bits a pixel for others)."""
    shape = clip.pictures[0].shape
    rate = str(round(1000 * kilobits_per_s * shape[0] * shape[1] / (640 * LINES)))
    options = {"preset": "veryfast", "tune": "zerolatency", "g": str(KEY_FRAME_EVERY), "maxrate": rate, "bufsize": rate}
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as output:
        stream = output.add_stream("libx264", rate=Fraction(round(clip.native_hz)), options=options)
        stream.height, stream.width = (side // 2 * 2 for side in shape[:2])
        stream.pix_fmt, stream.bit_rate = "yuv420p", int(rate)
        for picture in clip.every_picture():
            even = np.ascontiguousarray(picture[: stream.height, : stream.width])
            output.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="bgr24")))
        output.mux(stream.encode())
    file.seek(0)
    wanted = set(clip.looked_at)
    with av.open(file, "r") as source:
        decoded = enumerate(source.decode(video=0))
        return [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for i, frame in decoded if i in wanted]


PERTURBATIONS = (
    *(Perturbation(f"gamma {g}", each(partial(gamma, exponent=g)), UNSEEN) for g in (0.5, 0.7, 1.4, 2.0)),
    *(Perturbation(f"blur {s} px", each(partial(blurred, sigma=s)), UNSEEN) for s in (1.0, 2.0, 3.0)),
    *(Perturbation(f"{k} kb/s", partial(few_bits, kilobits_per_s=k), UNSEEN) for k in (300, 150, 75)),
    Perturbation("half size", each(partial(shrunk, scale=0.5)), SMALL),
    Perturbation("quarter size", each(partial(shrunk, scale=0.25)), SMALL),
    Perturbation("mirror", each(mirrored)),
    *(Perturbation(f"tilt {a:+}°", each(partial(tilted, clockwise_deg=a))) for a in (-10, 10)),
    Perturbation("mask", about_the_face(masked), COVERED),
    Perturbation("background", about_the_face(before_a_blur)),
)
