"""FER+ faces in wider pictures: what the recall and accuracy benchmarks look at. Deterministic from a seed."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from roompulse_training.ferplus import Faces, read_faces

from benchmarks.material import SHARED

SIZE = (640, 360)  # width and height of a scene: what most bots send
SIDES = (80, 240)  # least and largest side of a pasted crop, pixels: faces of a tenth to a third of the width
BACKDROPS = 24


@dataclass(frozen=True, slots=True)
class Setup:
    """What `load_reader` asks for; None is the default."""

    models: str
    card: str | None = None
    engagement: str | None = None
    detector_threshold: float | None = None
    detector_width: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A picture, uint8 (360, 640, 3) BGR, that shows one crop: the square of `side` pixels at `x`, `y`."""

    picture: NDArray[np.uint8]
    x: int
    y: int
    side: int

    def holds(self, x: float, y: float) -> bool:
        """Say whether a point, pixels, lies in the crop's middle half, where the centre of its face is."""
        quarter = self.side / 4
        return abs(x - self.x - 2 * quarter) <= quarter and abs(y - self.y - 2 * quarter) <= quarter


def protocol(split: str = "valid") -> Faces:
    """Return the faces of a FER+ split that the published protocol counts (n = 3,199 on valid)."""
    return read_faces(SHARED / "data" / "ferplus" / f"{split}.npz")


def backdrops(rng: np.random.Generator) -> list[NDArray[np.uint8]]:
    """Return pictures without a face: frames of `no_face.mp4`, and as many drawn ones (ramps, shapes, noise)."""
    capture = cv2.VideoCapture(str(SHARED / "data" / "videos" / "no_face.mp4"))
    frames = []
    while (read := capture.read())[0]:
        frames.append(cv2.resize(read[1], SIZE, interpolation=cv2.INTER_AREA))
    capture.release()
    step = max(1, len(frames) // BACKDROPS)
    return [np.asarray(f, np.uint8) for f in frames[::step][:BACKDROPS]] + [drawn(rng) for _ in range(BACKDROPS)]


def drawn(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a room of sorts: a colour ramp, a few rectangles (shelves, windows), and sensor noise."""
    width, height = SIZE
    ramp = np.linspace(rng.uniform(20, 230, 3), rng.uniform(20, 230, 3), width)[None].repeat(height, 0)
    for _ in range(int(rng.integers(3, 10))):
        x, y = int(rng.integers(0, width - 20)), int(rng.integers(0, height - 20))
        ramp[y : y + int(rng.integers(20, 200)), x : x + int(rng.integers(20, 200))] = rng.uniform(0, 255, 3)
    return (ramp + rng.normal(0, 3, ramp.shape)).clip(0, 255).astype(np.uint8)


def scenes(images: NDArray[np.uint8], seed: int = 1, sides: tuple[int, int] = SIDES) -> Iterator[Scene]:
    """Yield one scene for each crop: its side (log-uniform between `sides`), place and backdrop drawn from `seed`."""
    rng = np.random.default_rng(seed)
    behind = backdrops(rng)
    for image in images:
        side = round(float(np.exp(rng.uniform(*np.log(sides)))))
        x, y = int(rng.integers(0, SIZE[0] - side + 1)), int(rng.integers(0, SIZE[1] - side + 1))
        picture = behind[int(rng.integers(len(behind)))].copy()
        crop = cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC)
        picture[y : y + side, x : x + side] = crop[:, :, None]
        yield Scene(picture, x, y, side)
