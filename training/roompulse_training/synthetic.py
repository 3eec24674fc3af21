"""Small data sets with drawn faces, in the exact formats of Aff-Wild2 and DAiSEE. Deterministic from a seed.

script: segments of one expression ─▶ units, valence, arousal of each frame ─▶ label files, drawn pictures
"""

import pathlib
from collections.abc import Iterator
from dataclasses import dataclass

import av
import numpy as np
from roompulse.sending.encoder import JpegEncoder, picture_of
from roompulse_vision.derived.action_units import SHARES
from roompulse_vision.derived.circumplex import COORDINATES
from roompulse_vision.types import ACTION_UNITS

from roompulse_training.affwild import AU, EXPR, EXPRESSIONS, VA, Doubles, Task, picture_path, write_track
from roompulse_training.daisee import LABELS_FOLDER, MEASURES, SPLITS, VIDEOS_FOLDER
from roompulse_training.drawing import SIDE, Person, face
from roompulse_training.mtl import write_rows

ANNOTATIONS = "Third ABAW Annotations"
CHALLENGES = {EXPR: "EXPR_Classification_Challenge", VA: "VA_Estimation_Challenge", AU: "AU_Detection_Challenge"}
MULTI_TASK = "MTL_Challenge"
SEGMENT = (8, 20)  # frames of one expression, least and most
OTHER = {2: 0.9, 7: 0.9, 23: 0.9}  # units of what is none of the seven: a set that no row of the table has
OTHER_FEELING = (0.1, 0.2)
NO_FACE = 0.05  # share of frames without a picture
INVALID = 0.1  # share of frames without a valid label, in each task


@dataclass(frozen=True, slots=True)
class Plan:
    """How large a set: videos (the last of each split shows two people), frames of each, and the seed."""

    train: int = 5
    validation: int = 3
    frames: int = 60
    seed: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Script:
    """What one person shows: `classes` (N, 1), `feelings` (N, 2), `units` (N, 12), `depth` (N, 12) how strongly."""

    classes: Doubles
    feelings: Doubles
    units: Doubles
    depth: Doubles


def write_affwild(root: pathlib.Path, plan: Plan = Plan(), *, pictures: bool = True) -> None:
    """Write annotations of all three tasks, the multi-task files, and the pictures, below `root`."""
    rng = np.random.default_rng(plan.seed)
    first = 1
    for split, videos in (("Train_Set", plan.train), ("Validation_Set", plan.validation)):
        names = [f"video{number}" for number in range(first, first + videos)]
        tracks = [*names[:-1], *(f"{name}{side}" for name in names[-1:] for side in ("_left", "_right"))]
        deck = shuffled(rng)
        _write_split(root, split, {name: script(plan.frames, deck, rng) for name in tracks}, rng, pictures=pictures)
        first += videos


def shuffled(rng: np.random.Generator) -> Iterator[str]:
    """Yield expressions for ever, each as often as the others."""
    while True:
        yield from rng.permutation(EXPRESSIONS).tolist()


def script(frames: int, expressions: Iterator[str], rng: np.random.Generator) -> Script:
    """Return a person's frames: expressions in segments, each rising and falling; units by the table of Du et al."""
    classes, depth = np.zeros((frames, 1)), np.zeros((frames, len(ACTION_UNITS)))
    feelings, units = np.zeros((frames, 2)), np.zeros((frames, len(ACTION_UNITS)))
    start = 0
    while start < frames:
        rows = slice(start, min(frames, start + int(rng.integers(*SEGMENT, endpoint=True))))
        name = next(expressions)
        length = rows.stop - start
        course = 0.6 + 0.4 * np.sin(np.linspace(0.1, np.pi - 0.1, length))[:, None]
        shown = np.array([rng.random() < _shares(name).get(unit, 0.0) for unit in ACTION_UNITS], np.float64)
        classes[rows], units[rows], depth[rows] = EXPRESSIONS.index(name), shown, shown * course
        feelings[rows] = np.array(COORDINATES.get(name, OTHER_FEELING)) * course + rng.normal(0, 0.05, (length, 2))
        start = rows.stop
    return Script(classes, feelings.clip(-1, 1).round(3), units, depth)


