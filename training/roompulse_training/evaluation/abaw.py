"""`roompulse-eval expr | va | au | mtl`: the ABAW challenges' tables from files."""

import json
import math
import pathlib
from collections.abc import Callable
from typing import Any, TypeVar

import click
from rich.table import Table

from roompulse_training.affwild import AU, EXPR, VA, Task, find_folder, read_folder
from roompulse_training.evaluation.output import (
    between,
    console,
    drawing,
    number,
    plainly,
    say_json,
    table,
    watched,
)
from roompulse_training.figures import EXPRESSION, HALF, VALENCE_AROUSAL, Measure, action_units, multi_task
from roompulse_training.mtl import read_rows
from roompulse_training.scoring import Pairs, Score, pair, pair_rows, score

F = TypeVar("F", bound=Callable[..., Any])
WORDS = {"f1": "F1", "ccc": "CCC", "p": "P", "mtl": "MTL", "au": "AU"}
Place = click.Path(exists=True, path_type=pathlib.Path)


def _thresholds(context: click.Context, parameter: click.Parameter, value: Any) -> tuple[float, ...]:
    """Return twelve: from one threshold for all units, twelve with commas, or a JSON file with a list of twelve."""
    if isinstance(value, tuple):
        return value
    try:
        file = pathlib.Path(value)
        words = json.loads(file.read_text(encoding="utf-8")) if file.suffix == ".json" else value.split(",")
        found = tuple(float(word) for word in words)
    except (OSError, ValueError, TypeError) as error:
        message = f"{value!r} is neither numbers with commas nor a JSON file with a list of them: {error}"
        raise click.BadParameter(message) from error
    if len(found) not in (1, len(HALF)) or not all(0 <= one <= 1 for one in found):
        raise click.BadParameter(f"{value!r}: expected one or {len(HALF)} numbers from 0 to 1")
    return found * (len(HALF) // len(found))


def folders(command: F) -> F:
    """Add the arguments TRUTH and PREDICTIONS, and `--split`."""
    split = click.option(
        "--split",
        type=click.Choice(["Train", "Validation", "Test"]),
        default="Validation",
        show_default=True,
        help="Which to look for where TRUTH is a whole data set.",
    )
    truth, predictions = (click.argument(name, type=Place) for name in ("truth", "predictions"))
    return truth(predictions(split(drawing(command))))


thresholds_option = click.option(
    "--thresholds",
    type=click.UNPROCESSED,
    metavar="THRESHOLDS",
    callback=_thresholds,
    default=HALF,
    help="From where on a unit counts as predicted: one number, twelve with commas, or a JSON file. Choose them on "
    "other data.  [default: 0.5]",
)


@click.command()
@folders
@plainly
def expr(truth: pathlib.Path, predictions: pathlib.Path, split: str, **drawn: Any) -> None:
    """Expressions: macro F1 over ABAW's eight classes.

    TRUTH and PREDICTIONS are folders with a <video>.txt each, a line for a frame: a class from 0 to 7, -1 without.
    """
    _evaluate(EXPR, EXPRESSION, truth, predictions, split, **drawn)


@click.command()
@folders
@plainly
def va(truth: pathlib.Path, predictions: pathlib.Path, split: str, **drawn: Any) -> None:
    """Valence and arousal: the concordance correlation coefficients.

    TRUTH and PREDICTIONS are folders with a <video>.txt each, a line for a frame: valence,arousal, -5 without.
    """
    _evaluate(VA, VALENCE_AROUSAL, truth, predictions, split, **drawn)


@click.command()
@folders
@thresholds_option
@plainly
def au(truth: pathlib.Path, predictions: pathlib.Path, split: str, thresholds: tuple[float, ...], **drawn: Any) -> None:
    """Action units: the mean of twelve F1.

    TRUTH and PREDICTIONS are folders with a <video>.txt each, a line for a frame: twelve values, 0 or 1, -1 without.
    Predictions may be probabilities.
    """
    _evaluate(AU, action_units(thresholds), truth, predictions, split, **drawn)


@click.command()
@click.argument("truth", type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path))
@click.argument("predictions", type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path))
@thresholds_option
@drawing
@plainly
def mtl(truth: pathlib.Path, predictions: pathlib.Path, thresholds: tuple[float, ...], **drawn: Any) -> None:
    """All three tasks: P_MTL and its parts.

    TRUTH and PREDICTIONS are files with the header image,valence,arousal,expression,aus and a line for a picture.
    """
    pairs = pair_rows(read_rows(truth), read_rows(predictions, predicted=True))
    _show("multi-task", pairs, multi_task(thresholds), **drawn)


def _evaluate(
    task: Task, measure: Measure, truth: pathlib.Path, predictions: pathlib.Path, split: str, **drawn: Any
) -> None:
    labels = read_folder(find_folder(truth, task, split), task, watch=watched("labels"))
    guesses = read_folder(find_folder(predictions, task, split), task, predicted=True, watch=watched("predictions"))
    _show(task.name, pair(labels, guesses, task), measure, **drawn)


def _show(name: str, pairs: Pairs, measure: Measure, *, rounds: int, seed: int, as_json: bool) -> None:
    found = score(pairs, measure, rounds, seed, watched("intervals", rounds))
    if as_json:
        say_json(found)
        return
    out = console()
    out.print(_table(name, found))
    for line in _remarks(found, rounds):
        out.print(line, soft_wrap=True)


def _table(name: str, found: Score) -> Table:
    made = table(name, "figure", "value", "95 % interval", "labels", right=("value", "labels"))
    for key, value in found.figures.items():
        support = str(found.support[key]) if key in found.support else ""
        made.add_row(titled(key), number(value), between(found.intervals.get(key)), support)
    return made


def _remarks(found: Score, rounds: int) -> list[str]:
    lines = [f"n = {found.frames} frames of {found.videos} videos; {found.invalid} more had no valid label"]
    empty = [titled(key) for key, value in found.figures.items() if math.isnan(value)]
    if empty:
        lines.append(f"neither labelled nor predicted, counted as 0 in the mean: {', '.join(empty)}")
    if found.intervals:
        lines.append(f"intervals: {rounds} rounds, whole videos drawn with replacement")
    elif rounds:
        lines.append("no intervals: they are drawn by video, and there is only one")
    return lines


def titled(key: str) -> str:
    """Return a figure's name for people: `f1_au12` is F1 AU12."""
    words = key.replace("_au", "_AU").split("_")
    return " ".join(WORDS.get(word, word) for word in words)
