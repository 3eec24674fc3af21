"""The timeline at a resolution that a page can carry: neighbouring stretches of ten seconds become one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from roompulse_server.insight.summary.summary_types import MeetingSummary, ParticipantSummary
from roompulse_server.insight.summary.timeline import BUCKET_US

MAX_SLOTS = 360  # an hour at ten seconds; more cannot be told apart on a screen
MAX_CELLS = 12_000  # of the table behind the picture, so that a page of 200 people still opens
MIN_SLOTS = 30

Values = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Slots:
    """`count` stretches of `length_us` from the meeting's beginning; the last one may be shorter."""

    count: int
    length_us: int
    duration_us: int

    @property
    def starts_us(self) -> tuple[int, ...]:
        return tuple(index * self.length_us for index in range(self.count))

    def share(self, offset_us: int) -> float:
        """Return a place on the time axis, 0 to 1."""
        return min(max(offset_us / self.duration_us, 0.0), 1.0) if self.duration_us else 0.0

    def edge(self, index: int) -> float:
        """Return where a stretch begins, and the one before it ends, 0 to 1."""
        return self.share(index * self.length_us)

    def mean(self, weighted: Sequence[tuple[int, float | None, float]]) -> Values:
        """Return the weighted means of (start in microseconds, value, weight) by stretch, None where there is none."""
        sums, weights = [0.0] * self.count, [0.0] * self.count
        for start_us, value, weight in weighted:
            if value is not None and weight > 0:
                slot = min(start_us // self.length_us, self.count - 1)
                sums[slot] += value * weight
                weights[slot] += weight
        return tuple(one / weight if weight else None for one, weight in zip(sums, weights, strict=True))


def slots_for(summary: MeetingSummary, most: int = MAX_SLOTS) -> Slots:
    """Return `most` stretches at the most, fewer where many people share the table."""
    buckets = max((point.start_us // BUCKET_US + 1 for point in summary.timeline), default=0)  # some may be missing
    most = min(most, max(MIN_SLOTS, MAX_CELLS // (len(summary.participants) + 4)))
    merged = max(1, -(-buckets // most))
    return Slots(-(-buckets // merged), merged * BUCKET_US, summary.duration_us)


@dataclass(frozen=True, slots=True)
class MeetingSlots:
    """`engagement` is of medians over people, or of means where no median is given out."""

    average: Literal["median", "mean"]
    engagement: Values
    p10: Values
    p90: Values
    seen: Values
    total: Values


def meeting_slots(summary: MeetingSummary, slots: Slots) -> MeetingSlots:
    points = summary.timeline
    average: Literal["median", "mean"] = "median" if any(p.engagement_median is not None for p in points) else "mean"
    scores = [p.engagement_median if average == "median" else p.engagement_mean for p in points]
    return MeetingSlots(
        average=average,
        engagement=slots.mean([(p.start_us, s, p.seen * p.length_us) for p, s in zip(points, scores, strict=True)]),
        p10=slots.mean([(p.start_us, p.engagement_p10, p.seen * p.length_us) for p in points]),
        p90=slots.mean([(p.start_us, p.engagement_p90, p.seen * p.length_us) for p in points]),
        seen=slots.mean([(p.start_us, p.seen, p.length_us) for p in points]),
        total=slots.mean([(p.start_us, p.total, p.length_us) for p in points]),
    )


def participant_slots(person: ParticipantSummary, slots: Slots) -> tuple[Values, Values]:
    """Return somebody's engagement, weighted by how much of the time had a score, and that share itself."""
    points = person.timeline
    return (
        slots.mean([(p.start_us, p.engagement, p.coverage) for p in points]),
        slots.mean([(p.start_us, p.coverage, 1.0) for p in points]),
    )
