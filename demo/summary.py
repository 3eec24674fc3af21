"""A meeting's summary as a table."""

from rich.table import Table
from roompulse.results import ParticipantSummary, Summary

HEADINGS = ("who", "in the meeting", "seen", "scored", "engagement", "face shows", "valence", "longest absence")


def summary_table(summary: Summary) -> Table:
    table = Table(title="summary of the meeting, from its record", title_justify="left")
    for heading in HEADINGS:
        table.add_column(heading)
    for one in summary.participants:
        table.add_row(*cells(one))
    return table


def cells(one: ParticipantSummary) -> tuple[str, ...]:
    shown = one.expressions.top if one.expressions else None
    return (
        one.display_name or one.participant_id,
        seconds(one.attended_s),
        seconds(one.present_s),
        f"{one.coverage:.0%}",
        spread(one.engagement.mean, one.engagement.standard_deviation),
        shown or "–",
        "–" if one.valence is None else f"{one.valence:+.2f}",
        "–"
        if not one.longest_absence_s
        else f"{one.longest_absence_s:.0f} s at {one.longest_absence_start_s or 0:.0f} s",
    )


def seconds(value: float) -> str:
    return f"{value:.0f} s"


def spread(mean: float | None, deviation: float | None) -> str:
    if mean is None:
        return "no score"
    return f"{mean:.2f}" if deviation is None else f"{mean:.2f} ± {deviation:.2f}"
