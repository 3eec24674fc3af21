"""From labels and predictions to the challenges' figures.

    labels, predictions ──pair──▶ Pairs: the frames that count, of all videos in one list ──score──▶ Score

By ABAW's rules: frames without a valid label are left out; all videos are concatenated, none has a score of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roompulse_training.affwild import Doubles, Task, Track, source_video
from roompulse_training.errors import DataError
from roompulse_training.figures import Figures, Measure, Support
from roompulse_training.interval import ROUNDS, Indices, Interval, Watch, bootstrap
from roompulse_training.mtl import PARTS, Rows


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Frames in pairs: `truth` and `predicted` (N, width); `invalid` more had no valid label.

    `videos` (N,) is the video of each: two people in one video are of one.
    """

    truth: Doubles
    predicted: Doubles
    videos: NDArray[np.str_]
    invalid: int


@dataclass(frozen=True, slots=True)
class Score:
    """Figures by name, nan where a class is empty; their 95 % intervals, drawn by whole videos, where asked for.

    `support` is the number of labels behind a class's figure; `frames` counted, `invalid` did not.
    """

    frames: int
    invalid: int
    videos: int
    figures: Figures
    intervals: dict[str, Interval]
    support: Support


def pair(truth: Mapping[str, Track], predicted: Mapping[str, Track], task: Task) -> Pairs:
    """Return the frames that have a valid label, with what was predicted for them.

    Raises:
        DataError: A video has no predictions, or not one for each frame; a labelled frame has none; or no frame has a
            label.
    """
    found = [_of_video(label, _named(predicted, name, label), task) for name, label in truth.items()]
    kept = sum(int(valid.sum()) for valid, _ in found)
    if not kept:
        raise DataError(next(iter(truth.values())).path.parent, f"no frame has a valid label of {task.name}")
    return Pairs(
        np.concatenate([track.values[valid] for track, (valid, _) in zip(truth.values(), found, strict=True)]),
        np.concatenate([rows for _, rows in found]),
        np.repeat(np.array([source_video(name) for name in truth]), [int(valid.sum()) for valid, _ in found]),
        sum(len(valid) for valid, _ in found) - kept,
    )


def _named(predicted: Mapping[str, Track], name: str, label: Track) -> Track:
    if name not in predicted:
        folder = next(iter(predicted.values())).path.parent
        raise DataError(folder, f"there is no {name}.txt with predictions for {label.path}")
    return predicted[name]


def _of_video(label: Track, guess: Track, task: Task) -> tuple[NDArray[np.bool_], Doubles]:
    if len(guess.values) != len(label.values):
        raise DataError(guess.path, f"has {len(guess.values)} frames, its labels have {len(label.values)}")
    valid = task.valid(label.values)
    _refuse_gaps(guess.path, guess.values, valid, task)
    return valid, guess.values[valid]


def _refuse_gaps(path: object, values: Doubles, valid: NDArray[np.bool_], task: Task) -> None:
    gaps = np.flatnonzero(valid & (values == task.missing).any(1))
    if len(gaps):
        text = f"has no prediction ({task.missing}) for a frame with a label; fill gaps, for example by interpolation"
        raise DataError(str(path), text, int(gaps[0]) + 2)


def score(pairs: Pairs, measure: Measure, rounds: int = ROUNDS, seed: int = 1, watch: Watch = iter) -> Score:
    """Return the figures, with intervals where `rounds` is not 0 (whole videos are drawn: their frames are alike)."""
    figures = measure.figures(pairs.truth, pairs.predicted, {})

    def redone(rows: Indices) -> list[float]:
        return list(measure.figures(pairs.truth[rows], pairs.predicted[rows], figures).values())

    videos = len(np.unique(pairs.videos))
    drawn = bootstrap(redone, pairs.videos, rounds, seed, watch) if rounds and videos > 1 else []
    intervals = dict(zip(figures, drawn, strict=True)) if drawn else {}
    return Score(len(pairs.truth), pairs.invalid, videos, figures, intervals, measure.support(pairs.truth))


def pair_rows(truth: Rows, predicted: Rows) -> Pairs:
    """Return the rows of a multi-task file with their predictions, by image; `invalid` ones have no label at all.

    Raises:
        DataError: An image has no predictions, or lacks one of a part that has a label.
    """
    places = {image: row for row, image in enumerate(predicted.images)}
    for line, image in enumerate(truth.images, 2):
        if image not in places:
            raise DataError(predicted.path, f"there is no prediction for {image}, line {line} of {truth.path}")
    order = np.array([places[image] for image in truth.images], np.intp)
    usable = np.zeros(len(order), bool)
    for task, columns in PARTS:
        valid = task.valid(truth.values[:, columns])
        wanted = np.zeros(len(predicted.images), bool)
        wanted[order[valid]] = True
        _refuse_gaps(predicted.path, predicted.values[:, columns], wanted, task)
        usable |= valid
    if not usable.any():
        raise DataError(truth.path, "no image has a valid label")
    videos = np.array([source_video(name) for name in truth.videos])[usable]
    return Pairs(truth.values[usable], predicted.values[order][usable], videos, int((~usable).sum()))
