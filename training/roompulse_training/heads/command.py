"""`roompulse-train`: heads of one's own, trained on a CPU, in one ONNX file that the service takes as it is.

Standard output carries the answer: tables for people, or with `--json` one object. Progress and errors go to standard
error. Exit codes: 0 done, 1 it went wrong, 2 wrong usage.
"""

import math
import pathlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from roompulse_training.evaluation.output import console, number, plainly, say_json, table, watched
from roompulse_training.figures import UNIT_NAMES

if TYPE_CHECKING:  # the client alone must be able to show the help
    from roompulse_training.heads.work import Report

Folder = click.Path(file_okay=False, path_type=pathlib.Path)
TITLES = {"expr": "expressions", "va": "valence, arousal", "au": "action units"}


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="roompulse")
def cli() -> None:
    """Models of one's own."""


@cli.command()
@click.argument("root", type=click.Path(exists=True, file_okay=False, path_type=pathlib.Path))
@click.option("--out", type=Folder, required=True, help="Folder for the model (ONNX) and its card (TOML).")
@click.option("--name", default="my-heads", show_default=True, help="What the model is to be called.")
@click.option("--model", help="Backbone: a model's name or card that gives embeddings.  [default: the shipped model]")
@click.option("--models", type=Folder, help="Folder with weights and cards.  [default: the user's cache]")
@click.option("--cache", type=Folder, help="Keep embeddings of your pictures here.  [default: they are not kept]")
@click.option(
    "--faces",
    type=click.Choice(["whole", "detect"]),
    help="A picture is a face, cut out already; or faces are found as the service does.  "
    "[default: whole for Aff-Wild2, detect for a plain folder]",
)
@click.option(
    "--expressions",
    type=click.Choice(["head", "backbone"]),
    default="head",
    show_default=True,
    help="Whose expressions the model is to give.",
)
@click.option("--epochs", type=click.IntRange(1), default=20, show_default=True, help="The best of them is kept.")
@click.option("--every", type=click.IntRange(1), default=1, show_default=True, help="Train on every Nth frame only.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--licence", default="", help="What the card is to say of it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@plainly
def heads(
    root: pathlib.Path,
    out: pathlib.Path,
    name: str,
    model: str | None,
    models: pathlib.Path | None,
    cache: pathlib.Path | None,
    faces: str | None,
    expressions: str,
    epochs: int,
    every: int,
    seed: int,
    licence: str,
    as_json: bool,
) -> None:
    """Train heads for expressions, valence and arousal, and action units, as far as ROOT has labels.

    ROOT is Aff-Wild2 (annotations, cropped_aligned/<video>/00001.jpg), or a folder train/<expression>/ and
    validation/<expression>/ of pictures. Figures are of the validation split, on which windows, thresholds and the
    best epoch were chosen too: on other data expect less.
    """
    report = _run(
        root=root, out=out, name=name, model=model, models=models, cache=cache, faces=faces,
        own_expressions=expressions == "head", every=every, licence=licence, epochs=epochs, seed=seed,
    )  # fmt: skip
    if as_json:
        say_json(report)
    else:
        _show(report)


def _run(*, faces: str | None, epochs: int, seed: int, **wanted: Any) -> "Report":
    try:
        from roompulse_vision.errors import ModelError

        from roompulse_training.heads import work
        from roompulse_training.heads.backbone import FaceSource
        from roompulse_training.heads.fitting import Schedule
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("roompulse"):
            raise  # a module of ours is no package to install
        text = f"training needs {error.name!r}; install it with: pip install 'roompulse[train]'"
        raise click.ClickException(text) from error
    job = work.Job(faces=FaceSource(faces) if faces else None, schedule=Schedule(epochs=epochs, seed=seed), **wanted)
    try:
        return work.run(job, watched)
    except ModelError as error:
        raise click.ClickException(str(error)) from error


def _show(report: "Report") -> None:
    out = console()
    out.print(_heads(report))
    for line in [*_parts(report), *_remarks(report)]:
        out.print(line, soft_wrap=True)


def _heads(report: "Report") -> Table:
    columns = ("size", "raw", "tuned", "smoothed")
    made = table("heads, on validation", "task", "head", *columns, "window", right=columns)
    for one in report.heads:
        mark = " *" if report.exported.get(one.task) == one.head else ""
        figures = (number(one.plain), number(one.served) if one.thresholds else "", number(one.smoothed))
        made.add_row(TITLES[one.task], one.head + mark, str(one.parameters), *figures, one.window)
    if not math.isnan(report.p_mtl):
        made.add_row("P MTL: the sum", "multi-task", "", "", number(report.p_mtl), number(report.p_mtl_smoothed), "")
    return made


def _parts(report: "Report") -> Iterator[str]:
    """Yield the figures of single classes and units, of the heads that are in the model."""
    names = {"expr": report.classes, "va": ("valence", "arousal"), "au": tuple(n[3:].upper() for n in UNIT_NAMES)}
    for one in report.heads:
        if report.exported.get(one.task) == one.head:
            froms = [f" from {threshold:g}" for threshold in one.thresholds] or [""] * len(one.parts)
            parts = zip(names[one.task], one.parts, froms, strict=True)
            listed = ", ".join(f"{name} {number(value, 3)}{start}" for name, value, start in parts)
            yield f"{TITLES[one.task]}, {one.head}, n = {one.frames}: {listed}"


def _remarks(report: "Report") -> list[str]:
    lines = ["macro F1, mean CCC and mean F1; raw: frame by frame, units from 0.5 on; tuned: from their thresholds on"]
    lines.append("* is in the model")
    lines.append(f"{report.seen} pictures with a face; {report.faceless} more without")
    if report.in_time:
        lines.append("windows are centred, and see the future: the service smooths with the past alone")
    lines.append("epochs, windows and thresholds were chosen on these very frames: on others expect less")
    return [*lines, f"written: {report.model} and its card; `roompulse-server serve --model {report.card}`"]


def main() -> None:
    """Run the command line."""
    cli()
