"""The parts of a summary for people: a sentence, tables, what stands out, and what the reader should know. Pure."""

from roompulse.cli import figures, summary_moments
from roompulse.cli.layout import Column, Kind
from roompulse.cli.naming import listed, shown_names
from roompulse.cli.output import Part
from roompulse.cli.sheet import Sheet
from roompulse.cli.spark import spark, thinned
from roompulse.cli.tables import packets_table
from roompulse.enums import Band
from roompulse.remedies import remedy, why
from roompulse.results import ParticipantSummary, Summary

MOST_BARS = 120
LEGEND_CELLS = 16
Names = dict[str, str]


def parts(summed: Summary, width: int) -> list[Part]:
    """Return what to show, from top to bottom; the course of the meeting fits `width` cells."""
    names = shown_names({person.participant_id: person.display_name for person in summed.participants})
    line = [course_line(summed, width)] if summed.timeline else []
    shown: list[Part] = [[headline(summed), *line]]
    if summed.participants:
        shown += [people(summed, names), course(summed, names), affect(summed, names)]
    if summed.moments or summed.highest_minute or summed.lowest_minute:
        shown.append(summary_moments.table(summed, names))
    notes = remarks(summed, names)
    return [*shown, *([notes] if notes else []), packets_table(summed.counters)]


def headline(summed: Summary) -> str:
    """Return the whole meeting in a sentence."""
    together = summed.synchrony
    in_step = f", synchrony {figures.number(together.correlation)} (p = {together.p_value:.3f})" if together else ""
    score = figures.spread(summed.engagement, summed.engagement_deviation)
    return (
        f"{summed.meeting.id} ({summed.purpose.word}), {figures.clock(summed.duration_s)}: engagement {score}, "
        f"median {figures.number(summed.engagement_median)}, coverage {figures.percent(summed.coverage)}, "
        f"expression {figures.expression(summed.expressions)}{in_step}"
    )


def course_line(summed: Summary, width: int) -> str:
    """Return the meeting's engagement over time as bars, and how long a bar is."""
    points = summed.timeline
    bars = thinned([point.engagement_median for point in points], min(width - LEGEND_CELLS, MOST_BARS))
    each_s = points[0].length_s * -(-len(points) // len(bars))
    return f"{spark(bars)}  a bar: {each_s:.0f} s"


def people(summed: Summary, names: Names) -> Sheet:
    """Return everybody's time, coverage and engagement."""
    sheet = Sheet(
        "Participants",
        Column("participant", Kind.NAME),
        Column("attended", Kind.NUMBER, 1),
        Column("face seen", Kind.NUMBER, 3),
        Column("coverage", Kind.NUMBER),
        Column("engagement", Kind.NUMBER),
        Column("expression", Kind.TEXT, 2),
        Column("why no score", Kind.TEXT, 4),
    )
    for person in summed.participants:
        scores = person.engagement
        sheet.add_row(
            names[person.participant_id],
            figures.clock(person.attended_s),
            figures.clock(person.present_s),
            figures.percent(person.coverage),
            figures.spread(scores.mean, scores.standard_deviation),
            figures.expression(person.expressions),
            figures.times(person.no_score_times_s, person.attended_s),
        )
    return sheet


def course(summed: Summary, names: Names) -> Sheet:
    """Return how everybody's engagement went on, and how much they moved with the others."""
    sheet = Sheet(
        "Course",
        Column("participant", Kind.NAME),
        Column("trend per minute", Kind.NUMBER),
        Column("last third minus first", Kind.NUMBER),
        Column("p", Kind.NUMBER, 1),
        Column("synchrony", Kind.NUMBER, 2),
        Column("low", Kind.NUMBER, 3),
        Column("medium", Kind.NUMBER, 3),
        Column("high", Kind.NUMBER, 3),
    )
    for person in summed.participants:
        scores, change = person.engagement, person.change
        sheet.add_row(
            names[person.participant_id],
            figures.spread(scores.trend_per_minute, scores.trend_standard_error, digits=3),
            figures.spread(change.difference, change.standard_error) if change else figures.NOTHING,
            figures.number(change.p_value, 3) if change else figures.NOTHING,
            figures.number(person.synchrony),
            *(figures.clock(scores.bands_s.get(band, 0.0)) for band in (Band.LOW, Band.MEDIUM, Band.HIGH)),
        )
    return sheet


def affect(summed: Summary, names: Names) -> Sheet:
    """Return everybody's valence and arousal, facing, absence and action units."""
    sheet = Sheet(
        "Affect, facing and absence",
        Column("participant", Kind.NAME),
        Column("valence", Kind.NUMBER),
        Column("arousal", Kind.NUMBER),
        Column("source", rank=4),
        Column("facing", Kind.NUMBER, 1),
        Column("longest absence", Kind.NUMBER, 2),
        Column("began at", Kind.NUMBER, 3),
        Column("action units", Kind.TEXT, 5),
    )
    for person in summed.participants:
        absent = bool(person.longest_absence_s)
        sheet.add_row(
            names[person.participant_id],
            figures.spread(person.valence, person.valence_deviation),
            figures.spread(person.arousal, person.arousal_deviation),
            figures.source(person.valence_arousal_provenance),
            figures.percent(person.facing_share),
            figures.clock(person.longest_absence_s) if absent else "none",
            figures.clock(person.longest_absence_start_s) if absent else figures.NOTHING,
            _units(person),
        )
    return sheet


def _units(person: ParticipantSummary) -> str:
    """Return the most frequent action units: their share of the time with a face, or what is expected if derived."""
    source = figures.source(person.action_unit_provenance)
    if person.action_unit_times:
        active = [unit for unit in person.action_unit_times if unit.duration_s]
        shares = {unit.number: unit.duration_s / person.present_s for unit in active}
        return f"{figures.action_units(shares)} of the time active ({source})" if shares else f"none active ({source})"
    means = {unit.number: unit.probability for unit in person.action_units}
    return f"{figures.action_units(means)} on average ({source})" if means else figures.NOTHING


def remarks(summed: Summary, names: Names) -> list[str]:
    """Return what the reader should know: notes, rules, and what is true of people, each once."""
    said = [f"note: {note}" for note in summed.notes]
    said += [f"rule: {rule}" for rule in summary_moments.rules(summed)]
    people: dict[str, list[str]] = {}
    for person in summed.participants:
        for remark in _remarks(person):
            people.setdefault(remark, []).append(names[person.participant_id])
    everybody = len(summed.participants)
    for remark, who in people.items():
        said.append(f"{'everybody' if len(who) == everybody > 1 else listed(who)}: {remark}")
    return said


def _remarks(person: ParticipantSummary) -> list[str]:
    """Return somebody's notes, and the remedy of the reason that kept most scores away."""
    if not person.no_score_times_s:
        return list(person.notes)
    worst = max(person.no_score_times_s, key=lambda reason: person.no_score_times_s[reason])
    return [*person.notes, f"most missing scores: {why(worst)}; {remedy(worst)}"]
