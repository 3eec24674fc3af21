"""`roompulse meetings`: what there is."""

import click

import roompulse
from roompulse.cli.layout import Column, Kind
from roompulse.cli.options import connection, typed, words
from roompulse.cli.output import Output
from roompulse.cli.running import run
from roompulse.cli.sheet import Sheet
from roompulse.enums import MeetingState
from roompulse.results import Meeting

UID_SHOWN = 8  # digits; --uid takes as many


@click.command()
@click.argument("meeting", required=False, default="", callback=typed)
@click.option("--state", type=click.Choice(words(MeetingState)), help="Only active or ended ones.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many, newest first.")
@connection
def meetings(meeting: str, state: str | None, limit: int, server: str, as_json: bool) -> None:
    """List meetings, newest first; of one MEETING's occurrences where given."""
    run(_list, meeting, state, limit, server, Output(as_json))


async def _list(meeting: str, state: str | None, limit: int, server: str, output: Output) -> None:
    shown = 0
    sheet = Sheet(
        "Meetings",
        Column("meeting", Kind.NAME),
        Column("title", Kind.NAME, 5),
        Column("state"),
        Column("purpose", rank=4),
        Column("began (UTC)", rank=1),
        Column("ended (UTC)", rank=3),
        Column("people", Kind.NUMBER),
        Column("uid", rank=2),
    )
    async with roompulse.connect(server) as client:
        async for entry in client.meetings.list(meeting, state=state, page_size=min(limit, 1000)):
            if output.json:
                output.object(roompulse.to_dict(entry))
            else:
                sheet.add_row(*_row(entry))
            shown += 1
            if shown == limit:
                break
    if not shown:
        output.note(f"there is no meeting {meeting!r}" if meeting else f"there is no meeting at {server} yet")
    elif not output.json:
        output.show(sheet)


def _row(entry: Meeting) -> tuple[str, ...]:
    began = f"{entry.create_time:%Y-%m-%d %H:%M}" if entry.create_time else "–"
    ended = f"{entry.end_time:%Y-%m-%d %H:%M}" if entry.end_time else "–"
    people, uid = str(entry.participant_count), entry.key.uid[:UID_SHOWN]
    return entry.key.id, entry.title or "–", entry.state.word, entry.purpose.word, began, ended, people, uid
