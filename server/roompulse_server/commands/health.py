"""`roompulse-server health`."""

import sys

import click
from roompulse.cli.options import server_option

from roompulse_server.rpc.probe import health


@click.command("health")
@server_option
@click.option(
    "--timeout", "timeout_s", type=click.FloatRange(0.1), default=3.0, show_default=True, help="Seconds to wait."
)
def health_command(server: str, timeout_s: float) -> None:
    """Ask a service whether it serves; exit 0 if it does, 1 if not."""
    try:
        status = health(server, timeout_s)
    except ConnectionError as error:
        raise click.ClickException(str(error)) from error
    click.echo(status)
    if status != "SERVING":
        sys.exit(1)
