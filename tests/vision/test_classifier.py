"""The network's scores come out in the service's order, calibrated, the same alone and in a batch."""

import dataclasses
import pathlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from roompulse_vision.enumerations import Provenance
from roompulse_vision.errors import ModelError
from roompulse_vision.faces.card import Activation, Colour, ModelCard, ModelInput, ModelOutput, UnitOutput, read_card
from roompulse_vision.faces.checksum import Checksum
from roompulse_vision.faces.classifier import Classifier, affects, softmax, tensor
from roompulse_vision.faces.findings import Findings
from roompulse_vision.types import ACTION_UNITS, LABELS
from shared_data import SHARED, needs_shared


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(read_card())


def crops(count: int) -> list[NDArray[np.uint8]]:
    return list(np.random.default_rng(5).integers(0, 256, (count, 48, 48), dtype=np.uint8))


def card(output: ModelOutput) -> ModelCard:
    numbers = ModelInput("input", 48, Colour.GREY, (0.5,), (0.25,))
    return ModelCard("some", pathlib.Path("some.onnx"), Checksum("sha256", ""), "", "", 32, numbers, output)


def test_a_batch_says_what_each_crop_says_alone(classifier: Classifier) -> None:
    many = crops(19)  # two full chunks and a rest
    together = np.array([affect.probabilities for affect in classifier.infer(many)])
    alone = np.array([classifier.infer([one])[0].probabilities for one in many])
    np.testing.assert_allclose(together, alone, atol=1e-4, equal_nan=True)
    assert classifier.infer([]) == []


def test_probabilities_sum_to_one_and_the_lacking_label_is_absent(classifier: Classifier) -> None:
    for affect in classifier.infer(crops(4)):
        assert affect.model_id == "roompulse-fer"
        assert np.nansum(affect.probabilities) == pytest.approx(1)
        assert [label for label, p in zip(LABELS, affect.probabilities, strict=True) if np.isnan(p)] == ["other"]
        assert affect.valence_arousal_provenance is Provenance.DERIVED
        assert affect.action_unit_provenance is Provenance.DERIVED
        assert affect.action_units_active is None


@needs_shared
def test_it_reads_real_faces_as_people_do(classifier: Classifier) -> None:
    data = np.load(SHARED / "data" / "ferplus" / "valid.npz")
    votes = np.where(data["votes"] <= 1, 0, data["votes"])
    label = votes.argmax(1)
    clear = np.flatnonzero((label < 8) & (votes.max(1) > 0.5 * votes.sum(1)))[:400]
    read = [int(np.nanargmax(affect.probabilities)) for affect in classifier.infer(list(data["images"][clear]))]
    assert np.mean(np.array(read) == label[clear]) > 0.86  # 0.893 over all 3,199, ± 0.03


def test_scores_are_placed_by_label() -> None:
    scores = np.array([[0.0, 5.0, 1.0]], np.float32)
    (affect,) = affects(Findings(scores), card(ModelOutput("s", ("anger", "happiness", "other"))))
    by_label = dict(zip(LABELS, affect.probabilities, strict=True))
    expected = np.exp(scores[0]) / np.exp(scores[0]).sum()
    assert [by_label[name] for name in ("anger", "happiness", "other")] == pytest.approx(expected.tolist())
    assert sum(np.isnan(p) for p in affect.probabilities) == len(LABELS) - 3


def test_valence_and_arousal_are_the_models_own_where_it_has_them() -> None:
    output = ModelOutput("s", ("anger", "happiness"), valence=2, arousal=3)
    scores = np.array([[0, 0, 0.25, -0.5], [0, 9, 7.0, -3.0]], np.float32)
    own = affects(Findings(scores), card(output))
    assert [(a.valence, a.arousal) for a in own] == [(0.25, -0.5), (1.0, -1.0)]
    assert own[0].valence_arousal_provenance is Provenance.MODEL
    assert own[0].action_unit_provenance is Provenance.DERIVED
    assert np.nansum(own[0].probabilities) == pytest.approx(1)


