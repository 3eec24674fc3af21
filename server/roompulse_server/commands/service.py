"""`roompulse-server serve`."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import structlog
from roompulse_vision.errors import ModelError

from roompulse_server.errors import RoompulseError, SettingsError, StoreError
from roompulse_server.logs import configure
from roompulse_server.settings import PREFIX, Settings, load_settings

if TYPE_CHECKING:
    from roompulse_server.app import App

SWITCHES = ("reflection",)


def _settings_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command one option for each setting, documented from the same place."""
    for name, field in reversed(Settings.model_fields.items()):
        flag = f"--{name.replace('_', '-')}"
        default = (
            ""
            if field.default is None or field.is_required() or field.default_factory
            else f" [{_shown(field.default)}]"
        )
        text = f"{field.description}{default}; {PREFIX}{name.upper()}"
        if name in SWITCHES:
            option = click.option(f"{flag}/--no-{name}", name, default=None, help=text)
        elif name == "allow_purposes":
            option = click.option("--allow-purpose", name, multiple=True, metavar="PURPOSE", help=text)
        else:
            option = click.option(flag, name, default=None, metavar="VALUE", help=text)
        command = option(command)
    return command


def _shown(value: object) -> str:
    return "none" if value in (frozenset(), ()) else str(value)


@click.command("serve")
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="ROOMPULSE_CONFIG",
    help="file (TOML) with settings by name; ROOMPULSE_CONFIG",
)
@_settings_options
def serve_command(config: Path | None, **flags: Any) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Settings come from flags, then the environment, then --config's file, then the defaults shown in brackets.
    """
    try:
        settings = load_settings({name: value for name, value in flags.items() if value != ()}, config)
        from roompulse_server.app import serve  # the whole service: --help and a wrong setting need none of it

        configure(settings.log_level, settings.log_format)
        with asyncio.Runner(loop_factory=_loop) as runner:
            runner.run(serve(settings, _announce))
    except (SettingsError, StoreError, ModelError, RoompulseError, OSError) as error:
        raise click.ClickException(str(error)) from error


def _loop() -> asyncio.AbstractEventLoop:
    """Return uvloop's where it is installed (everywhere but on Windows): the same, for less of the processor."""
    try:
        import uvloop
    except ModuleNotFoundError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _announce(app: "App") -> None:
    settings, ready = app.parts.settings, app.parts.engine.ready
    structlog.get_logger(__name__).debug("settings", **settings.model_dump(mode="json"))
    click.echo(
        f"roompulse serves on {app.address} (model {ready.model_id}, detector {ready.detector_id}, "
        f"{settings.workers} workers, record in {settings.data})"
    )
    sys.stdout.flush()
