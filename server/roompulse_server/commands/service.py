"""`roompulse-server serve` and `health`."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import structlog

from roompulse_server.app import App, serve
from roompulse_server.errors import ModelError, RoompulseError, SettingsError, StoreError
from roompulse_server.logs import configure
from roompulse_server.rpc.probe import health
from roompulse_server.settings import PREFIX, Settings, load_settings

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


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="roompulse")
def group() -> None:
    """The roompulse service: a meeting's video in, explainable engagement out."""


@group.command("serve")
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
        configure(settings.log_level, settings.log_format)
        with asyncio.Runner(loop_factory=_loop) as runner:
            runner.run(serve(settings, _announce))
    except (SettingsError, StoreError, ModelError, RoompulseError, OSError) as error:
        raise click.ClickException(str(error)) from error


def _loop() -> asyncio.AbstractEventLoop:
    """Return uvloop's where it is installed (everywhere but on Windows): the same, for less of the processor."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _announce(app: App) -> None:
    settings, ready = app.services.settings, app.services.engine.ready
    structlog.get_logger(__name__).debug("settings", **settings.model_dump(mode="json"))
    click.echo(
        f"roompulse serves on {app.address} (model {ready.model_id}, detector {ready.detector_id}, "
        f"{settings.workers} workers, record in {settings.data})"
    )
    sys.stdout.flush()


@group.command("health")
@click.option("--server", default="localhost:50051", envvar="ROOMPULSE_SERVER", show_default=True, help="HOST:PORT")
@click.option("--timeout", "timeout_s", default=3.0, show_default=True, help="seconds to wait")
def health_command(server: str, timeout_s: float) -> None:
    """Ask a service whether it serves; exit 0 if it does, 1 if not."""
    try:
        status = health(server, timeout_s)
    except ConnectionError as error:
        raise click.ClickException(str(error)) from error
    click.echo(status)
    if status != "SERVING":
        sys.exit(1)