def _shares(name: str) -> dict[int, float]:
    return OTHER if name == "other" else SHARES[name]


def _write_split(
    root: pathlib.Path, split: str, scripts: dict[str, Script], rng: np.random.Generator, *, pictures: bool
) -> None:
    images: list[str] = []
    rows: list[Doubles] = []
    for name, shown in scripts.items():
        labels = {VA: shown.feelings, EXPR: shown.classes, AU: shown.units}
        masked = {task: _masked(values, task, rng) for task, values in labels.items()}
        for task, values in masked.items():
            write_track(root / ANNOTATIONS / CHALLENGES[task] / split / f"{name}.txt", task, values)
        seen = np.flatnonzero(rng.random(len(shown.classes)) >= NO_FACE)
        images += [f"{name}/{row + 1:05d}.jpg" for row in seen]
        rows.append(np.hstack(list(masked.values()))[seen])
        if pictures:
            _write_pictures(root, name, shown, seen.tolist(), rng)
    write_rows(root / ANNOTATIONS / MULTI_TASK / f"{split}.txt", tuple(images), np.concatenate(rows))


def _masked(values: Doubles, task: Task, rng: np.random.Generator) -> Doubles:
    hidden = rng.random((len(values), 1)) < INVALID
    return np.where(hidden, task.missing, values)


def _write_pictures(root: pathlib.Path, name: str, shown: Script, seen: list[int], rng: np.random.Generator) -> None:
    person, encoder = Person.drawn(rng), JpegEncoder()
    for row in seen:
        path = picture_path(root, name, row)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoder.encode(picture_of(face(shown.depth[row], person, noise=rng))).data)


@dataclass(frozen=True, slots=True)
class Clips:
    """How large a set in DAiSEE's format: users of each split, clips of each, frames of a clip at 10 a second."""

    users: int = 2
    clips: int = 4
    frames: int = 20
    seed: int = 1


def write_daisee(root: pathlib.Path, plan: Clips = Clips(), *, videos: bool = True) -> None:
    """Write labels of three splits, and a clip for each: the more engaged, the wider the eyes and the more it moves."""
    rng = np.random.default_rng(plan.seed)
    everything: list[str] = []
    for number, split in enumerate(SPLITS, 1):
        lines: list[str] = []
        for user in range(plan.users):
            person, user_id = Person.drawn(rng), f"{number}1{user + 1:04d}"
            for clip in range(plan.clips):
                name, levels = f"{user_id}{clip + 1:04d}", rng.integers(0, 4, len(MEASURES))
                lines.append(f"{name}.avi,{','.join(map(str, levels))}")
                if videos:
                    path = root / VIDEOS_FOLDER / split / user_id / name / f"{name}.avi"
                    _write_clip(path, person, int(levels[MEASURES.index("Engagement")]), plan.frames, rng)
        _write_labels(root, f"{split}Labels.csv", lines)
        everything += lines
    _write_labels(root, "AllLabels.csv", everything)


def _write_labels(root: pathlib.Path, name: str, lines: list[str]) -> None:
    path = root / LABELS_FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    header = f"ClipID,{','.join(MEASURES)} "  # the published files have this space
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")


def _write_clip(path: pathlib.Path, person: Person, level: int, frames: int, rng: np.random.Generator) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    interest = dict.fromkeys((1, 2, 25), level / 3) | {7: 1 - level / 3}
    strength = np.array([interest.get(unit, 0.0) for unit in ACTION_UNITS])
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 2 * SIDE, 2 * SIDE, "yuv420p"
        for moment in range(frames):
            course = 0.7 + 0.3 * np.sin(moment * level / 3)
            picture = face(strength * course, person, noise=rng).repeat(2, 0).repeat(2, 1)
            container.mux(stream.encode(picture_of(picture)))
        container.mux(stream.encode(None))
