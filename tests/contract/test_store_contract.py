"""What every backend of the record must do. A new backend is one more fixture value."""

import dataclasses
import pathlib
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from record_updates import NAN, plain
from roompulse_server.errors import InvalidArgumentError, Reason, RoompulseError
from roompulse_server.storage.block import quantise
from roompulse_server.storage.sqlite import SqliteStore
from roompulse_server.storage.store import Checkpoint, Entry, Position, Refusal, Store
from roompulse_server.types import (
    Consent,
    ConsentState,
    DropReason,
    Event,
    EventKind,
    Meeting,
    MeetingKey,
    MeetingState,
    PacketCounters,
    Participant,
    Purpose,
    Rollup,
    Update,
)

SECOND = 1_000_000
GRANTED = Consent(ConsentState.GRANTED, "bot", "v1", 7)


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[Store]:
    backends = {"sqlite": lambda: SqliteStore(tmp_path / "data")}
    store: Store = backends[request.param]()
    store.open()
    yield store
    store.close()


def create(store: Store, meeting_id: str = "standup", *, create_us: int = 1, tenant: str = "default") -> MeetingKey:
    meeting = Meeting(MeetingKey(tenant, meeting_id, ""), Purpose.RESEARCH, MeetingState.ACTIVE, create_us)
    return store.create_meeting(meeting).key


def join(
    store: Store, key: MeetingKey, name: str = "ada", *, found_in: str = "", display_name: str = ""
) -> Participant:
    return store.open_stream(key, name, display_name=display_name, found_in=found_in, offset_us=0, time_us=5)


def end(store: Store, key: MeetingKey) -> Meeting:
    return store.end_meeting(key, time_us=99, offset_us=98, reason="ended by request")


def updates(count: int, *, first: int = 1, participant: str = "ada", epoch: int = 1) -> tuple[Update, ...]:
    return tuple(quantise(plain(first + i, participant=participant, epoch=epoch)) for i in range(count))


def rollup(start_s: int) -> Rollup:
    expressions = (0.5,) * 8 + (NAN,)
    return Rollup(start_s * SECOND, SECOND, 3, True, 1, 2, 0.7, 0.71, None, None, expressions, 0.1, -0.2, "f", "m")


def reason_of(error: pytest.ExceptionInfo[RoompulseError]) -> Reason:
    return error.value.reason


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
    store.commit([Entry(key, updates(3), checkpoints=(Checkpoint("ada", 1, b"state"),))])
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


def test_an_old_stream_is_fenced_but_may_say_what_became_of_its_packets(store: Store) -> None:
    key = create(store)
    join(store, key)
    join(store, key)
    counters = PacketCounters(5, 3, {DropReason.SUPERSEDED: 1}, 1, 0)
    closed = Event(EventKind.STREAM_CLOSED, 9, 9, "ada", 1, "replaced", counters)
    camera = Event(EventKind.CAMERA_OFF, 9, 9, "ada", 1)
    late = Entry(key, updates(2, epoch=1), (camera, closed), checkpoints=(Checkpoint("ada", 1, b"old"),))
    (committed,) = store.commit([late])
    assert committed.updates == ()
    assert committed.refusals == (Refusal("ada", 1, Reason.STREAM_REPLACED),)
    assert committed.events == (dataclasses.replace(closed, position=3),)
    assert store.read_events(key, after=2, limit=9) == [dataclasses.replace(closed, position=3)]
    participant = store.get_participant(key, "ada")
    assert (participant.last_sequence, participant.checkpoint, participant.streaming) == (0, b"", True)


def test_closing_the_newest_stream_says_that_nobody_streams(store: Store) -> None:
    key = create(store)
    join(store, key)
    store.commit([Entry(key, events=(Event(EventKind.STREAM_CLOSED, 9, 9, "ada", 1),))])
    assert not store.get_participant(key, "ada").streaming


def test_sequences_must_follow_one_another(store: Store) -> None:
    key = create(store)
    join(store, key)
    first, second, third = updates(3)
    committed = store.commit([Entry(key, (first,)), Entry(key, (first, third)), Entry(key, (second, third))])
    assert [item.updates for item in committed] == [(first,), (), (second, third)]
    assert committed[1].refusals == (Refusal("ada", 1, Reason.INVALID_ARGUMENT),)
    assert store.read_updates(key, limit=9).items == (first, second, third)


