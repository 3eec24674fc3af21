"""A summary crosses the wire whole: what the service found is what the client library reads."""

import pytest
from lively_meeting import lively, summed
from roompulse import results
from roompulse.contract.codec import from_proto
from roompulse_server.insight.summary import summary_types as types
from roompulse_server.rpc.convert_summary import summary_to_proto

SECOND_US = 1_000_000


def test_what_stands_out_arrives() -> None:
    summary = summed(lively(2))
    read = from_proto(results.Summary, summary_to_proto(summary))
    assert summary.moments
    assert [(int(m.kind), m.start_s, m.length_s, m.participant_ids, m.rule) for m in read.moments] == [
        (int(m.kind), m.start_us / SECOND_US, m.length_us / SECOND_US, m.participant_ids, m.rule)
        for m in summary.moments
    ]
    for moment, before in zip(read.moments, summary.moments, strict=True):
        assert moment.p_value == pytest.approx(before.p_value, rel=1e-6)
        assert moment.magnitude == pytest.approx(before.magnitude, rel=1e-6)
    assert summary.synchrony is not None
    assert read.synchrony is not None
    assert read.synchrony.correlation == pytest.approx(summary.synchrony.correlation, rel=1e-6)
    assert read.synchrony.p_value == pytest.approx(summary.synchrony.p_value, rel=1e-6)
    assert (read.synchrony.participants, read.synchrony.rule) == (3, summary.synchrony.rule)
    assert read.coverage == pytest.approx(summary.coverage, rel=1e-6)
    assert read.engagement_median == pytest.approx(summary.engagement_median, rel=1e-6)
    for minute, found in (
        (read.highest_minute, summary.highest_minute),
        (read.lowest_minute, summary.lowest_minute),
    ):
        check_minute(minute, found)
    for point, made in zip(read.timeline, summary.timeline, strict=True):
        assert (point.engagement_p10 is None) == (made.engagement_p10 is None)
        assert made.engagement_p10 is None or point.engagement_p90 == pytest.approx(made.engagement_p90, rel=1e-6)


def test_how_sure_numbers_are_arrives() -> None:
    summary = summed(lively(2))
    read = from_proto(results.Summary, summary_to_proto(summary))
    for person, one in zip(read.participants, summary.participants, strict=True):
        assert person.synchrony == pytest.approx(one.synchrony, rel=1e-6)
        assert person.engagement.trend_standard_error == pytest.approx(one.engagement.trend_standard_error, rel=1e-6)
        assert person.change is not None
        assert one.change is not None
        assert person.change.difference == pytest.approx(one.change.difference, rel=1e-6)
        assert person.change.standard_error == pytest.approx(one.change.standard_error, rel=1e-6)
        assert person.change.p_value == pytest.approx(one.change.p_value, rel=1e-6)
        assert person.change.rule == one.change.rule


def check_minute(minute: results.NotableMinute | None, found: types.NotableMinute | None) -> None:
    assert (minute is None) == (found is None)
    if minute is None or found is None:
        return
    assert (minute.start_s, minute.length_s) == (found.start_us / SECOND_US, found.length_us / SECOND_US)
    assert minute.engagement == pytest.approx(found.engagement, rel=1e-6)
    assert minute.standard_error == pytest.approx(found.standard_error, rel=1e-6)
    assert minute.coverage == pytest.approx(found.coverage, rel=1e-6)
    assert minute.rule == found.rule
