"""Numbers in words: what a report says beside its pictures, and where a value is missing, why and what helps."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from roompulse_server.insight.remedies import reason_in_words, remedy
from roompulse_server.insight.summary_types import MeetingSummary, MomentKind, NoScoreTime, ParticipantSummary
from roompulse_server.types import LABELS, NoScoreReason, Probabilities

NOTHING = "–"
CLEAR_FROM = 0.5  # an expression below it is not named: none holds even half of the probability
_HELD_LIGHTLY = 0.005  # of a trend per minute: less is no change worth a word

KINDS: dict[MomentKind, str] = {
    MomentKind.UNSPECIFIED: "Something stands out",
    MomentKind.DROP: "Engagement fell",
    MomentKind.PEAK: "Engagement rose",
    MomentKind.SHARED_SMILE: "People smiled together",
}


def number(value: float | None) -> str:
    return NOTHING if value is None or math.isnan(value) else f"{value:.2f}".replace("-", "−")


def percent(share: float | None) -> str:
    return NOTHING if share is None or math.isnan(share) else f"{100 * share:.0f} %"


def spread(mean: float | None, deviation: float | None) -> str:
    """Return "0.71 ± 0.05", or a dash."""
    return number(mean) + (f" ± {number(deviation)}" if mean is not None and deviation is not None else "")


def clock(time_us: int) -> str:
    """Return minutes and seconds, with hours where there are any."""
    minutes, seconds = divmod(round(time_us / 1e6), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def date(time_us: int, time_zone: str) -> str:
    """Return a moment as its people's clocks showed it."""
    at = datetime.fromtimestamp(time_us / 1e6, ZoneInfo(time_zone) if time_zone else UTC)
    return f"{at:%A}, {at.day} {at:%B %Y, %H:%M} {time_zone or 'UTC'}"


def listed(words: Sequence[str]) -> str:
    """Return "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def expression(probabilities: Probabilities) -> str:
    """Return the most probable expression, or that none is clear; "" where there is none."""
    known = [(p, label) for p, label in zip(probabilities, LABELS, strict=True) if not math.isnan(p)]
    if not known:
        return ""
    p, label = max(known)
    return f"{label} {percent(p)}" if p >= CLEAR_FROM else f"unclear (most: {label} {percent(p)})"


def explanation(person: ParticipantSummary) -> str:
    """Return what somebody's score is made of, in one line; "" without a score."""
    scores = person.engagement
    if scores.mean is None:
        return ""
    parts = [
        f"scored {percent(person.coverage)} of {clock(person.attended_us)}",
        f"face {expression(person.expressions)}",
    ]
    if bands := sorted(scores.bands, key=lambda time: time.band, reverse=True):
        whole = sum(time.duration_us for time in bands)
        parts.append(", ".join(f"{time.band.name.lower()} {percent(time.duration_us / whole)}" for time in bands))
    return "; ".join([*parts, *_trend(scores.trend_per_minute)])


def _trend(per_minute: float | None) -> Iterable[str]:
    if per_minute is None:
        return
    if abs(per_minute) < _HELD_LIGHTLY:
        yield "steady"
    else:
        yield f"{'rose' if per_minute > 0 else 'fell'} by {abs(per_minute):.2f} a minute"


def missing(times: Iterable[NoScoreTime]) -> str:
    """Return what kept most scores away and what helps, in one line."""
    total: Counter[NoScoreReason] = Counter()
    for time in times:
        total[time.reason] += time.duration_us
    if not total:
        return "Nothing was received."
    reason, _ = max(total.items(), key=lambda item: (item[1], -item[0]))
    return f"No score, mostly: {reason_in_words(reason)}. {remedy(reason)}"


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
