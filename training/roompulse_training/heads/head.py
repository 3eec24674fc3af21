"""Heads: which there are, what is trained, and what they say.

    embedding ─▶ 128 ReLU ─▶ 8                    expressions: class weights
    logits ─────────────────▶ 2 tanh              valence, arousal: 18 parameters of eight logits; CCC
    embedding ─▶ 128 ReLU ─▶ 2 tanh               the same on the embedding
    embedding ─▶ 128 ReLU ─▶ 12 sigmoid           action units: weighted
    embedding + logits ─────▶ 8, 2 tanh, 12       the multi-task head: all three in one

Savchenko 2022 (CVPR workshops; arXiv 2203.13436).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roompulse_training.affwild import TASKS, Doubles
from roompulse_training.heads.dense import Floats, Net, activations, parameters, with_columns
from roompulse_training.heads.frames import CHUNK, Frames, Inputs
from roompulse_training.heads.loss import sigmoid, softmax

HIDDEN = 128
MULTI_TASK = "multi-task"


@dataclass(frozen=True, slots=True)
class Recipe:
    """A head before it is trained; `step` and `decay` (the weight of an L2 term) are the optimiser's."""

    name: str
    inputs: Inputs
    tasks: tuple[str, ...]
    hidden: tuple[int, ...] = (HIDDEN,)
    step: float = 1e-3
    decay: float = 0.0


RECIPES = (
    Recipe("embedding", Inputs.FEATURES, ("expr",)),
    Recipe("logits", Inputs.LOGITS, ("va",), hidden=(), step=1e-2, decay=1e-4),
    Recipe("embedding", Inputs.FEATURES, ("va",)),
    Recipe("embedding", Inputs.FEATURES, ("au",)),
    Recipe(MULTI_TASK, Inputs.BOTH, ("expr", "va", "au"), hidden=(), decay=1e-4),
)


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A trained head: `net` takes the inputs as they are; `columns` are each task's among its outputs."""

    recipe: Recipe
    net: Net
    columns: dict[str, slice]

    @property
    def size(self) -> int:
        """How many parameters it has."""
        return parameters(self.net)

    def of_task(self, task: str) -> Net:
        """Return the network of one task's outputs."""
        return with_columns(self.net, self.columns[task])

    def outputs(self, task: str, inputs: Floats) -> Floats:
        """Return what the network says before softmax, tanh or sigmoid, (N, width)."""
        return activations(self.of_task(task), inputs)[-1]

    def predictions(self, task: str, frames: Frames) -> Doubles:
        """Return probabilities of classes or units, or valence and arousal, of all frames: (N, width)."""
        starts = range(0, len(frames.logits), CHUNK)
        parts = [frames.inputs(self.recipe.inputs, slice(start, start + CHUNK)) for start in starts]
        return np.concatenate([predicted(task, self.outputs(task, part)) for part in parts])


def widths(tasks: Sequence[str], classes: int) -> dict[str, slice]:
    """Return each task's columns, side by side."""
    found: dict[str, slice] = {}
    start = 0
    for task in tasks:
        width = classes if task == "expr" else TASKS[task].width
        found[task] = slice(start, start + width)
        start += width
    return found


def predicted(task: str, outputs: Floats) -> Doubles:
    """Return what a task's outputs mean."""
    if task == "expr":
        return softmax(outputs)
    return np.tanh(outputs.astype(np.float64)) if task == "va" else sigmoid(outputs)
