"""What stands out in a summary, as a table, and the rules by which it does."""

from collections.abc import Mapping

from roompulse.cli import figures
from roompulse.cli.layout import Column, Kind
from roompulse.cli.naming import listed
from roompulse.cli.sheet import Sheet
from roompulse.enums import MomentKind
from roompulse.results import Moment, Summary


def table(summed: Summary, names: Mapping[str, str]) -> Sheet:
    """Return the moments and the notable minutes, in order."""
    sheet = Sheet(
        "What stands out",
        Column("at", Kind.NUMBER),
        Column("length", Kind.NUMBER, 1),
        Column("what"),
        Column("how much", Kind.NUMBER),
        Column("p", Kind.NUMBER, 2),
        Column("who", Kind.NAME),
    )
    rows = [(moment.start_s, moment.length_s, *_moment(moment, names)) for moment in summed.moments]
    for minute, what in ((summed.highest_minute, "highest minute"), (summed.lowest_minute, "lowest minute")):
        if minute:
            score = figures.number(minute.engagement)
            rows.append((minute.start_s, minute.length_s, what, score, figures.NOTHING, "everybody"))
    for start_s, length_s, *rest in sorted(rows):
        sheet.add_row(figures.clock(start_s), f"{length_s:.0f} s", *rest)
    return sheet


def rules(summed: Summary) -> list[str]:
    """Return each rule that something stands out by, once, in the order of its first use."""
    minutes = (minute for minute in (summed.highest_minute, summed.lowest_minute) if minute)
    return list(dict.fromkeys([moment.rule for moment in summed.moments] + [minute.rule for minute in minutes]))


def _moment(moment: Moment, names: Mapping[str, str]) -> tuple[str, str, str, str]:
    smile = moment.kind is MomentKind.SHARED_SMILE
    size = figures.percent(moment.magnitude) if smile else figures.number(moment.magnitude)
    who = listed([names.get(one, one) for one in moment.participant_ids], len(moment.participant_ids))
    return moment.kind.word, size, figures.number(moment.p_value, 3), who
