"""What the model should see of a found face: squares of some sizes and places about the box, and the five points.

    python -m benchmarks.experiments.crops                     # YuNet; --detector haar; 3,199 faces in pictures of 640×360

FER+ valid faces in wider pictures, found by the detector, read through each crop; paired with the card's crop of the
same faces. "Five points": the similarity transform (least squares) that
brings the landmarks to where they lie in FER+ crops, so that a rolled head is upright.
"""

import argparse
import json
import pathlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table
from roompulse_training import bare_crop
from roompulse_vision.faces import weights
from roompulse_vision.faces.card import SHIPPED, ModelCard, read_card
from roompulse_vision.faces.crop import SquareCrop, crop
from roompulse_vision.faces.detection import Detection, Detector, FivePoints, Picture
from roompulse_vision.faces.detectors import load_detector
from roompulse_vision.faces.haar import Haar
from roompulse_vision.faces.sampling import Patch

from benchmarks.experiments.pairing import Difference, Labels, accuracy, f1, paired
from benchmarks.experiments.scenes import Scene, protocol, scenes
from benchmarks.material import SHARED

SCALES = (0.9, 0.95, 1.05, 1.1)  # of the card's side
SHIFTS = (-0.04, 0.04)  # of the box's height, downwards
CARD = "the card's"
BARE = "bare crop"
FIVE_POINTS = "five points"
# Where landmarks lie in a FER+ crop: medians over 575 valid faces, in fractions of its side.
PLACES = np.array([[0.309, 0.376], [0.676, 0.382], [0.483, 0.590], [0.335, 0.753], [0.636, 0.761]])
FINER = 4  # samples per pixel and side before averaging

Patches = dict[str, Patch]
console = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Result:
    """A way to cut; `gain` over the card's."""

    crop: str
    accuracy: float
    macro_f1: float
    gain: Difference


def rules(card: SquareCrop) -> dict[str, SquareCrop]:
    """Return the card's square, larger and smaller ones, and ones higher and lower."""
    sizes = {f"side × {s:g}": replace(card, side=(s * card.side[0], s * card.side[1])) for s in SCALES}
    places = {f"centre {dy:+g}": replace(card, centre=(card.centre[0], card.centre[1] + dy)) for dy in SHIFTS}
    return {CARD: card, **sizes, **places}


def upright(picture: Picture, points: FivePoints, size: int) -> Patch:
    """Cut by the similarity that brings the points to `PLACES`, least squares, as finely as the picture is."""
    here, there = (np.asarray(side) @ [1, 1j] for side in (points, PLACES * size * FINER))
    centred = here - here.mean()
    factor = (centred.conj() @ (there - there.mean())) / (centred.conj() @ centred).real
    offset = there.mean() - factor * here.mean()
    matrix = np.array([[factor.real, -factor.imag, offset.real], [factor.imag, factor.real, offset.imag]])
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    fine = cv2.warpAffine(grey, matrix, (size * FINER, size * FINER), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(fine, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def own_face(scene: Scene, found: Iterable[Detection]) -> Detection | None:
    for face in found:
        box = face.box_px
        if scene.holds(box.x + box.width / 2, box.y + box.height / 2):
            return face
    return None


def cut(scene: Scene, face: Detection, tried: dict[str, SquareCrop], card: ModelCard) -> Patches:
    spec = card.input
    patches = {name: crop(scene.picture, face.box_px, rule, spec.size, spec.colour) for name, rule in tried.items()}
    if face.landmarks_px:
        patches[FIVE_POINTS] = upright(scene.picture, face.landmarks_px, spec.size)
    return patches


def results(labels: Labels, calls: dict[str, Labels]) -> list[Result]:
    return [
        Result(name, accuracy(labels, read), f1(labels, read), paired(labels, calls[CARD], read))
        for name, read in calls.items()
    ]


def compare(detector: Detector, path: pathlib.Path, limit: int, seed: int) -> tuple[int, list[Result]]:
    """Find, cut in every way, read; return how many faces were found, too."""
    card, faces = read_card(path), protocol()
    rule = card.crop_for(detector.id)
    assert isinstance(rule, SquareCrop), f"{path} has no square for {detector.id}"
    tried, rows, patches = rules(rule), [], []
    chosen = np.random.default_rng(seed).permutation(len(faces.images))[: limit or None]
    shown = track(scenes(faces.images[chosen], seed), detector.id, total=len(chosen), console=console)
    for row, scene in zip(chosen, shown, strict=True):
        face = own_face(scene, detector.detect(scene.picture))
        if face is not None:
            rows.append(row)
            patches.append({BARE: faces.images[row], **cut(scene, face, tried, card)})
    ways = track(patches[0], "crops", console=console)
    read = {way: bare_crop.probabilities(np.stack([each[way] for each in patches]), path).argmax(1) for way in ways}
    return len(rows), results(faces.labels[rows], read)


def table(found: list[Result], title: str) -> Table:
    made = Table("crop", "accuracy", "macro F1", "gain, points (95 %)", title=title)
    for r in found:
        made.add_row(r.crop, f"{r.accuracy:.4f}", f"{r.macro_f1:.3f}", str(r.gain))
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--detector", choices=("yunet", "haar"), default="yunet")
    parser.add_argument("--models", type=pathlib.Path, default=SHARED / "models", help="folder with YuNet's weights")
    parser.add_argument("--card", type=pathlib.Path, default=SHIPPED, help="the emotion model")
    parser.add_argument("--limit", type=int, default=0, help="faces, drawn at random; 0: all 3,199")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    haar = options.detector == "haar"
    detector = Haar() if haar else load_detector(weights.folders(options.models))[0]
    count, found = compare(detector, options.card, options.limit, options.seed)
    if options.json:
        print(json.dumps({"detector": detector.id, "n": count, "crops": [asdict(result) for result in found]}))
    else:
        Console(width=120).print(table(found, f"{detector.id}, n = {count}"))


if __name__ == "__main__":
    main()
