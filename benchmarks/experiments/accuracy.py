"""What the way to the model costs: accuracy on FER+ valid faces found in wider pictures, against the bare crops.

    python -m benchmarks.experiments.accuracy                            # in this process, 3,199 faces, about two minutes
    python -m benchmarks.experiments.accuracy --server localhost:50051   # through AnalyzeImage of a running service

Paired: both see the same faces, those that were found. The difference comes with its 95 % interval.
"""

import argparse
import json
import pathlib
from collections.abc import Callable
from dataclasses import asdict, dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from roompulse_training import bare_crop
from roompulse_vision.faces.card import SHIPPED
from roompulse_vision.faces.face_reader import load_reader
from roompulse_vision.types import LABELS, Box

from benchmarks.experiments.pairing import accuracy, paired
from benchmarks.experiments.scenes import Scene, Setup, protocol, scenes
from benchmarks.material import SHARED

console = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """One face: its box in fractions, the index of its most probable label."""

    box: Box
    label: int


Through = Callable[[bytes], list[Answer]]  # a PNG → its faces


@dataclass(frozen=True, slots=True)
class Comparison:
    """`difference` = through - bare, on the `found` of `faces`; ± `interval` at 95 %."""

    faces: int
    found: int
    bare_all: float
    bare: float
    through: float
    difference: float
    interval: float


def local(setup: Setup) -> Through:
    """Detect, crop and classify in this process."""
    reader, warnings = load_reader(setup)
    for warning in warnings:
        console.print(warning)

    def through(png: bytes) -> list[Answer]:
        picture = np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR), np.uint8)
        read = [(face.box, face.affect) for face in reader.faces(picture)]
        return [Answer(box, int(np.nanargmax(affect.probabilities))) for box, affect in read if affect]

    return through


def remote(target: str) -> Through:
    """Ask a running service."""
    import grpc  # only here: the rest needs no service
    from roompulse.v1 import analysis_service_pb2, analysis_service_pb2_grpc, common_pb2

    stub = analysis_service_pb2_grpc.AnalysisServiceStub(grpc.insecure_channel(target))
    consent = common_pb2.Consent(state=common_pb2.CONSENT_STATE_GRANTED)

    def through(png: bytes) -> list[Answer]:
        request = analysis_service_pb2.AnalyzeImageRequest(
            data=png, purpose=common_pb2.PURPOSE_RESEARCH, consent=consent
        )
        answers = []
        for found in stub.AnalyzeImage(request).faces:
            raw = {field.name: value for field, value in found.affect.raw.ListFields()}
            if raw:
                box = found.face.box
                label = LABELS.index(max(raw, key=lambda name: raw[name]))
                answers.append(Answer(Box(box.x, box.y, box.width, box.height), label))
        return answers

    return through


def of_scene(scene: Scene, answers: list[Answer]) -> int:
    """Return the label read from the scene's own face, -1 where it was not found."""
    height, width = scene.picture.shape[:2]
    for answer in answers:
        box = answer.box
        if scene.holds((box.x + box.width / 2) * width, (box.y + box.height / 2) * height):
            return answer.label
    return -1


def compare(labels: NDArray[np.int64], bare: NDArray[np.int64], through: NDArray[np.int64]) -> Comparison:
    found = through >= 0
    gain = paired(labels[found], bare[found], through[found])
    return Comparison(
        len(labels),
        int(found.sum()),
        accuracy(labels, bare),
        accuracy(labels[found], bare[found]),
        accuracy(labels[found], through[found]),
        gain.value,
        gain.interval,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--local", action="store_true", help="in this process (the default)")
    way.add_argument("--server", metavar="HOST:PORT", help="through AnalyzeImage of a running service")
    parser.add_argument("--models", type=pathlib.Path, default=SHARED / "models", help="folder with YuNet's weights")
    parser.add_argument("--card", type=pathlib.Path, default=SHIPPED, help="the emotion model")
    parser.add_argument("--limit", type=int, default=0, help="faces, drawn at random; 0: all 3,199")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    faces = protocol()
    chosen = np.random.default_rng(options.seed).permutation(len(faces.images))[: options.limit or None]
    images, labels = faces.images[chosen], faces.labels[chosen]
    through = remote(options.server) if options.server else local(Setup(str(options.models), str(options.card)))
    read = []
    for scene in track(scenes(images, options.seed), "faces", total=len(images), console=console):
        png = cv2.imencode(".png", scene.picture)[1].tobytes()
        read.append(of_scene(scene, through(png)))
    result = compare(labels, bare_crop.probabilities(images, options.card).argmax(1), np.array(read))
    if options.json:
        print(json.dumps(asdict(result)))
        return
    print(f"model on the bare crops, all       {result.bare_all:.4f}  (n = {result.faces})")
    print(f"model on the bare crops, of those found {result.bare:.4f}  (n = {result.found})")
    print(f"through detection, crop and model  {result.through:.4f}  (n = {result.found})")
    print(f"difference                         {result.difference:+.4f}  ± {result.interval:.4f} (95 %, paired)")


if __name__ == "__main__":
    main()
