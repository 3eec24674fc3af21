"""Meetings, participants and streams: what every backend of the record must do."""

import dataclasses

import pytest
from record_store import GRANTED, create, end, entry, join, reason_of, updates
from roompulse_server.errors import InvalidArgumentError, Reason, RoompulseError
from roompulse_server.storage.store import Store
from roompulse_server.types import (
    Consent,
    ConsentState,
    EventKind,
    Meeting,
    MeetingKey,
    MeetingState,
    Participant,
    Purpose,
)
from roompulse_server.types.log import Checkpoint


def test_a_meeting_comes_back_as_it_was_made(store: Store) -> None:
    meeting = Meeting(
        MeetingKey("acme", "standup", "0" * 32),
        Purpose.SELF_VIEW,
        MeetingState.ACTIVE,
        create_us=5,
        title="Stand-up",
        time_zone="Europe/Berlin",
        idle_timeout_s=60.5,
        retention_s=3600.0,
        everyone_consented=True,
        aggregate_only=True,
    )
    assert store.create_meeting(meeting) == meeting
    assert store.get_meeting(meeting.key) == meeting
    assert store.get_meeting(MeetingKey("acme", "standup", "")) == meeting


def test_an_active_meeting_is_not_made_again(store: Store) -> None:
    key = create(store)
    with pytest.raises(RoompulseError) as error:
        create(store)
    assert reason_of(error) == Reason.MEETING_EXISTS
    assert error.value.values == {"meeting_uid": key.uid}
    assert create(store, tenant="other").uid != key.uid


def test_an_ended_meeting_gets_a_successor_also_when_the_clock_went_back(store: Store) -> None:
    first = create(store, create_us=100)
    end(store, first)
    second = create(store, create_us=50)
    assert second.uid != first.uid
    assert store.get_meeting(MeetingKey("default", "standup", "")).key == second
    assert store.get_meeting(first).state == MeetingState.ENDED


def test_the_same_request_makes_one_meeting(store: Store) -> None:
    meeting = Meeting(MeetingKey("default", "standup", ""), Purpose.RESEARCH, MeetingState.ACTIVE, 1)
    made = store.create_meeting(meeting, "request-1")
    assert store.create_meeting(meeting, "request-1") == made
    end(store, made.key)
    assert store.create_meeting(meeting, "request-1").key == made.key
    assert store.create_meeting(meeting, "request-2").key != made.key


def test_the_same_request_ends_one_occurrence(store: Store) -> None:
    first = create(store)
    ended = store.end_meeting(first, time_us=9, offset_us=0, reason="over", request_id="request-1")
    second = create(store, create_us=10)
    assert store.meeting_ended_by(MeetingKey("default", "standup", ""), "request-1") == ended
    assert store.meeting_ended_by(second, "request-2") is None
    assert store.end_meeting(first, time_us=11, offset_us=0, reason="again", request_id="request-1") == ended
    assert store.get_meeting(second).state == MeetingState.ACTIVE


def test_a_request_id_is_not_used_for_another_meeting(store: Store) -> None:
    meeting = Meeting(MeetingKey("default", "standup", ""), Purpose.RESEARCH, MeetingState.ACTIVE, 1)
    store.create_meeting(meeting, "request-1")
    retro = create(store, "retro")
    store.end_meeting(retro, time_us=9, offset_us=0, reason="over", request_id="request-1")  # of another method
    other = dataclasses.replace(meeting, key=MeetingKey("default", "other", ""))
    with pytest.raises(InvalidArgumentError, match='used for meeting "standup"') as error:
        store.create_meeting(other, "request-1")
    assert error.value.field == "request_id"
    with pytest.raises(InvalidArgumentError, match='used for meeting "retro"'):
        store.meeting_ended_by(MeetingKey("default", "standup", ""), "request-1")


