"""The commands of `roompulse-server`."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import structlog

from roompulse_server.app import App, serve
from roompulse_server.errors import ModelError, SettingsError, StoreError
from roompulse_server.logs import configure
from roompulse_server.rpc.probe import health
from roompulse_server.settings import PREFIX, Settings, load_settings
from roompulse_server.vision import weights

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
    return "none" if value == frozenset() else str(value)


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
        asyncio.run(serve(settings, _announce))
    except (SettingsError, StoreError, ModelError, OSError) as error:
        raise click.ClickException(str(error)) from error


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


@group.group("models")
def models_group() -> None:
    """Weights that are not shipped: the face detector's."""


@models_group.command("pull")
@click.argument("names", nargs=-1, metavar="[NAME]…")
@click.option(
    "--models",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    envvar=f"{PREFIX}MODELS",
    help=f"folder to put them in; {PREFIX}MODELS; default: the user's cache",
)
def pull_command(names: tuple[str, ...], folder: Path | None) -> None:
    """Fetch detector weights, pinned and verified; without a NAME what the service looks for first."""
    known = {item.id: item for item in weights.YUNET}
    for name in names or (weights.YUNET_DYNAMIC.id,):
        if name not in known:
            raise click.UsageError(f"{name!r} is none of {', '.join(known)}")
        item, target = known[name], folder or weights.cache_folder()
        try:
            with click.progressbar(length=item.size_bytes, label=item.names[0], file=sys.stderr) as bar:
                path = weights.pull(item, target, lambda done, _, bar=bar: bar.update(done - bar.pos))  # type: ignore[misc]
        except ModelError as error:
            raise click.ClickException(str(error)) from error
        click.echo(f"{name}: {path} (verified)")


@models_group.command("list")
@click.option(
    "--models",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    envvar=f"{PREFIX}MODELS",
    help=f"folder to look in first; {PREFIX}MODELS",
)
@click.option("--json", "as_json", is_flag=True, help="one object a line")
def list_command(folder: Path | None, as_json: bool) -> None:
    """Show which weights there are, and where they were found."""
    for item in weights.YUNET:
        try:
            found, state = weights.find((item,), weights.folders(folder)), "verified"
        except ModelError as error:
            found, state = None, str(error)
        row = {"name": item.id, "file": str(found or ""), "state": state if found or state != "verified" else "missing"}
        click.echo(json.dumps(row) if as_json else f"{row['name']:<10}  {row['state']:<9}  {row['file']}")
