"""Summaries against an independent, slow recomputation, and by example."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from insight_record import MEETING, affect_of, event, recorded, series_of
from insight_samples import mixed
from roompulse_server.insight.summary.meeting_summary import summarise
from roompulse_server.insight.summary.summary_types import MeetingSummary, NoScoreTime, ParticipantSummary, PresenceTime
from roompulse_server.insight.summary.uncertainty import CHANGE_EVIDENCE, CHANGE_RULE
from roompulse_server.series import Series
from roompulse_server.types import Event, EventKind, NoScoreReason, PacketCounters, Participant, Update
from roompulse_vision.enumerations import DropReason, Presence, Provenance
from roompulse_vision.types import ACTION_UNITS
from source_tree import ROOT

S = 1_000_000
OPEN, CLOSE = EventKind.STREAM_OPENED, EventKind.STREAM_CLOSED


def person(name: str, found_in: str = "") -> Participant:
    return Participant(number=1, id=name, display_name=name.title(), found_in=found_in)


def summed(updates: Mapping[str, Sequence[Update]], events: Sequence[Event] = (), **found_in: str) -> MeetingSummary:
    people = [person(name, found_in.get(name, "")) for name in updates]
    series = [series_of(name, rows) for name, rows in updates.items() if rows]
    return summarise(MEETING, people, series, events)


def alone(updates: Sequence[Update], *events: Event) -> ParticipantSummary:
    return summed({"ada": updates}, events).participants[0]


def every(step_us: int, start_us: int, stop_us: int, score: float | None, first: int = 1) -> list[Update]:
    return [recorded("ada", first + n, at, score) for n, at in enumerate(range(start_us, stop_us, step_us))]


def test_every_second_attended_has_a_score_or_a_reason() -> None:
    updates = [
        *every(500_000, 2 * S, 12 * S, None),
        *every(500_000, 12 * S, 52 * S, 0.7, 21),
        recorded("ada", 101, 52 * S, presence=Presence.CAMERA_OFF),
        recorded("ada", 102, 53 * S, presence=Presence.CAMERA_OFF),
    ]
    one = alone(updates, event(OPEN, 0, "ada"), event(CLOSE, 100 * S, "ada"))
    assert (one.first_offset_us, one.last_offset_us, one.attended_us) == (0, 100 * S, 100 * S)
    assert one.present_us == 50 * S
    assert one.coverage == 0.4
    assert one.presence_times == (
        PresenceTime(Presence.PRESENT, 50 * S),
        PresenceTime(Presence.CAMERA_OFF, 2_500_000),
        PresenceTime(Presence.NO_PICTURES, 47_500_000),
    )
    assert one.no_score_times == (
        NoScoreTime(NoScoreReason.CAMERA_OFF, 2_500_000),
        NoScoreTime(NoScoreReason.TOO_LITTLE_EVIDENCE, 10 * S),
        NoScoreTime(NoScoreReason.NO_PICTURES, 47_500_000),
    )
    assert one.notes[0] == "coverage 40 %: no pictures 48 % of the time, too little evidence 10 % of the time"
    assert (one.longest_absence_start_us, one.longest_absence_us) == (52 * S, 48 * S)
    assert one.updates == 102


def test_a_state_that_is_said_at_both_ends_of_an_hour_lasted_an_hour() -> None:
    """A recording leaps over the time without a camera; the picture after it is no part of that, nor its silence."""
    hour = 3600 * S
    updates = [
        *every(500_000, 0, 10 * S, 0.7),
        recorded("ada", 21, 10 * S, presence=Presence.CAMERA_OFF),
        recorded("ada", 22, 10 * S + hour, presence=Presence.CAMERA_OFF),
        recorded("ada", 23, 30 * S + hour, 0.7),
    ]
    one = alone(updates, event(OPEN, 0, "ada"), event(CLOSE, 31 * S + hour, "ada"))
    assert one.presence_times == (
        PresenceTime(Presence.PRESENT, 11 * S),
        PresenceTime(Presence.CAMERA_OFF, hour + 1_500_000),
        PresenceTime(Presence.NO_PICTURES, 18_500_000),
    )
    assert one.longest_absence_us == hour + 20 * S


def test_values_hold_no_longer_than_their_stream_and_a_new_one_goes_on() -> None:
    updates = [
        recorded("ada", 1, 1 * S, 0.5),
        recorded("ada", 2, 10 * S, 0.9, epoch=2),
    ]
    events = [event(OPEN, 0, "ada"), event(CLOSE, 1_400_000, "ada"), event(OPEN, 9 * S, "ada", 2)]
    one = alone(updates, *events)
    assert one.attended_us == 1_400_000 + 2_500_000  # the open one ends when its last update stops to hold
    assert one.coverage == pytest.approx((0.4 + 1.5) / 3.9)
    assert one.engagement.mean == pytest.approx((0.4 * 0.5 + 1.5 * 0.9) / 1.9)
    assert one.last_offset_us == 11_500_000
    assert (one.longest_absence_start_us, one.longest_absence_us) == (1_400_000, 8_600_000)


def test_a_stream_reaches_over_its_updates_although_another_clock_dates_its_events() -> None:
    """A recording of a minute, streamed in two seconds."""
    one = alone(every(500_000, 0, 60 * S, 0.7), event(OPEN, 0, "ada"), event(CLOSE, 2 * S, "ada"))
    assert one.attended_us == 59_500_000
    assert one.coverage == 1.0


def test_the_meetings_end_ends_what_was_never_closed() -> None:
    one = alone([recorded("ada", 1, 0, 0.5)], event(OPEN, 0, "ada"), event(EventKind.MEETING_ENDED, 500_000))
    assert one.attended_us == 500_000


def test_faces_found_in_a_room_attend_from_their_first_to_their_last_update() -> None:
    rows = [recorded("room#1", 1, 4 * S, 0.7), recorded("room#1", 2, 5 * S, 0.7)]
    gone = recorded("room#1", 3, 6 * S, presence=Presence.LEFT)
    counters = PacketCounters(received=3, analyzed=3)
    closed = dataclasses.replace(event(CLOSE, 60 * S, "room"), counters=counters)
    events = [event(OPEN, 0, "room"), event(OPEN, 4 * S, "room#1"), event(CLOSE, 60 * S, "room#1"), closed]
    summary = summed({"room": [], "room#1": [*rows, gone]}, events, **{"room#1": "room"})
    (found,) = summary.participants  # the room itself is nobody
    assert found.participant_id == "room#1"
    assert (found.first_offset_us, found.attended_us, found.coverage) == (4 * S, 2 * S, 1.0)
    assert summary.counters == counters


def test_score_statistics() -> None:
    updates = [recorded("ada", n + 1, n * S, 0.3 + n / 200) for n in range(120)]
    stats = alone(updates, event(OPEN, 0, "ada"), event(CLOSE, 120 * S, "ada")).engagement
    assert stats.mean == pytest.approx(0.5975)
    assert stats.median == pytest.approx(0.5975)
    assert stats.standard_deviation == pytest.approx(np.std(0.3 + np.arange(120) / 200))
    assert stats.minimum == 0.3
    assert stats.maximum == pytest.approx(0.895)
    assert stats.trend_per_minute == pytest.approx(0.3, rel=1e-3)
    assert [(band.band.name, band.duration_us) for band in stats.bands] == [("MEDIUM", 90 * S), ("HIGH", 30 * S)]


def test_less_than_a_minute_has_no_trend_and_says_so() -> None:
    one = alone(every(S, 0, 59 * S, 0.7), event(OPEN, 0, "ada"), event(CLOSE, 59 * S, "ada"))
    assert one.engagement.trend_per_minute is None
    assert one.notes == ("only 59 s have a score: too little to read much into it",)


def test_a_static_picture_counts_for_no_expression() -> None:
    photo = recorded("ada", 2, S, presence=Presence.STATIC_IMAGE)
    one = alone([recorded("ada", 1, 0, 0.7, affect=affect_of(mixed(happiness=1.0))), photo])
    assert one.expressions[1] == 1.0
    assert one.longest_absence_us == 1_500_000


def test_the_meeting_is_the_median_over_people_weighted_by_how_many() -> None:
    def rows(name: str, score: float, start_s: int, stop_s: int) -> list[Update]:
        return [recorded(name, n + 1, at * S, score) for n, at in enumerate(range(start_s, stop_s))]

    updates = {"a": rows("a", 0.4, 0, 10), "b": rows("b", 0.6, 0, 20), "c": rows("c", 0.9, 0, 10)}
    events = [event(kind, at, name) for name in "abc" for kind, at in ((OPEN, 0), (CLOSE, 20 * S))]
    summary = summed(updates, events)
    first, second = summary.timeline
    assert (first.seen, first.total) == (3, 3)
    assert first.engagement_median == pytest.approx(0.6)
    assert first.engagement_mean == pytest.approx(1.9 / 3)
    assert (second.seen, second.total) == (3, 3)  # the held half second of the other two
    assert summary.engagement == pytest.approx(0.6)
    assert summary.engagement_deviation == pytest.approx(0.0)
    assert summary.duration_us == 20 * S
    assert (summary.time_zone, summary.start_time_us, summary.end_time_us) == ("Europe/Vienna", MEETING.create_us, None)


def test_where_one_person_alone_has_scores_the_meeting_s_are_theirs() -> None:
    scores = [0.3] * 3 + [0.9] * 12  # in ten seconds each 0.66 and 0.9: their mean is not the person's
    updates = {"a": [recorded("a", n + 1, n * S, score) for n, score in enumerate(scores)], "b": []}
    events = [event(kind, at, name) for name in "ab" for kind, at in ((OPEN, 0), (CLOSE, 20 * S))]
    summary = summed(updates, events)
    own = summary.participants[0].engagement
    assert own.mean == pytest.approx((3 * 0.3 + 12.5 * 0.9) / 15.5)
    whole = (summary.engagement, summary.engagement_deviation, summary.engagement_median)
    assert whole == (own.mean, own.standard_deviation, own.median)


def test_models_and_formulas_are_not_mixed() -> None:
    strange = affect_of(mixed(sadness=1.0), model="model-b")
    updates = {
        "a": [recorded("a", n, n * S, 0.7) for n in range(1, 9)],
        "b": [recorded("b", n, n * S, 0.2, affect=strange) for n in range(1, 4)],
        "c": [recorded("c", n, n * S, 1.0, formula="rp-engagement-1/no-facing") for n in range(1, 4)],
    }
    summary = summed(updates)
    (a, b, c) = summary.participants
    assert (a.engagement.mean, b.engagement.mean, c.engagement.mean) == pytest.approx((0.7, 0.2, 1.0))
    assert (a.model_id, b.model_id) == ("model-a", "model-b")
    assert summary.engagement == pytest.approx(0.7)
    assert summary.timeline[0].seen == 1
    assert summary.expressions[0] == 1.0
    assert (summary.formula_id, summary.model_ids) == ("rp-engagement-1", ("model-a", "model-b"))
    assert any("several models" in note for note in summary.notes)
    assert any("facing is unknown" in note for note in c.notes)


def test_scores_that_are_left_out_are_admitted() -> None:
    updates = [recorded("ada", n + 1, n * S, 0.7) for n in range(60)]
    updates += [recorded("ada", n + 1, n * S, 1.0, formula="acme-1") for n in range(60, 80)]
    one = alone(updates, event(OPEN, 0, "ada"), event(CLOSE, 80 * S, "ada"))
    assert one.engagement.mean == pytest.approx(0.7)
    assert one.coverage == 1.0
    assert one.notes[-1] == "25 % of the scores are of another model or formula and left out"


def test_packets_are_summed_over_streams_and_balance() -> None:
    def closing(epoch: int, kind: EventKind, at_us: int, analyzed: int) -> Event:
        dropped = {DropReason.SUPERSEDED: 2, DropReason.FAULT: epoch}
        counters = PacketCounters(analyzed + 2 + epoch + 5, analyzed, dropped, 5)
        return dataclasses.replace(event(kind, at_us, "ada", epoch), counters=counters)

    log = [
        closing(1, EventKind.COUNTERS, 3 * S, 50),
        closing(1, CLOSE, 5 * S, 100),
        closing(2, EventKind.COUNTERS, 8 * S, 10),
        closing(2, EventKind.COUNTERS, 9 * S, 20),  # never closed: its server died
    ]
    counters = alone([], *reversed(log)).counters
    assert counters == PacketCounters(137, 120, {DropReason.SUPERSEDED: 4, DropReason.FAULT: 3}, 10)
    assert counters.received == counters.analyzed + sum(counters.dropped.values()) + counters.not_due


def test_action_units_and_provenance() -> None:
    units = tuple(n / 20 for n in range(len(ACTION_UNITS)))
    one = alone([recorded("ada", 1, 0, 0.7, affect=affect_of(mixed(), units=units, valence=0.4))])
    assert [(unit.number, unit.probability) for unit in one.action_units] == list(zip(ACTION_UNITS, units, strict=True))
    assert one.valence_arousal_provenance is one.action_unit_provenance is Provenance.DERIVED
    assert (one.valence, one.arousal, one.valence_deviation) == pytest.approx((0.4, -0.4, 0.0))
    assert any("derived" in note for note in one.notes)


def active(*numbers: int) -> tuple[bool, ...]:
    return tuple(number in numbers for number in ACTION_UNITS)


def test_units_of_a_models_own_head_are_timed_and_counted() -> None:
    shown = [active(12), active(12), active(4, 12), active(4), active(12), active()]
    affects = [affect_of(mixed(), units=tuple(map(float, flags)), active=flags) for flags in shown]
    updates = [recorded("ada", n + 1, n * S, 0.7, affect=affect) for n, affect in enumerate(affects)]
    updates.append(recorded("ada", 7, 6 * S, presence=Presence.NO_FACE))
    updates.append(recorded("ada", 8, 20 * S, 0.7, affect=affects[0]))  # a pause between
    updates.append(recorded("ada", 9, 40 * S, 0.7, affect=affects[1]))
    one = alone(updates, event(OPEN, 0, "ada"), event(CLOSE, 50 * S, "ada"))
    times = {time.number: (time.duration_us, time.count) for time in one.action_unit_times}
    assert set(times) == set(ACTION_UNITS)
    assert times[12] == (7 * S, 4)  # three, one, and one and a half after each pause
    assert times[4] == (2 * S, 1)
    assert times[1] == (0, 0)
    assert one.action_unit_provenance is Provenance.MODEL
    assert not any("action units" in note for note in one.notes)
    smile = [{unit.number: unit.probability for unit in point.action_units}.get(12) for point in one.timeline]
    assert smile == [pytest.approx(4 / 6), None, 1.0, None, 1.0]


def test_derived_units_have_means_and_are_no_events() -> None:
    one = alone([recorded("ada", 1, 0, 0.7, affect=affect_of(mixed(), units=(1.0,) * len(ACTION_UNITS)))])
    assert one.action_unit_times == ()
    assert [unit.probability for unit in one.timeline[0].action_units] == [1.0] * len(ACTION_UNITS)


def test_a_unit_that_the_head_lacks_is_absent() -> None:
    units = (math.nan, *(0.9,) * 11)
    one = alone([recorded("ada", 1, 0, 0.7, affect=affect_of(mixed(), units=units, active=(False, *(True,) * 11)))])
    for numbers in (one.action_units, one.action_unit_times, one.timeline[0].action_units):
        assert [unit.number for unit in numbers] == list(ACTION_UNITS[1:])


def test_nobody_and_nothing() -> None:
    summary = summarise(MEETING, [], [], [])
    assert (summary.participants, summary.timeline, summary.duration_us, summary.engagement) == ((), (), 0, None)
    assert summary.notes == ("nobody attended",)
    one = alone([])
    assert (one.attended_us, one.coverage, one.notes) == (0, 0.0, ("nothing was received",))
    assert all(math.isnan(value) for value in one.expressions)


def test_an_update_a_tenth_of_a_second_for_ten_hours_is_summed_up() -> None:
    ten_seconds = [
        recorded("ada", n, n * 100_000, 0.7, affect=affect_of(mixed(happiness=0.4), valence=0.1)) for n in range(100)
    ]
    series = repeated(series_of("ada", ten_seconds), 3600)
    summary = summarise(MEETING, [person("ada")], [series], [event(OPEN, 0, "ada")])
    assert summary.engagement == pytest.approx(0.7)
    assert len(summary.timeline) == 3601


def repeated(series: Series, times: int) -> Series:
    """Return a long series made of a short one, 0.1 s a row."""
    rows = np.arange(len(series.sequence) * times)
    columns: dict[str, Any] = {
        field.name: np.resize(value, (len(rows), *value.shape[1:]))
        for field in dataclasses.fields(Series)
        if isinstance(value := getattr(series, field.name), np.ndarray)
    }
    return dataclasses.replace(series, **(columns | {"offset_us": rows * 100_000, "sequence": rows + 1}))


def test_the_evidence_that_a_change_needs_is_said_the_same_everywhere() -> None:
    words = {2: "two", 3: "three"}[CHANGE_EVIDENCE]
    documented = (ROOT / "docs" / "summary.md").read_text(encoding="utf-8")
    assert f"{words} minutes with scores in" in documented
    assert f"{CHANGE_EVIDENCE} minutes with scores in each or more" in CHANGE_RULE
    for minutes, enough in ((3 * CHANGE_EVIDENCE, True), (3 * CHANGE_EVIDENCE - 3, False)):
        rows = [recorded("a", n + 1, n * S, 0.5 + n % 5 / 100) for n in range(minutes * 60)]
        events = [event(OPEN, 0, "a"), event(CLOSE, minutes * 60 * S, "a")]
        summary = summed({"a": rows}, events)
        (one,) = summary.participants
        assert (one.change is not None) == enough
        said = [note for note in (*summary.notes, *one.notes) if "change" in note]
        assert [f"{CHANGE_EVIDENCE} minutes" in note for note in said] == ([] if enough else [True])
