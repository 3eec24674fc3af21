"""`roompulse delete`: erase somebody, or a whole meeting."""

import click

import roompulse
from roompulse.cli.options import connection
from roompulse.cli.output import Output
from roompulse.cli.running import run


@click.command()
@click.argument("meeting")
@click.option("--participant", "-p", default="", metavar="ID", help="Only this one; left out: the whole meeting.")
@click.option("--uid", default="", help="The occurrence; left out: the newest.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@connection
def delete(meeting: str, participant: str, uid: str, yes: bool, server: str, as_json: bool) -> None:
    """Erase MEETING and everybody in it, or one participant. It cannot be undone."""
    what = f"participant {participant} of {meeting}" if participant else f"meeting {meeting} and everybody in it"
    if not yes:
        click.confirm(f"Erase {what}? It cannot be undone.", abort=True, err=True)
    run(_delete(roompulse.MeetingKey("default", meeting, uid), participant, server))
    output = Output(as_json)
    if output.json:
        output.object({})
    else:
        output.note(f"erased: {what}")


async def _delete(meeting: roompulse.MeetingKey, participant: str, server: str) -> None:
    async with roompulse.connect(server) as client:
        if participant:
            await client.meetings.delete_participant(meeting, participant)
        else:
            await client.meetings.delete(meeting)
