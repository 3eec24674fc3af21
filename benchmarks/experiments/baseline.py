"""What the neutral baseline changes on real videos: the score and the expressions, with it and without.

    python -m benchmarks.experiments.baseline            # about a minute; --json for one object, --seconds for a longer meeting

The videos are short. Each is shown forwards and backwards in turn until 120 s of meeting have passed, five looks a
second, so that the baseline has its 60 s of evidence; vision and insight in this process, as the service has them.
"taught" is the evidence: seconds with a calm face towards the screen; "in 10 s" the most that the baseline moved the
score within 10 s. All other columns are means of what comes from 90 s on, when the baseline has set in.

    python -m benchmarks.experiments.baseline --profile [--card FILE]    # the population's profile, for a model's card: 15 s

Median centred log-probabilities of the neutral faces of FER+ train, in the order of the card's labels; beside it those
of FER+ valid, which the model was not trained on.
"""

import argparse
import json
import pathlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from roompulse_server.insight.scoring.baseline import FLOOR, NeutralBaseline
from roompulse_server.insight.scoring.formula import Formula
from roompulse_server.insight.scoring.scorer import ParticipantScorer
from roompulse_server.types import FaceObservation, Reading
from roompulse_training.robustness import there_and_back
from roompulse_vision.faces.card import SHIPPED, ModelCard, read_card
from roompulse_vision.faces.classifier import MAX_BATCH, Classifier, softmax
from roompulse_vision.faces.face_reader import FaceReader, load_reader
from roompulse_vision.types import LABELS

from benchmarks.experiments.scenes import Setup, protocol
from benchmarks.material import SHARED

RATE_HZ = 5
SETTLED_S = 90

Picture = NDArray[np.uint8]
console = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Result:
    """Means from `SETTLED_S` on; `raw` and `adjusted` are probabilities by label; None where nothing was read.

    `moved_10s`: the most that the difference of both scores changed within 10 s, at any time.
    """

    video: str
    taught_s: float
    weight: float
    score_without: float | None
    score_with: float | None
    moved_10s: float
    valence_without: float | None
    valence_with: float | None
    raw: dict[str, float]
    adjusted: dict[str, float]
    shift: dict[str, float]


def profile(card: ModelCard, split: str) -> tuple[int, list[float]]:
    """Return how many neutral faces a split of FER+ has, and the median of their centred log-probabilities."""
    faces = protocol(split)
    classifier, neutral = Classifier(card), faces.images[faces.labels == LABELS.index("neutral")]
    chunks = [list(neutral[start : start + MAX_BATCH]) for start in range(0, len(neutral), MAX_BATCH)]
    logits = np.concatenate([classifier.scores(chunk)[:, : len(card.output.labels)] for chunk in chunks])
    logp = np.log(np.maximum(softmax(logits / card.output.temperature), FLOOR))
    return len(neutral), np.median(logp - logp.mean(1, keepdims=True), axis=0).tolist()


def pictures(file: pathlib.Path) -> list[Picture]:
    """Return the frames of a video, `RATE_HZ` of them a second."""
    capture = cv2.VideoCapture(str(file))
    frames: list[Picture] = []
    index, rate = 0, capture.get(cv2.CAP_PROP_FPS)
    while (read := capture.read())[0]:
        if index / rate >= len(frames) / RATE_HZ - 1e-6:
            frames.append(np.asarray(read[1], np.uint8))
        index += 1
    capture.release()
    return frames


def observations(reader: FaceReader, frames: list[Picture], seconds: int) -> Iterator[FaceObservation]:
    """Yield what a worker would report of a stream of one participant."""
    watcher = reader.watcher()
    for number, picture in enumerate(there_and_back(frames, seconds * RATE_HZ)):
        at_s = number / RATE_HZ
        look = watcher.look(picture, at_s)
        faces = reader.classify(look.faces)
        yield FaceObservation(at_s, look.presence, faces[0] if len(faces) == 1 else None)


def mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def probabilities(readings: list[Reading], adjusted: bool) -> dict[str, float]:
    affects = [reading.affect for reading in readings if reading.affect is not None]
    rows = np.array([affect.adjusted if adjusted else affect.raw for affect in affects]).reshape(-1, len(LABELS))
    means = rows.mean(0).tolist() if len(rows) else []
    return {label: value for label, value in zip(LABELS, means, strict=False) if not np.isnan(value)}


def valence(readings: list[Reading]) -> float | None:
    return mean([reading.affect.valence if reading.affect else None for reading in readings])


def score(readings: list[Reading]) -> float | None:
    return mean([reading.engagement.score for reading in readings])


def moved(pairs: list[tuple[Reading, Reading]]) -> float:
    """Return the most that E with less E without changed within 10 s."""
    span = 10 * RATE_HZ
    gains = [(one.engagement.score, other.engagement.score) for one, other in pairs]
    steps = [
        abs((late[1] - late[0]) - (soon[1] - soon[0]))
        for soon, late in zip(gains, gains[span:], strict=False)
        if soon[0] is not None and soon[1] is not None and late[0] is not None and late[1] is not None
    ]
    return max(steps, default=0.0)


def compare(reader: FaceReader, file: pathlib.Path, seconds: int) -> Result:
    formula, profile = Formula(), reader.neutral_logp
    assert profile is not None, "the model's card has no profile"
    baseline = NeutralBaseline(profile, formula)
    bare, based = ParticipantScorer(formula), ParticipantScorer(formula, baseline)
    seen = list(observations(reader, pictures(file), seconds))
    settled = SETTLED_S * RATE_HZ
    every = [(bare.observe(each), based.observe(each)) for each in seen]
    without, adjusted = ([pair[which] for pair in every[settled:]] for which in (0, 1))
    return Result(
        video=file.stem,
        taught_s=baseline.taught_s,
        weight=baseline.weight,
        score_without=score(without),
        score_with=score(adjusted),
        moved_10s=moved(every),
        valence_without=valence(without),
        valence_with=valence(adjusted),
        raw=probabilities(without, adjusted=False),
        adjusted=probabilities(adjusted, adjusted=True),
        shift=baseline.shift(),
    )


def shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def table(results: list[Result], seconds: int) -> Table:
    made = Table(
        "video", "taught s", "weight", "E", "E with", "in 10 s", "V", "V with", title=f"{seconds} s, {RATE_HZ} looks/s"
    )
    for label in ("neutral", "sadness", "anger", "surprise"):
        made.add_column(f"{label}: raw → adj.")
    for r in results:
        changes = [
            f"{shown(r.raw.get(label))} → {shown(r.adjusted.get(label))}"
            for label in ("neutral", "sadness", "anger", "surprise")
        ]
        scores = (shown(r.score_without), shown(r.score_with), f"{r.moved_10s:.3f}")
        feelings = (shown(r.valence_without), shown(r.valence_with))
        made.add_row(r.video, f"{r.taught_s:.0f}", shown(r.weight), *scores, *feelings, *changes)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=pathlib.Path, default=SHARED / "models", help="folder with YuNet's weights")
    parser.add_argument("--seconds", type=int, default=120, help=f"length of each meeting, more than {SETTLED_S}")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--card", type=pathlib.Path, default=SHIPPED, help="the emotion model's card")
    parser.add_argument("--profile", action="store_true", help="print the population's profile")
    options = parser.parse_args()
    if options.profile:
        for split in ("train", "valid"):
            count, values = profile(read_card(options.card), split)
            print(f"{split}, {count} neutral faces: neutral_logp = [{', '.join(f'{v:.3f}' for v in values)}]")
        return
    if options.seconds <= SETTLED_S:
        parser.error(f"--seconds {options.seconds}: the baseline has set in only after {SETTLED_S}")
    reader, _ = load_reader(Setup(str(options.models), str(options.card)))
    files = sorted((SHARED / "data" / "videos").glob("*.mp4"))
    results = [compare(reader, file, options.seconds) for file in track(files, "videos", console=console)]
    if options.json:
        print(json.dumps({"seconds": options.seconds, "videos": [asdict(result) for result in results]}))
    else:
        Console(width=150).print(table(results, options.seconds))


if __name__ == "__main__":
    main()
