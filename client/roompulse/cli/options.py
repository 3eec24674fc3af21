"""Options that several commands share."""

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from roompulse.enums import ConsentState, Purpose, WireEnum
from roompulse.transport.address import check_address

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


def uid_option(command: F) -> F:
    """Add `--uid`."""
    uid = click.option(
        "--uid",
        default="",
        metavar="UID",
        help="The occurrence, as `roompulse meetings` names it; left out: the newest.",
    )
    return uid(command)


def meeting_argument(command: F) -> F:
    """Add MEETING."""
    return click.argument("meeting", callback=typed)(command)


def purpose_option(help: str, *, required: bool = False) -> Callable[[F], F]:
    """Add `--purpose`."""
    return click.option(
        "--purpose", type=click.Choice(words(Purpose), case_sensitive=False), required=required, help=help
    )


def consent_option(command: F) -> F:
    """Add `--consent`."""
    consent = click.option(
        "--consent",
        type=click.Choice(words(ConsentState), case_sensitive=False),
        help="What the people in the picture said. Without a granted consent nothing is analysed.",
    )
    return consent(command)


def check_granted(consent: str | None) -> None:
    """Refuse to look at people who have not agreed.

    Raises:
        click.UsageError: The consent is not "granted".
    """
    if consent != "granted":
        raise click.UsageError("without consent nothing is analysed; if everybody has agreed, add: --consent granted")


def typed(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """Return a name or an id as it was typed, also where the locale says that the terminal knows ASCII only."""
    if isinstance(value, tuple):
        return tuple(typed(context, parameter, one) for one in value)
    if not isinstance(value, str) or value.isascii():
        return value
    try:
        return value.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeDecodeError as err:
        shown = os.fsencode(value).decode("ascii", "backslashreplace")
        raise click.BadParameter(f"{shown!r} is not UTF-8", context, parameter) from err


def _check_server(context: click.Context, parameter: click.Parameter, value: str) -> str:
    try:
        return check_address(value)
    except ValueError as err:
        raise click.BadParameter(str(err), context, parameter) from err
