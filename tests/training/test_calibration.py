"""Calibration against slow loops from the definitions, scikit-learn, and by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from roompulse_training import calibration
from sklearn.metrics import log_loss

CLOSE = 1e-9
SHARES = st.lists(st.integers(0, 10), min_size=4, max_size=4).filter(any).map(lambda v: np.array(v) / sum(v))
ROWS = st.lists(st.tuples(SHARES, SHARES), min_size=1, max_size=20)
Row = tuple[NDArray[np.float64], NDArray[np.float64]]
GUESSES = st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=60)


@given(ROWS)
def test_nll_and_brier_are_the_sums_they_say(rows: list[Row]) -> None:
    nll = brier = 0.0
    for shares, probabilities in rows:
        for share, probability in zip(shares.tolist(), probabilities.tolist(), strict=True):
            if share > 0:
                nll -= share * math.log(probability) if probability > 0 else -math.inf
            brier += (probability - share) ** 2
    q, p = (np.stack(side) for side in zip(*rows, strict=True))
    assert calibration.vote_nll(q, p) == pytest.approx(nll / len(rows), abs=CLOSE)
    assert calibration.vote_brier(q, p) == pytest.approx(brier / len(rows), abs=CLOSE)
    assert calibration.entropy(q) <= calibration.vote_nll(q, p) + CLOSE  # Gibbs


def test_nll_of_one_vote_each_is_log_loss() -> None:
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]])
    assert calibration.vote_nll(np.eye(3), p) == pytest.approx(log_loss([0, 1, 2], p), abs=CLOSE)


def test_by_hand() -> None:
    assert calibration.vote_nll([[0.5, 0.5]], [[0.5, 0.5]]) == pytest.approx(math.log(2))
    assert calibration.vote_brier([[1, 0]], [[0.6, 0.4]]) == pytest.approx(0.32)
    assert calibration.vote_nll([[1, 0]], [[0, 1]]) == math.inf
    # four guesses at 0.9, three right; two at 0.4, none right: (4·0.15 + 2·0.4) / 6
    ece = calibration.expected_calibration_error([1, 1, 1, 0, 0, 0], [0.9] * 4 + [0.4] * 2)
    assert ece == pytest.approx((4 * 0.15 + 2 * 0.4) / 6)
    assert math.isnan(calibration.expected_calibration_error([], []))


@given(GUESSES, st.integers(1, 20))
def test_ece_is_the_loop_over_bins(guesses: list[tuple[bool, float]], bins: int) -> None:
    total = 0.0
    for number in range(bins):
        low, high = number / bins, (number + 1) / bins
        inside = [(r, c) for r, c in guesses if (low < c or number == 0) and (c <= high or number == bins - 1)]
        if inside:
            right = sum(r for r, _ in inside) / len(inside)
            sure = sum(c for _, c in inside) / len(inside)
            total += len(inside) / len(guesses) * abs(right - sure)
    right_ones, confidences = zip(*guesses, strict=True)
    ours = calibration.expected_calibration_error(right_ones, confidences, bins)
    assert ours == pytest.approx(total, abs=CLOSE)
