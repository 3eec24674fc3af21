"""What stands out of a meeting as a whole, in sentences, with the rules by which it does."""

from collections.abc import Iterator, Mapping, Sequence

from roompulse_server.insight.summary.summary_types import (
    CompositionEffect,
    MeetingSummary,
    MomentKind,
    NotableMinute,
    ParticipantSummary,
    Synchrony,
)
from roompulse_server.report.explanation import UNLIKELY
from roompulse_server.report.sentence import chance, clock, listed, number, percent, sentence, spread

_AROUND_US = 30_000_000  # a step takes as long: who is there after it did not leave, who was before it did not join
_MANY = 4

KINDS: dict[MomentKind, str] = {
    MomentKind.UNSPECIFIED: "Something stands out",
    MomentKind.DROP: "Engagement fell",
    MomentKind.PEAK: "Engagement rose",
    MomentKind.SHARED_SMILE: "People smiled together",
}


def remarks(summary: MeetingSummary) -> Iterator[str]:
    """Yield what else stands out of the meeting as a whole, one sentence each."""
    if summary.highest_minute is not None:
        yield _minute("highest", summary.highest_minute)
    if summary.lowest_minute is not None:
        yield _minute("lowest", summary.lowest_minute)
    if summary.synchrony is not None:
        yield _together(summary.synchrony)


def rules(summary: MeetingSummary) -> dict[str, str]:
    """Return the rules by which things stand out, by what they find."""
    found = {KINDS[moment.kind]: moment.rule for moment in summary.moments}
    wholes = (summary.highest_minute, "Highest minute"), (summary.lowest_minute, "Lowest minute")
    found |= {title: minute.rule for minute, title in wholes if minute is not None}
    if summary.composition_effects:
        found["Different people"] = summary.composition_effects[0].rule
    if summary.change is not None:
        found["Last third against first"] = summary.change.rule
    if summary.synchrony is not None:
        found["Moving together"] = summary.synchrony.rule
    return {title: sentence(rule) for title, rule in found.items() if rule}


def turnover(effect: CompositionEffect, summary: MeetingSummary, names: Mapping[str, str]) -> str:
    """Return who came and went at a step of the line: "Ada left and Bob joined"."""
    people = {person.participant_id: person for person in summary.participants}
    left: list[str] = []
    hidden: list[str] = []
    joined: list[str] = []
    shown: list[str] = []
    for who in effect.left_ids:
        (hidden if _attends(people[who], effect.start_us + _AROUND_US) else left).append(names[who])
    for who in effect.joined_ids:
        (shown if _attends(people[who], effect.start_us - _AROUND_US) else joined).append(names[who])
    clauses = [(left, "left"), (joined, "joined"), (hidden, "had no score any more"), (shown, "got a score")]
    return listed([f"{_who(group)} {did}" for group, did in clauses if group])


def step(effect: CompositionEffect, summary: MeetingSummary, names: Mapping[str, str]) -> str:
    """Return what a step of the line is due to, as a sentence."""
    way = "fell" if effect.difference < 0 else "rose"
    return (
        f"The line {way} by {number(abs(effect.difference))} only because {turnover(effect, summary, names)}. "
        "The scores of the others stayed as they were."
    )


def _who(names: Sequence[str]) -> str:
    return listed(names) if len(names) <= _MANY else f"{len(names)} people"


def _attends(person: ParticipantSummary, at_us: int) -> bool:
    return any(stay.start_us <= at_us < stay.end_us for stay in person.attendance_intervals)


def _minute(which: str, minute: NotableMinute) -> str:
    stop = clock(minute.start_us + minute.length_us)
    return (
        f"The {which} minute: {clock(minute.start_us)} to {stop}, engagement "
        f"{spread(minute.engagement, minute.standard_error)} with {percent(minute.coverage)} of the time scored."
    )


def _together(synchrony: Synchrony) -> str:
    verdict = (
        "moved together"
        if synchrony.p_value < UNLIKELY and synchrony.correlation > 0
        else "did not clearly move together"
    )
    return (
        f"The faces of {synchrony.participants} people {verdict}: correlation {number(synchrony.correlation)} "
        f"beyond chance ({chance(synchrony.p_value)})."
    )