def resume(store: Store, key: MeetingKey, stream_id: str, name: str = "ada") -> Participant:
    return store.open_stream(key, name, offset_us=0, time_us=5, stream_id=stream_id, resumed=True)


def test_a_stream_goes_on_until_another_one_was_opened(store: Store) -> None:
    key = create(store)
    assert store.open_stream(key, "ada", offset_us=0, time_us=5, stream_id="one").epoch == 1
    assert resume(store, key, "one").epoch == 2
    assert resume(store, key, "one").epoch == 3  # its answer may have been lost
    join(store, key, "bob")
    assert resume(store, key, "one").epoch == 4
    store.open_stream(key, "ada", offset_us=0, time_us=5, stream_id="two")
    with pytest.raises(RoompulseError) as error:
        resume(store, key, "one")
    assert reason_of(error) == Reason.STREAM_REPLACED
    assert store.get_participant(key, "ada").epoch == 5  # the newer stream was not touched
    assert resume(store, key, "two").epoch == 6


def test_who_is_not_in_the_record_any_more_is_not_taken_up_again(store: Store) -> None:
    key = create(store)
    with pytest.raises(RoompulseError) as error:
        resume(store, key, "one")
    assert reason_of(error) == Reason.PARTICIPANT_NOT_FOUND
    assert store.list_participants(key, limit=9).items == ()


def test_what_does_not_exist_is_said_so(store: Store) -> None:
    nowhere = MeetingKey("default", "standup", "f" * 32)
    for call in (
        lambda: store.get_meeting(nowhere),
        lambda: store.tail(nowhere),
        lambda: store.read_series(nowhere),
        lambda: join(store, nowhere),
        lambda: end(store, nowhere),
    ):
        with pytest.raises(RoompulseError) as error:
            call()
        assert reason_of(error) == Reason.MEETING_NOT_FOUND
    key = create(store)
    with pytest.raises(RoompulseError) as error:
        store.get_participant(key, "ada")
    assert reason_of(error) == Reason.PARTICIPANT_NOT_FOUND
    with pytest.raises(RoompulseError) as error:
        store.get_meeting(dataclasses.replace(key, tenant="other"))
    assert reason_of(error) == Reason.MEETING_NOT_FOUND


