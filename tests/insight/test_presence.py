"""When people were there, with their camera on, speaking, and with consent: from the record's rows and events."""

import dataclasses
import random
from collections.abc import Sequence

import pytest
from insight_record import MEETING, event, recorded, series_of
from roompulse_server.insight.summary.meeting_summary import summarise
from roompulse_server.insight.summary.summary_types import ConsentBasis, Interval, MeetingSummary, ParticipantSummary
from roompulse_server.series import Series
from roompulse_server.types import ATTESTED, Consent, ConsentState, Event, EventKind, Participant, Update
from roompulse_vision.enumerations import Presence

S = 1_000_000
OPEN, CLOSE = EventKind.STREAM_OPENED, EventKind.STREAM_CLOSED
GRANTED = Consent(ConsentState.GRANTED)
PICTURED = (Presence.PRESENT, Presence.NO_FACE, Presence.STATIC_IMAGE)
OTHERS = (Presence.CAMERA_OFF, Presence.NO_PICTURES, Presence.NOT_A_CAMERA)


def rows(spans: Sequence[tuple[int, int, Presence]], speaking: Sequence[int] | None = None) -> list[Update]:
    """Return an update a second; `speaking` are the seconds in which they were said to speak, None: never said."""
    at = [(second, presence) for start, stop, presence in spans for second in range(start, stop)]
    updates = [recorded("ada", number, second * S, presence=kind) for number, (second, kind) in enumerate(at, 1)]
    if speaking is None:
        return updates
    return [dataclasses.replace(row, speaking=row.offset_us // S in speaking) for row in updates]


def alone(updates: Sequence[Update], *events: Event, consent: Consent = GRANTED) -> ParticipantSummary:
    return summed(updates, *events, consent=consent).participants[0]


def summed(updates: Sequence[Update], *events: Event, consent: Consent = GRANTED) -> MeetingSummary:
    return summarise(MEETING, [Participant(1, "ada", "Ada", consent)], [series_of("ada", updates)], events)


def granted(offset_us: int, epoch: int = 1) -> Event:
    return dataclasses.replace(event(EventKind.CONSENT_CHANGED, offset_us, "ada", epoch), consent=GRANTED)


def test_each_stay_is_told_and_together_they_are_the_attendance() -> None:
    updates = rows([(0, 60, Presence.PRESENT)])
    updates += [dataclasses.replace(row, epoch=2) for row in rows([(90, 120, Presence.PRESENT)])]
    updates = [dataclasses.replace(row, sequence=number) for number, row in enumerate(updates, 1)]
    stays = (event(OPEN, 0, "ada"), event(CLOSE, 60 * S, "ada"), event(OPEN, 90 * S, "ada", 2))
    one = alone(updates, *stays, event(CLOSE, 120 * S, "ada", 2))
    assert one.attendance_intervals == (Interval(0, 60 * S), Interval(90 * S, 120 * S))
    assert one.camera_intervals == one.attendance_intervals
    assert sum(interval.length_us for interval in one.attendance_intervals) == one.attended_us == 90 * S


def test_the_camera_is_on_while_pictures_come_whatever_they_show() -> None:
    spans = [(0, 20, Presence.PRESENT), (20, 30, Presence.NO_FACE), (30, 50, Presence.CAMERA_OFF)]
    updates = rows([*spans, (50, 60, Presence.STATIC_IMAGE)])
    one = alone(updates, event(OPEN, 0, "ada"), event(CLOSE, 60 * S, "ada"))
    assert one.camera_intervals == (Interval(0, 30 * S), Interval(50 * S, 60 * S))


def test_slow_pictures_are_one_camera_and_a_long_silence_is_none() -> None:
    updates = [recorded("ada", number, at * S) for number, at in enumerate((0, 8, 16, 40, 48), 1)]
    one = alone(updates, event(OPEN, 0, "ada"), event(CLOSE, 60 * S, "ada"))
    assert one.camera_intervals == (Interval(0, 17_500_000), Interval(40 * S, 49_500_000))


def test_without_consent_nothing_is_known_of_the_camera() -> None:
    one = alone(rows([(0, 30, Presence.NO_CONSENT)]), event(OPEN, 0, "ada"), event(CLOSE, 30 * S, "ada"))
    assert one.camera_intervals == ()


@pytest.mark.parametrize("seed", range(30))
def test_the_camera_is_on_only_within_the_attendance_and_never_while_an_update_says_otherwise(seed: int) -> None:
    chance = random.Random(seed)
    updates: list[Update] = []
    events: list[Event] = []
    at_us = 0
    for epoch in range(1, chance.randint(2, 4)):
        at_us += chance.randrange(5 * S)
        events.append(event(OPEN, at_us, "ada", epoch))
        for _ in range(chance.randint(0, 30)):
            kind = chance.choice(PICTURED if chance.random() < 0.8 else OTHERS)
            updates.append(recorded("ada", len(updates) + 1, at_us, presence=kind, epoch=epoch))
            at_us += chance.choice((0, 200_000, S, S, 4 * S, 15 * S))
        events.append(event(CLOSE, at_us, "ada", epoch))
    one = alone(updates, *events)
    assert sum(interval.length_us for interval in one.attendance_intervals) == one.attended_us
    ends = [edge for interval in one.camera_intervals for edge in (interval.start_us, interval.end_us)]
    assert ends == sorted(ends)
    for interval in one.camera_intervals:
        assert interval.length_us > 0
        assert any(
            stay.start_us <= interval.start_us and interval.end_us <= stay.end_us for stay in one.attendance_intervals
        )
        said = [row for row in updates if interval.start_us < row.offset_us < interval.end_us]
        following = {row.offset_us: row for row in said}.values()  # the last one of a moment holds
        assert all(row.reading.presence in PICTURED for row in following)


def test_speaking_is_what_the_sender_said_of_it() -> None:
    silent = alone(rows([(0, 20, Presence.PRESENT)]), event(OPEN, 0, "ada"), event(CLOSE, 20 * S, "ada"))
    assert (silent.speaking_us, silent.speaking_known_us, silent.speaking_share) == (None, 0, None)
    updates = rows([(0, 20, Presence.PRESENT)], range(5, 12))
    updates += [recorded("ada", 20 + n, (19 + n) * S, presence=Presence.CAMERA_OFF) for n in range(1, 11)]
    one = alone(updates, event(OPEN, 0, "ada"), event(CLOSE, 30 * S, "ada"))
    assert (one.speaking_us, one.speaking_known_us, one.speaking_share) == (7 * S, 20 * S, 1.0)


def test_shares_of_speaking_add_up_and_who_is_unknown_has_none() -> None:
    talks = {"a": range(30), "b": range(30, 40), "c": range(0), "d": None}
    people = [Participant(number, name) for number, name in enumerate(talks)]
    series = [_renamed(name, rows([(0, 60, Presence.PRESENT)], seconds)) for name, seconds in talks.items()]
    events = [event(kind, at, name) for name in talks for kind, at in ((OPEN, 0), (CLOSE, 60 * S))]
    summary = summarise(MEETING, people, series, events)
    assert [one.speaking_share for one in summary.participants] == [0.75, 0.25, 0.0, None]
    quiet = summarise(MEETING, people[2:], series[2:], events)
    assert [one.speaking_share for one in quiet.participants] == [None, None]


def _renamed(name: str, updates: Sequence[Update]) -> Series:
    return series_of(name, [dataclasses.replace(row, participant=name) for row in updates])


# Consent.


def test_consent_from_the_beginning_leaves_no_time_without_it() -> None:
    summary = summed(rows([(0, 20, Presence.PRESENT)]), event(OPEN, 0, "ada"), granted(0), event(CLOSE, 20 * S, "ada"))
    assert summary.participants[0].without_consent_us == 0
    assert summary.consent_basis == ConsentBasis(1, 1, 0, 0)


def test_pictures_before_the_first_consent_are_counted() -> None:
    updates = rows([(0, 20, Presence.PRESENT), (20, 30, Presence.NO_FACE)])
    stay = (event(OPEN, 0, "ada"), event(CLOSE, 30 * S, "ada"))
    never = summed(updates, *stay, consent=Consent())
    assert never.participants[0].without_consent_us == 30 * S
    assert never.consent_basis == ConsentBasis(1, 0, 0, 1)
    assert alone(updates, *stay, granted(12_500_000)).without_consent_us == 12_500_000


def test_who_waited_for_consent_was_never_without_it_although_another_clock_dates_it() -> None:
    """A recording at 5 s is granted consent while others, who are live, have come to 1000 s."""
    updates = rows([(0, 5, Presence.NO_CONSENT), (5, 30, Presence.PRESENT)])
    assert alone(updates, event(OPEN, 0, "ada"), granted(1000 * S)).without_consent_us == 0


def test_a_withdrawal_takes_no_earlier_consent_away() -> None:
    withdrawn = Consent(ConsentState.WITHDRAWN)
    gone = dataclasses.replace(event(EventKind.CONSENT_CHANGED, 20 * S, "ada"), consent=withdrawn)
    stay = (event(OPEN, 0, "ada"), granted(0), gone)
    assert summed(rows([(0, 20, Presence.PRESENT)]), *stay, consent=withdrawn).consent_basis == ConsentBasis(1, 1, 0, 0)


def test_an_attestation_is_no_consent_of_their_own_and_who_was_never_looked_at_does_not_count() -> None:
    attested = Consent(ConsentState.GRANTED, ATTESTED)
    stay = (event(OPEN, 0, "ada"), granted(0), event(CLOSE, 20 * S, "ada"))
    assert summed(rows([(0, 20, Presence.PRESENT)]), *stay, consent=attested).consent_basis == ConsentBasis(1, 0, 1, 0)
    assert summed(rows([(0, 20, Presence.CAMERA_OFF)]), *stay).consent_basis == ConsentBasis()
