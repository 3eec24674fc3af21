"""Real videos, pictures and weights from `../shared`; synthetic ones where they are absent.

`needs_shared` marks tests of the real data themselves. All others take what is there: a face is a face.
"""

import os
import pathlib

import pytest
from synthetic_data import synthetic_folder

ROOT = pathlib.Path(__file__).resolve().parents[3]
SHARED = pathlib.Path(os.environ.get("ROOMPULSE_SHARED", ROOT.parent / "shared"))
IN_CI = os.environ.get("CI") == "true"
REAL = SHARED.is_dir() or IN_CI
DATA = SHARED if REAL else synthetic_folder()
MODELS = DATA / "models"  # without weights of a detector, OpenCV's Haar cascade finds the faces

needs_shared = pytest.mark.skipif(not REAL, reason=f"real data is not here: {SHARED} (set ROOMPULSE_SHARED)")


def video(name: str) -> pathlib.Path:
    """Return the path of a video, for example `single_face.mp4`."""
    return DATA / "data" / "videos" / name


def image(name: str) -> pathlib.Path:
    """Return the path of a picture, for example `multi_face.jpg`."""
    return DATA / "data" / "images" / name
