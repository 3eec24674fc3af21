"""`roompulse-eval engagement`: how scores agree with DAiSEE's levels."""

import asyncio
import pathlib

import click
from roompulse.errors import RoompulseError

from roompulse_training.daisee import SPLITS, Agreement, agreement, find_clip, read_levels, read_scores, write_scores
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
from roompulse_training.served import mean_engagement

WORDS = ("very low", "low", "high", "very high")


@click.command()
@click.argument("root", type=click.Path(exists=True, path_type=pathlib.Path))
@click.option("--scores", type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path), help="CSV: clip,score.")
@click.option("--server", metavar="HOST:PORT", help="Score the clips through this service.")
@click.option("--consent", type=click.Choice(["granted"]), help="With --server: that the people shown have agreed.")
@click.option("--save", type=click.Path(dir_okay=False, path_type=pathlib.Path), help="With --server: keep the scores.")
@click.option("--split", type=click.Choice([*SPLITS, "All"]), default="Test", show_default=True)
@drawing
@plainly
def engagement(
    root: pathlib.Path,
    scores: pathlib.Path | None,
    server: str | None,
    consent: str | None,
    save: pathlib.Path | None,
    split: str,
    rounds: int,
    seed: int,
    as_json: bool,
) -> None:
    """Agreement of scores per clip with levels 0 to 3: rank correlation, AUC of high against low, means.

    ROOT is a data set in DAiSEE's format, or one of its label files. Scores come from a file, or from a service that
    every clip is streamed through (the mean over its summary).
    """
    levels = read_levels(root, split)
    if (scores is None) == (server is None):
        raise click.UsageError("give --scores or --server")
    if scores is not None:
        found = read_scores(scores)
    else:
        found = _serve(root, list(levels), server or "", consent)
        if save:
            write_scores(save, found)
    result = agreement(levels, found, rounds, seed, watched("intervals", rounds))
    if as_json:
        say_json(result)
    else:
        _show(result)


def _serve(root: pathlib.Path, clips: list[str], server: str, consent: str | None) -> dict[str, float]:
    if consent is None:
        raise click.UsageError("faces are analysed with consent only; if the people shown agreed: --consent granted")
    paths = {clip: find_clip(root, clip) for clip in clips}
    try:
        return {clip: asyncio.run(mean_engagement(server, paths[clip])) for clip in watched("clips")(clips)}
    except RoompulseError as error:
        raise click.ClickException(str(error)) from error


def _show(found: Agreement) -> None:
    out = console()
    made = table("agreement with the levels", "figure", "value", "95 % interval", right=("value",))
    made.add_row("Spearman's rank correlation", number(found.spearman, 3), between(found.spearman_interval, 3))
    made.add_row("AUC of levels 2, 3 against 0, 1", number(found.auc, 3), between(found.auc_interval, 3))
    out.print(made)
    means = table("mean score", "level", "clips", "mean", "95 % interval", right=("clips", "mean"))
    for row in found.levels:
        means.add_row(f"{row.level} {WORDS[row.level]}", str(row.clips), number(row.mean, 3), between(row.interval, 3))
    out.print(means)
    out.print(
        f"n = {found.scored} clips of {found.users} users; {found.unscored} more have a level and no score; "
        "intervals: whole users drawn with replacement",
        soft_wrap=True,
    )
