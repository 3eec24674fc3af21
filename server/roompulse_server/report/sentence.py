"""Numbers in words: what a report says beside its pictures, and where a value is missing, why and what helps."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from roompulse.expression_words import expression_in_words

from roompulse_server.insight.remedies import reason_in_words, remedy
from roompulse_server.insight.summary_types import (
    Change,
    EngagementStatistics,
    MeetingSummary,
    MomentKind,
    NoScoreTime,
    NotableMinute,
    ParticipantSummary,
    Synchrony,
)
from roompulse_server.types import LABELS, NoScoreReason, Probabilities

NOTHING = "–"
_STEADY = 0.005  # of a trend per minute: less is no change worth a word
_UNLIKELY = 0.05

KINDS: dict[MomentKind, str] = {
    MomentKind.UNSPECIFIED: "Something stands out",
    MomentKind.DROP: "Engagement fell",
    MomentKind.PEAK: "Engagement rose",
    MomentKind.SHARED_SMILE: "People smiled together",
}


def number(value: float | None) -> str:
    return NOTHING if value is None or math.isnan(value) else f"{value:z.2f}".replace("-", "−")


def people(count: float | None) -> str:
    """Return a mean number of people: a whole one without digits."""
    return NOTHING if count is None else f"{round(count, 1):g}"


def percent(share: float | None) -> str:
    return NOTHING if share is None or math.isnan(share) else f"{100 * share:.0f}\u00a0%"


def spread(mean: float | None, deviation: float | None) -> str:
    """Return "0.71 ± 0.05", or a dash."""
    return number(mean) + (f" ± {number(deviation)}" if mean is not None and deviation is not None else "")


def clock(time_us: int) -> str:
    """Return minutes and seconds, with hours where there are any."""
    minutes, seconds = divmod(round(time_us / 1e6), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def date(time_us: int, time_zone: str) -> str:
    """Return a moment as its people's clocks showed it; in UTC where this machine does not know their zone."""
    try:
        zone: tzinfo = ZoneInfo(time_zone) if time_zone else UTC
    except ZoneInfoNotFoundError:
        zone, time_zone = UTC, ""
    at = datetime.fromtimestamp(time_us / 1e6, zone)
    return f"{at:%A}, {at.day} {at:%B %Y, %H:%M} {time_zone or 'UTC'}"


def listed(words: Sequence[str]) -> str:
    """Return "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def expression(probabilities: Probabilities) -> str:
    """Return the most probable expression, or that none is clear; "" where there is none."""
    known = {label: p for p, label in zip(probabilities, LABELS, strict=True) if not math.isnan(p)}
    return expression_in_words(known).replace(" %", "\u00a0%")


def explanation(person: ParticipantSummary) -> str:
    """Return what somebody's score is made of, in one line; "" without a score."""
    scores = person.engagement
    return "" if scores.mean is None else "; ".join(_explanation(person, scores))


def _explanation(person: ParticipantSummary, scores: EngagementStatistics) -> Iterator[str]:
    parts = [("facing", scores.facing), ("expression", scores.expression)]
    if known := [f"{name} {number(value)}" for name, value in parts if value is not None]:
        yield "≈ " + " × ".join(known)
    yield f"scored {percent(person.coverage)} of {clock(person.attended_us)}"
    if person.facing_share is not None:
        yield f"turned to the screen {percent(person.facing_share)}"
    if shown := expression(person.expressions):
        yield f"face {shown}"
    if bands := sorted(scores.bands, key=lambda time: time.band, reverse=True):
        whole = sum(time.duration_us for time in bands)
        yield "band " + ", ".join(f"{time.band.name.lower()} {percent(time.duration_us / whole)}" for time in bands)
    if scores.trend_per_minute is not None:
        yield _trend(scores.trend_per_minute, scores.trend_standard_error)
    if person.change is not None and person.change.p_value < _UNLIKELY:
        yield _change(person.change)


def _trend(per_minute: float, standard_error: float | None) -> str:
    if standard_error is not None and abs(per_minute) <= 2 * standard_error:
        return "no clear trend"
    if abs(per_minute) < _STEADY:
        return "steady"
    return f"{'rose' if per_minute > 0 else 'fell'} by {abs(per_minute):.2f} a minute"


def _change(change: Change) -> str:
    where = "above" if change.difference > 0 else "below"
    return f"last third {abs(change.difference):.2f} {where} their own first ({chance(change.p_value)})"


def chance(p_value: float) -> str:
    """Return the probability of as much by chance."""
    return f"p\u00a0=\u00a0{p_value:.2f}" if p_value >= 0.01 else "p\u00a0<\u00a00.01"


def mostly(times: Iterable[NoScoreTime]) -> str:
    """Return what kept most scores away and what helps; a dash where nothing did."""
    total: Counter[NoScoreReason] = Counter()
    for time in times:
        total[time.reason] += time.duration_us
    if not total:
        return NOTHING
    reason, _ = max(total.items(), key=lambda item: (item[1], -item[0]))
    return f"{reason_in_words(reason)}. {remedy(reason)}"


def missing(times: Iterable[NoScoreTime]) -> str:
    """Return why there is no score, and what helps, in one line."""
    reason = mostly(times)
    return "Nothing was received." if reason == NOTHING else f"No score, mostly: {reason}"


def why_not(person: ParticipantSummary) -> str:
    """Return the same for one person where there is no score; "" where there is one."""
    return "" if person.engagement.mean is not None else missing(person.no_score_times)


def why_nobody(summary: MeetingSummary) -> str:
    """Return the same for the whole meeting."""
    if summary.engagement is not None:
        return ""
    if not summary.participants:
        return "Nobody attended." if not summary.timeline else "Nobody had a score."
    return missing(time for person in summary.participants for time in person.no_score_times)


def sentence(text: str) -> str:
    """Return a note as a sentence."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


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
    if summary.synchrony is not None:
        found["Moving together"] = summary.synchrony.rule
    return {title: sentence(rule) for title, rule in found.items() if rule}


def _minute(which: str, minute: NotableMinute) -> str:
    stop = clock(minute.start_us + minute.length_us)
    return (
        f"The {which} minute: {clock(minute.start_us)} to {stop}, engagement "
        f"{spread(minute.engagement, minute.standard_error)} with {percent(minute.coverage)} of the time scored."
    )


def _together(synchrony: Synchrony) -> str:
    verdict = (
        "moved together"
        if synchrony.p_value < _UNLIKELY and synchrony.correlation > 0
        else "did not clearly move together"
    )
    return (
        f"The faces of {synchrony.participants} people {verdict}: correlation {number(synchrony.correlation)} "
        f"beyond chance ({chance(synchrony.p_value)})."
    )
