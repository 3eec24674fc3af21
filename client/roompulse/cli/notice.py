"""`roompulse notice`: what people are to be told."""

import click

import roompulse
from roompulse.cli.occurrence import occurrence
from roompulse.cli.options import connection, purpose_option, typed, uid_option
from roompulse.cli.output import Output
from roompulse.cli.running import run
from roompulse.enums import Purpose


@click.command()
@click.argument("meeting", required=False, callback=typed)
@purpose_option("Before there is a meeting.")
@uid_option
@connection
def notice(meeting: str | None, purpose: str | None, uid: str, server: str, as_json: bool) -> None:
    """Print the notice for MEETING, or for a --purpose: what is done, what is kept, how to refuse."""
    if not meeting and not purpose:
        raise click.UsageError("a MEETING or a --purpose is needed")
    if meeting and purpose:
        raise click.UsageError("a MEETING has its own purpose: give MEETING or --purpose, not both")
    if uid and not meeting:
        raise click.UsageError("--uid names an occurrence of a MEETING: give MEETING, too")
    run(_notice, meeting, purpose or Purpose.UNSPECIFIED, uid, server, Output(as_json))


async def _notice(meeting: str | None, purpose: str | Purpose, uid: str, server: str, output: Output) -> None:
    async with roompulse.connect(server) as client:
        key = await occurrence(client, meeting, uid) if meeting else None
        told = await client.meetings.notice(key, purpose=purpose)
    if output.json:
        output.object(roompulse.to_dict(told))
        return
    for line in told.text.split("\n"):
        output.say(line)
    output.note("")
    output.note(f"wording version: {told.wording_version}")