def test_meetings_page_newest_first_and_new_ones_do_not_move_the_pages(store: Store) -> None:
    keys = [create(store, f"m{i}", create_us=i // 2) for i in range(7)]
    end(store, keys[3])
    page = store.list_meetings("default", limit=3)
    create(store, "late", create_us=100)
    found = [*page.items]
    while page.cursor:
        page = store.list_meetings("default", limit=3, cursor=page.cursor)
        found += page.items
    assert sorted(meeting.key.id for meeting in found) == [key.id for key in keys]
    assert [meeting.create_us for meeting in found] == [3, 2, 2, 1, 1, 0, 0]
    assert [m.key for m in store.list_meetings("default", limit=9, state=MeetingState.ENDED).items] == [keys[3]]
    assert [m.key for m in store.list_meetings("default", limit=9, meeting_id="m5").items] == [keys[5]]
    assert store.list_meetings("other", limit=9).items == ()


@pytest.mark.parametrize("cursor", ["x", "[1]", '["a",1]', "{}", "[1,2]"])
def test_a_damaged_cursor_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(InvalidArgumentError) as error:
        store.list_meetings("default", limit=3, cursor=cursor)
    assert error.value.field == "page_token"


def test_a_stream_takes_the_next_epoch_and_finds_the_head(store: Store) -> None:
    key = create(store)
    first = join(store, key, display_name="Ada")
    assert (first.number, first.epoch, first.last_sequence, first.checkpoint) == (1, 1, 0, b"")
    assert first.streaming
    store.commit([entry(key, updates(3), checkpoints=(Checkpoint("ada", 1, b"state"),))])
    second = join(store, key)
    assert (second.number, second.epoch, second.last_sequence, second.checkpoint) == (1, 2, 3, b"state")
    assert second.display_name == "Ada"
    assert (second.first_offset_us, second.last_offset_us) == (200_000, 600_000)
    assert store.get_participant(key, "ada") == second
    assert store.get_meeting(key).participant_count == 1


def test_a_config_sets_consent_only_where_none_is_recorded(store: Store) -> None:
    key = create(store)
    assert join(store, key).consent == Consent()
    granted = store.open_stream(key, "ada", consent=GRANTED, offset_us=1, time_us=7)
    assert granted.consent == GRANTED
    refused = dataclasses.replace(GRANTED, state=ConsentState.REFUSED)
    assert store.open_stream(key, "ada", consent=refused, offset_us=2, time_us=8).consent == GRANTED
    events = [(event.kind, event.epoch, event.consent) for event in store.read_events(key, limit=9)]
    assert events == [
        (EventKind.STREAM_OPENED, 1, None),
        (EventKind.STREAM_OPENED, 2, None),
        (EventKind.CONSENT_CHANGED, 2, GRANTED),
        (EventKind.STREAM_OPENED, 3, None),
    ]


def test_faces_found_in_a_room_name_it(store: Store) -> None:
    key = create(store)
    with pytest.raises(RoompulseError) as error:
        join(store, key, "room/1", found_in="room")
    assert reason_of(error) == Reason.PARTICIPANT_NOT_FOUND
    join(store, key, "room")
    assert join(store, key, "room/1", found_in="room").found_in == "room"
    assert store.get_participant(key, "room").found_in == ""


def test_a_face_and_somebody_named_by_the_caller_never_share_an_id(store: Store) -> None:
    key = create(store)
    for name in ("room", "hall", "room#1"):
        join(store, key, name)
    with pytest.raises(RoompulseError, match="'room#1' is the id that the caller gave somebody") as error:
        found(store, key, "room#1")
    assert reason_of(error) == Reason.INVALID_ARGUMENT
    assert found(store, key, "room##1").number == found(store, key, "room##1").number
    for room in ("", "hall"):
        with pytest.raises(RoompulseError, match="'room##1' is the id of a face found in 'room'"):
            join(store, key, "room##1", found_in=room)


def found(store: Store, key: MeetingKey, name: str) -> Participant:
    return store.open_stream(key, name, found_in="room", face=True, offset_us=0, time_us=5)


def test_a_consent_of_a_stream_has_the_time_at_which_it_came(store: Store) -> None:
    key = create(store)
    said = dataclasses.replace(GRANTED, record_us=0)
    assert store.open_stream(key, "ada", consent=said, offset_us=1, time_us=7).consent.record_us == 7


def test_participants_page_by_id(store: Store) -> None:
    key = create(store)
    for name in ["carl", "ada", "Zoë", "bob", "ö%_"]:
        join(store, key, name)
    page = store.list_participants(key, limit=2)
    names = [participant.id for participant in page.items]
    while page.cursor:
        page = store.list_participants(key, limit=2, cursor=page.cursor)
        names += [participant.id for participant in page.items]
    assert names == ["Zoë", "ada", "bob", "carl", "ö%_"]


def test_earlier_occurrences_are_those_before_one_newest_first_also_when_the_clock_went_back(store: Store) -> None:
    keys = []
    for create_us in (100, 50, 70, 10):
        keys.append(create(store, create_us=create_us))
        end(store, keys[-1])
    other = create(store, "retro")
    assert [one.key for one in store.list_earlier(keys[3], limit=5)] == keys[2::-1]
    assert [one.key for one in store.list_earlier(keys[2], limit=1)] == [keys[1]]
    assert store.list_earlier(keys[0], limit=5) == store.list_earlier(other, limit=5) == []
    with pytest.raises(RoompulseError) as error:
        store.list_earlier(MeetingKey("default", "standup", "f" * 32), limit=5)
    assert reason_of(error) == Reason.MEETING_NOT_FOUND
