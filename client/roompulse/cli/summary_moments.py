"""What stands out in a summary, as a table, and the rules by which it does."""

from rich.table import Table

from roompulse.cli import tables
from roompulse.enums import MomentKind
from roompulse.results import Moment, Summary


def table(summed: Summary) -> Table:
    """Return the moments and the notable minutes, in order."""
    names = {person.participant_id: person.display_name for person in summed.participants}
    whole = ("at", "length", "what", "how much", "p")
    shown = tables.new("What stands out", *whole, "who", right=("at", "length", "how much"), whole=whole)
    rows = [(moment.start_s, moment.length_s, *_moment(moment, names)) for moment in summed.moments]
    for minute, what in ((summed.highest_minute, "highest minute"), (summed.lowest_minute, "lowest minute")):
        if minute:
            rows.append((minute.start_s, minute.length_s, what, tables.number(minute.engagement), "–", "everybody"))
    for start_s, length_s, *rest in sorted(rows):
        shown.add_row(tables.clock(start_s), f"{length_s:.0f} s", *rest)
    return shown


def rules(summed: Summary) -> list[str]:
    """Return each rule that something stands out by, once, in the order of its first use."""
    minutes = (minute for minute in (summed.highest_minute, summed.lowest_minute) if minute)
    return list(dict.fromkeys([moment.rule for moment in summed.moments] + [minute.rule for minute in minutes]))


def _moment(moment: Moment, names: dict[str, str]) -> tuple[str, str, str, str]:
    smile = moment.kind is MomentKind.SHARED_SMILE
    size = tables.percent(moment.magnitude) if smile else tables.number(moment.magnitude)
    who = ", ".join(names.get(name) or name for name in moment.participant_ids)
    return moment.kind.word, size, tables.number(moment.p_value, 3), who
