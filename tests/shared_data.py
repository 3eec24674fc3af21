"""Real videos, pictures and weights from `../shared`, and what happens where they are absent."""

import os
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHARED = pathlib.Path(os.environ.get("ROOMPULSE_SHARED", ROOT.parent / "shared"))
MODELS = SHARED / "models"
IN_CI = os.environ.get("CI") == "true"

needs_shared = pytest.mark.skipif(
    not SHARED.is_dir() and not IN_CI, reason=f"real data is not here: {SHARED} (set ROOMPULSE_SHARED)"
)


def video(name: str) -> pathlib.Path:
    """Return the path of a real video, for example `single_face.mp4`."""
    return SHARED / "data" / "videos" / name


def image(name: str) -> pathlib.Path:
    """Return the path of a real picture, for example `multi_face.jpg`."""
    return SHARED / "data" / "images" / name
