"""How many faces are found: FER+ valid faces in wider pictures, over thresholds, working sides and face sizes.

    python -m benchmarks.experiments.recall                        # 3,199 faces, about three minutes; --limit 600 for a look
    python -m benchmarks.experiments.recall --plot runs/recall.png --json

YuNet's weights are taken from --models, ../shared/models or the user's cache. Prints tables (as in docs/detection.md),
or with --json one object on standard output.
"""

import argparse
import json
import pathlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from roompulse_vision.faces import weights
from roompulse_vision.faces.detection import Detector
from roompulse_vision.faces.haar import Haar
from roompulse_vision.faces.yunet import YuNet

from benchmarks.experiments.scenes import Scene, protocol, scenes
from benchmarks.material import SHARED

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9)
WORKING_SIDES = (320, 480, 640)
SIZES = (40, 56, 80, 112, 160, 224, 320)  # pixels, side of the pasted crop
FACES_BY_SIZE = 500
AT = (0.5, 0.75)

console = Console(stderr=True)


@dataclass(frozen=True, slots=True, eq=False)
class Finds:
    """Of each scene: the best score of its face (0: not found), and of anything elsewhere."""

    face: NDArray[np.float64]
    elsewhere: NDArray[np.float64]

    def recall(self, threshold: float) -> float:
        return float((self.face >= threshold).mean())

    def false_faces(self, threshold: float) -> float:
        return float((self.elsewhere >= threshold).mean())


def search(detector: Detector, watched: Sequence[Scene], name: str) -> Finds:
    """Look at all scenes. A face without a score (Haar) counts as 1."""
    face, elsewhere = np.zeros(len(watched)), np.zeros(len(watched))
    for i, scene in enumerate(track(watched, name, console=console)):
        for found in detector.detect(scene.picture):
            box, score = found.box_px, 1.0 if found.score is None else found.score
            there = scene.holds(box.x + box.width / 2, box.y + box.height / 2)
            of = face if there else elsewhere
            of[i] = max(of[i], score)
    return Finds(face, elsewhere)


def by_size(detectors: dict[str, Detector], images: NDArray[np.uint8], seed: int) -> dict[str, dict[str, Finds]]:
    """Look for the same faces at every size; by size, then by detector."""
    found = {}
    for side in SIZES:
        watched = list(scenes(images, seed, (side, side)))
        found[str(side)] = {name: search(d, watched, f"{name}, {side} px") for name, d in detectors.items()}
    return found


def report(results: dict[str, Finds], sizes: dict[str, dict[str, Finds]]) -> dict[str, object]:
    return {
        "faces": len(next(iter(results.values())).face),
        "recall": {name: {str(t): f.recall(t) for t in THRESHOLDS} for name, f in results.items()},
        "false_faces": {name: {str(t): f.false_faces(t) for t in THRESHOLDS} for name, f in results.items()},
        "recall_by_side_px": {
            side: {name: {str(t): f.recall(t) for t in AT} for name, f in finds.items()}
            for side, finds in sizes.items()
        },
    }


def show(results: dict[str, Finds], sizes: dict[str, dict[str, Finds]]) -> None:
    screen, count = Console(width=110), len(next(iter(results.values())).face)
    cell: list[tuple[str, Callable[[Finds, float], float]]] = [
        (f"faces found (n = {count})", Finds.recall),
        ("pictures with a false face elsewhere", Finds.false_faces),
    ]
    for title, value in cell:
        table = Table("detector", *map(str, THRESHOLDS), title=title)
        for name, finds in results.items():
            table.add_row(name, *(f"{value(finds, t):.3f}" for t in THRESHOLDS))
        screen.print(table)
    table = Table("detector, threshold", *sizes, title=f"by side of the crop, pixels (n = {FACES_BY_SIZE} each)")
    for name in results:
        for threshold in AT:
            table.add_row(f"{name}, {threshold}", *(f"{finds[name].recall(threshold):.3f}" for finds in sizes.values()))
    screen.print(table)


def plot(results: dict[str, Finds], file: pathlib.Path) -> None:
    import matplotlib.pyplot as plt  # only here: the rest needs no plotting library

    thresholds = np.linspace(THRESHOLDS[0], 0.95, 131)
    figure, axes = plt.subplots(figsize=(7, 4))
    for name, finds in results.items():
        axes.plot(thresholds, [finds.recall(t) for t in thresholds], label=name)
    axes.axhline(0.95, color="grey", linewidth=0.5)
    axes.set(xlabel="threshold", ylabel="recall", title="FER+ valid faces in wider pictures", ylim=(0, 1))
    axes.legend()
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=120)
    console.print(f"the curves are in {file}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, default=0, help="faces, drawn at random; 0: all 3,199")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--models", type=pathlib.Path, default=SHARED / "models", help="folder with YuNet's weights")
    parser.add_argument("--plot", type=pathlib.Path, help="file for the curves")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    options = parser.parse_args()
    file = weights.find(weights.YUNET, weights.folders(options.models))
    if file is None:
        sys.exit(f"YuNet's weights are not in {options.models}; fetch them with `roompulse-server models pull`")
    images = protocol().images
    chosen = np.random.default_rng(options.seed).permutation(len(images))[: options.limit or None]
    watched = list(scenes(images[chosen], options.seed))
    detectors: dict[str, Detector] = {f"yunet {side}": YuNet(file, THRESHOLDS[0], side) for side in WORKING_SIDES}
    detectors["haar"] = Haar()
    results = {name: search(detector, watched, name) for name, detector in detectors.items()}
    sizes = by_size(detectors, images[chosen[:FACES_BY_SIZE]], options.seed)
    if options.plot:
        plot(results, options.plot)
    if options.json:
        print(json.dumps(report(results, sizes)))
    else:
        show(results, sizes)


if __name__ == "__main__":
    main()
