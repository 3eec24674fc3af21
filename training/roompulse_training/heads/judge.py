"""What a trained head is worth on validation: frame by frame as the service uses it, and smoothed over time offline."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roompulse_training.affwild import TASKS, Doubles
from roompulse_training.errors import DataError
from roompulse_training.figures import HALF
from roompulse_training.heads.backbone import Embedded
from roompulse_training.heads.frames import Frames, labels_of
from roompulse_training.heads.head import Head
from roompulse_training.heads.material import LabelledClip
from roompulse_training.heads.score import best_thresholds, figure, figures
from roompulse_training.heads.smoothing import WINDOWS, Window, filled, smoothed


@dataclass(frozen=True, slots=True)
class Judged:
    """One head on one task; `frames` had a valid label.

    Attributes:
        plain: ABAW's figure, frame by frame; units count from 0.5 on.
        served: The same with the head's own `thresholds`; that of the other tasks is `plain`.
        smoothed: The best of all windows, `window` it was (both chosen on these very frames).
        parts: The figures that `served` is the mean of: F1 of each class or unit, CCC of valence and arousal.
    """

    head: str
    task: str
    inputs: str
    parameters: int
    frames: int
    plain: float
    served: float
    smoothed: float
    window: str
    thresholds: tuple[float, ...]
    parts: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """The validation split: its clips, what the backbone said of them, and their frames in one list."""

    clips: tuple[LabelledClip, ...]
    found: tuple[Embedded, ...]
    frames: Frames
    in_time: bool

    def judge(self, head: Head, task: str) -> Judged:
        """Return what a head is worth on a task.

        Raises:
            DataError: A clip with labels has no face at all, so that there is nothing to fill in from.
        """
        clips = self._predictions(head, task)
        truth, said = self._labelled(task, clips, Window())
        thresholds = best_thresholds(truth, said) if task == "au" else HALF
        scores = {window: self._figure(task, clips, window, thresholds) for window in self._windows()}
        best = max(scores, key=lambda window: scores[window])
        return Judged(
            head=head.recipe.name,
            task=task,
            inputs=head.recipe.inputs.value,
            parameters=head.size,
            frames=len(truth),
            plain=figure(task, truth, said),
            served=scores[Window()],
            smoothed=scores[best],
            window=str(best),
            thresholds=thresholds if task == "au" else (),
            parts=tuple(figures(task, truth, said, thresholds)),
        )

    def _windows(self) -> Sequence[Window]:
        return WINDOWS if self.in_time else (Window(),)

    def _figure(self, task: str, clips: Sequence[Doubles], window: Window, thresholds: Sequence[float]) -> float:
        return figure(task, *self._labelled(task, clips, window), thresholds)

    def _predictions(self, head: Head, task: str) -> list[Doubles]:
        """Return each clip's predictions: of all its frames, or, where these do not follow each other, those seen."""
        ends = np.cumsum([len(one.rows) for one in self.found])[:-1]
        parts = np.split(head.predictions(task, self.frames), ends)
        return [self._whole(*one) for one in zip(self.clips, self.found, parts, strict=True)]

    def _whole(self, clip: LabelledClip, one: Embedded, said: Doubles) -> Doubles:
        if not self.in_time:
            return said
        if not len(one.rows):
            raise DataError(clip.name, "has labels for validation, but no picture with a face")
        return filled(said, one.rows, clip.frames)

    def _labelled(self, task: str, clips: Sequence[Doubles], window: Window) -> tuple[Doubles, Doubles]:
        """Return labels and smoothed predictions of the frames that have a valid label, of all clips in one list."""
        truth, said = [], []
        for clip, one, values in zip(self.clips, self.found, clips, strict=True):
            labels = labels_of(clip, task) if self.in_time else labels_of(clip, task)[one.rows]
            valid = TASKS[task].valid(labels)
            truth.append(labels[valid])
            said.append(smoothed(values, window)[valid])
        return np.concatenate(truth), np.concatenate(said)
