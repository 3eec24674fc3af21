"""Training one head: mini-batches, Adam, and the epoch kept that was best on validation."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from roompulse_training.affwild import TASKS
from roompulse_training.heads.dense import Adam, Floats, Net, activations, gradients, initial, on_raw_inputs
from roompulse_training.heads.frames import Frames, Rows
from roompulse_training.heads.head import Head, Recipe, widths
from roompulse_training.heads.loss import (
    Loss,
    class_weights,
    concordance,
    cross_entropy,
    unit_weights,
    weighted_binary,
)
from roompulse_training.heads.score import figure

LEAST_BATCH = 16

Watch = Callable[[Iterable[int]], Iterable[int]]  # sees the epochs pass: a progress bar


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long, and from which seed. Batches are smaller than `batch` where an epoch would have fewer than `steps`."""

    epochs: int = 20
    batch: int = 256
    steps: int = 32
    seed: int = 1


def fit(
    recipe: Recipe, train: Frames, validation: Frames, classes: int, schedule: Schedule, watch: Watch = iter
) -> Head:
    """Return the head, trained on the frames that have a label of its tasks.

    Inputs are brought to mean 0 and deviation 1 for training; the head that is returned takes them as they are.
    """
    rng = np.random.default_rng(schedule.seed)
    columns, rows = widths(recipe.tasks, classes), train.valid(recipe.tasks)
    mean, deviation = train.spread(recipe.inputs, rows)
    losses = {task: _loss(task, train, classes) for task in recipe.tasks}
    outputs = max(part.stop for part in columns.values())
    optimiser = Adam(initial((len(mean), *recipe.hidden, outputs), rng), recipe.step, recipe.decay)
    best, best_score = optimiser.net, -np.inf
    for _ in watch(range(schedule.epochs)):
        for batch in _batches(rows, schedule, rng):
            inputs = (train.inputs(recipe.inputs, batch) - mean) / deviation
            optimiser.step(_slopes(optimiser.net, inputs, train, batch, columns, losses))
        score = _score(Head(recipe, on_raw_inputs(optimiser.net, mean, deviation), columns), validation)
        if score > best_score:
            best, best_score = optimiser.net, score
    return Head(recipe, on_raw_inputs(best, mean, deviation), columns)


def _loss(task: str, train: Frames, classes: int) -> Loss:
    labels = train.labels[task][train.valid((task,))]
    if task == "va":
        return concordance
    return cross_entropy(class_weights(labels, classes)) if task == "expr" else weighted_binary(*unit_weights(labels))


def _batches(rows: Rows, schedule: Schedule, rng: np.random.Generator) -> Iterator[Rows]:
    """Yield all rows in random order, in batches of about one size: of a very small one there would be no CCC."""
    size = min(schedule.batch, max(LEAST_BATCH, len(rows) // schedule.steps))
    yield from np.array_split(rng.permutation(rows), max(1, round(len(rows) / size)))


def _slopes(
    net: Net, inputs: Floats, train: Frames, batch: Rows, columns: dict[str, slice], losses: dict[str, Loss]
) -> Net:
    """Return the derivatives of the sum of the tasks' losses, each over the frames of the batch that have its label."""
    found = activations(net, inputs)
    slope = np.zeros_like(found[-1])
    for task, part in columns.items():
        labels = train.labels[task][batch]
        valid = TASKS[task].valid(labels)
        if valid.any():
            slope[valid, part] = losses[task](found[-1][valid, part], labels[valid])[1]
    return gradients(net, found, slope)


def _score(head: Head, validation: Frames) -> float:
    total = 0.0
    for task in head.recipe.tasks:
        labels = validation.labels[task]
        valid = TASKS[task].valid(labels)
        total += figure(task, labels[valid], head.predictions(task, validation)[valid])
    return total
