"""Rank measures against scipy, scikit-learn, and loops over all pairs."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from roompulse_training.rank import auc, ranks, spearman
from scipy.stats import rankdata, spearmanr
from sklearn.metrics import roc_auc_score

CLOSE = 1e-9
VALUES = st.lists(st.tuples(st.integers(0, 3), st.integers(-5, 5)), min_size=2, max_size=40)
Pairs = list[tuple[int, int]]


@given(VALUES)
def test_ranks_and_their_correlation_are_those_of_scipy(pairs: Pairs) -> None:
    x, y = map(np.array, zip(*pairs, strict=True))
    np.testing.assert_allclose(ranks(y), rankdata(y), atol=CLOSE)
    if len(set(x)) > 1 and len(set(y)) > 1:
        assert spearman(x, y) == pytest.approx(spearmanr(x, y).statistic, abs=CLOSE)
    else:
        assert math.isnan(spearman(x, y))


@given(VALUES)
def test_auc_is_the_share_of_ordered_pairs(pairs: Pairs) -> None:
    high = [level >= 2 for level, _ in pairs]
    scores = [score for _, score in pairs]
    above = [s for s, h in zip(scores, high, strict=True) if h]
    below = [s for s, h in zip(scores, high, strict=True) if not h]
    if not above or not below:
        assert math.isnan(auc(high, scores))
        return
    wins = sum((a > b) + (a == b) / 2 for a in above for b in below) / (len(above) * len(below))
    assert auc(high, scores) == pytest.approx(wins, abs=CLOSE)
    assert auc(high, scores) == pytest.approx(roc_auc_score(high, scores), abs=CLOSE)
