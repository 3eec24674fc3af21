"""Where a command's file goes: a path, or standard output."""

import contextlib
import pathlib
import sys
from collections.abc import Iterator
from typing import BinaryIO

import click

STANDARD_OUTPUT = pathlib.Path("-")


def chosen(wanted: str | None, output: pathlib.Path | None, suffixes: dict[str, str]) -> str | None:
    """Return the format that is asked for by name, or by the end of the file's name; None where neither says it.

    `suffixes` are without their dot; one that has a dot within ("people.csv") is any end of a name, and comes first.

    Raises:
        click.UsageError: The file's name says none of them.
    """
    if wanted is not None or output is None or output == STANDARD_OUTPUT:
        return wanted
    name = output.name.lower()
    endings = (ending for ending in suffixes if name.endswith(ending if "." in ending else f".{ending}"))
    longest = max(endings, key=len, default=None)
    if longest is None:
        raise click.UsageError(f"{str(output)!r} ends in none of {', '.join(suffixes)}: name the --format")
    return suffixes[longest]


@contextlib.contextmanager
def opened(output: pathlib.Path | None, *, binary: bool) -> Iterator[BinaryIO]:
    """Yield what to write to; `output` None or "-" is standard output, which takes bytes only where nobody reads them.

    A file appears whole or not at all.

    Raises:
        click.UsageError: Bytes for a terminal, or standard output is closed.
        click.ClickException: The file cannot be written.
    """
    if output is None or output == STANDARD_OUTPUT:
        if binary and _is_terminal():
            raise click.UsageError("this format is no text for a terminal: name a file with --output")
        if sys.stdout is None:
            raise click.UsageError("standard output is closed: name a file with --output")
        yield sys.stdout.buffer
        return
    try:
        with _replacing(output) as file:
            yield file
    except OSError as err:
        raise click.ClickException(f"{output} cannot be written: {err.strerror}") from err


@contextlib.contextmanager
def _replacing(path: pathlib.Path) -> Iterator[BinaryIO]:
    """Yield a file that takes the place of `path` when it is whole; after an error the old one is still there."""
    if path.exists() and not path.is_file():  # a pipe or a device
        with path.open("wb") as device:
            yield device
        return
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def _is_terminal() -> bool:
    return sys.stdout.isatty()
