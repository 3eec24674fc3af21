"""What the commands share: options, tables, JSON, progress, and errors as one sentence."""

import functools
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, ParamSpec, TypeVar

import click
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

from roompulse_training.errors import DataError
from roompulse_training.interval import ROUNDS, Interval

T = TypeVar("T")
P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., Any])


def console() -> Console:
    """Return the console for answers."""
    return Console(highlight=False, markup=False, emoji=False)


def watched(what: str, total: int | None = None) -> Callable[[Iterable[T]], Iterable[T]]:
    """Return a way to pass things on with a progress bar on standard error, for as long as it takes."""
    err = Console(stderr=True)

    def watch(things: Iterable[T]) -> Iterable[T]:
        return track(things, what, total=total, console=err, transient=True, disable=not err.is_terminal)

    return watch


def drawing(command: F) -> F:
    """Add `--rounds`, `--seed` and `--json`."""
    rounds = click.option(
        "--rounds",
        type=click.IntRange(0, 100_000),
        default=ROUNDS,
        show_default=True,
        help="Bootstrap rounds behind the 95 % intervals; 0: none.",
    )
    seed = click.option("--seed", type=int, default=1, show_default=True, help="Of the bootstrap.")
    as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    return rounds(seed(as_json(command)))


def plainly(command: Callable[P, T]) -> Callable[P, T]:
    """Make what is wrong with data one sentence and exit code 1."""

    @functools.wraps(command)
    def wrapped(*arguments: P.args, **options: P.kwargs) -> T:
        try:
            return command(*arguments, **options)
        except (DataError, ValueError) as error:
            raise click.ClickException(str(error)) from error

    return wrapped


def say_json(value: object) -> None:
    """Print a dataclass as one JSON object; what has no value (nan, inf) is null."""
    click.echo(json.dumps(_plain(asdict(value)), ensure_ascii=False))  # type: ignore[call-overload]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def table(title: str, *columns: str, right: Sequence[str] = ()) -> Table:
    """Return an empty table; `right` columns are aligned right."""
    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in columns:
        made.add_column(name, justify="right" if name in right else "left", no_wrap=True)
    return made


def number(value: float, digits: int = 4) -> str:
    """Return a number, or a dash where there is none."""
    return "–" if math.isnan(value) else f"{value:.{digits}f}"


def between(interval: Interval | None, digits: int = 4) -> str:
    """Return an interval, or nothing where there is none."""
    if interval is None or math.isnan(interval.low):
        return ""
    return f"{interval.low:.{digits}f} to {interval.high:.{digits}f}"
