"""The tables of `stream` and `watch`."""

from collections import Counter

from roompulse.cli import figures
from roompulse.cli.layout import Column, Kind
from roompulse.cli.naming import listed
from roompulse.cli.sheet import Sheet, Styled
from roompulse.cli.tally import LatestValues, Tally
from roompulse.enums import Band, NoScoreReason
from roompulse.remedies import explain, remedy, why
from roompulse.results import FlowNotice, PacketCounters, Rollup

_COLOURS = {Band.LOW: "red", Band.MEDIUM: "yellow", Band.HIGH: "green"}


def participants(tally: Tally, title: str) -> Sheet:
    """Return everybody's newest values, and how the scores were in the two minutes before."""
    sheet = Sheet(
        title,
        Column("participant", Kind.NAME),
        Column("score", Kind.NUMBER),
        Column("band", rank=4),
        Column("sees", Kind.TEXT, 1),
        Column("expression", Kind.TEXT, 2),
        Column("before", Kind.LINE, 3),
        Column("at", Kind.NUMBER, 5),
    )
    for who, seen in sorted(tally.participants.items()):
        sheet.add_row(tally.name(who), *(_row_of_gone(seen) if who in tally.gone else _row(seen)))
    return sheet


def _row_of_gone(seen: LatestValues) -> tuple[str, ...]:
    nothing = figures.NOTHING
    return nothing, nothing, "left", nothing, str(seen.trace), figures.clock(seen.latest.meeting_offset_s)


def _row(seen: LatestValues) -> tuple[str | Styled, ...]:
    update = seen.latest
    band = update.engagement.band if update.engagement else Band.UNSPECIFIED
    colour = _COLOURS.get(band, "")
    return (
        Styled(figures.number(update.score), colour),
        Styled(band.word if colour else figures.NOTHING, colour),
        figures.sees(update),
        figures.expression(update.affect.smoothed if update.affect else None),
        str(seen.trace),
        figures.clock(update.meeting_offset_s),
    )


def explanations(tally: Tally) -> list[str]:
    """Return why somebody has no score now and what helps: a sentence for each reason."""
    people: dict[str, list[str]] = {}
    for who, seen in sorted(tally.participants.items()):
        if seen.latest.score is None and who not in tally.gone:
            people.setdefault(explain(seen.latest), []).append(tally.name(who))
    return [f"{listed(names)}: {sentence}" for sentence, names in people.items()]


def rollup_line(rollup: Rollup | None) -> str:
    """Return the meeting's newest window in a line."""
    if rollup is None:
        return "no value of the whole meeting yet"
    return (
        f"meeting at {figures.clock(rollup.window_start_s)}: engagement {figures.number(rollup.engagement_median)} "
        f"(median), {rollup.seen} of {rollup.total} seen"
    )


def flow_line(notice: FlowNotice | None) -> str:
    """Return how a stream is doing, in a line."""
    if notice is None:
        return ""
    counters = notice.counters
    parts = [f"{counters.received} packets", f"{counters.analyzed} analysed", f"{counters.dropped_total} dropped"]
    if notice.detail:
        parts.append(notice.detail)
    return ", ".join(parts)


def packets_table(counters: PacketCounters) -> Sheet:
    """Return what became of every packet; the rows sum up to the first."""
    verdict = "every packet is accounted for" if counters.balanced else "THE COUNTS DO NOT ADD UP"
    sheet = Sheet("Packets", Column("what became of them"), Column("count", Kind.NUMBER), caption=verdict)
    rows = [("received", counters.received), ("analysed", counters.analyzed), ("not due", counters.not_due)]
    rows += [(f"dropped: {reason.word}", count) for reason, count in counters.dropped.items()]
    rows += [("pending", counters.pending)] if counters.pending else []
    for name, count in rows:
        sheet.add_row(name, str(count))
    return sheet


def coverage_table(tally: Tally) -> Sheet:
    """Return how much of everybody's updates had a score."""
    numbers = (Column(name, Kind.NUMBER) for name in ("updates", "with a score", "mean score"))
    sheet = Sheet("Coverage", Column("participant", Kind.NAME), *numbers)
    for who, seen in sorted(tally.participants.items()):
        sheet.add_row(
            tally.name(who), str(seen.updates), figures.percent(seen.coverage), figures.number(seen.mean_score)
        )
    return sheet


def reasons_table(reasons: Counter[NoScoreReason], total: int) -> Sheet:
    """Return why updates had no score, most frequent first, with what helps."""
    columns = (Column("share", Kind.NUMBER), Column("why", Kind.TEXT), Column("what helps", Kind.TEXT))
    sheet = Sheet("Without a score", *columns)
    for reason, count in reasons.most_common():
        sheet.add_row(figures.percent(count / max(total, 1)), why(reason) or "no reason given", remedy(reason))
    return sheet
