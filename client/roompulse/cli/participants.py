"""`roompulse participants`: who is or was in a meeting."""

import click

import roompulse
from roompulse.cli.figures import NOTHING, clock
from roompulse.cli.layout import Column, Kind
from roompulse.cli.naming import shown_name
from roompulse.cli.occurrence import occurrence
from roompulse.cli.options import connection, meeting_argument, uid_option
from roompulse.cli.output import Output
from roompulse.cli.running import run
from roompulse.cli.sheet import Sheet
from roompulse.results import Participant


@click.command()
@meeting_argument
@uid_option
@connection
def participants(meeting: str, uid: str, server: str, as_json: bool) -> None:
    """List who is or was in MEETING: names, consent, whether they stream now, when they were seen."""
    run(_participants, meeting, uid, server, Output(as_json))


async def _participants(meeting: str, uid: str, server: str, output: Output) -> None:
    sheet = Sheet(
        f"Participants of {meeting}",
        Column("participant", Kind.NAME),
        Column("id", Kind.NAME, 1),
        Column("consent"),
        Column("streaming", rank=0),
        Column("joined", Kind.NUMBER, 2),
        Column("last seen", Kind.NUMBER, 3),
        Column("updates", Kind.NUMBER, 4),
        Column("found in", Kind.NAME, 6),
        Column("consent recorded by", Kind.NAME, 5),
        Column("number", Kind.NUMBER, 7),
    )
    count = 0
    async with roompulse.connect(server) as client:
        key = await occurrence(client, meeting, uid)
        async for person in client.meetings.participants(key):
            count += 1
            if output.json:
                output.object(roompulse.to_dict(person))
            else:
                sheet.add_row(*_row(person))
    if not count:
        output.note(f"nobody has been in {meeting} yet")
    elif not output.json:
        output.show(sheet)


def _row(person: Participant) -> tuple[str, ...]:
    consent = person.consent
    return (
        shown_name(person.id, person.display_name),
        person.id,
        consent.state.word if consent.state else "not recorded",
        "yes" if person.streaming else "no",
        clock(person.first_offset_s),
        clock(person.last_offset_s),
        str(person.last_sequence),
        person.found_in or NOTHING,
        consent.recorded_by or NOTHING,
        str(person.number),
    )
