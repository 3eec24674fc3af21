"""Intervals: Wilson against scipy, the bootstrap against its laws and a known case."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from roompulse_training.interval import Indices, bootstrap, paired_bootstrap, resamples, wilson
from scipy.stats import binomtest


@given(st.integers(1, 5000), st.floats(0, 1))
def test_wilson_is_that_of_scipy(total: int, share: float) -> None:
    hits = round(share * total)
    theirs = binomtest(hits, total).proportion_ci(0.95, method="wilson")
    ours = wilson(hits, total)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_nothing_may_be_anything() -> None:
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)


def test_groups_are_drawn_whole_and_in_the_number_there_is() -> None:
    groups = np.array([7, 3, 7, 5, 3, 7])
    for rows in resamples(groups, 50, seed=2):
        drawn = np.bincount(groups[rows], minlength=8)
        shares = drawn[[3, 5, 7]] / [2, 1, 3]
        assert (shares == shares.astype(int)).all()
        assert shares.sum() == 3


def test_a_seed_is_a_draw() -> None:
    def draw(seed: int) -> list[list[int]]:
        return [rows.tolist() for rows in resamples(range(9), 3, seed)]

    assert draw(1) == draw(1) != draw(2)


def test_the_interval_of_a_mean_is_the_normal_one() -> None:
    values = np.random.default_rng(0).normal(3, 2, 4000)
    (interval,) = bootstrap(lambda rows: [float(values[rows].mean())], range(4000), rounds=600)
    half = 1.96 * values.std() / math.sqrt(4000)
    assert interval.low == pytest.approx(values.mean() - half, abs=0.15 * half)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.15 * half)


def test_pairs_see_the_same_rows() -> None:
    values = np.random.default_rng(0).normal(0, 1, 200)

    def plain(rows: Indices) -> list[float]:
        return [float(values[rows].mean())]

    def shifted(rows: Indices) -> list[float]:
        return [float(values[rows].mean() + 0.25)]

    (difference,) = paired_bootstrap(plain, shifted, range(200), rounds=100)
    assert (difference.low, difference.high) == pytest.approx((0.25, 0.25))


def test_rounds_without_a_value_do_not_count() -> None:
    found = bootstrap(lambda rows: [float("nan"), 1.0 if 0 in rows else float("nan")], range(4), rounds=40)
    assert math.isnan(found[0].low)
    assert (found[1].low, found[1].high) == (1.0, 1.0)
