"""Does motion tell the living from the lifeless: real faces against stills, re-encoded, noisy and moved about.

    python -m benchmarks.experiments.motion            # about two minutes; --json for one object

Five looks a second, as live. Of each clip: median, 90th percentile and largest motion, grey levels.
"""

import argparse
import io
import json
import pathlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from roompulse_vision.faces.face_reader import FaceReader, load_reader
from roompulse_vision.faces.motion import STILL_BELOW

from benchmarks.experiments.scenes import Setup
from benchmarks.material import SHARED

RATE_HZ = 5
STILL_S = 8
ENCODED_HZ = 25
NOISE_SIGMA = 2.0  # grey levels of a webcam's sensor in fair light
SCALES = (1.0, 0.4)
POSED = (("portrait_s18", 2.0), ("WolfgangLanger_Pexels", 2.0), ("portrait_d9", 2.0), ("single_face", 1.0))

Picture = NDArray[np.uint8]
console = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Result:
    clip: str
    living: bool
    looks: int
    median: float
    p90: float
    largest: float


def video(file: pathlib.Path, rate_hz: float = RATE_HZ) -> list[Picture]:
    """Return the frames of a video, `rate_hz` of them a second."""
    capture = cv2.VideoCapture(str(file))
    every = 1 / rate_hz
    frames: list[Picture] = []
    index, rate = 0, capture.get(cv2.CAP_PROP_FPS)
    while (read := capture.read())[0]:
        if index / rate >= len(frames) * every - 1e-6:
            frames.append(np.asarray(read[1], np.uint8))
        index += 1
    capture.release()
    return frames


def scaled(picture: Picture, scale: float) -> Picture:
    """Return a smaller picture, of even sides (4:2:0)."""
    height, width = (round(side * scale) // 2 * 2 for side in picture.shape[:2])
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def noisy(picture: Picture, rng: np.random.Generator) -> Picture:
    return (picture + rng.normal(0, NOISE_SIGMA, picture.shape)).clip(0, 255).astype(np.uint8)


def jpeg(picture: Picture, quality: int) -> Picture:
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def h264(pictures: list[Picture], kilobits_per_s: int) -> list[Picture]:
    """Encode at 25 Hz with a key frame every two seconds, and return what a viewer sees, five pictures a second."""
    height, width = pictures[0].shape[:2]
    file, rate = io.BytesIO(), str(kilobits_per_s * 1000)
    with av.open(file, "w", format="mp4") as output:
        options = {"preset": "veryfast", "tune": "zerolatency", "g": "50", "maxrate": rate, "bufsize": rate}
        stream = output.add_stream("libx264", rate=ENCODED_HZ, options=options)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = width, height, "yuv420p", int(rate)
        for picture in pictures:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        output.mux(stream.encode())
    file.seek(0)
    with av.open(file, "r") as source:
        frames = [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in source.decode(video=0)]
    return frames[:: ENCODED_HZ // RATE_HZ]


def panned(picture: Picture, count: int) -> list[Picture]:
    """Return the view of a photo that is moved in a circle and towards the camera and back."""
    height, width = picture.shape[:2]
    views = []
    for angle in np.linspace(0, np.pi, count):
        zoom = 1.15 + 0.05 * np.sin(2 * angle)
        x, y = -width * (zoom - 1) / 2 + 0.05 * width * np.sin(angle), -height * (zoom - 1) / 2
        move = np.array([[zoom, 0, x], [0, zoom, y + 0.03 * width * np.cos(angle)]])
        views.append(np.asarray(cv2.warpAffine(picture, move, (width, height)), np.uint8))
    return views


def lifeless(picture: Picture, rng: np.random.Generator) -> Iterator[tuple[str, list[Picture]]]:
    """Yield what a service may be sent of a still picture."""
    looks, frames = STILL_S * RATE_HZ, STILL_S * ENCODED_HZ
    yield "JPEG 30 to 95", [jpeg(picture, int(rng.integers(30, 95))) for _ in range(looks)]
    yield "noise", [noisy(picture, rng) for _ in range(looks)]
    yield "H.264 150 kb/s, noise", h264([noisy(picture, rng) for _ in range(frames)], 150)
    yield "moved, H.264 300 kb/s, noise", h264([noisy(view, rng) for view in panned(picture, frames)], 300)


def watch(reader: FaceReader, name: str, living: bool, pictures: list[Picture]) -> Result:
    watcher = reader.watcher()
    looks = [watcher.look(picture, i / RATE_HZ) for i, picture in enumerate(pictures)]
    motions = [face.reading.motion for look in looks for face in look.faces if face.reading.motion is not None]
    return Result(name, living, len(motions), *np.percentile(motions, [50, 90, 100]).round(2).tolist())


def clips(rng: np.random.Generator) -> Iterator[tuple[str, bool, list[Picture]]]:
    """Yield each clip with its name and whether it shows a living face."""
    for file in sorted((SHARED / "data" / "videos").glob("*.mp4")):
        for scale in SCALES if file.stem != "no_face" else ():
            yield f"{file.stem} ×{scale}", True, [scaled(picture, scale) for picture in video(file)]
    for stem, at_s in POSED:
        frame = video(SHARED / "data" / "videos" / f"{stem}.mp4")[round(at_s * RATE_HZ)]
        for scale in SCALES:
            for kind, pictures in lifeless(scaled(frame, scale), rng):
                yield f"{stem} ×{scale}, {kind}", False, pictures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=pathlib.Path, default=SHARED / "models", help="folder with YuNet's weights")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    reader, _ = load_reader(Setup(str(options.models)))
    results = [
        watch(reader, name, living, pictures)
        for name, living, pictures in track(clips(np.random.default_rng(1)), "clips", console=console)
    ]
    if options.json:
        print(json.dumps({"still_below": STILL_BELOW, "clips": [asdict(result) for result in results]}))
        return
    table = Table("clip", "looks", "median", "90 %", "largest", title=f"motion; still below {STILL_BELOW}")
    for r in results:
        table.add_row(r.clip, str(r.looks), f"{r.median:.1f}", f"{r.p90:.1f}", f"{r.largest:.1f}")
    Console(width=110).print(table)
    least = min(r.largest for r in results if r.living)
    print(
        f"the least moving face: {least:.1f}; the most moving still: {max(r.largest for r in results if not r.living)}"
    )


if __name__ == "__main__":
    main()
