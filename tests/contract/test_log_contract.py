"""The typed log: what every backend of the record must keep, refuse, and give back."""

import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from record_store import SECOND, create, end, entry, join, reason_of, rollup, updates
from record_updates import plain
from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.storage.block import quantise
from roompulse_server.storage.store import Position, Store
from roompulse_server.types import Event, EventKind, MeetingKey, MeetingState, PacketCounters, Rollup, Update
from roompulse_server.types.log import Checkpoint, Refusal
from roompulse_vision.enumerations import DropReason


def test_an_old_stream_is_fenced_but_may_say_what_became_of_its_packets(store: Store) -> None:
    key = create(store)
    join(store, key)
    join(store, key)
    counters = PacketCounters(5, 3, {DropReason.SUPERSEDED: 1}, 1, 0)
    closed = Event(EventKind.STREAM_CLOSED, 9, 9, "ada", 1, "replaced", counters)
    camera = Event(EventKind.CAMERA_OFF, 9, 9, "ada", 1)
    late = entry(key, updates(2, epoch=1), (camera, closed), checkpoints=(Checkpoint("ada", 1, b"old"),))
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
    store.commit([entry(key, events=(Event(EventKind.STREAM_CLOSED, 9, 9, "ada", 1),))])
    assert not store.get_participant(key, "ada").streaming


def test_sequences_must_follow_one_another(store: Store) -> None:
    key = create(store)
    join(store, key)
    first, second, third = updates(3)
    committed = store.commit([entry(key, (first,)), entry(key, (first, third)), entry(key, (second, third))])
    assert [item.updates for item in committed] == [(first,), (), (second, third)]
    assert committed[1].refusals == (Refusal("ada", 1, Reason.INVALID_ARGUMENT),)
    assert store.read_updates(key, limit=9).items == (first, second, third)


def test_nothing_commits_after_the_end(store: Store) -> None:
    key = create(store)
    join(store, key)
    store.commit([entry(key, updates(1))])
    ended = end(store, key)
    assert (ended.state, ended.end_us, ended.end_reason) == (MeetingState.ENDED, 99, "ended by request")
    (committed,) = store.commit([entry(key, updates(1, first=2), rollups=(rollup(0),))])
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
    committed = store.commit([entry(one, updates(2)), entry(unknown, updates(1)), entry(two, updates(3))])
    assert [len(item.updates) for item in committed] == [2, 0, 3]
    assert committed[1].refusals == (Refusal("ada", 1, Reason.MEETING_NOT_FOUND),)
    assert store.tail(one).heads["ada"].last_sequence == 2
    assert store.tail(two).heads["ada"].last_sequence == 3


def test_updates_and_events_of_strangers_are_refused(store: Store) -> None:
    key = create(store)
    (committed,) = store.commit([entry(key, updates(1), (Event(EventKind.CAMERA_ON, 1, 1, "bob"),))])
    refused = {Refusal("ada", 1, Reason.PARTICIPANT_NOT_FOUND), Refusal("bob", 0, Reason.PARTICIPANT_NOT_FOUND)}
    assert set(committed.refusals) == refused
    assert store.tail(key).event == 0


def test_final_rollups_are_numbered_and_kept_once(store: Store) -> None:
    key = create(store)
    provisional = dataclasses.replace(rollup(2), final=False)
    (first,) = store.commit([entry(key, rollups=(rollup(0), rollup(1), provisional))])
    (second,) = store.commit([entry(key, rollups=(rollup(1), rollup(2)))])
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
            batch = [
                quantise(plain(at, participant=p, epoch=epoch, model="mn"[at // 300])).update for p in ("ada", "bob")
            ]
            store.commit([entry(key, (update,)) for update in batch])
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
    store.commit([entry(key, updates(20)), entry(key, updates(20, participant="bob"))])
    inside = store.read_updates(key, participant_id="bob", start_us=SECOND, end_us=2 * SECOND, limit=99).items
    assert [(update.participant, update.sequence) for update in inside] == [("bob", i) for i in range(5, 10)]
    assert store.read_updates(key, participant_id="eve", limit=9).items == ()


def test_a_position_is_the_last_of_everything_before_an_offset(store: Store) -> None:
    key = create(store)
    join(store, key)
    join(store, key, "bob")
    camera = Event(EventKind.CAMERA_OFF, 2 * SECOND, 1, "ada", 1)
    windows = tuple(rollup(i) for i in range(4))
    store.commit([entry(key, updates(20), (camera,), windows), entry(key, updates(3, participant="bob"))])
    assert store.position_at(key, 0) == Position({"ada": 0, "bob": 0}, 0, 0)
    assert store.position_at(key, 1_900_000) == Position({"ada": 9, "bob": 3}, 2, 1)
    assert store.position_at(key, 2 * SECOND) == Position({"ada": 9, "bob": 3}, 2, 2)
    assert store.position_at(key, 9 * SECOND) == Position({"ada": 20, "bob": 3}, 3, 4)
    assert store.tail(key).newest_us == 4 * SECOND


def test_what_follows_a_position_comes_in_the_order_of_offsets(store: Store) -> None:
    key = create(store)
    join(store, key)
    late, early = Event(EventKind.CAMERA_OFF, 2 * SECOND, 1, "ada", 1), Event(EventKind.CAMERA_ON, 1, 1, "ada", 1)
    store.commit([entry(key, updates(12), (late, early), (rollup(0), rollup(1)))])
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
        (committed,) = store.commit([entry(key, updates(length, first=first, participant=name, epoch=epoch))])
        assert len(committed.updates) == (length if epochs[name] and lag == 0 else 0)
        accepted[name] += len(committed.updates)
    for item in store.read_series(key):
        assert item.sequence.tolist() == list(range(1, accepted[item.participant] + 1))
    events = store.read_events(key, limit=99)
    assert [event.position for event in events] == list(range(1, len(events) + 1))
