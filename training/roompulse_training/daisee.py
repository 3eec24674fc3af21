"""DAiSEE folders, and how a score per clip agrees with their levels of engagement.

    <root>/Labels/TestLabels.csv                 ClipID,Boredom,Engagement,Confusion,Frustration; levels 0 to 3
    <root>/DataSet/Test/<user>/<clip>/<clip>.avi

A clip's id without its ending names it; its first six digits are the user.
"""

import csv
import math
import pathlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from roompulse_training.errors import DataError
from roompulse_training.interval import ROUNDS, Indices, Interval, Watch, bootstrap
from roompulse_training.rank import auc, spearman

MEASURES = ("Boredom", "Engagement", "Confusion", "Frustration")
SPLITS = ("Train", "Validation", "Test")
LABELS_FOLDER, VIDEOS_FOLDER = "Labels", "DataSet"
LEVELS = (0, 1, 2, 3)  # very low, low, high, very high
HIGH = 2
USER_DIGITS = 6


@dataclass(frozen=True, slots=True)
class LevelMean:
    """The scores of the clips of one level."""

    level: int
    clips: int
    mean: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Agreement:
    """How scores follow levels; nan where there is nothing to compare. Intervals are drawn by whole users.

    `scored` clips count, `unscored` have a level and no score. `auc`: the probability that a clip of level 2 or 3
    scores above one of level 0 or 1.
    """

    scored: int
    unscored: int
    users: int
    spearman: float
    spearman_interval: Interval
    auc: float
    auc_interval: Interval
    levels: tuple[LevelMean, ...]


def read_levels(root: pathlib.Path, split: str = "Test", measure: str = "Engagement") -> dict[str, int]:
    """Return the level of each clip of a split, or of `All`.

    Raises:
        DataError: The file cannot be read, or a line is not what it should be.
    """
    path = root if root.is_file() else root / LABELS_FOLDER / f"{split}Labels.csv"
    found = {}
    for clip, level, line in _rows(path, "ClipID", measure):
        if level not in {str(known) for known in LEVELS}:
            raise DataError(path, f"expected a level from 0 to 3, found {level!r}", line)
        found[clip] = int(level)
    return found


def read_scores(path: pathlib.Path) -> dict[str, float]:
    """Return the score of each clip from a CSV file with columns `clip` and `score`; empty (nan): it has none.

    Raises:
        DataError: The file cannot be read, or a line is not what it should be.
    """
    found = {}
    for clip, word, line in _rows(path, "clip", "score"):
        try:
            found[clip] = float(word or "nan")
        except ValueError as error:
            raise DataError(path, f"expected a number or nothing, found {word!r}", line) from error
        if math.isinf(found[clip]):
            raise DataError(path, f"expected a finite number or nothing, found {word!r}", line)
    return found


def write_scores(path: pathlib.Path, scores: Mapping[str, float]) -> None:
    """Write a file as `read_scores` reads it."""
    rows = (f"{clip},{'' if math.isnan(score) else format(score, '.10g')}" for clip, score in scores.items())
    path.write_text("\n".join(["clip,score", *rows]) + "\n", encoding="utf-8")


def _rows(path: pathlib.Path, key: str, value: str) -> list[tuple[str, str, int]]:
    """Return (clip, value, line) of each line. Names and values may have spaces around them, as the published have."""
    try:
        lines = list(csv.reader(path.read_text(encoding="utf-8-sig", errors="replace").splitlines()))
    except OSError as error:
        raise DataError(path, f"cannot be read: {error.strerror}") from error
    header = [name.strip() for name in lines[0]] if lines else []
    if key not in header or value not in header:
        raise DataError(path, f"expected columns {key!r} and {value!r}, found {','.join(header)!r}", 1)
    rows: list[tuple[str, str, int]] = []
    lines_of: dict[str, int] = {}
    for number, words in enumerate(lines[1:], 2):
        if len(words) != len(header):
            raise DataError(path, f"expected {len(header)} values, found {len(words)}", number)
        clip = pathlib.PurePath(words[header.index(key)].strip()).stem
        if clip in lines_of:
            raise DataError(path, f"clip {clip} stands in line {lines_of[clip]} already", number)
        lines_of[clip] = number
        rows.append((clip, words[header.index(value)].strip(), number))
    return rows


def find_clip(root: pathlib.Path, clip: str) -> pathlib.Path:
    """Return a clip's video.

    Raises:
        DataError: There is none, or more than one.
    """
    found = sorted((root / VIDEOS_FOLDER).glob(f"*/*/{clip}/{clip}.*"))
    if len(found) != 1:
        seen = ", ".join(map(str, found)) or "none"
        raise DataError(root / VIDEOS_FOLDER, f"expected one video <split>/<user>/{clip}/{clip}.avi, found {seen}")
    return found[0]


def agreement(
    levels: Mapping[str, int], scores: Mapping[str, float], rounds: int = ROUNDS, seed: int = 1, watch: Watch = iter
) -> Agreement:
    """Return how the scores of clips follow their levels; scores of clips without a level do not count.

    Raises:
        ValueError: No clip has both.
    """
    clips = [clip for clip in levels if not math.isnan(scores.get(clip, math.nan))]
    if not clips:
        raise ValueError("no clip has both a level and a score; are the clips' names those of the labels?")
    level, value = np.array([levels[clip] for clip in clips]), np.array([scores[clip] for clip in clips])
    users = [clip[:USER_DIGITS] for clip in clips]
    measure = _measure(level, value)
    figures = measure(np.arange(len(clips)))
    intervals = bootstrap(measure, users, rounds, seed, watch) if rounds else [Interval(math.nan, math.nan)] * 6
    means = zip(LEVELS, figures[2:], intervals[2:], strict=True)
    return Agreement(
        len(clips),
        len(levels) - len(clips),
        len(set(users)),
        figures[0],
        intervals[0],
        figures[1],
        intervals[1],
        tuple(LevelMean(number, int((level == number).sum()), mean, found) for number, mean, found in means),
    )


def _measure(level: np.ndarray, value: np.ndarray) -> Callable[[Indices], list[float]]:
    def measure(rows: Indices) -> list[float]:
        levels, values = level[rows], value[rows]
        means = [float(values[levels == number].mean()) if (levels == number).any() else math.nan for number in LEVELS]
        return [spearman(levels, values), auc(levels >= HIGH, values), *means]

    return measure
