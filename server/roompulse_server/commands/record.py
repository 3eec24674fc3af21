"""`roompulse-server backup` and `restore`."""

import time
from pathlib import Path

import click

from roompulse_server.errors import StoreError
from roompulse_server.settings import PREFIX, Settings
from roompulse_server.storage.backup import back_up, restore

_data = click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Settings.model_fields["data"].default,
    envvar=f"{PREFIX}DATA",
    show_default=True,
    help=f"folder of the record; {PREFIX}DATA",
)


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@_data
def backup_command(file: Path, data: Path) -> None:
    """Copy the record into FILE, whole and checked, whether a service is running or not."""
    try:
        copied = back_up(data, file)
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{file}: {copied.meetings} meetings, {copied.bytes / 1e6:.1f} MB")


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_data
@click.option("--replace", is_flag=True, help="Replace the record that is in the folder.")
def restore_command(file: Path, data: Path, replace: bool) -> None:
    """Put the backup in FILE back, where no service is running; meetings that were active in it are ended."""
    try:
        copied = restore(file, data, time_us=time.time_ns() // 1000, replace=replace)
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{data}: {copied.meetings} meetings, {copied.ended} of them ended by this restore")
