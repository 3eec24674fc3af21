"""`roompulse notice`: what people are to be told."""

import click

import roompulse
from roompulse.cli.options import connection, words
from roompulse.cli.output import Output
from roompulse.cli.running import run
from roompulse.enums import Purpose


@click.command()
@click.argument("meeting", required=False)
@click.option("--purpose", type=click.Choice(words(Purpose), case_sensitive=False), help="Before there is a meeting.")
@connection
def notice(meeting: str | None, purpose: str | None, server: str, as_json: bool) -> None:
    """Print the notice for MEETING, or for a --purpose: what is done, what is kept, how to refuse."""
    if not meeting and not purpose:
        raise click.UsageError("a MEETING or a --purpose is needed")
    run(_notice(meeting, purpose or Purpose.UNSPECIFIED, server, Output(as_json)))


async def _notice(meeting: str | None, purpose: str | Purpose, server: str, output: Output) -> None:
    async with roompulse.connect(server) as client:
        told = await client.meetings.notice(meeting, purpose=purpose)
    if output.json:
        output.object(roompulse.to_dict(told))
    else:
        click.echo(told.text)
        output.note(f"\nwording version: {told.wording_version}")
