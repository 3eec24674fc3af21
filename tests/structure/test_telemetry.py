"""ONNX Runtime gathers telemetry unless it is told not to before its import: so every way into the project tells it."""

import os
import pathlib
import subprocess
import sys

import pytest
from source_tree import HAND_WRITTEN, ROOT, imported, python_files

# Their packages tell it.
TOLD = (
    "server/roompulse_server/",
    "vision/roompulse_vision/",
    "training/roompulse_training/",
    "benchmarks/",
    "tests/",
)
PACKAGES = ("roompulse_server", "roompulse_vision", "roompulse_training", "benchmarks", "conftest")


def tells(path: pathlib.Path) -> bool:
    return "ORT_DISABLE_TELEMETRY" in path.read_text(encoding="utf-8")


def test_who_imports_onnxruntime_has_turned_telemetry_off() -> None:
    users = python_files(*HAND_WRITTEN)
    users = [path for path in users if any(name.split(".")[0] == "onnxruntime" for name in imported(path))]
    assert users
    strangers = [path for path in users if not str(path.relative_to(ROOT)).startswith(TOLD) and not tells(path)]
    assert not strangers


def test_the_image_turns_telemetry_off() -> None:
    assert tells(ROOT / "Dockerfile")


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_turns_telemetry_off_before_anything_else(package: str) -> None:
    assert run(f"import {package}, os; print(os.environ.get('ORT_DISABLE_TELEMETRY'))") == "1"


def test_the_sdk_needs_no_onnxruntime() -> None:
    assert run("import roompulse.cli, sys; print('onnxruntime' in sys.modules)") == "False"


def run(code: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    environment["PYTHONPATH"] = f"{ROOT}{os.pathsep}{ROOT / 'tests'}"
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    return done.stdout.strip()
