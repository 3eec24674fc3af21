"""An earlier occurrence in one line: the numbers that its own summary has."""

import pytest
from insight_record import MEETING, series_of
from lively_meeting import lively
from roompulse_server.insight.summary.meeting_summary import summarise
from roompulse_server.insight.summary.occurrence import occurrence_of
from roompulse_server.insight.summary.roster import roster_of
from roompulse_server.types import Participant


@pytest.mark.parametrize(("seed", "people"), [(1, 4), (2, 4), (3, 1), (4, 0)])
def test_its_numbers_are_those_of_its_summary(seed: int, people: int) -> None:
    record = dict(list(lively(seed).items())[:people])
    everybody = [Participant(number, name) for number, name in enumerate(record)]
    series = [series_of(name, rows) for name, rows in record.items()]
    one = occurrence_of(MEETING, roster_of(everybody, series, []), [])
    summary = summarise(MEETING, everybody, series, [])
    assert one.engagement == summary.engagement
    assert (one.start_time_us, one.duration_us) == (summary.start_time_us, summary.duration_us)
    assert one.people == len(record)
