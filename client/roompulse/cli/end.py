"""`roompulse end`: end a meeting."""

import click

import roompulse
from roompulse.cli.options import connection, meeting_argument
from roompulse.cli.output import Output
from roompulse.cli.running import run


@click.command()
@meeting_argument
@connection
def end(meeting: str, server: str, as_json: bool) -> None:
    """End MEETING: its streams are ended, nothing is recorded after."""
    run(_end, meeting, server, Output(as_json))


async def _end(meeting: str, server: str, output: Output) -> None:
    async with roompulse.connect(server) as client:
        ended = await client.meetings.end(meeting)
    if output.json:
        output.object(roompulse.to_dict(ended))
    else:
        output.say(f"{ended.key.id} is over ({ended.end_reason}); its summary: roompulse summary {ended.key.id}")
