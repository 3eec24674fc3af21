"""All frames of a split in one list: what goes into the heads, and what should come out."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from roompulse_training.affwild import TASKS, Doubles
from roompulse_training.heads.backbone import Embedded, Halves
from roompulse_training.heads.dense import Floats
from roompulse_training.heads.material import LabelledClip

CHUNK = 4096  # rows at once: embeddings are kept in half precision, and nobody needs all of them in full

Rows = NDArray[np.intp]


class Inputs(StrEnum):
    FEATURES = "embedding"
    LOGITS = "logits"
    BOTH = "embedding and logits"


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """N frames with a face: `features` (N, D), `logits` (N, L), `labels` by task (N, width).

    Labels hold the task's marker where a frame has none.
    """

    features: Halves
    logits: Floats
    labels: dict[str, Doubles]

    def valid(self, tasks: Sequence[str]) -> Rows:
        """Return the frames that have a label of one of the tasks at least."""
        found = [TASKS[task].valid(self.labels[task]) for task in tasks]
        return np.flatnonzero(np.any(found, axis=0))

    def inputs(self, kind: Inputs, rows: Rows | slice = slice(None)) -> Floats:
        """Return what goes into a head, (rows, width)."""
        if kind is Inputs.LOGITS:
            return self.logits[rows]
        features = self.features[rows].astype(np.float32)
        return features if kind is Inputs.FEATURES else np.hstack([features, self.logits[rows]])

    def spread(self, kind: Inputs, rows: Rows) -> tuple[Floats, Floats]:
        """Return mean and standard deviation of the inputs; 1 where they are constant."""
        parts = [self.inputs(kind, rows[start:][:CHUNK]).astype(np.float64) for start in range(0, len(rows), CHUNK)]
        total, squares = (sum((part**power).sum(0) for part in parts) for power in (1, 2))
        mean = np.asarray(total) / len(rows)
        deviation = np.sqrt(np.maximum(np.asarray(squares) / len(rows) - mean**2, 0))
        return mean.astype(np.float32), np.where(deviation > 1e-6, deviation, 1).astype(np.float32)


def gathered(clips: Sequence[LabelledClip], found: Sequence[Embedded], tasks: Sequence[str]) -> Frames:
    """Return the frames that have a face, of all clips."""
    seen = [(clip, one) for clip, one in zip(clips, found, strict=True) if len(one.rows)]
    return Frames(
        np.concatenate([one.features for _, one in seen]),
        np.concatenate([one.logits for _, one in seen]),
        {task: np.concatenate([labels_of(clip, task)[one.rows] for clip, one in seen]) for task in tasks},
    )


def labels_of(clip: LabelledClip, task: str) -> Doubles:
    """Return a clip's labels, (frames, width)."""
    kind = TASKS[task]
    given = clip.labels.get(task)
    return np.full((clip.frames, kind.width), float(kind.missing)) if given is None else given
