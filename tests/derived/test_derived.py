"""Valence, arousal and action units that follow from expressions, by published tables."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from roompulse_vision.derived.action_units import action_units
from roompulse_vision.derived.circumplex import valence_arousal
from roompulse_vision.derived.mixture import Doubles, Mixture
from roompulse_vision.types import ACTION_UNITS, LABELS

NAN = float("nan")


def sure(label: str) -> Doubles:
    return np.array([[1.0 if name == label else 0.0 for name in LABELS]])


@pytest.mark.parametrize(
    ("label", "valence", "arousal"),
    [
        ("neutral", 0, 0),
        ("happiness", 0.81, 0.51),
        ("surprise", 0.40, 0.67),
        ("sadness", -0.63, -0.27),
        ("anger", -0.51, 0.59),
        ("disgust", -0.60, 0.35),
        ("fear", -0.64, 0.60),
    ],
)
def test_a_sure_expression_stands_where_people_put_it(label: str, valence: float, arousal: float) -> None:
    assert valence_arousal(sure(label))[0].tolist() == pytest.approx([valence, arousal])


@pytest.mark.parametrize(
    ("label", "units"),
    [
        ("neutral", {}),
        ("happiness", {6: 0.51, 12: 1, 25: 1}),
        ("surprise", {1: 1, 2: 1, 25: 1, 26: 1}),
        ("sadness", {1: 0.6, 4: 1, 6: 0.5, 15: 1}),
        ("anger", {4: 1, 7: 1, 10: 0.26, 23: 0.29, 24: 1}),
        ("disgust", {4: 0.31, 10: 1, 24: 0.26}),
        ("fear", {1: 1, 2: 0.57, 4: 1, 25: 1, 26: 0.33}),
        ("contempt", {12: 0.5}),
    ],
)
def test_a_sure_expression_has_the_units_of_its_row(label: str, units: dict[int, float]) -> None:
    expected = [units.get(unit, 0) for unit in ACTION_UNITS]
    assert action_units(sure(label))[0].tolist() == pytest.approx(expected)


def test_other_and_absent_labels_are_left_out() -> None:
    half_other = np.array([[0.25, 0.25, 0, 0, 0, 0, 0, NAN, 0.5]])
    assert valence_arousal(half_other)[0].tolist() == pytest.approx([0.405, 0.255])
    assert np.isnan(valence_arousal(sure("other"))).all()
    assert np.isnan(action_units(sure("other"))).all()


@given(st.lists(st.lists(st.floats(0.001, 1), min_size=9, max_size=9), min_size=1, max_size=5))
def test_an_expectation_lies_within_its_table(rows: list[list[float]]) -> None:
    probabilities = np.array(rows)
    probabilities /= probabilities.sum(1, keepdims=True)
    feelings, units = valence_arousal(probabilities), action_units(probabilities)
    assert (np.abs(feelings) <= 0.82).all()
    assert ((units >= 0) & (units <= 1 + 1e-12)).all()
    assert feelings.shape == (len(rows), 2)
    assert units.shape == (len(rows), len(ACTION_UNITS))


def test_a_mixture_is_linear() -> None:
    mixture = Mixture(np.arange(27.0).reshape(9, 3))
    a, b = np.eye(9)[[2]], np.eye(9)[[5]]
    np.testing.assert_allclose(
        mixture.expectation(0.3 * a + 0.7 * b), 0.3 * mixture.expectation(a) + 0.7 * mixture.expectation(b)
    )
