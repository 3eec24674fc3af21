"""Aff-Wild2 files, as the ABAW challenges hand them out; predictions in the same format.

    <root>/[Third ABAW Annotations/]EXPR_Classification_Challenge/Validation_Set/<video>.txt
                                    VA_Estimation_Challenge/…     AU_Detection_Challenge/…
    <root>/cropped_aligned/<video>/00001.jpg

A file's first line is a header, then there is one line for each frame: line i of these (from 1) belongs to picture
`%05d.jpg` of i. A picture may be missing (no face was found). `-1` (expressions, action units) and `-5` (valence,
arousal) mean that a frame has no valid label. `<video>_left` and `<video>_right` are two people in one video.
"""

import pathlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from roompulse_vision.types import ACTION_UNITS, LABELS

from roompulse_training.errors import DataError

Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]
Watch = Callable[[Iterable[pathlib.Path]], Iterable[pathlib.Path]]  # sees the files pass: a progress bar

EXPRESSIONS = ("neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise", "other")
NO_LABEL, NO_FEELING = -1, -5
SERVICE_PLACES = tuple(LABELS.index(name) for name in EXPRESSIONS)  # of each ABAW class in the service's labels
CONTEMPT = LABELS.index("contempt")  # which ABAW lacks: its eighth class is Other
_SIDES = ("_left", "_right")


@dataclass(frozen=True, slots=True)
class Task:
    """One of the three: what its files look like, and which values mean what.

    Attributes:
        name: For people.
        folder: How its challenge's folder begins.
        columns: The header.
        width: Values in a line.
        missing: What stands where there is no valid label.
        label: Which values a label may have, and what they are, in words.
        prediction: The same of a prediction.
    """

    name: str
    folder: str
    columns: tuple[str, ...]
    width: int
    missing: int
    label: tuple[Callable[[Doubles], Flags], str]
    prediction: tuple[Callable[[Doubles], Flags], str]

    def valid(self, values: Doubles) -> Flags:
        """Return which frames, (N,) of (N, width), have a valid label: all their values must be."""
        least = -1 if self.missing == NO_FEELING else 0
        return np.asarray((values >= least).all(1), bool)


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One person's frames in one file: `values` (frames, width), frame i + 1 in row i, which is line i + 2."""

    path: pathlib.Path
    values: Doubles


def _whole(low: int, high: int) -> Callable[[Doubles], Flags]:
    return lambda values: np.isin(values, np.arange(low, high + 1))


EXPR = Task(
    "expressions",
    "EXPR_",
    EXPRESSIONS,
    1,
    NO_LABEL,
    (_whole(-1, 7), "a class from 0 to 7, or -1"),
    (_whole(-1, 7), "a class from 0 to 7, or -1"),
)
VA = Task(
    "valence and arousal",
    "VA_",
    ("valence", "arousal"),
    2,
    NO_FEELING,
    (lambda values: (np.abs(values) <= 1) | (values == NO_FEELING), "numbers from -1 to 1, or -5"),
    (np.isfinite, "finite numbers"),
)
AU = Task(
    "action units",
    "AU_",
    tuple(f"AU{unit}" for unit in ACTION_UNITS),
    len(ACTION_UNITS),
    NO_LABEL,
    (_whole(-1, 1), "0, 1 or -1"),
    (lambda values: ((values >= 0) & (values <= 1)) | (values == NO_LABEL), "numbers from 0 to 1, or -1"),
)
TASKS = {"expr": EXPR, "va": VA, "au": AU}


def read_lines(path: pathlib.Path) -> list[str]:
    """Return a text file's lines, without empty ones at its end."""
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace").rstrip().splitlines()
    except OSError as error:
        raise DataError(path, f"cannot be read: {error.strerror}") from error


def read_track(path: pathlib.Path, task: Task, *, predicted: bool = False) -> Track:
    """Return a file's values.

    Raises:
        DataError: The header, a number of values or a value is not what the task's files have; names file and line.
    """
    lines = read_lines(path)
    header = ",".join(task.columns)
    if not lines or ",".join(map(str.strip, lines[0].lower().split(","))) != header.lower():
        raise DataError(path, f"expected the header {header!r}, found {lines[0] if lines else 'an empty file'!r}", 1)
    rows = [numbers(path, number, line.split(","), task.width) for number, line in enumerate(lines[1:], 2)]
    values = np.array(rows, np.float64).reshape(len(rows), task.width)
    check(path, values, task, first_line=2, predicted=predicted)
    return Track(path, values)


