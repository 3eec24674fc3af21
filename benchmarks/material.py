"""What the benchmarks send: real faces as H.264 of 640×360 at 24 Hz, as a bot passes it on from a conference.

Constrained baseline, no reordering, 500 kb/s, a key frame every ten seconds. Each clip runs forth and back, so that it
can be repeated without a cut. Without `../shared` the synthetic portraits of the demo take the place of the videos.
"""

import os
import pathlib
import pickle
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import av
import cv2
import numpy as np
from numpy.typing import NDArray

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHARED = pathlib.Path(os.environ.get("ROOMPULSE_SHARED", ROOT.parent / "shared"))
WIDTH, HEIGHT, RATE_HZ = 640, 360, 24
BIT_RATE, GROUP_S = 500_000, 10
LENGTH_S = 10.0  # of a clip, forth and back
NAMES = ("WolfgangLanger_Pexels", "portrait_d12", "portrait_d18", "portrait_d19", "portrait_d3", "portrait_d9",
         "portrait_s18", "portrait_s20")  # fmt: skip

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """`units` are access units (Annex B), one a frame, the first a key frame."""

    name: str
    units: tuple[bytes, ...]


def clips(folder: pathlib.Path, count: int = len(NAMES), rate_hz: int = RATE_HZ) -> list[Clip]:
    """Return the clips at a rate that divides 24; they are kept in `folder`, encoded once."""
    file = folder / f"clips-{count}-{rate_hz}hz-{'real' if SHARED.is_dir() else 'drawn'}.pickle"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = [
            Clip(name, tuple(encoded(there_and_back(frames)[:: RATE_HZ // rate_hz], rate_hz)))
            for name, frames in sources(count)
        ]
        file.write_bytes(pickle.dumps([(clip.name, clip.units) for clip in made]))
    return [Clip(name, units) for name, units in pickle.loads(file.read_bytes())]


def sources(count: int) -> Iterator[tuple[str, list[Picture]]]:
    for name in NAMES[:count]:
        path = SHARED / "data" / "videos" / f"{name}.mp4"
        yield name, list(filmed(path)) if path.exists() else list(drawn(name))


def filmed(path: pathlib.Path) -> Iterator[Picture]:
    """Yield a video's pictures at 24 Hz, fitted into 16:9, up to half a clip."""
    due_s = 0.0
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            if float(frame.time or 0.0) >= due_s:
                yield fitted(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8))
                due_s += 1 / RATE_HZ
            if due_s >= LENGTH_S / 2:
                return


def drawn(name: str) -> Iterator[Picture]:
    """Yield the demo's synthetic portrait, moving."""
    from demo.script import CAST, pose
    from demo.warp import Puppet

    role = CAST[NAMES.index(name) % len(CAST)]
    puppet = Puppet(role.portrait())
    start_s = 8.0 * NAMES.index(name)
    for number in range(round(LENGTH_S / 2 * RATE_HZ)):
        yield fitted(puppet.picture(pose(role, start_s + number / RATE_HZ)))


def fitted(picture: Picture) -> Picture:
    """Return a picture of any shape in 640×360, on a blurred copy of itself, as conferences show upright phones."""
    height, width = picture.shape[:2]
    scale = min(WIDTH / width, HEIGHT / height)
    size = (round(width * scale), round(height * scale))
    behind = cv2.blur(cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), (61, 61))
    x, y = (WIDTH - size[0]) // 2, (HEIGHT - size[1]) // 2
    behind[y : y + size[1], x : x + size[0]] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return np.asarray(behind, np.uint8)


def there_and_back(pictures: list[Picture]) -> list[Picture]:
    return pictures + pictures[-2:0:-1]


def encoded(pictures: Iterable[Picture], rate_hz: int = RATE_HZ) -> Iterator[bytes]:
    context = av.CodecContext.create("libx264", "w")
    if not isinstance(context, av.VideoCodecContext):
        raise TypeError("libx264 is no video codec")
    context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    context.time_base, context.framerate = Fraction(1, rate_hz), Fraction(rate_hz)
    context.bit_rate, context.gop_size = BIT_RATE, GROUP_S * rate_hz
    context.options = {"preset": "veryfast", "tune": "zerolatency", "profile": "baseline"}
    for number, picture in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, rate_hz)
        yield from map(bytes, context.encode(frame))
    yield from map(bytes, context.encode(None))


@cache
def decoded(units: tuple[bytes, ...]) -> list[av.VideoFrame]:
    """Return a clip's frames, for kernels that are measured without decoding."""
    context = av.CodecContext.create("h264", "r")
    context.thread_count = 1
    return [frame for unit in units for frame in context.decode(av.Packet(unit))] + list(context.decode(None))
