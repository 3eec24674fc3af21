"""Execution providers: asked for by name, passed over with a warning where they are absent, the same numbers."""

import numpy as np
import onnxruntime as ort
import pytest
from roompulse_vision.faces.accelerator import PROVIDERS, Accelerator, choose, used
from roompulse_vision.faces.card import read_card
from roompulse_vision.faces.classifier import Classifier

ABSENT = [name for name, provider in PROVIDERS.items() if provider not in ort.get_available_providers()]


def test_nothing_asked_for_is_the_cpu_without_a_word() -> None:
    assert choose(()) == choose(("cpu",)) == Accelerator()


@pytest.mark.parametrize("name", ABSENT)
def test_an_absent_provider_is_passed_over_with_a_warning_that_names_the_remedy(name: str) -> None:
    chosen = choose((name,))
    assert chosen.providers == ["CPUExecutionProvider"]
    (warning,) = chosen.warnings
    assert repr(name) in warning
    assert "runs on cpu" in warning
    assert "install" in warning


@pytest.mark.skipif(not ABSENT, reason="this onnxruntime has every provider")
def test_a_model_asked_onto_an_absent_provider_says_the_same_from_the_cpu() -> None:
    plain, asked = Classifier(read_card()), Classifier(read_card(), choose(ABSENT))
    crops = [np.full((48, 48), level, np.uint8) for level in range(0, 250, 50)]
    assert len(asked.warnings) == len(ABSENT)
    np.testing.assert_array_equal(asked.scores(crops), plain.scores(crops))
    assert not plain.warnings


def test_a_provider_that_is_there_and_does_not_start_is_told_of() -> None:
    (warning,) = used(Accelerator(("cuda", "cpu")), ["CPUExecutionProvider"])
    assert "'cuda' could not be started" in warning
    assert not used(Accelerator(("cuda", "cpu")), ["CUDAExecutionProvider", "CPUExecutionProvider"])
