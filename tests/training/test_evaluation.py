"""`roompulse-eval` from files to table, on the synthetic sets."""

import json
import pathlib
import re
import shlex
import subprocess
import sys
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result
from live_service import service
from roompulse_training import daisee, ferplus
from roompulse_training.affwild import TASKS, VA, Task, find_folder, read_folder, write_track
from roompulse_training.evaluation import cli
from roompulse_training.metrics import mean_ccc
from roompulse_training.mtl import read_rows, write_rows
from roompulse_training.served import mean_engagement
from shared_data import needs_shared, video
from source_tree import ROOT


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in arguments], env={"COLUMNS": "120"}, catch_exceptions=False)


def no_json(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")


def answer(*arguments: object) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout, parse_constant=no_json)
    return found


def predictions(truth: pathlib.Path, folder: pathlib.Path, task: Task) -> pathlib.Path:
    """Write predictions for every frame: the label where there is one, blurred or now and then another."""
    rng = np.random.default_rng(7)
    for name, track in read_folder(find_folder(truth, task), task).items():
        values = track.values
        fresh = rng.random(values.shape) if task is VA else rng.integers(0, 2, values.shape)
        other = (values < (-1 if task is VA else 0)) | (rng.random(values.shape) < 0.25)
        write_track(folder / f"{name}.txt", task, np.where(other, fresh, values).astype(np.float64))
    return folder


FIRST = {"expr": "macro_f1", "va": "ccc_mean", "au": "mean_au_f1"}
LINE = {"expr": "macro F1", "va": "CCC mean", "au": "mean AU F1"}


@pytest.mark.parametrize("name", TASKS)
def test_from_files_to_table(name: str, affwild_set: pathlib.Path, tmp_path: pathlib.Path) -> None:
    guessed = predictions(affwild_set, tmp_path / "predicted", TASKS[name])
    found = answer(name, affwild_set, guessed, "--rounds", "50")
    assert next(iter(found["figures"])) == FIRST[name]
    assert found["frames"] + found["invalid"] == 360
    value = found["figures"][FIRST[name]]
    assert found["intervals"][FIRST[name]]["low"] <= value < 1
    shown = run(name, affwild_set, guessed, "--rounds", "50")
    assert re.search(rf"{LINE[name]} +{value:.4f}", shown.stdout)
    assert f"n = {found['frames']} frames of 2 videos; {found['invalid']} more had no valid label" in shown.stdout
    assert shown.stderr == ""


def test_valence_and_arousal_by_hand(tmp_path: pathlib.Path) -> None:
    for folder, rows in (
        ("truth", [[0, 0], [1, 0.5], [-5, -5], [0.5, -0.5]]),
        ("guess", [[0, 0], [0.5, 1], [0, 9], [1, 0]]),
    ):
        write_track(tmp_path / folder / "v.txt", VA, np.array(rows, np.float64))
    found = answer("va", tmp_path / "truth", tmp_path / "guess")
    assert (found["frames"], found["invalid"], found["videos"]) == (3, 1, 1)
    truth, guess = np.array([[0, 0], [1, 0.5], [0.5, -0.5]]), np.array([[0, 0], [0.5, 1], [1, 0]])
    by_hand = mean_ccc(truth, guess)
    assert found["figures"]["ccc_mean"] == pytest.approx(by_hand)
    assert found["figures"]["ccc_valence"] == pytest.approx(2 * (0.25 / 3) / (0.5 / 3 + 0.5 / 3))  # equal means
    assert found["intervals"] == {}
    assert "only one" in run("va", tmp_path / "truth", tmp_path / "guess").stdout


