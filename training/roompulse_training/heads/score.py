"""ABAW's figures of predictions with one threshold for each unit, and how thresholds are chosen."""

from collections.abc import Sequence

import numpy as np

from roompulse_training.affwild import Doubles
from roompulse_training.figures import HALF
from roompulse_training.metrics import binary_f1_scores, confusion_matrix, f1_scores, mean_ccc, mean_f1

THRESHOLDS = tuple(tenth / 10 for tenth in range(1, 10))


def figure(task: str, truth: Doubles, said: Doubles, thresholds: Sequence[float] = HALF) -> float:
    """Return macro F1 of expressions, mean CCC of valence and arousal, or mean F1 of units; labels are all valid."""
    return mean_ccc(truth, said) if task == "va" else mean_f1(np.array(figures(task, truth, said, thresholds)))


def figures(task: str, truth: Doubles, said: Doubles, thresholds: Sequence[float] = HALF) -> list[float]:
    """Return the F1 of each class or unit (nan where empty), or the CCC of valence and of arousal."""
    if task == "va":
        return [mean_ccc(truth[:, i : i + 1], said[:, i : i + 1]) for i in range(2)]
    counted = confusion_matrix(truth[:, 0], said.argmax(1), said.shape[1]) if task == "expr" else None
    scores = binary_f1_scores(truth, said, thresholds) if counted is None else f1_scores(counted)
    return [float(score) for score in scores]


def best_thresholds(truth: Doubles, said: Doubles) -> tuple[float, ...]:
    """Return the threshold of each unit, 0.1 to 0.9, with the highest F1; of equals the nearest to 0.5."""
    table = np.array([np.nan_to_num(binary_f1_scores(truth, said, threshold)) for threshold in THRESHOLDS])
    nearness = -np.abs(np.array(THRESHOLDS) - 0.5)
    best = [int(np.lexsort((nearness, column))[-1]) for column in table.T]
    return tuple(THRESHOLDS[place] for place in best)
