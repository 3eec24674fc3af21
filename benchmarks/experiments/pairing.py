"""Two ways to read the same faces, compared face by face."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from roompulse_training.interval import Z95
from roompulse_training.metrics import confusion_matrix, macro_f1

Labels = NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Difference:
    """The accuracy of the second way less that of the first; ± `interval` at 95 %, by the normal distribution."""

    value: float
    interval: float

    def __str__(self) -> str:
        return f"{100 * self.value:+.2f} ± {100 * self.interval:.2f}"


def paired(labels: Labels, first: Labels, second: Labels) -> Difference:
    """Compare what two ways called the faces (N,) whose labels are (N,)."""
    gains = (second == labels).astype(float) - (first == labels)
    return Difference(float(gains.mean()), Z95 * float(gains.std()) / math.sqrt(max(1, len(gains))))


def accuracy(labels: Labels, called: Labels) -> float:
    return float((called == labels).mean())


def f1(labels: Labels, called: Labels) -> float:
    """Return macro F1 over the eight classes of FER+."""
    return macro_f1(confusion_matrix(labels, called, 8))
