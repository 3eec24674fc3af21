"""What a summary says of its time lines, computed once more from them: spread, change, trend's error, minutes."""

import math
import statistics
from collections.abc import Sequence

import pytest
from lively_meeting import lively, summed
from roompulse_server.insight.summary.summary_types import MeetingSummary, NotableMinute, ParticipantSummary
from roompulse_server.insight.summary.uncertainty import two_sided
from scipy import stats

S = 1_000_000
MINUTE = 60 * S
Minutes = dict[int, float]


def minutes_of(points: dict[int, float | None], count: int) -> Minutes:
    """Means of the whole minutes of which half is known."""
    known = {}
    for minute in range(count // 6):
        values = [v for n in range(6) if (v := points.get((6 * minute + n) * 10 * S)) is not None]
        if len(values) >= 3:
            known[minute] = math.fsum(values) / len(values)
    return known


def own_minutes(person: ParticipantSummary, summary: MeetingSummary) -> Minutes:
    return minutes_of({point.start_us: point.engagement for point in person.timeline}, len(summary.timeline))


def with_neighbours(terms: Minutes) -> float:
    alone = math.fsum(v * v for v in terms.values())
    return max(alone, alone + math.fsum(v * terms.get(minute + 1, 0.0) for minute, v in terms.items()))


def check_change(person: ParticipantSummary, minutes: Minutes) -> bool:
    third = (person.last_offset_us - person.first_offset_us) / 3
    first = {m: v for m, v in minutes.items() if (m + 0.5) * MINUTE < person.first_offset_us + third}
    last = {m: v for m, v in minutes.items() if (m + 0.5) * MINUTE >= person.last_offset_us - third}
    if min(len(first), len(last)) < 3:
        assert person.change is None
        return False
    means = statistics.fmean(first.values()), statistics.fmean(last.values())
    residual = {m: v - means[0] for m, v in first.items()} | {m: v - means[1] for m, v in last.items()}
    freedom = len(residual) - 2
    error = math.sqrt(with_neighbours(residual) / freedom * (1 / len(first) + 1 / len(last)))
    assert person.change is not None
    assert person.change.difference == pytest.approx(means[1] - means[0], abs=1e-9)
    assert person.change.standard_error == pytest.approx(error, abs=1e-9)
    expected = 2 * stats.t.sf(abs(means[1] - means[0]) / error, freedom)
    assert person.change.p_value == pytest.approx(expected, abs=0.005)
    return True


def check_trend_error(person: ParticipantSummary, minutes: Minutes) -> None:
    slope = person.engagement.trend_per_minute
    assert slope is not None
    middle, level = statistics.fmean(minutes), statistics.fmean(minutes.values())
    terms = {m: (m - middle) * (v - level - slope * (m - middle)) for m, v in minutes.items()}
    scale = len(minutes) / (len(minutes) - 2)
    error = math.sqrt(with_neighbours(terms) * scale) / sum((m - middle) ** 2 for m in minutes)
    assert person.engagement.trend_standard_error == pytest.approx(error, abs=1e-9)


def check_notable(summary: MeetingSummary) -> bool:
    medians = {point.start_us: point.engagement_median for point in summary.timeline}
    minutes = minutes_of(medians, len(summary.timeline))
    covered = {minute: coverage_of(summary, minute) for minute in minutes}
    able = {minute: value for minute, value in minutes.items() if covered[minute] >= 0.6}
    usual = statistics.median(able.values())
    line = [medians[point.start_us] for point in summary.timeline]
    level = statistics.fmean(v for v in line if v is not None)
    off = [0.0 if v is None else v - level for v in line]
    products = [math.fsum(a * b for a, b in zip(off, off[lag:], strict=False)) for lag in range(6)]
    total = products[0] + 2 * sum((1 - lag / 6) * products[lag] for lag in range(1, 6))
    error = math.sqrt(max(total, products[0]) / sum(v is not None for v in line) / 6)
    for found, best, sign in (
        (summary.highest_minute, max(able, key=lambda m: able[m]), 1),
        (summary.lowest_minute, min(able, key=lambda m: able[m]), -1),
    ):
        if sign * (able[best] - usual) <= 2 * error:
            assert found is None
        else:
            assert_minute(found, best * MINUTE, able[best], error, covered[best])
    return summary.lowest_minute is not None


def assert_minute(found: NotableMinute | None, start_us: int, value: float, error: float, coverage: float) -> None:
    assert found is not None
    assert (found.start_us, found.length_us) == (start_us, MINUTE)
    assert found.engagement == pytest.approx(value, abs=1e-9)
    assert found.standard_error == pytest.approx(error, abs=1e-9)
    assert found.coverage == pytest.approx(coverage, abs=1e-9)


def coverage_of(summary: MeetingSummary, minute: int) -> float:
    """Weigh everybody's points by what they attended: here all of each, but the first and the last."""
    scored = attended = 0.0
    for person in summary.participants:
        for point in person.timeline:
            if minute * MINUTE <= point.start_us < (minute + 1) * MINUTE:
                start, stop = max(point.start_us, person.first_offset_us), point.start_us + 10 * S
                time = min(stop, person.last_offset_us) - start
                attended += time
                scored += point.coverage * time
    return scored / attended if attended else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    return statistics.quantiles(values, n=10, method="inclusive")[0 if share < 0.5 else -1]


def check_spread(summary: MeetingSummary) -> None:
    for point in summary.timeline:
        own = [
            other.engagement
            for one in summary.participants
            for other in one.timeline
            if other.start_us == point.start_us
        ]
        known = [value for value in own if value is not None]
        if len(known) < 3:
            assert (point.engagement_p10, point.engagement_p90) == (None, None)
        else:
            assert point.engagement_p10 == pytest.approx(percentile(known, 0.1), abs=1e-9)
            assert point.engagement_p90 == pytest.approx(percentile(known, 0.9), abs=1e-9)
    medians = [point.engagement_median for point in summary.timeline if point.engagement_median is not None]
    assert summary.engagement_median == pytest.approx(statistics.median(medians), abs=1e-9)
    attended = sum(one.attended_us for one in summary.participants)
    scored = sum(one.attended_us * one.coverage for one in summary.participants)
    assert summary.coverage == pytest.approx(scored / attended, abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_what_is_said_of_time_lines_is_the_same_slowly(seed: int) -> None:
    summary = summed(lively(seed))
    check_spread(summary)
    check_notable(summary)
    for person in summary.participants:
        minutes = own_minutes(person, summary)
        assert check_change(person, minutes)
        check_trend_error(person, minutes)


@pytest.mark.parametrize("freedom", [4, 10, 40])
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0, 2.0, 3.0, 6.0])
def test_probabilities_are_those_of_the_t_distribution(value: float, freedom: int) -> None:
    assert two_sided(-value, 1.0, freedom) == pytest.approx(2 * stats.t.sf(value, freedom), abs=0.005)
