"""Tables for people."""

from collections import Counter
from collections.abc import Mapping

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from roompulse.cli.tally import Seen, Tally
from roompulse.enums import Band, FacingState, NoScoreReason, Provenance
from roompulse.remedies import explain, remedy, why
from roompulse.results import Expressions, FlowNotice, PacketCounters, Rollup, Update

_COLOURS = {Band.LOW: "red", Band.MEDIUM: "yellow", Band.HIGH: "green"}


def new(title: str, *columns: str, right: tuple[str, ...] = (), whole: tuple[str, ...] = ()) -> Table:
    """Return an empty table; `right` columns are aligned right, `whole` ones never broken."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", no_wrap=name in whole)
    return table


def number(value: float | None, digits: int = 2) -> str:
    """Return a number, or a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def percent(share: float | None) -> str:
    """Return a share, 0 to 1, in percent."""
    return "–" if share is None else f"{100 * share:.0f} %"


def clock(seconds: float | None) -> str:
    """Return a time as minutes and seconds."""
    return "–" if seconds is None else f"{int(seconds // 60)}:{seconds % 60:04.1f}"


def participants(tally: Tally, title: str) -> Group:
    """Return everybody's newest values, and below them why somebody has no score and what helps."""
    columns = ("participant", "at", "score", "band", "sees", "expression")
    table = new(title, *columns, right=("at", "score"), whole=columns)
    people = sorted(tally.participants.items())
    for name, seen in people:
        table.add_row(name, *_row(seen))
    return Group(
        table, *(Text(f"{name}: {explain(seen.latest)}") for name, seen in people if seen.latest.score is None)
    )


def _row(seen: Seen) -> tuple[str | Text, ...]:
    update = seen.latest
    band = update.engagement.band if update.engagement else Band.UNSPECIFIED
    return (
        clock(update.meeting_offset_s),
        number(update.score),
        Text(band.word, style=_COLOURS[band]) if band in _COLOURS else "–",
        sees(update),
        expression(update.affect.smoothed if update.affect else None),
    )


def sees(update: Update) -> str:
    """Return what there is to see of somebody, and whether their head has turned away from the screen."""
    away = update.engagement is not None and update.engagement.facing_state is FacingState.AWAY
    return f"{update.presence.word}, turned away" if away else update.presence.word


def expression(expressions: Expressions | None) -> str:
    """Return the most probable expression with its probability."""
    if expressions is None or expressions.top is None:
        return "–"
    return f"{expressions.top} {percent(getattr(expressions, expressions.top))}"


def action_units(shares: Mapping[int, float], most: int = 3) -> str:
    """Return the units with the largest shares or probabilities."""
    ordered = sorted(shares.items(), key=lambda unit: (-unit[1], unit[0]))[:most]
    return ", ".join(f"AU{number} {percent(share)}" for number, share in ordered)


def source(provenance: Provenance) -> str:
    """Return where a number comes from."""
    return "–" if provenance is Provenance.UNSPECIFIED else provenance.word


def rollup_line(rollup: Rollup | None) -> str:
    """Return the meeting's newest window in a line."""
    if rollup is None:
        return "no roll-up yet"
    state = "final" if rollup.final else f"revision {rollup.revision}"
    return (
        f"meeting at {clock(rollup.window_start_s)}: engagement {number(rollup.engagement_median)} (median), "
        f"{rollup.seen} of {rollup.total} seen, {state}"
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


def packets_table(counters: PacketCounters) -> Table:
    """Return what became of every packet; the rows sum up to the first."""
    table = new("Packets", "what became of them", "count", right=("count",))
    rows = [("received", counters.received), ("analysed", counters.analyzed), ("not due", counters.not_due)]
    rows += [(f"dropped: {reason.word}", count) for reason, count in counters.dropped.items()]
    rows += [("pending", counters.pending)] if counters.pending else []
    for name, count in rows:
        table.add_row(name, str(count))
    table.caption = "every packet is accounted for" if counters.balanced else "THE COUNTS DO NOT ADD UP"
    return table


def coverage_table(tally: Tally) -> Table:
    """Return how much of everybody's updates had a score."""
    numbers = ("updates", "with a score", "mean score")
    table = new("Coverage", "participant", *numbers, right=numbers)
    for name, seen in sorted(tally.participants.items()):
        table.add_row(name, str(seen.updates), percent(seen.coverage), number(seen.mean_score))
    return table


def reasons_table(reasons: Counter[NoScoreReason], total: int) -> Table:
    """Return why updates had no score, most frequent first, with what helps."""
    table = new("Without a score", "share", "why", "what helps", whole=("share",))
    for reason, count in reasons.most_common():
        table.add_row(percent(count / max(total, 1)), why(reason) or "no reason given", remedy(reason))
    return table


def times(entries: Mapping[NoScoreReason, float], attended_s: float) -> str:
    """Return times by reason, longest first, as shares of the time attended."""
    ordered = sorted(entries.items(), key=lambda entry: -entry[1])
    return ", ".join(f"{reason.word} {percent(time_s / attended_s)}" for reason, time_s in ordered if attended_s > 0)
