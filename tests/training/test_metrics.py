"""Each metric against an independent implementation to 1e-9, and by hand."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from roompulse_training import metrics
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

CLOSE = 1e-9
CLASSES = 8
PAIRS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=60)
FEELINGS = st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=1, max_size=40)


def exact_ccc(x: list[float], y: list[float]) -> float:
    """Lin's formula in exact arithmetic."""
    a, b, n = [Fraction(v) for v in x], [Fraction(v) for v in y], len(x)
    ma, mb = sum(a) / n, sum(b) / n
    va, vb = sum((v - ma) ** 2 for v in a) / n, sum((v - mb) ** 2 for v in b) / n
    covariance = sum((v - ma) * (w - mb) for v, w in zip(a, b, strict=True)) / n
    return float(2 * covariance / (va + vb + (ma - mb) ** 2)) if va and vb else 0.0


@given(PAIRS)
def test_counts_and_f1_are_those_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    truth, predicted = map(list, zip(*pairs, strict=True))
    ours, labels = metrics.confusion_matrix(truth, predicted, CLASSES), range(CLASSES)
    assert (ours == confusion_matrix(truth, predicted, labels=list(labels))).all()
    theirs = f1_score(truth, predicted, labels=list(labels), average=None, zero_division=np.nan)
    np.testing.assert_allclose(metrics.f1_scores(ours), theirs, atol=CLOSE)
    macro = f1_score(truth, predicted, labels=list(labels), average="macro", zero_division=0)
    assert metrics.macro_f1(ours) == pytest.approx(macro, abs=CLOSE)
    assert metrics.accuracy(ours) == pytest.approx(accuracy_score(truth, predicted), abs=CLOSE)


def test_f1_by_hand() -> None:
    confusion = metrics.confusion_matrix([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 0, 3], 5)
    scores = metrics.f1_scores(confusion)
    assert scores[:4].tolist() == [2 / 3, 0.5, 0.0, 0.0]  # 2 is missed, 3 is only predicted
    assert math.isnan(scores[4])  # 4 is nowhere
    assert metrics.macro_f1(confusion) == pytest.approx((2 / 3 + 0.5) / 5)
    assert metrics.accuracy(confusion) == 0.5


def test_nothing_has_no_accuracy() -> None:
    assert math.isnan(metrics.accuracy(metrics.confusion_matrix([], [], 3)))


@pytest.mark.parametrize(("truth", "predicted"), [([0, 3], [0, 1]), ([0, 1], [0, -1]), ([0], [0, 1])])
def test_a_class_that_is_none_is_refused(truth: list[int], predicted: list[int]) -> None:
    with pytest.raises(ValueError, match=r"classes are 0 to 2|one length"):
        metrics.confusion_matrix(truth, predicted, 3)


@given(st.lists(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=3, max_size=3), min_size=1, max_size=30))
def test_each_unit_is_cut_at_its_own_threshold(rows: list[list[tuple[bool, float]]]) -> None:
    truth = np.array([[label for label, _ in row] for row in rows])
    scores = np.array([[score for _, score in row] for row in rows])
    cuts = [0.2, 0.5, 0.9]
    ours = metrics.binary_f1_scores(truth, scores, cuts)
    for unit, cut in enumerate(cuts):
        theirs = f1_score(truth[:, unit], scores[:, unit] >= cut, zero_division=np.nan)
        np.testing.assert_allclose(ours[unit], theirs, atol=CLOSE)


def test_a_score_on_its_threshold_is_positive_and_an_empty_unit_counts_nothing() -> None:
    f1 = metrics.binary_f1_scores([[1, 0], [0, 0]], [[0.5, 0.4], [0.4, 0.0]])
    assert f1[0] == 1.0
    assert math.isnan(f1[1])
    assert metrics.mean_f1(f1) == 0.5


@given(FEELINGS)
def test_ccc_is_exact(feelings: list[tuple[float, float]]) -> None:
    truth, predicted = map(list, zip(*feelings, strict=True))
    assert metrics.ccc(truth, predicted) == pytest.approx(exact_ccc(truth, predicted), abs=CLOSE)


@given(FEELINGS)
def test_ccc_is_between_its_bounds_and_symmetric(feelings: list[tuple[float, float]]) -> None:
    truth, predicted = map(np.array, zip(*feelings, strict=True))
    value = metrics.ccc(truth, predicted)
    assert -1 - CLOSE <= value <= 1 + CLOSE
    assert metrics.ccc(predicted, truth) == pytest.approx(value, abs=CLOSE)


def test_ccc_by_hand() -> None:
    # means 1 and 2, variances 2/3 and 2/3, covariance 2/3: 2·(2/3) / (4/3 + 1)
    assert metrics.ccc([0, 1, 2], [1, 2, 3]) == pytest.approx(4 / 7)
    assert metrics.ccc([0, 1, 2], [0, 1, 2]) == pytest.approx(1.0)
    assert metrics.ccc([-1, 1], [1, -1]) == pytest.approx(-1.0)
    assert metrics.mean_ccc([[0, -1], [1, 0], [2, 1]], [[1, -1], [2, 0], [3, 1]]) == pytest.approx((4 / 7 + 1) / 2)


@pytest.mark.parametrize(
    ("truth", "predicted"), [([], []), ([0.3], [0.3]), ([0.1] * 10, [0.1] * 10), ([0, 1], [0.3] * 2)]
)
def test_a_degenerate_ccc_is_zero(truth: list[float], predicted: list[float]) -> None:
    assert metrics.ccc(truth, predicted) == 0.0


def test_the_multi_task_score_is_the_sum() -> None:
    assert metrics.p_mtl(0.297, 0.389, 0.462) == pytest.approx(1.148)  # as printed beside the paper
