"""Agreement of orders: does more of one mean more of the other? Pure numpy."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def ranks(values: ArrayLike) -> NDArray[np.float64]:
    """Return the ranks of (N,), from 1; equal values share the mean of theirs."""
    _, places, counts = np.unique(np.asarray(values, np.float64), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    means: NDArray[np.float64] = (last - (counts - 1) / 2)[places]
    return means


def spearman(first: ArrayLike, second: ArrayLike) -> float:
    """Return Spearman's rank correlation, -1 to 1: Pearson's of the ranks; nan where one side is constant or empty."""
    x, y = ranks(first), ranks(second)
    if len(x) < 2 or x.min() == x.max() or y.min() == y.max():
        return float("nan")
    dx, dy = x - x.mean(), y - y.mean()
    return float((dx @ dy) / np.sqrt((dx @ dx) * (dy @ dy)))


def auc(positive: ArrayLike, scores: ArrayLike) -> float:
    """Return the probability that a positive scores above a negative, ties half (Mann-Whitney); nan without both."""
    chosen = np.asarray(positive, bool)
    positives, negatives = int(chosen.sum()), int((~chosen).sum())
    if not positives or not negatives:
        return float("nan")
    rank_sum = ranks(scores)[chosen].sum()
    return float((rank_sum - positives * (positives + 1) / 2) / (positives * negatives))
