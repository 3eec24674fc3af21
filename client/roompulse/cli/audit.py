"""`roompulse audit`: what was done to people's data."""

import click

import roompulse
from roompulse.cli.layout import Column, Kind
from roompulse.cli.occurrence import UID_DIGITS
from roompulse.cli.options import connection
from roompulse.cli.output import Output
from roompulse.cli.running import run
from roompulse.cli.sheet import Sheet
from roompulse.results import AuditEntry


@click.command()
@click.option("--uid", default="", metavar="UID", help="Only in this occurrence of a meeting; its first digits do.")
@connection
def audit(uid: str, server: str, as_json: bool) -> None:
    """List what was done to people's data: meetings created, consents, erasures. It holds pseudonyms only."""
    run(_audit, uid, server, Output(as_json))


async def _audit(uid: str, server: str, output: Output) -> None:
    sheet = Sheet(
        "Audit log",
        Column("position", Kind.NUMBER, 4),
        Column("when (UTC)"),
        Column("what"),
        Column("meeting uid", Kind.NAME, 1),
        Column("participant", Kind.NUMBER, 2),
        Column("detail", Kind.TEXT, 3),
    )
    async with roompulse.connect(server) as client:
        async for entry in client.meetings.audit(uid if len(uid) == UID_DIGITS else ""):
            if not entry.meeting_uid.startswith(uid):
                continue
            if output.json:
                output.object(roompulse.to_dict(entry))
            sheet.add_row(*_row(entry))
    if not output.json:
        output.show(sheet)


def _row(entry: AuditEntry) -> tuple[str, ...]:
    when = f"{entry.time:%Y-%m-%d %H:%M:%S}" if entry.time else "–"
    number = str(entry.participant_number or "")
    return str(entry.position), when, entry.action.word, entry.meeting_uid, number, entry.detail