def test_nothing_commits_after_the_end(store: Store) -> None:
    key = create(store)
    join(store, key)
    store.commit([Entry(key, updates(1))])
    ended = end(store, key)
    assert (ended.state, ended.end_us, ended.end_reason) == (MeetingState.ENDED, 99, "ended by request")
    (committed,) = store.commit([Entry(key, updates(1, first=2), rollups=(rollup(0),))])
    assert (committed.updates, committed.rollups) == ((), ())
    assert set(committed.refusals) == {Refusal("ada", 1, Reason.MEETING_ENDED), Refusal("", 0, Reason.MEETING_ENDED)}
    with pytest.raises(RoompulseError) as error:
        join(store, key)
    assert reason_of(error) == Reason.MEETING_ENDED
    assert store.tail(key).heads["ada"].epoch == 2
    assert not store.get_participant(key, "ada").streaming
    assert store.end_meeting(key, time_us=200, offset_us=200, reason="idle") == ended
    assert [event.kind for event in store.read_events(key, limit=9)][-1:] == [EventKind.MEETING_ENDED]
    assert store.tail(key).event == 2


def test_what_calls_append_is_handed_out_once(store: Store) -> None:
    key = create(store)
    join(store, key)
    end(store, key)
    end(store, key)
    taken = store.take_committed()
    assert [(item.key.uid, event.kind, event.position) for item in taken for event in item.events] == [
        (key.uid, EventKind.STREAM_OPENED, 1),
        (key.uid, EventKind.MEETING_ENDED, 2),
    ]
    assert store.take_committed() == []


def test_entries_of_several_meetings_commit_together(store: Store) -> None:
    one, two = create(store, "one"), create(store, "two")
    join(store, one)
    join(store, two)
    unknown = MeetingKey("default", "x", "e" * 32)
    committed = store.commit([Entry(one, updates(2)), Entry(unknown, updates(1)), Entry(two, updates(3))])
    assert [len(item.updates) for item in committed] == [2, 0, 3]
    assert committed[1].refusals == (Refusal("ada", 1, Reason.MEETING_NOT_FOUND),)
    assert store.tail(one).heads["ada"].last_sequence == 2
    assert store.tail(two).heads["ada"].last_sequence == 3


def test_updates_and_events_of_strangers_are_refused(store: Store) -> None:
    key = create(store)
    (committed,) = store.commit([Entry(key, updates(1), (Event(EventKind.CAMERA_ON, 1, 1, "bob"),))])
    refused = {Refusal("ada", 1, Reason.PARTICIPANT_NOT_FOUND), Refusal("bob", 0, Reason.PARTICIPANT_NOT_FOUND)}
    assert set(committed.refusals) == refused
    assert store.tail(key).event == 0


def test_final_rollups_are_numbered_and_kept_once(store: Store) -> None:
    key = create(store)
    provisional = dataclasses.replace(rollup(2), final=False)
    (first,) = store.commit([Entry(key, rollups=(rollup(0), rollup(1), provisional))])
    (second,) = store.commit([Entry(key, rollups=(rollup(1), rollup(2)))])
    assert [(item.start_us, item.sequence) for item in first.rollups] == [(0, 1), (SECOND, 2)]
    assert [(item.start_us, item.sequence) for item in second.rollups] == [(2 * SECOND, 3)]
    kept = store.read_rollups(key, after=1, limit=9)
    assert kept == [dataclasses.replace(rollup(i), sequence=i + 1) for i in (1, 2)]
    assert (store.tail(key).rollup, store.tail(key).rollup_start_us) == (3, 2 * SECOND)


