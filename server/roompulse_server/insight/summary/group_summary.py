"""A meeting of which nobody's values leave the service, summed up from the windows that were given out: they say no
more together than each of them has said."""

import dataclasses
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from roompulse_vision.types import LABELS, Probabilities

from roompulse_server.insight.summary.counters import final_counters
from roompulse_server.insight.summary.meeting_totals import engagement_of
from roompulse_server.insight.summary.summary_types import ConsentBasis, MeetingPoint, MeetingSummary
from roompulse_server.insight.summary.timeline import BUCKET_US
from roompulse_server.types import Event, Meeting, Rollup


def summarise_groups(
    meeting: Meeting, rollups: Sequence[Rollup], events: Sequence[Event], min_group: int, consent_basis: ConsentBasis
) -> MeetingSummary:
    """Sum a meeting up from its final windows. Means over time are plain means over windows; `participants` is empty.

    `engagement` and its median over time rest on the windows' means: a median of few people is one person's value.
    `coverage` is the share of those who were there that the windows speak of; `consent_basis` counts people alone.
    """
    buckets: defaultdict[int, list[Rollup]] = defaultdict(list)
    for rollup in rollups:
        buckets[rollup.start_us // BUCKET_US].append(rollup)
    points = tuple(_point(index, buckets[index]) for index in sorted(buckets))
    ends = [rollup.start_us + rollup.length_us for rollup in rollups] + [event.offset_us for event in events]
    engagement, deviation, median = engagement_of([_of_means(point) for point in points])
    return MeetingSummary(
        meeting=meeting.key,
        purpose=meeting.purpose,
        start_time_us=meeting.create_us,
        end_time_us=meeting.end_us,
        duration_us=max(ends, default=0),
        participants=(),
        timeline=points,
        engagement=engagement,
        expressions=_expressions(rollups),
        valence=_mean(rollups, lambda rollup: rollup.valence),
        arousal=_mean(rollups, lambda rollup: rollup.arousal),
        moments=(),
        formula_id=next((rollup.formula_id for rollup in reversed(rollups) if rollup.formula_id), ""),
        model_ids=tuple(sorted({rollup.model_id for rollup in rollups} - {""})),
        counters=final_counters(events),
        notes=(_note(len(rollups), min_group),),
        time_zone=meeting.time_zone,
        engagement_deviation=deviation,
        engagement_median=median,
        coverage=_coverage(rollups),
        title=meeting.title,
        consent_basis=consent_basis,
        aggregate_only=True,
    )


def _point(index: int, rollups: Sequence[Rollup]) -> MeetingPoint:
    return MeetingPoint(
        start_us=index * BUCKET_US,
        length_us=BUCKET_US,
        engagement_median=_mean(rollups, lambda rollup: rollup.median),
        engagement_mean=_mean(rollups, lambda rollup: rollup.mean),
        seen=min(rollup.seen for rollup in rollups),
        total=max(rollup.total for rollup in rollups),
        expressions=_expressions(rollups),
        valence=_mean(rollups, lambda rollup: rollup.valence),
        arousal=_mean(rollups, lambda rollup: rollup.arousal),
    )


def _coverage(rollups: Sequence[Rollup]) -> float:
    total = sum(rollup.total for rollup in rollups)
    return min(1.0, sum(rollup.seen for rollup in rollups) / total) if total else 0.0


def _of_means(point: MeetingPoint) -> MeetingPoint:
    return dataclasses.replace(point, engagement_median=point.engagement_mean)


def _expressions(rollups: Sequence[Rollup]) -> Probabilities:
    columns = (_mean_of(rollup.expressions[label] for rollup in rollups) for label in range(len(LABELS)))
    return tuple(math.nan if mean is None else mean for mean in columns)


def _mean(rollups: Iterable[Rollup], column: Callable[[Rollup], float | None]) -> float | None:
    return _mean_of(value for rollup in rollups if (value := column(rollup)) is not None)


def _mean_of(values: Iterable[float]) -> float | None:
    known = [value for value in values if not math.isnan(value)]
    return math.fsum(known) / len(known) if known else None


def _note(windows: int, min_group: int) -> str:
    said = f"only of groups of {min_group} or more people is anything said, and of none that differs by fewer"
    return said if windows else f"{said}: no second of this meeting had such a group"
