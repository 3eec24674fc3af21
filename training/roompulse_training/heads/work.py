"""From a folder to a model that the service takes: all steps of `roompulse-train heads`."""

import pathlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from roompulse_vision.faces import weights
from roompulse_vision.faces.card import ModelCard, read_card
from roompulse_vision.faces.detectors import load_detector
from roompulse_vision.faces.registry import NAME, find_emotion_model

from roompulse_training.errors import DataError
from roompulse_training.heads.backbone import Backbone, Embedded, FaceSource, embedded
from roompulse_training.heads.export import export
from roompulse_training.heads.fitting import Schedule
from roompulse_training.heads.judge import Judged
from roompulse_training.heads.material import LabelledClip, Material, read_material
from roompulse_training.heads.training import Outcome, train

T = TypeVar("T")


class Watched(Protocol):
    """Gives a way to pass things on with a progress bar."""

    def __call__(self, what: str, total: int | None = None) -> Callable[[Iterable[T]], Iterable[T]]: ...


@dataclass(frozen=True, slots=True)
class Job:
    """What is asked for. `model` and `models` as the service's settings; `faces` None: as fits the data."""

    root: pathlib.Path
    out: pathlib.Path
    name: str
    model: str | None = None
    models: pathlib.Path | None = None
    cache: pathlib.Path | None = None
    faces: FaceSource | None = None
    own_expressions: bool = True
    every: int = 1
    schedule: Schedule = field(default_factory=Schedule)
    licence: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Every head on every task, the multi-task head's sum of three, and what was written.

    `exported` names the head of each task that the model has. `seen` and `faceless` count the
    pictures of both splits, with and without a face.
    """

    heads: tuple[Judged, ...]
    p_mtl: float
    p_mtl_smoothed: float
    seen: int
    faceless: int
    classes: tuple[str, ...]
    in_time: bool
    exported: dict[str, str]
    temperature: float
    model: str
    card: str


def run(job: Job, watched: Watched) -> Report:
    """Train, judge, export.

    Raises:
        DataError: The data, or a folder, is not as it should be.
        ModelError: The backbone cannot be used.
    """
    if not NAME.fullmatch(job.name):
        raise DataError(job.name, "expected a name of letters, digits, dots, dashes and underscores")
    backbone_card, material = _card(job), read_material(job.root)
    backbone = _backbone(job, backbone_card, in_time=material.in_time)
    thinned = replace(material, train=tuple(_every(clip, job.every) for clip in material.train))
    found = (
        embedded(watched("embeddings: train")(thinned.train), backbone, job.cache),
        embedded(watched("embeddings: validation")(thinned.validation), backbone, job.cache),
    )
    outcome = train(thinned, found, job.schedule, watched)
    if not job.own_expressions:
        kept = {task: head for task, head in outcome.choice.heads.items() if task != "expr"}
        outcome = replace(outcome, choice=replace(outcome.choice, heads=kept))
    try:
        made = export(job.out, job.name, backbone_card, outcome.choice, material.classes, job.licence)
    except OSError as error:
        raise DataError(job.out, f"cannot be written to: {error.strerror}") from error
    return _report(thinned, found, outcome, made)


def _card(job: Job) -> ModelCard:
    return find_emotion_model(job.model, weights.folders(job.models)) if job.model else read_card()


def _backbone(job: Job, card: ModelCard, *, in_time: bool) -> Backbone:
    faces = job.faces or (FaceSource.WHOLE if in_time else FaceSource.DETECT)
    if faces is FaceSource.WHOLE:
        return Backbone(card, None)
    detector, _ = load_detector(weights.folders(job.models))
    return Backbone(card, detector)


def _every(clip: LabelledClip, step: int) -> LabelledClip:
    return replace(clip, pictures={row: path for row, path in clip.pictures.items() if row % step == 0})


def _report(
    material: Material, found: tuple[list[Embedded], list[Embedded]], outcome: Outcome, made: ModelCard
) -> Report:
    seen = sum(len(one.rows) for split in found for one in split)
    pictures = sum(len(clip.pictures) for clips in (material.train, material.validation) for clip in clips)
    return Report(
        heads=outcome.judged,
        p_mtl=outcome.p_mtl,
        p_mtl_smoothed=outcome.p_mtl_smoothed,
        seen=seen,
        faceless=pictures - seen,
        classes=material.classes,
        in_time=material.in_time,
        exported={task: head.recipe.name for task, head in outcome.choice.heads.items()},
        temperature=outcome.choice.temperature,
        model=str(made.file),
        card=str(made.file.with_suffix(".toml")),
    )
