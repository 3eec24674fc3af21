"""`roompulse audit`: what was done to people's data."""

import click

import roompulse
from roompulse.cli import tables
from roompulse.cli.options import connection
from roompulse.cli.output import Output
from roompulse.cli.running import run


@click.command()
@click.option("--uid", default="", help="Only in this occurrence of a meeting.")
@connection
def audit(uid: str, server: str, as_json: bool) -> None:
    """List what was done to people's data: meetings created, consents, erasures. It holds pseudonyms only."""
    run(_audit(uid, server, Output(as_json)))


async def _audit(uid: str, server: str, output: Output) -> None:
    columns = ("position", "when (UTC)", "what", "meeting uid", "participant", "detail")
    table = tables.new("Audit log", *columns, right=("position", "participant"), whole=columns[:4])
    async with roompulse.connect(server) as client:
        async for entry in client.meetings.audit(uid):
            if output.json:
                output.object(roompulse.to_dict(entry))
            when = f"{entry.time:%Y-%m-%d %H:%M:%S}" if entry.time else "–"
            number = str(entry.participant_number or "")
            table.add_row(str(entry.position), when, entry.action.word, entry.meeting_uid, number, entry.detail)
    if not output.json:
        output.out.print(table)