def test_action_units_are_the_models_own_where_it_has_them() -> None:
    spec = UnitOutput((25, 14, 12), (0.5, 0.1, 0.9), first=2)
    scores = np.array([[0, 0, 0.0, 9.0, 2.0], [0, 0, -1.0, 9.0, 3.0]], np.float32)
    own = affects(Findings(scores), card(ModelOutput("s", ("anger", "happiness"), action_units=spec)))
    assert own[0].action_unit_provenance is Provenance.MODEL
    assert own[0].valence_arousal_provenance is Provenance.DERIVED
    found = [dict(zip(ACTION_UNITS, affect.action_units or (), strict=True)) for affect in own]
    assert [(units[12], units[25]) for units in found] == [
        pytest.approx((1 / (1 + np.exp(-2)), 0.5)),
        pytest.approx((1 / (1 + np.exp(-3)), 1 / (1 + np.e))),
    ]
    assert {unit for unit, p in found[0].items() if np.isnan(p)} == set(ACTION_UNITS) - {12, 25}  # 14 is none of ours
    active = [dict(zip(ACTION_UNITS, affect.action_units_active or (), strict=True)) for affect in own]
    assert [{unit for unit, on in units.items() if on} for units in active] == [{25}, {12}]


def test_heads_may_be_outputs_and_probabilities_already() -> None:
    spec = UnitOutput(ACTION_UNITS, (0.5,) * 12, output="au", activation=Activation.NONE)
    output = ModelOutput("s", ("anger", "happiness"), feelings="va", action_units=spec)
    said = np.linspace(-0.1, 1.1, 12, dtype=np.float32)[None]
    feelings = np.array([[0.25, -1.5]], np.float32)
    (own,) = affects(Findings(np.zeros((1, 2), np.float32), feelings=feelings, units=said), card(output))
    assert (own.valence, own.arousal) == (0.25, -1.0)
    assert own.action_units == pytest.approx(said[0].clip(0, 1).tolist())
    assert own.action_units_active == (False,) * 6 + (True,) * 6


def test_a_temperature_flattens_without_changing_the_order() -> None:
    output = ModelOutput("s", LABELS[:3])
    scores = np.array([[3.0, 1.0, 0.0]], np.float32)
    sharp, flat = (affects(Findings(scores), card(dataclasses.replace(output, temperature=t)))[0] for t in (1.0, 2.0))
    np.testing.assert_allclose(flat.probabilities[:3], softmax(scores / 2)[0])
    assert sharp.probabilities[0] > flat.probabilities[0] > flat.probabilities[1] > flat.probabilities[2]


@given(
    logits=st.lists(st.floats(-50, 50), min_size=2, max_size=9),
    constant=st.floats(-1000, 1000),
)
def test_adding_a_constant_to_the_logits_changes_nothing(logits: list[float], constant: float) -> None:
    rows = np.array([logits])
    np.testing.assert_allclose(softmax(rows), softmax(rows + constant), atol=1e-9)
    assert softmax(rows).sum() == pytest.approx(1)


def test_pixels_are_normalised_as_the_card_says() -> None:
    spec = ModelInput("input", 2, Colour.RGB, (0.1, 0.2, 0.3), (0.5, 1.0, 2.0))
    pixels = np.array([[[255, 0, 51], [0, 0, 0]], [[0, 0, 0], [0, 0, 0]]], np.uint8)
    batch = tensor([pixels, pixels], spec)
    assert batch.shape == (2, 3, 2, 2)
    assert batch.dtype == np.float32
    np.testing.assert_allclose(batch[1, :, 0, 0], [(1 - 0.1) / 0.5, -0.2, (0.2 - 0.3) / 2], rtol=1e-5)
    grey = tensor(crops(3), ModelInput("input", 48, Colour.GREY, (0.5,), (0.25,)))
    assert grey.shape == (3, 1, 48, 48)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"output": ModelOutput("scores", LABELS[:8])}, "expected 'scores' (output.scores of its card), found logits"),
        (
            {"input": ModelInput("x", 48, Colour.GREY, (0.5,), (0.25,))},
            "expected 'x' (input.name of its card), found input",
        ),
    ],
)
def test_a_card_that_does_not_fit_its_file_is_refused(change: dict[str, ModelOutput], expected: str) -> None:
    with pytest.raises(ModelError) as caught:
        Classifier(dataclasses.replace(read_card(), **change))  # type: ignore[arg-type]  # by name
    assert expected in str(caught.value)
    assert "roompulse-fer.onnx" in str(caught.value)
