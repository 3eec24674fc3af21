"""`roompulse export`: every recorded update as a row."""

import contextlib
import math
import pathlib
from collections.abc import AsyncIterator

import click

import roompulse
from roompulse.cli.destination import chosen, opened
from roompulse.cli.occurrence import occurrence
from roompulse.cli.options import meeting_argument, server_option, typed, uid_option
from roompulse.cli.output import Output
from roompulse.cli.running import run
from roompulse.results import Update

_ROWS = 5000  # of a page, and of a Parquet row group; the most that the service gives at once
FORMATS = ("csv", "jsonl", "parquet")
_SUFFIXES = {"csv": "csv", "jsonl": "jsonl", "ndjson": "jsonl", "parquet": "parquet"}


@click.command()
@meeting_argument
@click.option("--format", "kind", type=click.Choice(FORMATS), help="Left out: by --output's suffix, else csv.")
@click.option("--output", "-o", type=click.Path(path_type=pathlib.Path), help="The file; left out: standard output.")
@click.option("--participant", "-p", default="", metavar="ID", callback=typed, help="Only this one's.")
@click.option("--start", type=float, metavar="SECONDS", help="Only from this time since the meeting began.")
@click.option("--end", type=float, metavar="SECONDS", help="Only up to this time, exclusive.")
@uid_option
@server_option
def export(
    meeting: str,
    kind: str | None,
    output: pathlib.Path | None,
    participant: str,
    start: float | None,
    end: float | None,
    uid: str,
    server: str,
) -> None:
    """Write every recorded update of MEETING as a row, by participant and sequence.

    CSV and Parquet have a column for each variable; jsonl is the service's own message, one a line.
    """
    kind = chosen(kind, output, _SUFFIXES) or "csv"
    _check_times(start, end)
    count = run(_export, meeting, uid, participant, (start, end), server, kind, output)
    if output is not None:
        Output().note(f"{count} updates are in {output}")


def _check_times(start_s: float | None, end_s: float | None) -> None:
    for name, time_s in (("--start", start_s), ("--end", end_s)):
        if time_s is not None and not (math.isfinite(time_s) and time_s >= 0):
            raise click.UsageError(f"{name} {time_s} is no time since the meeting began: 0 or more seconds")
    if start_s is not None and end_s is not None and start_s >= end_s:
        raise click.UsageError(f"--start {start_s:g} is not before --end {end_s:g}: nothing lies between them")


async def _export(
    meeting: str,
    uid: str,
    participant: str,
    between_s: tuple[float | None, float | None],
    server: str,
    kind: str,
    output: pathlib.Path | None,
) -> int:
    """Write the updates, a page at a time; return how many. Nothing is opened for a meeting that there is not."""
    from roompulse.cli.table_file import FILES

    start_s, end_s = between_s
    async with roompulse.connect(server) as client:
        found = await client.meetings.get(await occurrence(client, meeting, uid))
        updates = client.meetings.updates(found.key, participant, start_s=start_s, end_s=end_s, page_size=_ROWS)
        with opened(output, binary=kind == "parquet") as out, contextlib.closing(FILES[kind](out, found.title)) as file:
            count = 0
            async for rows in _pages(updates):
                file.write(rows)
                count += len(rows)
    return count


async def _pages(updates: AsyncIterator[Update]) -> AsyncIterator[list[Update]]:
    rows: list[Update] = []
    async for update in updates:
        rows.append(update)
        if len(rows) == _ROWS:
            yield rows
            rows = []
    if rows:
        yield rows