def test_all_three_tasks(affwild_set: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (truth,) = affwild_set.rglob("MTL_Challenge/Validation_Set.txt")
    rows, rng = read_rows(truth), np.random.default_rng(0)
    values = np.hstack([rng.uniform(-1, 1, (len(rows.images), 2)), rng.integers(0, 2, (len(rows.images), 13))])
    write_rows(tmp_path / "guess.txt", rows.images, values)
    found = answer("mtl", truth, tmp_path / "guess.txt", "--rounds", "0")
    figures = found["figures"]
    assert figures["p_mtl"] == pytest.approx(figures["ccc_mean"] + figures["macro_f1"] + figures["mean_au_f1"])
    assert {"f1_other", "f1_au26", "ccc_arousal"} < set(figures)
    assert "P MTL" in run("mtl", truth, tmp_path / "guess.txt", "--rounds", "0").stdout


def test_thresholds_come_as_numbers_or_a_file(affwild_set: pathlib.Path, tmp_path: pathlib.Path) -> None:
    guessed = predictions(affwild_set, tmp_path / "predicted", TASKS["au"])
    (tmp_path / "t.json").write_text(json.dumps([0.5] * 11 + [1.0]), encoding="utf-8")
    plain = answer("au", affwild_set, guessed, "--rounds", 0)["figures"]
    for word in ("0.3", ",".join(["0.4"] * 12), tmp_path / "t.json"):
        found = answer("au", affwild_set, guessed, "--rounds", 0, "--thresholds", word)["figures"]
        assert found["mean_au_f1_at_0.5"] == plain["mean_au_f1"] == found["mean_au_f1"]  # predictions are 0 or 1
    wrong = run("au", affwild_set, guessed, "--thresholds", "0.5,0.5")
    assert wrong.exit_code == 2
    assert "expected one or 12 numbers from 0 to 1" in wrong.stderr


def test_what_is_wrong_is_one_sentence_with_file_and_line(affwild_set: pathlib.Path, tmp_path: pathlib.Path) -> None:
    guessed = predictions(affwild_set, tmp_path / "predicted", VA)
    path = sorted(guessed.glob("*.txt"))[1]
    path.write_text(path.read_text(encoding="utf-8") + "0.1;0.2\n", encoding="utf-8")
    result = run("va", affwild_set, guessed)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == f"Error: {path}:122: expected 2 values, found 1: '0.1;0.2'\n"


def test_engagement_from_scores(daisee_set: pathlib.Path, tmp_path: pathlib.Path) -> None:
    levels = daisee.read_levels(daisee_set, "All")
    daisee.write_scores(tmp_path / "s.csv", {clip: level / 3 for clip, level in levels.items()})
    found = answer("engagement", daisee_set, "--scores", tmp_path / "s.csv", "--split", "All", "--rounds", "50")
    assert (found["scored"], found["unscored"], found["users"]) == (18, 0, 6)
    assert found["spearman"] == pytest.approx(1.0)
    daisee.write_scores(tmp_path / "flat.csv", dict.fromkeys(levels, 0.5))
    flat = answer("engagement", daisee_set, "--scores", tmp_path / "flat.csv", "--split", "All", "--rounds", "0")
    assert (flat["spearman"], flat["auc"]) == (None, 0.5)
    shown = run("engagement", daisee_set, "--scores", tmp_path / "s.csv", "--split", "All", "--rounds", "0").stdout
    assert "1.000" in shown
    assert "n = 18 clips of 6 users; 0 more have a level and no score" in shown


def test_engagement_needs_scores_or_a_service_and_a_service_consent(daisee_set: pathlib.Path) -> None:
    neither, silent = run("engagement", daisee_set), run("engagement", daisee_set, "--server", "localhost:1")
    assert (neither.exit_code, silent.exit_code) == (2, 2)
    assert "--scores or --server" in neither.stderr
    assert "--consent granted" in silent.stderr


@needs_shared
async def test_a_clip_is_scored_by_the_service(tmp_path: pathlib.Path) -> None:
    async with service(tmp_path / "record") as running:
        score = await mean_engagement(running.target, video("portrait_d18.mp4"))
        nobody = await mean_engagement(running.target, video("no_face.mp4"))
    assert 0.2 <= score <= 1
    assert np.isnan(nobody)


def test_ferplus_from_probabilities(tmp_path: pathlib.Path) -> None:
    rng = np.random.default_rng(1)
    votes = rng.integers(0, 3, (40, 10)) + 8 * np.eye(10, dtype=int)[rng.integers(0, 8, 40)]
    np.savez(tmp_path / "split.npz", images=np.zeros((40, 48, 48), np.uint8), votes=votes.astype(np.uint8))
    lines = [",".join(map(str, row)) for row in rng.dirichlet(np.ones(8), 40).tolist()]
    (tmp_path / "p.csv").write_text("\n".join([",".join(ferplus.CLASSES), *lines]), encoding="utf-8")
    words = ("ferplus", tmp_path / "split.npz", "--predictions", tmp_path / "p.csv", "--rounds", 20)
    found = answer(*words)
    assert found["n"] == (ferplus.majority(votes) >= 0).sum()
    assert re.search(rf"n +{found['n']}\n?", run(*words).stdout)
    assert run(*words, "--card", tmp_path / "p.csv").exit_code == 2


def test_scoring_files_needs_the_client_s_packages_only() -> None:
    code = "import sys, roompulse_training.evaluation; print(*sorted({n.partition('.')[0] for n in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"cv2", "onnxruntime", "sqlalchemy", "pydantic", "structlog", "sklearn", "scipy"} & set(loaded)


def test_the_page_names_commands_and_options_that_exist() -> None:
    page = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    lines = [shlex.split(line, comments=True) for line in re.findall(r"^roompulse-eval .*$", page, re.M)]
    assert {words[1] for words in lines} == set(cli.commands)
    for words in lines:
        command: click.Command = cli.commands[words[1]]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known
