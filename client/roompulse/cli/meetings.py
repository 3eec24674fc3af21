"""`roompulse meetings`: what there is."""

import click

import roompulse
from roompulse.cli import tables
from roompulse.cli.options import connection, words
from roompulse.cli.output import Output
from roompulse.cli.running import run
from roompulse.enums import MeetingState
from roompulse.results import Meeting


@click.command()
@click.argument("meeting", required=False, default="")
@click.option("--state", type=click.Choice(words(MeetingState)), help="Only active or ended ones.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many, newest first.")
@connection
def meetings(meeting: str, state: str | None, limit: int, server: str, as_json: bool) -> None:
    """List meetings, newest first; of one MEETING's occurrences where given."""
    run(_list(meeting, state, limit, server, Output(as_json)))


async def _list(meeting: str, state: str | None, limit: int, server: str, output: Output) -> None:
    shown = 0
    columns = ("meeting", "state", "purpose", "began (UTC)", "ended (UTC)", "people", "uid")
    table = tables.new("Meetings", *columns, right=("people",), whole=("meeting", "began (UTC)", "ended (UTC)", "uid"))
    async with roompulse.connect(server) as client:
        async for entry in client.meetings.list(meeting, state=state, page_size=min(limit, 1000)):
            if output.json:
                output.object(roompulse.to_dict(entry))
            else:
                table.add_row(*_row(entry))
            shown += 1
            if shown == limit:
                break
    if not shown:
        output.note(f"there is no meeting {meeting!r}" if meeting else f"there is no meeting at {server} yet")
    elif not output.json:
        output.out.print(table)


def _row(entry: Meeting) -> tuple[str, ...]:
    began = f"{entry.create_time:%Y-%m-%d %H:%M}" if entry.create_time else "–"
    ended = f"{entry.end_time:%Y-%m-%d %H:%M}" if entry.end_time else "–"
    people = str(entry.participant_count)
    return entry.key.id, entry.state.word, entry.purpose.word, began, ended, people, entry.key.uid[:8]
