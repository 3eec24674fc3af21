"""Options that several commands share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from roompulse.enums import ConsentState, Purpose, WireEnum

DEFAULT_SERVER = "localhost:50051"

F = TypeVar("F", bound=Callable[..., Any])


def words(kind: type[WireEnum]) -> list[str]:
    """Return an enumeration's names as they are typed: lower case, with hyphens."""
    return [member.word.replace(" ", "-") for member in kind if member]


def server_option(command: F) -> F:
    """Add `--server`."""
    server = click.option(
        "--server",
        envvar="ROOMPULSE_SERVER",
        default=DEFAULT_SERVER,
        show_default=True,
        show_envvar=True,
        metavar="HOST:PORT",
        callback=_check_server,
        help="The roompulse server.",
    )
    return server(command)


def connection(command: F) -> F:
    """Add `--server` and `--json`."""
    as_json = click.option("--json", "as_json", is_flag=True, help="Print proto3 JSON, one object a line.")
    return server_option(as_json(command))


def agreement(command: F) -> F:
    """Add `--purpose` and `--consent`."""
    purpose = click.option(
        "--purpose",
        type=click.Choice(words(Purpose), case_sensitive=False),
        default="research",
        show_default=True,
        help="What it is analysed for.",
    )
    consent = click.option(
        "--consent",
        type=click.Choice(words(ConsentState), case_sensitive=False),
        help="What the people in the picture said. Without a granted consent nothing is analysed.",
    )
    return purpose(consent(command))


def _check_server(context: click.Context, parameter: click.Parameter, value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not (port.isdigit() or "://" in value):
        raise click.BadParameter(f"{value!r} is no HOST:PORT, for example {DEFAULT_SERVER}")
    return value
