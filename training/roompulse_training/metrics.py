"""How well predictions agree with labels, by the rules of ABAW. Pure numpy.

Counts first: `confusion_matrix` → `accuracy`, `f1_scores`, `macro_f1`.

A class that occurs neither in the labels nor in the predictions is empty: it has no F1 (nan in `f1_scores`), and means
over classes count it as 0, as ABAW's formula and scikit-learn's `zero_division=0` over all classes do. A class that
occurs on one side only has an F1 of 0.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Doubles = NDArray[np.float64]
Counts = NDArray[np.int64]


def confusion_matrix(truth: ArrayLike, predicted: ArrayLike, classes: int) -> Counts:
    """Return counts (classes, classes), a row for each true class, from class indices (N,).

    Raises:
        ValueError: The lengths differ, or an index is not one of 0 to classes - 1.
    """
    rows, columns = np.asarray(truth, np.int64), np.asarray(predicted, np.int64)
    if rows.shape != columns.shape or rows.ndim != 1:
        raise ValueError(f"labels and predictions are two lists of one length, not {rows.shape} and {columns.shape}")
    for indices in (rows, columns):
        if len(indices) and not 0 <= indices.min() <= indices.max() < classes:
            raise ValueError(f"classes are 0 to {classes - 1}, not {indices.min()} to {indices.max()}")
    return np.bincount(rows * classes + columns, minlength=classes * classes).reshape(classes, classes)


def accuracy(confusion: Counts) -> float:
    """Return the share on the diagonal; nan of nothing."""
    return float(np.trace(confusion) / confusion.sum()) if confusion.any() else float("nan")


def f1_scores(confusion: Counts) -> Doubles:
    """Return each class's F1 against all others, 2 TP / (2 TP + FP + FN); nan where the class is empty."""
    twice_hits, members = 2.0 * np.diag(confusion), confusion.sum(0) + confusion.sum(1)
    scores: Doubles = np.divide(twice_hits, members, out=np.full(len(confusion), np.nan), where=members > 0)
    return scores


def macro_f1(confusion: Counts) -> float:
    """Return the mean of all classes' F1; an empty class counts 0."""
    return mean_f1(f1_scores(confusion))


def mean_f1(scores: Doubles) -> float:
    """Return the mean of F1 scores; an empty class's (nan) counts 0."""
    return float(np.nan_to_num(scores).mean())


def binary_f1_scores(truth: ArrayLike, scores: ArrayLike, thresholds: ArrayLike = 0.5) -> Doubles:
    """Return the F1 of each column's positives, (K,); nan where neither side has any.

    Args:
        truth: (N, K), 0 or 1.
        scores: (N, K); positive from its threshold on (>=).
        thresholds: One for all columns, or (K,).
    """
    actual, called = np.asarray(truth) > 0, np.asarray(scores) >= np.asarray(thresholds)
    twice_hits, members = 2.0 * (actual & called).sum(0), actual.sum(0) + called.sum(0)
    f1: Doubles = np.divide(twice_hits, members, out=np.full(actual.shape[1], np.nan), where=members > 0)
    return f1


def ccc(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Return the concordance correlation coefficient, -1 to 1 (Lin 1989), of two series (N,).

    2 cov / (var + var + (difference of means)²), all with population moments (1/n). 0 where one side is constant or
    empty. Deviations are taken from the first value, so that a nearly constant series keeps its digits.
    """
    x, y = np.asarray(truth, np.float64), np.asarray(predicted, np.float64)
    if not len(x) or x.min() == x.max() or y.min() == y.max():
        return 0.0
    dx, dy = x - x[0], y - y[0]
    dx, dy = dx - dx.mean(), dy - dy.mean()
    total = (dx**2).mean() + (dy**2).mean() + (x - y).mean() ** 2
    return float(2 * (dx * dy).mean() / total) if total > 0 else 0.0


def mean_ccc(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Return the mean CCC of the columns of (N, K): ABAW's P_VA where they are valence and arousal."""
    return float(np.mean([ccc(x, y) for x, y in zip(np.asarray(truth).T, np.asarray(predicted).T, strict=True)]))


def p_mtl(mean_valence_arousal_ccc: float, expression_macro_f1: float, action_unit_mean_f1: float) -> float:
    """Return the score of ABAW's multi-task challenge: the sum of the three tasks' scores, at most 3."""
    return mean_valence_arousal_ccc + expression_macro_f1 + action_unit_mean_f1