def test_a_thousand_updates_come_back_through_pages_slices_and_series(store: Store) -> None:
    """Enough for small blocks to be joined several times, with epochs and models changing on the way."""
    key = create(store)
    told: list[Update] = []
    for epoch in (1, 2):
        join(store, key)
        join(store, key, "bob")
        for _ in range(250):
            at = len(told) // 2 + 1
            batch = [quantise(plain(at, participant=p, epoch=epoch, model="mn"[at // 300])) for p in ("ada", "bob")]
            store.commit([Entry(key, (update,)) for update in batch])
            told += batch
    ada = [update for update in told if update.participant == "ada"]
    bob = [update for update in told if update.participant == "bob"]
    assert drain_pages(store, key) == ada + bob
    assert drain_slices(store, key) == [ada, bob]
    series = store.read_series(key)
    assert [item.participant for item in series] == ["ada", "bob"]
    assert series[0].sequence.tolist() == list(range(1, 501))
    assert series[0].epoch.tolist() == [1] * 250 + [2] * 250
    assert [series[0].model_ids[i] for i in series[0].model] == ["m"] * 299 + ["n"] * 201


def drain_pages(store: Store, key: MeetingKey) -> list[Update]:
    page = store.read_updates(key, limit=77)
    found = [*page.items]
    while page.cursor:
        page = store.read_updates(key, limit=77, cursor=page.cursor)
        assert page.items
        found += page.items
    return found


def drain_slices(store: Store, key: MeetingKey) -> list[list[Update]]:
    found: dict[str, list[Update]] = {"ada": [], "bob": []}
    while True:
        after = Position({name: series[-1].sequence if series else 0 for name, series in found.items()})
        items = store.read_after(key, after, limit=90)
        piece = [item for item in items if isinstance(item, Update)]
        if not piece:
            return list(found.values())
        assert [update.offset_us for update in piece] == sorted(update.offset_us for update in piece)
        for update in piece:
            found[update.participant].append(update)


def test_updates_are_found_by_participant_and_offset(store: Store) -> None:
    key = create(store)
    join(store, key)
    join(store, key, "bob")
    store.commit([Entry(key, updates(20)), Entry(key, updates(20, participant="bob"))])
    inside = store.read_updates(key, participant_id="bob", start_us=SECOND, end_us=2 * SECOND, limit=99).items
    assert [(update.participant, update.sequence) for update in inside] == [("bob", i) for i in range(5, 10)]
    assert store.read_updates(key, participant_id="eve", limit=9).items == ()


def test_a_position_is_the_last_of_everything_before_an_offset(store: Store) -> None:
    key = create(store)
    join(store, key)
    join(store, key, "bob")
    camera = Event(EventKind.CAMERA_OFF, 2 * SECOND, 1, "ada", 1)
    windows = tuple(rollup(i) for i in range(4))
    store.commit([Entry(key, updates(20), (camera,), windows), Entry(key, updates(3, participant="bob"))])
    assert store.position_at(key, 0) == Position({"ada": 0, "bob": 0}, 0, 0)
    assert store.position_at(key, 1_900_000) == Position({"ada": 9, "bob": 3}, 2, 1)
    assert store.position_at(key, 2 * SECOND) == Position({"ada": 9, "bob": 3}, 2, 2)
    assert store.position_at(key, 9 * SECOND) == Position({"ada": 20, "bob": 3}, 3, 4)
    assert store.tail(key).newest_us == 4 * SECOND


def test_what_follows_a_position_comes_in_the_order_of_offsets(store: Store) -> None:
    key = create(store)
    join(store, key)
    late, early = Event(EventKind.CAMERA_OFF, 2 * SECOND, 1, "ada", 1), Event(EventKind.CAMERA_ON, 1, 1, "ada", 1)
    store.commit([Entry(key, updates(12), (late, early), (rollup(0), rollup(1)))])
    items = store.read_after(key, Position({"ada": 3}, 1, 1), limit=100)
    assert [item.sequence for item in items if isinstance(item, Update)] == list(range(4, 13))
    assert [item.position for item in items if isinstance(item, Event)] == [2, 3]
    assert [item.sequence for item in items if isinstance(item, Rollup)] == [2]
    kinds = "".join(type(item).__name__[0] for item in items)
    assert kinds == "UUUUUUUREEUU"
    assert store.read_after(key, Position({}, 3, 2), limit=100) == []


def test_one_without_updates_has_empty_columns(store: Store) -> None:
    key = create(store)
    join(store, key)
    (series,) = store.read_series(key)
    assert series.participant == "ada"
    assert series.probabilities.shape == (0, 9)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["ada", "bob"]), st.integers(0, 2), st.integers(0, 4)), max_size=25))
def test_whatever_is_tried_the_log_stays_contiguous(store: Store, tries: list[tuple[str, int, int]]) -> None:
    """Streams open at random, and write with random epochs and sequences near the head."""
    old = store.list_meetings("default", state=MeetingState.ACTIVE, limit=1).items
    for meeting in old:
        end(store, meeting.key)
    key = create(store)
    accepted: dict[str, int] = {"ada": 0, "bob": 0}
    epochs: dict[str, int] = {"ada": 0, "bob": 0}
    for name, lag, length in tries:
        if length == 0:
            epochs[name] = join(store, key, name).epoch
            continue
        epoch, first = epochs[name] - lag, accepted[name] + 1
        (committed,) = store.commit([Entry(key, updates(length, first=first, participant=name, epoch=epoch))])
        assert len(committed.updates) == (length if epochs[name] and lag == 0 else 0)
        accepted[name] += len(committed.updates)
    for item in store.read_series(key):
        assert item.sequence.tolist() == list(range(1, accepted[item.participant] + 1))
    events = store.read_events(key, limit=99)
    assert [event.position for event in events] == list(range(1, len(events) + 1))
