"""One temperature for a model's logits, fitted to the votes of people (Guo et al. 2017, with votes for labels).

Probabilities are enough: their logarithms are the logits but for a constant, which the softmax does not see. A
temperature above 1 makes them less sure. It changes no argmax, so no accuracy.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roompulse_training import calibration

Doubles = NDArray[np.float64]

FLOOR = 1e-12  # of a probability, so that it has a logarithm
LEAST, MOST = 0.02, 50.0  # no model worth calibrating lies outside
STEPS = 60  # halvings: beyond what a double can tell apart


@dataclass(frozen=True, slots=True)
class Honesty:
    """Figures against the votes: see `calibration`."""

    nll: float
    brier: float
    ece: float


@dataclass(frozen=True, slots=True)
class Fit:
    """A temperature to multiply a model's own with.

    Attributes:
        n: Faces it was fitted to.
        value: On all of them.
        halves: On each of two random halves; how far they lie apart says how sure `value` is.
        before: As the probabilities came.
        after: Each half at the temperature of the other: what faces that were not fitted would get.
    """

    n: int
    value: float
    halves: tuple[float, float]
    before: Honesty
    after: Honesty


def tempered(probabilities: Doubles, temperature: float) -> Doubles:
    """Return probabilities (N, K) as their logits divided by `temperature` would have them."""
    powers = np.maximum(probabilities, FLOOR) ** (1 / temperature)
    shares: Doubles = powers / powers.sum(1, keepdims=True)
    return shares


def best(distributions: Doubles, probabilities: Doubles) -> float:
    """Return the temperature, `LEAST` to `MOST`, with the least negative log-likelihood of the votes (N, K).

    The likelihood is concave in 1/T, and its slope there is what the votes expect of the logits less what the model
    expects: halving the interval in which the slope changes its sign cannot miss.
    """
    logs = np.log(np.maximum(probabilities, FLOOR))
    wanted = (distributions * logs).sum(1).mean()
    low, high = math.log(LEAST), math.log(MOST)
    for _ in range(STEPS):
        middle = (low + high) / 2
        found = (tempered(probabilities, math.exp(middle)) * logs).sum(1).mean()
        low, high = (low, middle) if found < wanted else (middle, high)
    return math.exp((low + high) / 2)


def fit(distributions: Doubles, probabilities: Doubles, seed: int = 1) -> Fit:
    """Fit to votes (N, K), each row's shares, on all faces and crosswise on two halves drawn from `seed`.

    Raises:
        ValueError: There are fewer than two faces.
    """
    count = len(probabilities)
    if count < 2:
        raise ValueError(f"a temperature is fitted to two halves of the faces; there are {count}")
    halves = np.array_split(np.random.default_rng(seed).permutation(count), 2)
    one, other = (best(distributions[half], probabilities[half]) for half in halves)
    crossed = probabilities.copy()
    for half, temperature in zip(halves, (other, one), strict=True):
        crossed[half] = tempered(probabilities[half], temperature)
    return Fit(
        n=count,
        value=best(distributions, probabilities),
        halves=(one, other),
        before=honesty(distributions, probabilities),
        after=honesty(distributions, crossed),
    )


def honesty(distributions: Doubles, probabilities: Doubles) -> Honesty:
    measures = (calibration.vote_nll, calibration.vote_brier, calibration.vote_ece)
    return Honesty(*(measure(distributions, probabilities) for measure in measures))
