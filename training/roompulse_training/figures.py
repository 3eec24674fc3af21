"""The challenges' figures, each with the number of labels behind it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from roompulse_vision.types import ACTION_UNITS

from roompulse_training import metrics
from roompulse_training.affwild import AU, EXPR, EXPRESSIONS, VA, Doubles, Task
from roompulse_training.mtl import PARTS

HALF = (0.5,) * len(ACTION_UNITS)
EXPRESSION_NAMES = tuple(f"f1_{name}" for name in EXPRESSIONS)
UNIT_NAMES = tuple(f"f1_au{unit}" for unit in ACTION_UNITS)
Figures = dict[str, float]
Support = dict[str, int]


@dataclass(frozen=True, slots=True)
class Measure:
    """How a task is measured.

    Attributes:
        figures: From labels and predictions (N, width), the challenge's own figure first. An empty class has nan and
            counts 0 in means, or, where the rows are a draw from a whole, what the whole's figures (the third argument,
            else empty) say: a draw that lost a class says nothing about it.
        support: The number of labels behind figures.
    """

    figures: Callable[[Doubles, Doubles, Figures], Figures]
    support: Callable[[Doubles], Support]


def _mean(classes: Figures, whole: Figures) -> float:
    known = [whole.get(name, value) if math.isnan(value) else value for name, value in classes.items()]
    return metrics.mean_f1(np.array(known))


def _expression_figures(truth: Doubles, predicted: Doubles, whole: Figures) -> Figures:
    counts = metrics.confusion_matrix(truth[:, 0], predicted[:, 0], len(EXPRESSIONS))
    classes = dict(zip(EXPRESSION_NAMES, metrics.f1_scores(counts).tolist(), strict=True))
    return {"macro_f1": _mean(classes, whole), "accuracy": metrics.accuracy(counts), **classes}


def _expression_support(truth: Doubles) -> Support:
    members = np.bincount(truth[:, 0].astype(np.int64), minlength=len(EXPRESSIONS)).tolist()
    return {"macro_f1": len(truth)} | dict(zip(EXPRESSION_NAMES, members, strict=True))


def _feeling_figures(truth: Doubles, predicted: Doubles, _: Figures) -> Figures:
    valence, arousal = (metrics.ccc(truth[:, i], predicted[:, i]) for i in range(2))
    return {"ccc_mean": (valence + arousal) / 2, "ccc_valence": valence, "ccc_arousal": arousal}


def _units(truth: Doubles, predicted: Doubles, thresholds: Sequence[float]) -> Figures:
    return dict(zip(UNIT_NAMES, metrics.binary_f1_scores(truth, predicted, thresholds).tolist(), strict=True))


def _unit_support(truth: Doubles) -> Support:
    return {"mean_au_f1": len(truth)} | dict(zip(UNIT_NAMES, (truth > 0).sum(0).tolist(), strict=True))


EXPRESSION = Measure(_expression_figures, _expression_support)
VALENCE_AROUSAL = Measure(_feeling_figures, lambda truth: {"ccc_mean": len(truth)})


def action_units(thresholds: Sequence[float] = HALF) -> Measure:
    """Return the measure of action units: mean F1 and each unit's, positive from its threshold on.

    Where the thresholds are not 0.5, the mean at 0.5 as well: thresholds chosen on the same data flatter.
    """

    def figures(truth: Doubles, predicted: Doubles, whole: Figures) -> Figures:
        classes = _units(truth, predicted, thresholds)
        means = {"mean_au_f1": _mean(classes, whole)}
        if tuple(thresholds) != HALF:
            means["mean_au_f1_at_0.5"] = _mean(_units(truth, predicted, HALF), whole)
        return means | classes

    return Measure(figures, _unit_support)


def multi_task(thresholds: Sequence[float] = HALF) -> Measure:
    """Return the measure of rows as in `mtl.Rows`: P_MTL, and all of the three tasks, each on what has a label."""
    of: dict[Task, Measure] = {VA: VALENCE_AROUSAL, EXPR: EXPRESSION, AU: action_units(thresholds)}

    def figures(truth: Doubles, predicted: Doubles, whole: Figures) -> Figures:
        all_of_them: Figures = {}
        for task, columns in PARTS:
            valid = task.valid(truth[:, columns])
            all_of_them |= of[task].figures(truth[valid, columns], predicted[valid, columns], whole)
        parts = (all_of_them[name] for name in ("ccc_mean", "macro_f1", "mean_au_f1"))
        return {"p_mtl": metrics.p_mtl(*parts)} | all_of_them

    def support(truth: Doubles) -> Support:
        found: Support = {}
        for task, columns in PARTS:
            found |= of[task].support(truth[task.valid(truth[:, columns]), columns])
        return found

    return Measure(figures, support)
