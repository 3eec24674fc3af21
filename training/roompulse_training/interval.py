"""How sure a figure is: 95 % intervals. Pure numpy; what is drawn comes from a seed."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Z95 = 1.959963984540054  # the normal distribution's 97.5 % point
ROUNDS = 1000
Indices = NDArray[np.intp]
Statistic = Callable[[Indices], Sequence[float]]  # rows → figures
Watch = Callable[[Iterable[Indices]], Iterable[Indices]]  # sees the rounds pass: a progress bar


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`; nan where a figure never had a value."""

    low: float
    high: float


def wilson(hits: int, total: int, z: float = Z95) -> Interval:
    """Return Wilson's score interval (1927) of a share; 0 to 1 where there is nothing."""
    if not total:
        return Interval(0.0, 1.0)
    share, weight = hits / total, z * z / total
    middle = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * math.sqrt(share * (1 - share) / total + weight / (4 * total))
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def resamples(groups: ArrayLike, rounds: int, seed: int) -> Iterator[Indices]:
    """Yield row numbers, drawn with replacement, whole groups at a time: frames of one video are not independent.

    Args:
        groups: (N,), each row's group; every row its own (`range(n)`) for independent rows.
        rounds: How many times.
        seed: Of the draw.
    """
    numbers = np.unique(np.asarray(groups), return_inverse=True)[1]
    order = np.argsort(numbers, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(numbers))[:-1])
    rng = np.random.default_rng(seed)
    for _ in range(rounds):
        yield np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])


def bootstrap(
    statistic: Statistic, groups: ArrayLike, rounds: int = ROUNDS, seed: int = 1, watch: Watch = iter
) -> list[Interval]:
    """Return the percentile interval, 95 %, of each figure that `statistic` returns (Efron 1979).

    A round in which a figure has no value (nan) does not count for it.
    """
    drawn = np.array([statistic(rows) for rows in watch(resamples(groups, rounds, seed))], np.float64)
    return [_percentiles(column[~np.isnan(column)]) for column in drawn.T]


def paired_bootstrap(
    first: Statistic,
    second: Statistic,
    groups: ArrayLike,
    rounds: int = ROUNDS,
    seed: int = 1,
    watch: Watch = iter,
) -> list[Interval]:
    """Return the interval of each figure's difference, second - first, both taken on the same rows in each round."""
    return bootstrap(
        lambda rows: [b - a for a, b in zip(first(rows), second(rows), strict=True)], groups, rounds, seed, watch
    )


def _percentiles(values: NDArray[np.float64]) -> Interval:
    if not len(values):
        return Interval(math.nan, math.nan)
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(float(low), float(high))
