"""`roompulse-server models`: what there is, fetching it, proving it, adding one's own. Only `pull` needs a network."""

import json
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click
from roompulse.cli.layout import Column, Kind
from roompulse.cli.output import Output
from roompulse.cli.sheet import Sheet
from roompulse_vision.errors import ModelError
from roompulse_vision.faces import registry, weights
from roompulse_vision.faces.download import pull
from roompulse_vision.faces.registry import Entry, State

from roompulse_server.settings import PREFIX

_FOLDER = click.option(
    "--models",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    envvar=f"{PREFIX}MODELS",
    help=f"folder of weights and cards; {PREFIX}MODELS; default: the user's cache",
)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _in_one_sentence(command: Callable[..., None]) -> Callable[..., None]:
    """End the command with one sentence, and 1, where a model cannot be used."""

    @wraps(command)
    def guarded(*args: Any, **named: Any) -> None:
        try:
            command(*args, **named)
        except ModelError as error:
            raise click.ClickException(str(error)) from error

    return guarded


@click.group("models")
def models_group() -> None:
    """Emotion models, face detectors and engagement networks: shipped, fetched, or your own.

    They are sought in the package, then in --models, then in the user's cache. `serve --model NAME` uses one.
    """


@models_group.command("list")
@_FOLDER
@click.option("--json", "as_json", is_flag=True, help="one object a line")
def list_command(folder: Path | None, as_json: bool) -> None:
    """Show which models are known, and which of them are here and whole."""
    found = registry.entries(weights.folders(folder))
    if as_json:
        for item in found:
            click.echo(json.dumps(_row(item)))
        return
    sheet = Sheet("Models", Column("name"), Column("kind", rank=2), Column("state"), Column("what", Kind.TEXT, 1))
    for item in found:
        sheet.add_row(item.name, item.kind, item.state.value, str(item.file or item.detail or item.licence))
    Output().show(sheet)


@models_group.command("pull")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@_FOLDER
@click.option(
    "--from",
    "mirror",
    metavar="URL",
    envvar=f"{PREFIX}MODELS_FROM",
    help=f"address of a folder with the files, in place of their cards' addresses; {PREFIX}MODELS_FROM",
)
@_in_one_sentence
def pull_command(names: tuple[str, ...], folder: Path | None, mirror: str | None) -> None:
    """Fetch weights, pinned and verified; without a NAME the face detector's.

    What a cut leaves is gone on with. A file that is another one than expected is refused, wherever it comes from.
    Where GitHub is blocked, --from names a mirror.
    """
    where = weights.folders(folder)
    for name in names or (weights.YUNET_DYNAMIC.id,):
        click.echo(f"{name}: {_pulled(registry.named(name, where), where[0], mirror)} (verified)")


@models_group.command("convert")
@click.argument("name", metavar="NAME|CARD")
@_FOLDER
@_in_one_sentence
def convert_command(name: str, folder: Path | None) -> None:
    """Make of a fetched engagement network (Keras, .h5) what the service reads (.npz), beside it.

    Needs h5py: pip install 'roompulse[convert]'. The service itself does not.
    """
    where = weights.folders(folder)
    item = registry.named(name, where)
    file = registry.convert(item.card, where)
    click.echo(f"{item.name}: {file} (verified); use it with `roompulse-server serve --engagement {name}`")


@models_group.command("verify")
@click.argument("what", nargs=-1, metavar="[NAME|CARD|FOLDER]...")
@_FOLDER
@_in_one_sentence
def verify_command(what: tuple[str, ...], folder: Path | None) -> None:
    """Check every model that is here: its checksum, then one run, held to its card; exit 1 if one is wrong.

    NAME or CARD: that one, which must be here. FOLDER: what lies there.
    """
    searched = [Path(item) for item in what if Path(item).is_dir()]
    where = searched or weights.folders(folder)
    named = [registry.named(item, where) for item in what if not Path(item).is_dir()]
    found = registry.entries(where) if searched or not what else []
    right = [_proved(item, where, wanted=True) for item in named] + [_proved(item, where) for item in found]
    for file in registry.strangers(found, where):
        click.echo(f"{file}: no card names it; not verified")
    if not all(right):
        sys.exit(1)


@models_group.command("show")
@click.argument("name", metavar="NAME|CARD")
@_FOLDER
@_in_one_sentence
def show_command(name: str, folder: Path | None) -> None:
    """Print a model's card (TOML), and above it where its file is."""
    item = registry.named(name, weights.folders(folder))
    if not item.card.is_file():
        raise ModelError(item.detail)
    click.echo(f"# card: {item.card}")
    click.echo(f"# file: {item.file or item.detail or 'none'} ({item.state})")
    click.echo(item.card.read_text(encoding="utf-8"), nl=False)


@models_group.command("add")
@click.argument("file", type=_FILE)
@click.argument("card", type=_FILE)
@_FOLDER
@_in_one_sentence
def add_command(file: Path, card: Path, folder: Path | None) -> None:
    """Prove a model of your own, and copy FILE (ONNX) and CARD (TOML) to where `serve --model` finds them by name."""
    added = registry.add(file, card, folder or weights.cache_folder())
    click.echo(f"{added.name}: {added.file} (verified); use it with `roompulse-server serve --model {added.name}`")


def _pulled(item: Entry, folder: Path, mirror: str | None) -> Path:
    if item.file is not None:
        return item.file
    wanted = item.weights.at(mirror) if item.weights and mirror else item.weights
    if wanted is None or not wanted.url:
        raise ModelError(item.detail or f"{item.card}: expected a url to fetch its file from, found none in the card")
    with click.progressbar(length=wanted.size_bytes or 0, label=wanted.names[0], file=sys.stderr) as bar:

        def tell(done: int, total: int) -> None:
            bar.length = total or None
            bar.update(done - bar.pos)

        return pull(wanted, folder, tell)


def _proved(item: Entry, where: Sequence[Path], *, wanted: bool = False) -> bool:
    """Say how it stands with a model; False if it cannot be used, or is not here though it is wanted."""
    if item.state is State.MISSING:
        remedy = f"; `roompulse-server models pull {item.name}` fetches it" if item.weights and item.weights.url else ""
        click.echo(f"{item.name}: missing{remedy}", err=wanted)
        return not wanted
    if item.state is State.FETCHED:
        click.echo(f"{item.name}: fetched; `roompulse-server models convert {item.name}` makes it usable", err=wanted)
        return not wanted
    try:
        registry.prove(item, where)
    except ModelError as error:
        click.echo(f"{item.name}: {error}", err=True)
        return False
    click.echo(f"{item.name}: {item.file} (verified)")
    return True


def _row(item: Entry) -> dict[str, str]:
    row = {"name": item.name, "kind": item.kind, "state": item.state.value, "file": str(item.file or "")}
    return row | {"card": str(item.card), "licence": item.licence, "source": item.source, "detail": item.detail}
