"""What spoils a reading: FER+ valid crops, blurred, dark, small, turned, half covered, re-encoded.

    python -m benchmarks.experiments.robustness                                    # the shipped model: 15 times 3,199 faces
    python -m benchmarks.experiments.robustness --against ../shared/models/roompulse-fer.toml     # beside another card's model

Each line is paired with the untouched crops of the same faces, and with the other model. All changes are made at 48×48,
but for the encoders, which see faces of 96 pixels.
"""

import argparse
import json
import pathlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import partial

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from roompulse_training import bare_crop
from roompulse_vision.faces.card import SHIPPED

from benchmarks.experiments.pairing import Difference, Labels, accuracy, f1, paired
from benchmarks.experiments.scenes import protocol

SIZE = 48
ENCODED = 96  # pixels: a face in a picture of 640×360, as encoders see it
UNTOUCHED = "as they are"

Images = NDArray[np.uint8]  # (N, 48, 48)
console = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Result:
    """One condition: `loss` against the untouched crops, `gain` over the other model on the same pictures."""

    condition: str
    accuracy: float
    macro_f1: float
    loss: Difference
    other_accuracy: float | None
    other_macro_f1: float | None
    gain: Difference | None


def each(change: Callable[[Images], NDArray[np.uint8]], images: Images) -> Images:
    return np.stack([np.asarray(change(image), np.uint8) for image in images])


def resized(image: Images, size: int, larger: int = cv2.INTER_LINEAR) -> Images:
    how = cv2.INTER_AREA if size < len(image) else larger
    return np.asarray(cv2.resize(image, (size, size), interpolation=how), np.uint8)


def as_encoded(image: Images) -> Images:
    return resized(image, ENCODED, cv2.INTER_CUBIC)  # bilinear enlarging would blur by itself


def blurred(sigma: float, image: Images) -> Images:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), np.uint8)


def dark(gamma: float, images: Images) -> Images:
    return np.asarray(np.round(255 * (np.arange(256) / 255) ** gamma)[images], np.uint8)


def small(size: int, image: Images) -> Images:
    return resized(resized(image, size), SIZE)


def turned(degrees: float, image: Images) -> Images:
    matrix = cv2.getRotationMatrix2D(((SIZE - 1) / 2, (SIZE - 1) / 2), degrees, 1)
    return np.asarray(cv2.warpAffine(image, matrix, (SIZE, SIZE), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def covered(rows: slice, columns: slice, images: Images) -> Images:
    changed = images.copy()
    changed[:, rows, columns] = 128
    return changed


def jpeg(quality: int, image: Images) -> Images:
    _, encoded = cv2.imencode(".jpg", as_encoded(image), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return resized(np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.uint8), SIZE)


def h264(crf: int, images: Images) -> Images:
    """Encode each face as a key frame, and decode it again."""
    options = {"crf": str(crf), "preset": "veryfast", "g": "1", "tune": "zerolatency"}
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width = encoder.height = ENCODED
    encoder.pix_fmt, encoder.options, encoder.framerate = "yuv420p", options, Fraction(25)
    decoder = av.CodecContext.create("h264", "r")
    packets = [packet for image in images for packet in encoder.encode(_frame(image))] + list(encoder.encode(None))
    frames = [frame for packet in packets for frame in decoder.decode(packet)] + list(decoder.decode(None))
    return np.stack([resized(np.asarray(frame.to_ndarray(format="gray"), np.uint8), SIZE) for frame in frames])


def _frame(image: Images) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(as_encoded(image), format="gray").reformat(format="yuv420p")


HALF, ALL = SIZE // 2, slice(None)
CONDITIONS: dict[str, Callable[[Images], Images]] = {
    UNTOUCHED: lambda images: images,
    "mirrored": lambda images: images[:, :, ::-1],
    "blurred, σ 1 pixel": partial(each, partial(blurred, 1.0)),
    "blurred, σ 2 pixels": partial(each, partial(blurred, 2.0)),
    "dark, gamma 2": partial(dark, 2.0),
    "dark, gamma 3": partial(dark, 3.0),
    "24 pixels": partial(each, partial(small, 24)),
    "turned by 30°": partial(each, partial(turned, -30)),
    "turned by -30°": partial(each, partial(turned, 30)),
    "left half covered": partial(covered, ALL, slice(0, HALF)),
    "right half covered": partial(covered, ALL, slice(HALF, SIZE)),
    "upper half covered": partial(covered, slice(0, HALF), ALL),
    "lower half covered": partial(covered, slice(HALF, SIZE), ALL),
    "JPEG, quality 20": partial(each, partial(jpeg, 20)),
    "H.264, CRF 38": partial(h264, 38),
}


def results(labels: Labels, calls: dict[str, Labels], others: dict[str, Labels]) -> list[Result]:
    """Return each condition's figures, paired with the untouched crops and with the other model, if there is one."""
    return [
        Result(
            condition=name,
            accuracy=accuracy(labels, read),
            macro_f1=f1(labels, read),
            loss=paired(labels, calls[UNTOUCHED], read),
            other_accuracy=accuracy(labels, others[name]) if others else None,
            other_macro_f1=f1(labels, others[name]) if others else None,
            gain=paired(labels, others[name], read) if others else None,
        )
        for name, read in calls.items()
    ]


def read_all(images: Images, card: pathlib.Path) -> dict[str, Labels]:
    """Return what a card's model calls the images under each condition."""
    return {
        name: bare_crop.probabilities(np.ascontiguousarray(change(images)), card).argmax(1)
        for name, change in track(CONDITIONS.items(), card.stem, console=console)
    }


def table(found: list[Result], count: int) -> Table:
    made = Table("condition", "accuracy", "macro F1", "lost, points (95 %)", title=f"FER+ valid, n = {count}")
    for name in ("other model", "macro F1", "gained, points (95 %)") if found[0].gain else ():
        made.add_column(name)
    for r in found:
        row = [r.condition, f"{r.accuracy:.4f}", f"{r.macro_f1:.3f}", str(r.loss)]
        if r.gain:
            row += [f"{r.other_accuracy:.4f}", f"{r.other_macro_f1:.3f}", str(r.gain)]
        made.add_row(*row)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--card", type=pathlib.Path, default=SHIPPED, help="the emotion model")
    parser.add_argument("--against", type=pathlib.Path, metavar="CARD", help="another, read beside it")
    parser.add_argument("--limit", type=int, default=0, help="faces, drawn at random; 0: all 3,199")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    faces = protocol()
    chosen = np.random.default_rng(options.seed).permutation(len(faces.images))[: options.limit or None]
    images, labels = faces.images[chosen], faces.labels[chosen]
    calls = read_all(images, options.card)
    found = results(labels, calls, read_all(images, options.against) if options.against else {})
    if options.json:
        print(json.dumps({"n": len(labels), "conditions": [asdict(result) for result in found]}))
    else:
        Console(width=130).print(table(found, len(labels)))


if __name__ == "__main__":
    main()
