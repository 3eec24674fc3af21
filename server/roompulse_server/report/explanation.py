"""What somebody's score is made of, or why there is none, in plain sentences."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from roompulse_server.insight.summary.remedies import reason_in_words, remedy, what_happened, what_helps
from roompulse_server.insight.summary.summary_types import (
    BandTime,
    Change,
    EngagementStatistics,
    MeetingSummary,
    NoScoreTime,
    ParticipantSummary,
)
from roompulse_server.report.sentence import (
    NOTHING,
    chance,
    clear_expression,
    clock,
    expression,
    listed,
    looks,
    number,
    percent,
    sentence,
)
from roompulse_server.types import NoScoreReason

UNLIKELY = 0.05  # a change that chance brings as rarely is named
_MINUTE_US = 60_000_000
_STEADY = 0.005  # of a trend per minute: less is no change worth a word


def explanation(person: ParticipantSummary) -> str:
    """Return what a score is made of; "" without one."""
    scores = person.engagement
    return "" if scores.mean is None else " ".join(map(sentence, _clauses(person, scores)))


def _clauses(person: ParticipantSummary, scores: EngagementStatistics) -> Iterator[str]:
    if person.coverage * person.attended_us < _MINUTE_US:
        yield "less than a minute has a score: too little to read much into it"
    level = f" and was {_bands(scores.bands)}" if scores.bands else ""
    yield f"the score covers {percent(person.coverage)} of {clock(person.attended_us)} in the meeting{level}"
    if scores.trend_per_minute is not None:
        yield _trend(scores.trend_per_minute, scores.trend_standard_error)
    if person.change is not None and person.change.p_value < UNLIKELY:
        yield _change(person.change)
    if face := _face(person):
        yield f"the face {face}"
    if scores.facing is None and scores.expression is not None:
        yield "the score is that of the expression alone"
    elif scores.facing is not None and scores.expression is not None:
        parts = f"{number(scores.facing)} for facing the screen times {number(scores.expression)} for the expression"
        yield f"the score is about {parts}"


def _bands(bands: Sequence[BandTime]) -> str:
    """Return "medium for 80 % and high for 20 % of that time", the longest first; "high throughout" for one alone."""
    whole = sum(time.duration_us for time in bands)
    ordered = sorted(bands, key=lambda time: time.duration_us, reverse=True)
    parts = [(time.band.name.lower(), time.duration_us / whole) for time in ordered if time.duration_us > whole / 200]
    if len(parts) == 1:
        return f"{parts[0][0]} throughout"
    return f"{listed([f'{band} for {percent(share)}' for band, share in parts])} of that time"


def _face(person: ParticipantSummary) -> str:
    clauses = []
    if person.facing_share is not None:
        throughout = person.facing_share >= 0.995
        when = "throughout" if throughout else f"for {percent(person.facing_share)} of that time"
        clauses.append(f"was turned to the screen {when}")
    if expression(person.expressions):
        clear = clear_expression(person.expressions)
        looked = f"looked mostly {looks(clear[0])} ({percent(clear[1])})" if clear else "showed no clear expression"
        clauses.append(looked)
    return listed(clauses)


def _trend(per_minute: float, standard_error: float | None) -> str:
    if standard_error is not None and abs(per_minute) <= 2 * standard_error:
        return "it neither rose nor fell clearly"
    if abs(per_minute) < _STEADY:
        return "it stayed level"
    return f"it {'rose' if per_minute > 0 else 'fell'} by {abs(per_minute):.2f} a minute"


def _change(change: Change) -> str:
    where = "above" if change.difference > 0 else "below"
    return f"in the last third it was {abs(change.difference):.2f} {where} the first ({chance(change.p_value)})"


def main_reason(times: Iterable[NoScoreTime]) -> NoScoreReason:
    """Return what kept most scores away; UNSPECIFIED where nothing did."""
    total: Counter[NoScoreReason] = Counter()
    for time in times:
        total[time.reason] += time.duration_us
    return max(total, key=lambda reason: (total[reason], -reason), default=NoScoreReason.UNSPECIFIED)


def mostly(times: Iterable[NoScoreTime]) -> str:
    """Return what kept most scores away and what helps; a dash where nothing did."""
    reason = main_reason(times)
    return f"{reason_in_words(reason)}. {remedy(reason)}" if reason else NOTHING


def missing(times: Iterable[NoScoreTime]) -> str:
    """Return why there is no score, and what helps, in one line."""
    reason = main_reason(times)
    return f"There is no score: {what_happened(reason)}." + (f" {what_helps(reason)}" if reason else "")


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
