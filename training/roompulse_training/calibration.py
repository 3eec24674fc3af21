"""How honest probabilities are: against the votes of people, and against how often they are right. Pure numpy."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS = 15  # Guo et al. 2017


def vote_nll(distributions: ArrayLike, probabilities: ArrayLike) -> float:
    """Return the mean negative log-likelihood of the votes, nats; inf where a class with votes has probability 0.

    Args:
        distributions: (N, K), each row the shares of the votes, summing to 1.
        probabilities: (N, K), each row summing to 1.
    """
    q, p = np.asarray(distributions, np.float64), np.asarray(probabilities, np.float64)
    with np.errstate(divide="ignore"):
        logs = np.log(np.where(q > 0, p, 1.0))
    return float(-np.where(q > 0, q * logs, 0.0).sum(1).mean())


def vote_brier(distributions: ArrayLike, probabilities: ArrayLike) -> float:
    """Return the mean over rows of the sum over classes of (p - share)², 0 to 2 (Brier 1950)."""
    q, p = np.asarray(distributions, np.float64), np.asarray(probabilities, np.float64)
    return float(((p - q) ** 2).sum(1).mean())


def entropy(distributions: ArrayLike) -> float:
    """Return the mean entropy of the votes, nats: the least that `vote_nll` can be."""
    return vote_nll(distributions, distributions)


def expected_calibration_error(correct: ArrayLike, confidences: ArrayLike, bins: int = BINS) -> float:
    """Return the ECE, 0 to 1 (Guo et al. 2017): |accuracy - mean confidence| of each bin, weighted by its members.

    Args:
        correct: (N,), whether the most probable label was right; or, with votes, the share that it has of them.
        confidences: (N,), that label's probability, 0 to 1.
        bins: Of equal width; bin i holds i/bins < confidence <= (i + 1)/bins, the first also 0.
    """
    right, sure = np.asarray(correct, np.float64), np.asarray(confidences, np.float64)
    if not len(sure):
        return float("nan")
    places: NDArray[np.intp] = np.digitize(sure, np.arange(1, bins) / bins, right=True)
    gaps = np.bincount(places, right, bins) - np.bincount(places, sure, bins)
    return float(np.abs(gaps).sum() / len(sure))


def vote_ece(distributions: ArrayLike, probabilities: ArrayLike) -> float:
    """Return the ECE of each row's most probable class against its share of the votes; shapes as in `vote_nll`."""
    q, p = np.asarray(distributions, np.float64), np.asarray(probabilities, np.float64)
    called = p.argmax(1)[:, None]
    shares, confidences = (np.take_along_axis(side, called, 1)[:, 0] for side in (q, p))
    return expected_calibration_error(shares, confidences)
