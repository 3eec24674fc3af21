"""`roompulse summary`: a meeting, summed up."""

import pathlib

import click

import roompulse
from roompulse.cli import summary_tables
from roompulse.cli.destination import chosen, opened
from roompulse.cli.occurrence import occurrence
from roompulse.cli.options import connection, meeting_argument, uid_option
from roompulse.cli.output import Output
from roompulse.cli.running import run
from roompulse.enums import ReportFormat
from roompulse.results import Report

_REPORTS = {
    "html": ReportFormat.HTML,
    "md": ReportFormat.MARKDOWN,
    "json": ReportFormat.JSON,
    "csv": ReportFormat.CSV,
    "parquet": ReportFormat.PARQUET,
    "participants": ReportFormat.PARTICIPANTS_CSV,
}
_SUFFIXES = {name: name for name in _REPORTS if name != "participants"}
_SUFFIXES |= {"htm": "html", "markdown": "md", "participants.csv": "participants"}


@click.command()
@meeting_argument
@click.option(
    "--format", "kind", type=click.Choice(tuple(_REPORTS)), help="Left out: by --output's suffix, else a table."
)
@click.option("--output", "-o", type=click.Path(path_type=pathlib.Path), help="The file; left out: standard output.")
@uid_option
@connection
def summary(meeting: str, kind: str | None, output: pathlib.Path | None, uid: str, server: str, as_json: bool) -> None:
    """Sum MEETING up from its record: everybody's time, coverage and why not more, engagement, moments.

    With --format or --output the service writes it as a file: html is a page with pictures that needs no network, csv
    has a row for each number, and participants (a file whose name ends in participants.csv) a row for each person.
    """
    kind = chosen(kind, output, _SUFFIXES)
    if as_json and (kind is not None or output is not None):
        raise click.UsageError("--json prints the summary here, --format and --output write a file: give one of them")
    if kind is None:
        run(_summary, meeting, uid, server, Output(as_json))
        return
    report = run(_report, meeting, uid, server, _REPORTS[kind])
    with opened(output, binary=kind == "parquet") as out:
        out.write(report.content)
    if output is not None:
        Output().note(f"the report is in {output}")


async def _report(meeting: str, uid: str, server: str, format: ReportFormat) -> Report:
    async with roompulse.connect(server) as client:
        return await client.meetings.report(await occurrence(client, meeting, uid), format)


async def _summary(meeting: str, uid: str, server: str, output: Output) -> None:
    async with roompulse.connect(server) as client:
        summed = await client.meetings.summary(await occurrence(client, meeting, uid))
    if output.json:
        output.object(roompulse.to_dict(summed))
    else:
        output.show(*summary_tables.parts(summed, output.out.width))
