"""How good the picture of a face is."""

import cv2
import numpy as np
from numpy.typing import NDArray

from roompulse_vision.faces.detection import Picture, PixelBox
from roompulse_vision.faces.sampling import patch

SIDE = 48  # pixels: so that sharpness says the same of small and large faces

Thumbnail = NDArray[np.float32]  # (48, 48), grey levels 0 to 255


def thumbnail(picture: Picture, box: PixelBox) -> Thumbnail:
    """Return the face's box in grey at 48×48, its aspect not kept."""
    return patch(picture, box, SIDE, cv2.COLOR_BGR2GRAY).astype(np.float32)


def sharpness(face: Thumbnail) -> float:
    """Return the variance of the Laplacian, grey levels squared: 0 for a flat surface, hundreds for a clear face."""
    return float(cv2.meanStdDev(cv2.Laplacian(face, cv2.CV_32F))[1].item()) ** 2
