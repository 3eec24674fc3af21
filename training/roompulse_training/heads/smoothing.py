"""Predictions over time, offline: gaps filled, then a centred mean or median, which sees the future.

A live service cannot: it smooths with the past alone (`insight/scoring/smoothing.py`).
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from roompulse_training.affwild import Doubles
from roompulse_training.heads.frames import Rows


class Kind(StrEnum):
    MEAN = "mean"
    MEDIAN = "median"


@dataclass(frozen=True, slots=True)
class Window:
    """`frames` of it, an odd number, centred on each; near the ends as many as there are."""

    kind: Kind = Kind.MEAN
    frames: int = 1

    def __str__(self) -> str:
        return "none" if self.frames == 1 else f"{self.kind} of {self.frames}"


WINDOWS = (
    *(Window(Kind.MEAN, frames) for frames in (1, 3, 5, 11, 15, 25, 51, 101, 201)),
    *(Window(Kind.MEDIAN, frames) for frames in (3, 5, 11, 15, 25, 51)),
)


def filled(values: Doubles, rows: Rows, frames: int) -> Doubles:
    """Return predictions of all frames, (frames, K), from those of `rows` (m, K) with a face, m > 0.

    Between two the straight line, so that the nearer counts more; before the first and after the last as these.
    (The paper's first notebook had the two weights exchanged; its authors' later ones have them so.)
    """
    every = np.arange(frames)
    return np.stack([np.interp(every, rows, column) for column in values.T], axis=1)


def smoothed(values: Doubles, window: Window) -> Doubles:
    """Return values (frames, K) after a window."""
    half = min(window.frames // 2, len(values) - 1)
    if half == 0:
        return values
    return _means(values, half) if window.kind is Kind.MEAN else _medians(values, half)


def _means(values: Doubles, half: int) -> Doubles:
    sums = np.vstack([np.zeros(values.shape[1]), values.cumsum(0)])
    places = np.arange(len(values))
    first, last = np.maximum(places - half, 0), np.minimum(places + half + 1, len(values))
    means: Doubles = (sums[last] - sums[first]) / (last - first)[:, None]
    return means


def _medians(values: Doubles, half: int) -> Doubles:
    """Return the medians; ends have windows of their own lengths."""
    found = np.empty_like(values)
    count = len(values)
    whole = range(half, count - half)
    if whole:
        found[half : count - half] = np.median(sliding_window_view(values, 2 * half + 1, axis=0), axis=-1)
    for place in sorted(set(range(count)) - set(whole)):
        found[place] = np.median(values[max(0, place - half) : place + half + 1], axis=0)
    return found
