"""What heads are trained on: pictures in order, with labels of some of the three tasks.

Aff-Wild2 as it is handed out (`affwild`), or a plain folder, with single pictures of expressions:

    <root>/train/<expression>/*.jpg          validation/<expression>/*.jpg
"""

import pathlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from roompulse_vision.types import LABELS

from roompulse_training.affwild import EXPR, EXPRESSIONS, TASKS, Doubles, Task, Track, find_folder, read_folder
from roompulse_training.errors import DataError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
SPLITS = {"train": "Train", "validation": "Validation"}


@dataclass(frozen=True, slots=True, eq=False)
class LabelledClip:
    """One person's frames: `pictures` by row (a row without one: no face was found), `labels` by task (frames, width).

    Labels hold the task's marker where a frame has none.
    """

    name: str
    frames: int
    pictures: Mapping[int, pathlib.Path]
    labels: Mapping[str, Doubles]


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """A data set. `classes` are the service's labels of class 0, 1 …; `in_time` says whether frames follow each other.

    `tasks` are those that have labels.
    """

    classes: tuple[str, ...]
    tasks: tuple[str, ...]
    train: tuple[LabelledClip, ...]
    validation: tuple[LabelledClip, ...]
    in_time: bool


def read_material(root: pathlib.Path) -> Material:
    """Return a data set, whichever of the two it is.

    Raises:
        DataError: It is neither, or something in it is wrong.
    """
    tasks = {key: task for key, task in TASKS.items() if _has(root, task)}
    return _read_affwild(root, tasks) if tasks else _read_folder(root)


def _has(root: pathlib.Path, task: Task) -> bool:
    return any(path.is_dir() for pattern in ("", "*/") for path in root.glob(f"{pattern}{task.folder}*"))


def _read_affwild(root: pathlib.Path, tasks: Mapping[str, Task]) -> Material:
    splits = []
    for split in SPLITS.values():
        tracks = {key: read_folder(find_folder(root, task, split), task) for key, task in tasks.items()}
        names = sorted({name for found in tracks.values() for name in found})
        splits.append(tuple(_clip(root, name, {k: t[name] for k, t in tracks.items() if name in t}) for name in names))
    if not any(clip.pictures for clips in splits for clip in clips):
        raise DataError(root, "there are labels, but no picture cropped_aligned/<video>/00001.jpg")
    return Material(EXPRESSIONS, tuple(tasks), splits[0], splits[1], in_time=True)


def _clip(root: pathlib.Path, name: str, tracks: Mapping[str, Track]) -> LabelledClip:
    """Return a video's frames; where the tasks' files differ in length the shorter ones have no labels at the end."""
    frames = max(len(track.values) for track in tracks.values())
    labels = {key: _padded(track.values, frames, TASKS[key]) for key, track in tracks.items()}
    found = (root / "cropped_aligned" / name).glob("*.jpg")
    rows = {int(path.stem) - 1: path for path in found if path.stem.isdigit()}
    return LabelledClip(name, frames, {row: rows[row] for row in sorted(rows) if 0 <= row < frames}, labels)


def _padded(values: Doubles, frames: int, task: Task) -> Doubles:
    return np.pad(values, ((0, frames - len(values)), (0, 0)), constant_values=task.missing)


def _read_folder(root: pathlib.Path) -> Material:
    folders = {name: _split_folder(root, name) for name in SPLITS}
    present = {path.name.lower() for folder in folders.values() for path in folder.iterdir() if path.is_dir()}
    strangers = present - set(LABELS)
    if strangers or len(present) < 2:
        found = ", ".join(sorted(strangers or present)) or "none"
        raise DataError(root, f"expected two or more folders named as expressions ({', '.join(LABELS)}), found {found}")
    classes = tuple(label for label in LABELS if label in present)
    train, validation = (_single_pictures(folder, classes) for folder in folders.values())
    return Material(classes, ("expr",), train, validation, in_time=False)


def _split_folder(root: pathlib.Path, name: str) -> pathlib.Path:
    found = [path for path in sorted(root.iterdir()) if path.is_dir() and path.name.lower().startswith(name[:5])]
    if len(found) != 1:
        seen = ", ".join(path.name for path in found) or "none"
        raise DataError(
            root, f"expected Aff-Wild2's annotations, or one folder {name} with pictures by expression; found {seen}"
        )
    return found[0]


def _single_pictures(folder: pathlib.Path, classes: tuple[str, ...]) -> tuple[LabelledClip, ...]:
    clips = []
    for path in sorted(path for path in folder.iterdir() if path.is_dir()):
        pictures = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
        label = np.full((len(pictures), EXPR.width), float(classes.index(path.name.lower())))
        clips.append(
            LabelledClip(f"{folder.name}/{path.name}", len(pictures), dict(enumerate(pictures)), {"expr": label})
        )
    if not any(clip.frames for clip in clips):
        raise DataError(folder, f"there are no pictures ({', '.join(SUFFIXES)})")
    return tuple(clips)
