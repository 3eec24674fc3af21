"""The scripts that measure: they run, and print both figures with n."""

import json
import subprocess
import sys
from typing import Any

from shared_data import SHARED, needs_shared
from source_tree import ROOT


def measured(script: str, *words: str) -> dict[str, Any]:
    run = subprocess.run(
        [sys.executable, "-m", f"benchmarks.experiments.{script}", *words, "--json"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


@needs_shared
def test_accuracy_is_compared_on_those_found() -> None:
    result = measured("accuracy", "--limit", "120")
    assert result["faces"] == 120
    assert 0.8 * 120 < result["found"] <= 120
    assert abs(result["difference"]) <= 0.02 + result["interval"]
    assert abs(result["through"] - result["bare"] - result["difference"]) < 1e-9


@needs_shared
def test_each_condition_is_paired_with_the_untouched_faces_and_the_other_model() -> None:
    result = measured("robustness", "--limit", "16", "--against", str(SHARED / "models" / "roompulse-fer.toml"))
    untouched, *changed = result["conditions"]
    assert result["n"] == 16
    assert untouched["loss"] == {"value": 0, "interval": 0}
    assert len(changed) == 14
    for condition in (untouched, *changed):
        assert abs(condition["accuracy"] - untouched["accuracy"] - condition["loss"]["value"]) < 1e-9
        assert abs(condition["accuracy"] - condition["other_accuracy"] - condition["gain"]["value"]) < 1e-9
    assert min(condition["accuracy"] for condition in changed) < untouched["accuracy"]  # half a face is not a whole one


@needs_shared
def test_crops_are_paired_with_the_card_s() -> None:
    result = measured("crops", "--limit", "16")
    ways = {way["crop"]: way for way in result["crops"]}
    assert 10 < result["n"] <= 16
    assert ways["the card's"]["gain"] == {"value": 0, "interval": 0}
    assert ways["five points"]["accuracy"] > 0.6  # the face, upright, where FER+ has it
