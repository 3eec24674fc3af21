"""The three losses of the paper's heads, each with its derivative by the network's outputs.

Outputs are what the last layer says, before softmax, tanh or sigmoid: the loss applies it.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from roompulse_training.heads.dense import Floats

Doubles = NDArray[np.float64]
Loss = Callable[[Floats, Doubles], tuple[float, Doubles]]  # outputs (N, K), labels (N, …) → mean loss, slope (N, K)
_LEAST = 1e-9


def cross_entropy(weights: Doubles) -> Loss:
    """Return the loss of classes: labels (N, 1) are indices, each frame weighs as its class does."""

    def loss(outputs: Floats, labels: Doubles) -> tuple[float, Doubles]:
        truth = labels[:, 0].astype(np.intp)
        rows, shares = np.arange(len(truth)), softmax(outputs)
        weight = weights[truth] / len(truth)
        slope = shares.copy()
        slope[rows, truth] -= 1
        return float(-(weight * np.log(np.maximum(shares[rows, truth], _LEAST))).sum()), slope * weight[:, None]

    return loss


def concordance(outputs: Floats, labels: Doubles) -> tuple[float, Doubles]:
    """Return 1 - the mean CCC of the columns of tanh(outputs) with labels (N, K), over this very batch."""
    said = np.tanh(outputs.astype(np.float64))
    count = len(said)
    of_said, of_labels = said - said.mean(0), labels - labels.mean(0)
    shift = said.mean(0) - labels.mean(0)
    over = 2 * (of_said * of_labels).mean(0)
    under = np.maximum((of_said**2).mean(0) + (of_labels**2).mean(0) + shift**2, _LEAST)
    by_said = 2 * (of_labels * under - over * (of_said + shift)) / (count * under**2)
    return float(1 - (over / under).mean()), -by_said * (1 - said**2) / said.shape[1]


def weighted_binary(negative: Doubles, positive: Doubles) -> Loss:
    """Return the loss of units: labels (N, K) are 0 or 1, w₀^(1-y) · w₁^y · binary cross-entropy, mean over all."""

    def loss(outputs: Floats, labels: Doubles) -> tuple[float, Doubles]:
        shares = sigmoid(outputs)
        weight = np.where(labels > 0, positive, negative) / labels.size
        right = np.where(labels > 0, shares, 1 - shares)
        return float(-(weight * np.log(np.maximum(right, _LEAST))).sum()), weight * (shares - labels)

    return loss


def class_weights(labels: Doubles, classes: int) -> Doubles:
    """Return N / (classes · members) of each class, 0 where it has none, from labels (N, 1)."""
    members = np.bincount(labels[:, 0].astype(np.intp), minlength=classes)
    weights: Doubles = np.divide(len(labels), classes * members, out=np.zeros(classes), where=members > 0)
    return weights


def unit_weights(labels: Doubles) -> tuple[Doubles, Doubles]:
    """Return the weights of inactive and active, (K,) each, N / (2 · members), 0 without, from labels (N, K)."""
    active = (labels > 0).sum(0)
    counts = (len(labels) - active, active)
    one, other = (np.divide(len(labels) / 2, n, out=np.zeros(len(n)), where=n > 0) for n in counts)
    return one, other


def softmax(outputs: NDArray[np.floating]) -> Doubles:
    """Return the probabilities of classes, each row summing to one."""
    powers = np.exp(outputs.astype(np.float64) - outputs.max(1, keepdims=True))
    shares: Doubles = powers / powers.sum(1, keepdims=True)
    return shares


def sigmoid(outputs: NDArray[np.floating]) -> Doubles:
    """Return probabilities."""
    shares: Doubles = 1 / (1 + np.exp(-outputs.astype(np.float64).clip(-60, 60)))
    return shares
