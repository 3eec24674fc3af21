"""`roompulse-eval ferplus`: the published protocol on FER+."""

import pathlib
from dataclasses import replace

import click

from roompulse_training import ferplus as protocol
from roompulse_training import temperature
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

File = click.Path(exists=True, dir_okay=False, path_type=pathlib.Path)


@click.command()
@click.argument("split", type=File)
@click.option("--predictions", type=File, help="CSV of probabilities: class names, then a line for each face.")
@click.option("--card", type=File, help="Run this card's model on the bare crops.  [default: the shipped model]")
@click.option("--fit-temperature", is_flag=True, help="Fit one temperature to the votes, crosswise on two halves.")
@drawing
@plainly
def ferplus(
    split: pathlib.Path,
    predictions: pathlib.Path | None,
    card: pathlib.Path | None,
    fit_temperature: bool,
    rounds: int,
    seed: int,
    as_json: bool,
) -> None:
    """Accuracy, macro F1 and calibration on a FER+ SPLIT (npz with images and votes), by the protocol of 2016.

    Probabilities come from a file, or from a model run here (needs roompulse[server]). A temperature is fitted to all
    faces with votes for an expression that there are probabilities of, and multiplies the one of the card.
    """
    if predictions and card:
        raise click.UsageError("give --predictions or --card, not both")
    if predictions:
        faces, probabilities = protocol.matching(split, predictions, protocol.read_probabilities(predictions))
    else:
        faces = protocol.read_faces(split, ambiguous=True)
        probabilities = _run(faces, card)
    found = protocol.score(faces, probabilities, rounds, seed, watched("intervals", rounds))
    if fit_temperature:
        found = replace(found, temperature=temperature.fit(faces.distributions, probabilities, seed))
    if as_json:
        say_json(found)
    else:
        _show(found)


def _run(faces: protocol.Faces, card: pathlib.Path | None) -> protocol.Doubles:
    try:
        from roompulse_vision.errors import ModelError

        from roompulse_training import bare_crop
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("roompulse"):
            raise  # a module of ours is no package to install
        text = f"running a model needs {error.name!r}; install it with: pip install 'roompulse[server]'"
        raise click.ClickException(text) from error
    try:
        return bare_crop.probabilities(faces.images, card, watched("faces"))
    except ModelError as error:
        raise click.ClickException(str(error)) from error


def _show(found: protocol.FerScore) -> None:
    out = console()
    made = table("FER+, faces with a majority", "figure", "value", "95 % interval", right=("value",))
    made.add_row("n", str(found.n))
    made.add_row("accuracy", number(found.accuracy), between(found.accuracy_interval))
    made.add_row("macro F1, 8 classes", number(found.macro_f1), between(found.macro_f1_interval))
    made.add_row(f"macro F1 without {' and '.join(protocol.RARE)}", number(found.macro_f1_common))
    made.add_row("NLL of the votes", number(found.vote_nll), f"at least {number(found.vote_entropy)}")
    made.add_row("Brier score of the votes", number(found.vote_brier))
    made.add_row("ECE, against the majority", number(found.ece))
    made.add_row("ECE, against the votes", number(found.vote_ece))
    out.print(made)
    out.print(_classes(found))
    if found.n_ambiguous > found.n:
        out.print(
            f"ambiguous faces included, n = {found.n_ambiguous}: against the votes "
            f"NLL {number(found.vote_nll_ambiguous)}, Brier score {number(found.vote_brier_ambiguous)}, "
            f"ECE {number(found.vote_ece_ambiguous)}",
            soft_wrap=True,
        )
    if found.temperature:
        out.print(_fitted(found.temperature))


def _fitted(fit: temperature.Fit) -> object:
    title = f"temperature, n = {fit.n}"
    made = table(title, "figure", "in use", "fitted", "each half's", right=("in use", "fitted"))
    halves = " and ".join(number(value, 3) for value in fit.halves)
    made.add_row("temperature, times the one in use", "1", number(fit.value, 3), halves)
    made.add_row("with each half at the other's temperature:")
    made.add_row("NLL of the votes", number(fit.before.nll), number(fit.after.nll))
    made.add_row("Brier score of the votes", number(fit.before.brier), number(fit.after.brier))
    made.add_row("ECE, against the votes", number(fit.before.ece), number(fit.after.ece))
    return made


def _classes(found: protocol.FerScore) -> object:
    short = [name[:4] for name in protocol.CLASSES]
    made = table("true class, and what it was called", "class", "n", "F1", *short, right=("n", "F1", *short))
    for name, row in zip(protocol.CLASSES, found.confusion, strict=True):
        made.add_row(name, str(found.support[name]), number(found.f1[name], 3), *map(str, row))
    return made