def numbers(path: pathlib.Path, line: int, words: list[str], width: int) -> list[float]:
    """Return a line's values.

    Raises:
        DataError: There are more or fewer, or one is no number.
    """
    if len(words) != width:
        raise DataError(path, f"expected {width} values, found {len(words)}: {','.join(words)!r}", line)
    try:
        return [float(word) for word in words]
    except ValueError as error:
        raise DataError(path, f"expected {width} numbers, found {','.join(words)!r}", line) from error


def check(path: pathlib.Path, values: Doubles, task: Task, first_line: int, *, predicted: bool) -> None:
    """Refuse values (N, width) that a task's labels, or predictions, cannot have; row i is line first_line + i."""
    allowed, words = task.prediction if predicted else task.label
    wrong = np.flatnonzero(~allowed(values).all(1))
    if len(wrong):
        found = ",".join(f"{value:g}" for value in values[wrong[0]])
        raise DataError(path, f"expected {words}, found {found}", first_line + int(wrong[0]))


def read_folder(folder: pathlib.Path, task: Task, *, predicted: bool = False, watch: Watch = iter) -> dict[str, Track]:
    """Return all files of a folder, by video and person.

    Raises:
        DataError: There are none, or one is wrong.
    """
    paths = sorted(folder.glob("*.txt"))
    if not paths:
        raise DataError(folder, f"there are no <video>.txt files with {task.name}")
    return {path.stem: read_track(path, task, predicted=predicted) for path in watch(paths)}


def find_folder(root: pathlib.Path, task: Task, split: str = "Validation") -> pathlib.Path:
    """Return the folder with a task's files: `root` itself if it holds some, else the one that its names say.

    Args:
        root: Of the data set, of its annotations, of a challenge, or the folder itself.
        task: Whose files; folders begin with `task.folder` (`EXPR_Classification_Challenge`, older: `EXPR_Set`).
        split: How the split's folder begins: Train, Validation or Test.

    Raises:
        DataError: There is none, or more than one.
    """
    if any(root.glob("*.txt")):
        return root
    patterns = (f"{split}*", f"{task.folder}*/{split}*", f"*/{task.folder}*/{split}*")
    found = [path for pattern in patterns for path in sorted(root.glob(pattern)) if any(path.glob("*.txt"))]
    if len(found) != 1:
        seen = ", ".join(map(str, found)) or "none"
        raise DataError(root, f"expected one folder {task.folder}*/{split}* with .txt files, found {seen}")
    return found[0]


def write_track(path: pathlib.Path, task: Task, values: Doubles) -> None:
    """Write a file of the task's format from (frames, width); labels and predictions alike."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = (",".join(f"{value:.10g}" for value in row) for row in values)
    path.write_text("\n".join([",".join(_titled(task)), *rows]) + "\n", encoding="utf-8")


def _titled(task: Task) -> Iterable[str]:
    return (name.capitalize() for name in task.columns) if task is EXPR else task.columns


def picture_path(root: pathlib.Path, track: str, row: int) -> pathlib.Path:
    """Return where the picture of a row (from 0) is, or would be had a face been found."""
    return root / "cropped_aligned" / track / f"{row + 1:05d}.jpg"


def source_video(track: str) -> str:
    """Return the video that a file is about: two people in it have files of their own."""
    for side in _SIDES:
        track = track.removesuffix(side)
    return track


def from_service(probabilities: Doubles, *, contempt_as_other: bool = False) -> Doubles:
    """Return ABAW's columns (N, 8) of the service's probabilities (N, len(LABELS)); what is missing (nan) counts 0.

    Args:
        probabilities: In the order of `LABELS`.
        contempt_as_other: Add contempt to Other, as the paper's notebooks do; else it is left out.
    """
    known = np.nan_to_num(probabilities)
    columns: Doubles = known[:, SERVICE_PLACES].copy()
    if contempt_as_other:
        columns[:, EXPRESSIONS.index("other")] += known[:, CONTEMPT]
    return columns
