"""What it costs and what it changes that the Haar cascade looks for a known face where it was.

    python -m benchmarks.experiments.seeking [VIDEO…]      # about two minutes; by default the videos of ../shared

Twelve looks a second at 640 pixels: `Seeker`, beside a search of every picture. CPU time of one thread.
"""

import argparse
import pathlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table
from roompulse_vision.faces.card import read_card
from roompulse_vision.faces.classifier import Classifier
from roompulse_vision.faces.crop import crop
from roompulse_vision.faces.detection import Detection, Picture
from roompulse_vision.faces.face_search import Seeker, search
from roompulse_vision.faces.haar import Haar
from roompulse_vision.faces.tracker import iou
from roompulse_vision.faces.view import View, view_of

from benchmarks.material import SHARED

RATE_HZ = 12.0
SIDE_PX = 640
WIDTH = 120


@dataclass(slots=True)
class Compared:
    """Looks of one video. `both`: the overlap of the two boxes, and whether the model reads the same expression."""

    looks: int = 0
    agree: int = 0
    both: list[tuple[float, bool]] = field(default_factory=list)
    seeking_s: float = 0.0
    searching_s: float = 0.0


def timed(work: Callable[[], list[Detection]]) -> tuple[list[Detection], float]:
    began_s = time.process_time()
    return work(), time.process_time() - began_s


def compare(file: pathlib.Path, classifier: Classifier) -> Compared:
    seeker, haar, result = Seeker(Haar()), Haar(), Compared()
    for time_s, picture in pictures(file):
        view = view_of(picture)
        found, seeking_s = timed(lambda: seeker.find(view, time_s))  # noqa: B023  # called at once
        everywhere, searching_s = timed(lambda: search(haar, view))  # noqa: B023
        seeker.remember(view, time_s, found[0], alone=len(found) == 1) if found else seeker.forget()
        result.looks += 1
        result.agree += bool(found) == bool(everywhere)
        result.seeking_s, result.searching_s = result.seeking_s + seeking_s, result.searching_s + searching_s
        if found and everywhere:
            result.both.append(same(view, found[0], everywhere[0], classifier))
    return result


def same(view: View, one: Detection, other: Detection, classifier: Classifier) -> tuple[float, bool]:
    card = classifier.card
    rule, spec = card.crop_for(Haar.id), card.input
    crops = [crop(view.pixels, face.box_px, rule, spec.size, spec.colour, spec.resize) for face in (one, other)]
    top = [int(np.argmax(affect.probabilities)) for affect in classifier.infer(crops)]
    return iou(view.own(one.box_px), view.own(other.box_px)), top[0] == top[1]


def pictures(file: pathlib.Path) -> list[tuple[float, Picture]]:
    capture = cv2.VideoCapture(str(file))
    rate, index, found = capture.get(cv2.CAP_PROP_FPS), 0, []
    while (read := capture.read())[0]:
        if index % max(1, round(rate / RATE_HZ)) == 0:
            scale = min(1.0, SIDE_PX / max(read[1].shape[:2]))
            small = cv2.resize(read[1], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            found.append((index / rate, np.asarray(small, np.uint8)))
        index += 1
    capture.release()
    return found


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="*", type=pathlib.Path)
    videos = parser.parse_args(argv).videos or sorted((SHARED / "data" / "videos").glob("*.mp4"))
    table = Table("video", "looks", "a face or none: agree", "box IoU, median (5 %)", "same expression", "CPU, ratio")
    classifier = Classifier(read_card())
    for file in videos:
        one = compare(file, classifier)
        overlaps = [overlap for overlap, _ in one.both] or [float("nan")]
        table.add_row(
            file.stem, str(one.looks), f"{one.agree / one.looks:.3f}",
            f"{np.median(overlaps):.2f} ({np.percentile(overlaps, 5):.2f})",
            f"{np.mean([alike for _, alike in one.both]):.3f}" if one.both else "–",
            f"{one.seeking_s / one.searching_s:.2f}",
        )  # fmt: skip
    Console(width=WIDTH).print(table)


if __name__ == "__main__":
    main()
