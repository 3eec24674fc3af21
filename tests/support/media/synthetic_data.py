"""Synthetic people where the real videos and pictures are absent: the demo's portraits, filmed once for all tests.

A test that needs a face, and not a certain one, takes either. The files stand in a temporary folder, named as their
real twins are; processes of one run share it.
"""

import functools
import hashlib
import os
import pathlib
import tempfile
from fractions import Fraction

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

VIDEOS = {  # name: rate, seconds, person, with a track of sound
    "single_face.mp4": (30, 2.4, "grace", True),
    "no_face.mp4": (24, 4.0, "", True),
    "portrait_d0.mp4": (25, 3.0, "eileen", False),
    "portrait_d3.mp4": (30, 5.0, "eileen", True),
    "portrait_d9.mp4": (30, 5.0, "grace", True),
    "portrait_d12.mp4": (25, 8.0, "eileen", True),
    "portrait_d18.mp4": (30, 5.0, "grace", True),
    "portrait_d19.mp4": (30, 5.0, "eileen", True),
    "portrait_s18.mp4": (30, 5.0, "grace", True),
}


@functools.cache
def synthetic_folder() -> pathlib.Path:
    """Return the folder with `data/videos` and `data/images`; make it where it is not there yet."""
    mark = hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()[:12]
    folder = pathlib.Path(tempfile.gettempdir()) / f"roompulse-synthetic-{os.getuid()}-{mark}"
    if not folder.is_dir():
        making = pathlib.Path(tempfile.mkdtemp(prefix=f"{folder.name}-"))
        _make(making)
        try:
            making.rename(folder)
        except OSError:  # another process was faster
            assert folder.is_dir()
    return folder


def _make(folder: pathlib.Path) -> None:
    for part in ("data/videos", "data/images", "models"):
        (folder / part).mkdir(parents=True)
    for name, (rate_hz, seconds, person, sound) in VIDEOS.items():
        _film(folder / "data" / "videos" / name, rate_hz, seconds, person, sound=sound)
    grace, eileen = _portrait("grace"), _portrait("eileen")
    pictures = {
        "single_face.jpg": grace,
        "portrait_s12.jpg": eileen,
        "multi_face.jpg": np.vstack([np.hstack([grace, eileen]), np.hstack([eileen, grace])]),
    }
    for name, picture in pictures.items():
        (folder / "data" / "images" / name).write_bytes(cv2.imencode(".jpg", picture)[1].tobytes())


def _portrait(person: str) -> Picture:
    from demo.portrait import eileen_collins, grace_hopper

    return (grace_hopper if person == "grace" else eileen_collins)().picture


def _scene(person: str, at_s: float) -> Picture:
    """Return a picture that moves a little, as a person does; without a person, a plain room."""
    if person:
        shift = np.array([[1, 0, 4 * np.sin(2 * at_s)], [0, 1, 3 * np.cos(3 * at_s)]])
        moved = cv2.warpAffine(_still(person), shift, (640, 360), borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.uint8)
    across = np.linspace(40 + 20 * np.sin(at_s), 200, 640)
    return np.repeat(np.repeat(across[None, :, None], 360, 0), 3, 2).astype(np.uint8)


_still = functools.cache(_portrait)


def _film(path: pathlib.Path, rate_hz: int, seconds: float, person: str, *, sound: bool) -> None:
    with av.open(path, "w", format="mp4") as container:
        options = {"preset": "ultrafast", "crf": "23", "bf": "0", "g": "12"}
        track = container.add_stream("libx264", rate=rate_hz, options=options)
        track.width, track.height, track.pix_fmt = 640, 360, "yuv420p"
        voice = container.add_stream("aac", rate=48_000, layout="mono") if sound else None
        for index in range(round(seconds * rate_hz)):
            frame = av.VideoFrame.from_ndarray(_scene(person, index / rate_hz), format="bgr24")
            frame.pts, frame.time_base = index, Fraction(1, rate_hz)
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
        if voice is not None:
            for start in range(0, round(seconds * 48_000) - 1024, 1024):
                silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
                silence.pts, silence.sample_rate, silence.time_base = start, 48_000, Fraction(1, 48_000)
                container.mux(voice.encode(silence))
            container.mux(voice.encode(None))
