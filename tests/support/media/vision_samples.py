"""What the vision tests look at: frames of real videos, detectors that say what they are told, set-ups."""

import pathlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from roompulse_vision.faces.detection import Detection, FivePoints, Picture, PixelBox
from shared_data import MODELS, image, video

DYNAMIC = MODELS / "yunet_s_dynamic.onnx"
STATIC = MODELS / "face_detection_yunet_2023mar.onnx"


@dataclass(frozen=True, slots=True)
class Setup:
    """A `vision.reader.ReaderSetup`."""

    models: str | None = str(MODELS)
    card: str | None = None
    engagement: str | None = None
    detector_threshold: float | None = None
    detector_width: int | None = None


def still(name: str, longer_side: int | None = None) -> Picture:
    """Return a real picture, BGR, resized to a longer side where one is given."""
    picture = np.asarray(cv2.imread(str(image(name))), np.uint8)
    return picture if longer_side is None else resized(picture, longer_side / max(picture.shape[:2]))


def resized(picture: Picture, scale: float) -> Picture:
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=how), np.uint8)


def frames(name: str, every: int = 1) -> Iterator[tuple[float, Picture]]:
    """Yield the frames of a real video, BGR, with their times in seconds."""
    capture = cv2.VideoCapture(str(video(name)))
    rate, index = capture.get(cv2.CAP_PROP_FPS), 0
    while (read := capture.read())[0]:
        if index % every == 0:
            yield index / rate, np.asarray(read[1], np.uint8)
        index += 1
    capture.release()


def marks(box: PixelBox) -> FivePoints:
    """Return the five points of a frontal face in a box."""
    at = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8))
    a, b, c, d, e = ((box.x + x * box.width, box.y + y * box.height) for x, y in at)
    return a, b, c, d, e


class Told:
    """A detector that reports, look by look, the boxes it was told."""

    id = "yunet"
    stride_px = 32
    search_every_s = 0.0

    def __init__(self, looks: Sequence[Sequence[PixelBox]], score: float = 0.9) -> None:
        self._looks = iter(looks)
        self._score = score

    def detect(self, picture: Picture, face_px: float | None = None) -> list[Detection]:
        return [Detection(box, marks(box), self._score) for box in next(self._looks)]


def folder_with(file: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """Return `folder`, holding a copy of `file`."""
    (folder / file.name).write_bytes(file.read_bytes())
    return folder


def face_png() -> bytes:
    """Return a face of the size at which a known one is looked for: each look of a stream sees what a still gets."""
    return cv2.imencode(".png", still("single_face.jpg", 190))[1].tobytes()
