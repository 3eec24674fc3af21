"""From a data set to heads, judged, and the choice of those that the service is to run.

Material ─▶ Embedded ─▶ Frames ─▶ fit every recipe ─▶ judge on validation ─▶ the best for each task
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from roompulse_server.insight.scoring.baseline import FLOOR

from roompulse_training.affwild import TASKS, Doubles, source_video
from roompulse_training.errors import DataError
from roompulse_training.heads.backbone import Embedded
from roompulse_training.heads.fitting import Schedule, fit
from roompulse_training.heads.frames import Frames, Rows, gathered
from roompulse_training.heads.head import MULTI_TASK, RECIPES, Head
from roompulse_training.heads.judge import Judge, Judged
from roompulse_training.heads.loss import softmax
from roompulse_training.heads.material import LabelledClip, Material
from roompulse_training.metrics import p_mtl

TEMPERATURES = tuple(np.geomspace(0.1, 10, 81).tolist())
WatchEpochs = Callable[[str, int], Callable[[Iterable[int]], Iterable[int]]]


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """The head of each task that the service is to run, and what belongs to it.

    `temperature` was fitted to the labels of validation; `neutral_logp` is the median of the centred log-probabilities
    of training's neutral frames, by class, empty without any; `thresholds` of units.
    """

    heads: dict[str, Head]
    temperature: float
    neutral_logp: tuple[float, ...]
    thresholds: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """`p_mtl` and `p_mtl_smoothed` are the multi-task head's, nan without labels of all three tasks."""

    judged: tuple[Judged, ...]
    choice: Choice
    p_mtl: float
    p_mtl_smoothed: float


def train(
    material: Material,
    found: tuple[list[Embedded], list[Embedded]],
    schedule: Schedule,
    watch: WatchEpochs = lambda _what, _total: iter,
) -> Outcome:
    """Return heads trained on the first of `found`, judged and chosen on the second.

    Raises:
        DataError: No frame of a split has both a face and a label.
    """
    tasks, classes = material.tasks, len(material.classes)
    train_frames = _frames(material.train, found[0], tasks, "training")
    frames = _frames(material.validation, found[1], tasks, "validation")
    judge = Judge(material.validation, tuple(found[1]), frames, material.in_time)
    heads: list[Head] = []
    for recipe in RECIPES:
        if set(recipe.tasks) <= set(tasks):
            known = _unseen(material, found[0], train_frames) if recipe.name == MULTI_TASK else train_frames
            epochs = watch(f"{recipe.name}: {', '.join(recipe.tasks)}", schedule.epochs)
            heads.append(fit(recipe, known, frames, classes, schedule, epochs))
    judged = [(head, judge.judge(head, task)) for head in heads for task in head.recipe.tasks]
    joint = {one.task: one for head, one in judged if head.recipe.name == MULTI_TASK}
    return Outcome(
        judged=tuple(one for _, one in judged),
        choice=_choice(judged, train_frames, frames, material.classes),
        p_mtl=p_mtl(*(joint[task].served for task in ("va", "expr", "au"))) if joint else float("nan"),
        p_mtl_smoothed=p_mtl(*(joint[task].smoothed for task in ("va", "expr", "au"))) if joint else float("nan"),
    )


def _frames(clips: tuple[LabelledClip, ...], found: list[Embedded], tasks: tuple[str, ...], name: str) -> Frames:
    if not any(len(one.rows) for one in found):
        raise DataError(name, f"no face was found in any of {sum(len(clip.pictures) for clip in clips)} pictures")
    frames = gathered(clips, found, tasks)
    for task in tasks:
        if not len(frames.valid((task,))):
            raise DataError(name, f"no frame has both a face and a valid label of {TASKS[task].name}")
    return frames


def _unseen(material: Material, found: list[Embedded], frames: Frames) -> Frames:
    """Return the training frames of videos that validate no task: the challenges split the videos differently."""
    held = {source_video(clip.name) for clip in material.validation} if material.in_time else set()
    kept = [(clip, one) for clip, one in zip(material.train, found, strict=True) if source_video(clip.name) not in held]
    if len(kept) == len(found):
        return frames
    clips, parts = tuple(clip for clip, _ in kept), [one for _, one in kept]
    return _frames(clips, parts, material.tasks, "training of the multi-task head")


def _choice(
    judged: list[tuple[Head, Judged]], train_frames: Frames, frames: Frames, classes: tuple[str, ...]
) -> Choice:
    best: dict[str, tuple[Head, Judged]] = {}
    for head, one in judged:
        if one.task not in best or one.served > best[one.task][1].served:
            best[one.task] = head, one
    heads = {task: head for task, (head, _) in best.items()}
    temperature = _temperature(heads["expr"], frames) if "expr" in heads else 1.0
    profile = _profile(heads["expr"], train_frames, classes, temperature) if "expr" in heads else ()
    return Choice(heads, temperature, profile, best["au"][1].thresholds if "au" in best else ())


def _outputs(head: Head, frames: Frames, rows: Rows) -> Doubles:
    return np.log(np.maximum(head.predictions("expr", frames)[rows], 1e-12))


def _temperature(head: Head, frames: Frames) -> float:
    """Return the temperature of the least negative log-likelihood (Guo et al. 2017)."""
    rows = frames.valid(("expr",))
    logs, truth = _outputs(head, frames, rows), frames.labels["expr"][rows, 0].astype(np.intp)
    likelihood = {t: np.log(np.maximum(softmax(logs / t)[np.arange(len(truth)), truth], 1e-12)).mean()
                  for t in TEMPERATURES}  # fmt: skip
    return round(float(max(likelihood, key=lambda t: likelihood[t])), 4)


def _profile(head: Head, frames: Frames, classes: tuple[str, ...], temperature: float) -> tuple[float, ...]:
    labels = frames.labels["expr"][:, 0]
    rows = np.flatnonzero(labels == classes.index("neutral")) if "neutral" in classes else np.zeros(0, np.intp)
    if not len(rows):
        return ()
    logs = np.log(np.maximum(softmax(_outputs(head, frames, rows) / temperature), FLOOR))
    return tuple(np.median(logs - logs.mean(1, keepdims=True), axis=0).round(3).tolist())
