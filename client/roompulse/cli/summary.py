"""`roompulse summary`: a meeting, summed up."""

import pathlib

import click
from rich.table import Table
from rich.text import Text

import roompulse
from roompulse.cli import summary_moments, tables
from roompulse.cli.destination import chosen, opened
from roompulse.cli.options import connection
from roompulse.cli.output import Output
from roompulse.cli.running import run
from roompulse.enums import Band, ReportFormat
from roompulse.remedies import remedy
from roompulse.results import ParticipantSummary, Report, Summary

_BARS = "▁▂▃▄▅▆▇█"
_LOWEST_SCORE = 0.2


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
@click.argument("meeting")
@click.option(
    "--format", "kind", type=click.Choice(tuple(_REPORTS)), help="Left out: by --output's suffix, else a table."
)
@click.option("--output", "-o", type=click.Path(path_type=pathlib.Path), help="The file; left out: standard output.")
@connection
def summary(meeting: str, kind: str | None, output: pathlib.Path | None, server: str, as_json: bool) -> None:
    """Sum MEETING up from its record: everybody's time, coverage and why not more, engagement, moments.

    With --format or --output the service writes it as a file: html is a page with pictures that needs no network, csv
    has a row for each number, and participants (a file whose name ends in participants.csv) a row for each person.
    """
    kind = chosen(kind, output, _SUFFIXES)
    if kind is None:
        run(_summary(meeting, server, Output(as_json)))
        return
    report = run(_report(meeting, server, _REPORTS[kind]))
    with opened(output, binary=kind == "parquet") as out:
        out.write(report.content)
    if output is not None:
        Output(as_json).note(f"the report is in {output}")


async def _report(meeting: str, server: str, format: ReportFormat) -> Report:
    async with roompulse.connect(server) as client:
        return await client.meetings.report(meeting, format)


async def _summary(meeting: str, server: str, output: Output) -> None:
    async with roompulse.connect(server) as client:
        summed = await client.meetings.summary(meeting)
    if output.json:
        output.object(roompulse.to_dict(summed))
        return
    output.out.print(_headline(summed), soft_wrap=True)
    output.out.print(_people(summed))
    output.out.print(_course(summed))
    output.out.print(_affect(summed))
    if summed.moments or summed.highest_minute or summed.lowest_minute:
        output.out.print(summary_moments.table(summed))
    for line in _remarks(summed):
        output.out.print(line, soft_wrap=True)
    output.out.print(tables.packets_table(summed.counters))


def _headline(summed: Summary) -> Text:
    score = _spread(summed.engagement, summed.engagement_deviation)
    line = "".join(_bar(point.engagement_median) for point in summed.timeline)
    return Text.assemble(
        (summed.meeting.id, "bold"),
        f" ({summed.purpose.word}), {tables.clock(summed.duration_s)}: engagement {score}, "
        f"median {tables.number(summed.engagement_median)}, coverage {tables.percent(summed.coverage)}, "
        f"mostly {tables.expression(summed.expressions)}{_in_step(summed)}\n{line}",
    )


def _in_step(summed: Summary) -> str:
    together = summed.synchrony
    if together is None:
        return ""
    return f", synchrony {tables.number(together.correlation)} (p = {tables.number(together.p_value, 3)})"


def _bar(score: float | None) -> str:
    """Return a bar for a score of 0.2 to 1, the lowest for a network's below that, a dot where there is none."""
    if score is None:
        return "·"
    height = int((score - _LOWEST_SCORE) / (1 - _LOWEST_SCORE) * len(_BARS))
    return _BARS[max(0, min(len(_BARS) - 1, height))]


def _people(summed: Summary) -> Table:
    whole = ("participant", "attended", "face seen", "coverage", "engagement")
    table = tables.new("Participants", *whole, "expression", "why no score", whole=whole)
    for person in summed.participants:
        table.add_row(*_row(person))
    return table


def _row(person: ParticipantSummary) -> tuple[str, ...]:
    scores = person.engagement
    return (
        person.display_name or person.participant_id,
        tables.clock(person.attended_s),
        tables.clock(person.present_s),
        tables.percent(person.coverage),
        _spread(scores.mean, scores.standard_deviation),
        tables.expression(person.expressions),
        tables.times(person.no_score_times_s, person.attended_s),
    )


def _course(summed: Summary) -> Table:
    """Return how everybody's engagement went on, and how much they moved with the others."""
    whole = ("participant", "trend a minute", "last third against first", "synchrony")
    table = tables.new("Course", *whole, "low / medium / high", whole=whole)
    for person in summed.participants:
        scores, change = person.engagement, person.change
        bands = (scores.bands_s.get(band, 0.0) for band in (Band.LOW, Band.MEDIUM, Band.HIGH))
        table.add_row(
            person.display_name or person.participant_id,
            _spread(scores.trend_per_minute, scores.trend_standard_error, digits=3),
            f"{_spread(change.difference, change.standard_error)} (p = {change.p_value:.3f})" if change else "–",
            tables.number(person.synchrony),
            " / ".join(tables.clock(time_s) for time_s in bands),
        )
    return table


def _affect(summed: Summary) -> Table:
    whole = ("participant", "valence", "arousal", "source", "facing", "longest absence")
    table = tables.new("Affect, facing and absence", *whole, "action units", whole=whole)
    for person in summed.participants:
        away = tables.clock(person.longest_absence_s)
        table.add_row(
            person.display_name or person.participant_id,
            _spread(person.valence, person.valence_deviation),
            _spread(person.arousal, person.arousal_deviation),
            tables.source(person.valence_arousal_provenance),
            tables.percent(person.facing_share),
            f"{away} at {tables.clock(person.longest_absence_start_s)}" if person.longest_absence_s else "none",
            _units(person),
        )
    return table


def _units(person: ParticipantSummary) -> str:
    """Return the most frequent action units: their share of the time with a face, or what is expected if derived."""
    source = tables.source(person.action_unit_provenance)
    if person.action_unit_times:
        active = [unit for unit in person.action_unit_times if unit.duration_s]
        shares = {unit.number: unit.duration_s / person.present_s for unit in active}
        return f"{tables.action_units(shares)} of the time active ({source})" if shares else f"none active ({source})"
    means = {unit.number: unit.probability for unit in person.action_units}
    return f"{tables.action_units(means)} on average ({source})" if means else "–"


def _spread(mean: float | None, deviation: float | None, digits: int = 2) -> str:
    spread = f" ± {tables.number(deviation, digits)}" if deviation is not None else ""
    return tables.number(mean, digits) + spread


def _remarks(summed: Summary) -> list[str]:
    """Return what the reader should know: notes, and for each participant the most frequent reason's remedy."""
    remarks = [f"note: {note}" for note in summed.notes]
    remarks += [f"rule: {rule}" for rule in summary_moments.rules(summed)]
    for person in summed.participants:
        name = person.display_name or person.participant_id
        remarks += [f"{name}: {note}" for note in person.notes]
        if person.no_score_times_s:
            worst = max(person.no_score_times_s, key=lambda reason: person.no_score_times_s[reason])
            remarks.append(f"{name}: {worst.word} is what kept most scores away; {remedy(worst)}")
    return remarks
