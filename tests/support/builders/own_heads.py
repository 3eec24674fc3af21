"""Heads trained in seconds, on small drawn sets and the shipped model."""

import json
import pathlib
from typing import Any

import cv2
import numpy as np
from click.testing import CliRunner, Result
from roompulse_training.drawing import Person, face
from roompulse_training.heads.command import cli
from roompulse_training.synthetic import Plan, write_affwild

PLAN = Plan(train=4, validation=1, frames=40)  # five people, and two


def train(*arguments: object) -> Result:
    """Run `roompulse-train heads`."""
    words = ["heads", *map(str, arguments)]
    return CliRunner().invoke(cli, words, env={"COLUMNS": "100"}, catch_exceptions=False)


def trained(folder: pathlib.Path, *arguments: object) -> dict[str, Any]:
    """Write a set, train on it, and return the report; its `card` is what `serve --model` takes."""
    write_affwild(folder / "set", PLAN)
    result = train(folder / "set", "--out", folder / "out", "--epochs", 6, "--json", *arguments)
    assert result.exit_code == 0, result.stderr
    report: dict[str, Any] = json.loads(result.stdout)
    return report


def plain(root: pathlib.Path, *labels: str) -> pathlib.Path:
    """Write two drawn pictures of each label into both splits of a plain folder; return it."""
    person = Person.drawn(np.random.default_rng(1))
    for split in ("train", "Validation"):
        for number, label in enumerate(labels):
            (root / split / label).mkdir(parents=True)
            for index in range(2):
                picture = face(np.eye(12)[number] * (index + 1) / 2, person)
                cv2.imwrite(str(root / split / label / f"{index}.png"), picture)
    return root
