"""`roompulse-train heads` from a folder to a model, as one would call it."""

import pathlib
import re
import shlex
import subprocess
import sys

import click
import numpy as np
import pytest
from own_heads import PLAN, plain, train, trained
from roompulse_training.affwild import EXPRESSIONS
from roompulse_training.heads.command import cli
from roompulse_training.synthetic import write_affwild
from roompulse_vision.faces.card import read_card
from roompulse_vision.faces.classifier import Classifier
from roompulse_vision.types import LABELS
from source_tree import ROOT


def test_heads_of_all_tasks_beat_chance_and_smoothing_never_hurts_its_own_choice(tmp_path: pathlib.Path) -> None:
    report = trained(tmp_path)
    heads = {(one["task"], one["head"]): one for one in report["heads"]}
    assert set(heads) == {
        ("expr", "embedding"), ("va", "logits"), ("va", "embedding"), ("au", "embedding"),
        ("expr", "multi-task"), ("va", "multi-task"), ("au", "multi-task"),
    }  # fmt: skip
    assert heads["va", "logits"]["parameters"] == 18
    for one in report["heads"]:
        assert one["smoothed"] >= one["served"] >= one["plain"] - 1e-12
        assert len(one["thresholds"]) == (12 if one["task"] == "au" else 0)
    assert heads["expr", "embedding"]["plain"] > 0.3  # by chance 0.12
    parts = [heads[task, "multi-task"]["served"] for task in ("expr", "va", "au")]
    assert report["p_mtl"] == pytest.approx(sum(parts))
    assert report["classes"] == list(EXPRESSIONS)
    frames = 7 * PLAN.frames  # people
    assert 0.8 * frames < report["seen"] < frames  # some have no picture
    assert report["faceless"] == 0


def test_tables_say_what_is_in_the_model_and_how_far_to_trust_them(tmp_path: pathlib.Path) -> None:
    write_affwild(tmp_path / "set", PLAN)
    words = (tmp_path / "set", "--out", tmp_path / "out", "--name", "mine", "--epochs", 1, "--every", 2)
    result = train(*words, "--cache", tmp_path / "kept", "--expressions", "backbone", "--licence", "ours")
    assert result.exit_code == 0, result.stderr
    assert re.search(r"valence, arousal +logits( \*)? +18 ", result.stdout)
    assert re.search(r"action units, \w[\w-]*, n = \d+: AU1 .* from 0\.\d, AU2 ", result.stdout)
    assert not re.search(r"^ ?expressions +\w+ \*", result.stdout, re.MULTILINE)  # the backbone's stay
    assert "on others expect less" in result.stdout
    assert f"--model {tmp_path}/out/mine.toml" in result.stdout
    card = read_card(tmp_path / "out" / "mine.toml")
    assert card.output.labels == LABELS[:8]
    assert (card.licence, card.name) == ("ours", "mine")
    assert len(list((tmp_path / "kept").rglob("*.npz"))) == 7


def test_a_plain_folder_gives_expressions_of_its_own(tmp_path: pathlib.Path) -> None:
    words = (plain(tmp_path / "set", "happiness", "contempt"), "--out", tmp_path / "out", "--faces", "whole")
    result = train(*words, "--epochs", 4)
    assert result.exit_code == 0, result.stderr
    assert "8 pictures with a face; 0 more without" in result.stdout
    assert "see the future" not in result.stdout  # single pictures are not smoothed
    card = read_card(tmp_path / "out" / "my-heads.toml")
    assert card.output.labels == ("happiness", "contempt")
    assert card.neutral_logp == ()  # nobody is neutral
    (affect,) = Classifier(card).infer([np.zeros((48, 48), np.uint8)])
    assert sum(np.isnan(affect.probabilities)) == len(LABELS) - 2
    hidden = train(words[0], "--out", tmp_path / "out")  # drawn faces are no faces to a detector
    assert hidden.exit_code == 1
    assert "no face was found in any of 4 pictures" in hidden.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--name", "a/b"], 1, "a/b: expected a name of letters"),
        (["--model", "nobody"], 1, "model 'nobody': expected the path of a card (TOML), or one of"),
        (["--epochs", "0"], 2, "--epochs"),
        ([], 1, "expected Aff-Wild2's annotations, or one folder train with pictures"),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path: pathlib.Path, words: list[str], code: int, said: str) -> None:
    result = train(tmp_path, "--out", tmp_path / "out", *words)
    assert result.exit_code == code
    assert said in result.stderr
    assert result.stdout == ""


def test_without_the_extra_it_says_what_to_install(tmp_path: pathlib.Path) -> None:
    code = "import sys; sys.modules['onnx'] = None; from roompulse_training.heads.command import main; main()"
    command = [sys.executable, "-c", code, "heads", str(tmp_path), "--out", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 1
    assert "training needs 'onnx'; install it with: pip install 'roompulse[train]'" in run.stderr


def test_the_page_names_options_that_exist() -> None:
    page = (ROOT / "docs" / "training-heads.md").read_text(encoding="utf-8")
    lines = [shlex.split(line, comments=True) for line in re.findall(r"^roompulse-train .*$", page, re.MULTILINE)]
    assert len(lines) >= 2
    for words in lines:
        command: click.Command = cli.commands[words[1]]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known
