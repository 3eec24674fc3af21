"""The arithmetic of heads: derivatives against differences, the paper's losses, windows by their definition."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from roompulse_training.heads.dense import Adam, Layer, activations, gradients, initial, on_raw_inputs, with_columns
from roompulse_training.heads.loss import (
    Loss,
    class_weights,
    concordance,
    cross_entropy,
    unit_weights,
    weighted_binary,
)
from roompulse_training.heads.score import best_thresholds, figure
from roompulse_training.heads.smoothing import Kind, Window, filled, smoothed
from roompulse_training.metrics import ccc

RNG = np.random.default_rng(3)
CLASSES = np.array([[0.0], [2.0], [1.0], [2.0], [0.0]])
UNITS = RNG.integers(0, 2, (5, 3)).astype(np.float64)
FEELINGS = RNG.uniform(-1, 1, (5, 3))
LOSSES: dict[str, tuple[Loss, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]] = {
    "classes": (cross_entropy(class_weights(CLASSES, 3)), CLASSES),
    "units": (weighted_binary(*unit_weights(UNITS)), UNITS),
    "feelings": (concordance, FEELINGS),
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_slope_is_what_a_small_step_changes(name: str) -> None:
    loss, labels = LOSSES[name]
    outputs = np.random.default_rng(1).normal(0, 1, (5, 3))
    _, slope = loss(outputs, labels)  # type: ignore[arg-type]  # doubles, for small steps
    for place in itertools.product(range(5), range(3)):
        step = np.zeros((5, 3))
        step[place] = 1e-5
        more, less = (loss(outputs + sign * step, labels)[0] for sign in (1, -1))  # type: ignore[arg-type]
        assert slope[place] == pytest.approx((more - less) / 2e-5, abs=1e-6)


def test_slopes_go_back_through_all_layers() -> None:
    net = initial((4, 6, 3), np.random.default_rng(2))
    inputs = np.random.default_rng(4).normal(0, 1, (5, 4)).astype(np.float32)
    found = activations(net, inputs)
    slopes = gradients(net, found, found[-1])  # of half the sum of squares
    for number, key in itertools.product(range(2), Layer.__slots__):
        array = getattr(net[number], key)
        step = np.zeros_like(array)
        step.flat[1] = 1e-2
        moved = [Layer(**{k: getattr(layer, k) for k in Layer.__slots__}) for layer in net]
        totals = []
        for sign in (1, -1):
            moved[number] = Layer(**{**{k: getattr(net[number], k) for k in Layer.__slots__}, key: array + sign * step})
            totals.append((activations(tuple(moved), inputs)[-1].astype(np.float64) ** 2).sum() / 2)
        assert getattr(slopes[number], key).flat[1] == pytest.approx((totals[0] - totals[1]) / 2e-2, rel=1e-2, abs=1e-3)


def test_the_losses_are_the_papers() -> None:
    truth, said = FEELINGS, RNG.normal(0, 1, (5, 3)).astype(np.float32)
    expected = 1 - np.mean([ccc(t, np.tanh(s)) for t, s in zip(truth.T, said.T.astype(float), strict=True)])
    assert concordance(said, truth)[0] == pytest.approx(expected, abs=1e-6)
    assert class_weights(CLASSES, 4).tolist() == pytest.approx([5 / 8, 5 / 4, 5 / 8, 0])  # the fourth never comes
    negative, positive = unit_weights(np.array([[1.0], [0], [0], [0]]))
    assert (negative.tolist(), positive.tolist()) == ([pytest.approx(4 / 2 / 3)], [2.0])
    flat = np.zeros((4, 1), np.float32)
    labels = np.array([[1.0], [0], [0], [0]])
    assert weighted_binary(negative, positive)(flat, labels)[0] == pytest.approx(math.log(2))


def test_adam_takes_its_first_step_whole_and_finds_a_line() -> None:
    net = (Layer(np.zeros((1, 1), np.float32), np.zeros(1, np.float32)),)
    optimiser = Adam(net, step=0.05)
    optimiser.step((Layer(np.full((1, 1), -7.0, np.float32), np.full(1, 0.1, np.float32)),))
    assert optimiser.net[0].weight[0, 0] == pytest.approx(0.05, abs=1e-4)
    assert optimiser.net[0].bias[0] == pytest.approx(-0.05, abs=1e-4)
    x = np.linspace(-1, 1, 20, dtype=np.float32)[:, None]
    for _ in range(400):
        found = activations(optimiser.net, x)
        slope = ((found[-1] - (2 * x + 1)) / 20).astype(np.float32)
        optimiser.step(gradients(optimiser.net, found, slope))
    assert (optimiser.net[0].weight[0, 0], optimiser.net[0].bias[0]) == pytest.approx((2, 1), abs=0.02)


def test_a_head_for_inputs_as_they_are_says_the_same() -> None:
    net, rng = initial((4, 5, 3), RNG), np.random.default_rng(5)
    mean, deviation = rng.normal(3, 1, 4).astype(np.float32), rng.uniform(0.1, 4, 4).astype(np.float32)
    raw = rng.normal(3, 2, (6, 4)).astype(np.float32)
    expected = activations(net, (raw - mean) / deviation)[-1]
    np.testing.assert_allclose(activations(on_raw_inputs(net, mean, deviation), raw)[-1], expected, atol=1e-4)
    np.testing.assert_allclose(activations(with_columns(net, slice(1, 3)), raw)[-1], activations(net, raw)[-1][:, 1:3])


@given(
    values=st.lists(st.floats(-5, 5), min_size=1, max_size=30),
    half=st.integers(0, 20),
    kind=st.sampled_from(Kind),
)
def test_a_window_is_a_mean_or_median_of_the_frames_around(values: list[float], half: int, kind: Kind) -> None:
    column = np.array(values)[:, None]
    reach = min(half, len(values) - 1)  # a window that holds all frames from everywhere changes no more
    whole = [values[max(0, place - reach) : place + reach + 1] for place in range(len(values))]
    expected = [float((np.mean if kind is Kind.MEAN else np.median)(part)) for part in whole]
    assert smoothed(column, Window(kind, 2 * half + 1))[:, 0].tolist() == pytest.approx(expected, abs=1e-9)


def test_gaps_are_filled_with_the_nearer_neighbour_counting_more() -> None:
    said = filled(np.array([[0.0], [1.0], [5.0]]), np.array([1, 5, 6]), 9)
    assert said[:, 0].tolist() == [0, 0, 0.25, 0.5, 0.75, 1, 5, 5, 5]


def test_thresholds_are_those_of_the_best_f1_and_none_is_moved_without_reason() -> None:
    said = np.array([[0.15, 0.2, 0.9], [0.25, 0.2, 0.9], [0.35, 0.2, 0.1], [0.95, 0.2, 0.1]])
    truth = np.array([[0.0, 0, 1], [0, 0, 1], [1, 0, 0], [1, 0, 0]])
    assert best_thresholds(truth, said) == (0.3, 0.5, 0.5)
    assert figure("au", truth, said, (0.3, 0.5, 0.5)) == pytest.approx(2 / 3)  # the unit that never comes counts 0
