"""Consent and erasure: what every backend of the record must do, and what nobody may find afterwards."""

import dataclasses

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from record_store import GRANTED, create, end, entry, join, reason_of, rollup, updates
from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.storage.store import Store
from roompulse_server.types import (
    ATTESTED,
    AuditAction,
    Consent,
    ConsentState,
    Event,
    EventKind,
    MeetingKey,
    Participant,
)
from roompulse_server.types.log import Checkpoint, Refusal

WITHDRAWN = Consent(ConsentState.WITHDRAWN, "ada", "v1", 9)


def swept(store: Store) -> int:
    """Sweep until nothing is left; return how many steps it took."""
    steps = 0
    while store.sweep():
        steps += 1
        assert steps < 1000
    return steps


def erase(store: Store, key: MeetingKey, name: str = "ada") -> None:
    store.erase_participant(key, name, hold_us=1_500_000, offset_us=7, time_us=8)
    swept(store)


def stream(store: Store, key: MeetingKey, name: str = "ada", consent: Consent = GRANTED) -> Participant:
    return store.open_stream(key, name, display_name=f"Name of {name}", consent=consent, offset_us=0, time_us=5)


def missing(store: Store, key: MeetingKey, name: str = "ada") -> bool:
    with pytest.raises(RoompulseError) as error:
        store.get_participant(key, name)
    return reason_of(error) == Reason.PARTICIPANT_NOT_FOUND


def kinds(store: Store, key: MeetingKey) -> list[tuple[int, EventKind, str]]:
    return [(event.position, event.kind, event.participant) for event in store.read_events(key, limit=99)]


def test_who_withdraws_is_fenced_in_the_same_transaction(store: Store) -> None:
    key = create(store)
    stream(store, key)
    store.commit([entry(key, updates(2))])
    row = store.set_consent(key, "ada", WITHDRAWN, offset_us=3)
    assert (row.consent, row.epoch, row.streaming) == (WITHDRAWN, 2, False)
    (late,) = store.commit([entry(key, updates(1, first=3), checkpoints=(Checkpoint("ada", 1, b"late"),))])
    assert late.updates == ()
    assert late.refusals == (Refusal("ada", 1, Reason.STREAM_REPLACED),)
    assert store.get_participant(key, "ada").last_sequence == 2
    assert [event.consent for event in store.read_events(key, limit=9) if event.consent] == [GRANTED, WITHDRAWN]


def test_what_was_withdrawn_no_stream_grants_again(store: Store) -> None:
    key = create(store)
    stream(store, key)
    store.set_consent(key, "ada", WITHDRAWN, offset_us=3)
    with pytest.raises(RoompulseError) as error:
        stream(store, key)
    assert reason_of(error) == Reason.CONSENT_WITHDRAWN
    assert store.get_participant(key, "ada").epoch == 2
    again = dataclasses.replace(GRANTED, wording_version="v2")
    assert store.set_consent(key, "ada", again, offset_us=4).epoch == 2  # granting fences nobody
    assert stream(store, key).consent == again


def test_who_is_said_again_takes_a_name_and_a_consent_where_none_is_recorded(store: Store) -> None:
    key = create(store)
    before = store.open_stream(key, "ada", offset_us=0, time_us=5)
    named = store.describe(key, "ada", display_name="Ada", consent=None, offset_us=1)
    granted = store.describe(key, "ada", display_name="", consent=GRANTED, offset_us=2)
    assert (named.display_name, named.consent) == ("Ada", Consent())
    assert (granted.display_name, granted.consent, granted.epoch) == ("Ada", GRANTED, before.epoch)
    store.set_consent(key, "ada", WITHDRAWN, offset_us=3)
    again = store.describe(key, "ada", display_name="Ada L.", consent=GRANTED, offset_us=4)
    assert (again.display_name, again.consent) == ("Ada L.", WITHDRAWN)
    assert [kind for _, kind, _ in kinds(store, key)] == [
        EventKind.STREAM_OPENED,
        EventKind.CONSENT_CHANGED,
        EventKind.CONSENT_CHANGED,
    ]
    with pytest.raises(RoompulseError) as error:
        store.describe(key, "nobody", display_name="N", consent=None, offset_us=5)
    assert reason_of(error) == Reason.PARTICIPANT_NOT_FOUND


def test_the_same_consent_again_is_no_news(store: Store) -> None:
    key = create(store)
    stream(store, key)
    first = store.set_consent(key, "ada", WITHDRAWN, offset_us=3)
    later = dataclasses.replace(WITHDRAWN, record_us=99)
    assert store.set_consent(key, "ada", later, offset_us=4) == first
    assert len(store.read_events(key, limit=9)) == 3


def test_consent_may_come_before_the_participant(store: Store) -> None:
    key = create(store)
    assert store.set_consent(key, "ada", WITHDRAWN, offset_us=0).number == 1
    assert store.get_meeting(key).participant_count == 1
    with pytest.raises(RoompulseError) as error:
        stream(store, key)
    assert reason_of(error) == Reason.CONSENT_WITHDRAWN


def test_an_ended_meeting_takes_withdrawals_and_its_log_stays_closed(store: Store) -> None:
    key = create(store)
    stream(store, key)
    end(store, key)
    with pytest.raises(RoompulseError) as error:
        store.set_consent(key, "ada", GRANTED, offset_us=3)
    assert reason_of(error) == Reason.MEETING_ENDED
    assert store.set_consent(key, "ada", WITHDRAWN, offset_us=3).consent == WITHDRAWN
    assert kinds(store, key)[-1][1] == EventKind.MEETING_ENDED
    with pytest.raises(RoompulseError) as error:
        store.set_consent(key, "bob", WITHDRAWN, offset_us=3)
    assert reason_of(error) == Reason.PARTICIPANT_NOT_FOUND


def test_one_face_of_a_room_speaks_for_all_of_them(store: Store) -> None:
    key = create(store)
    attested = Consent(ConsentState.GRANTED, ATTESTED, "", 1)
    stream(store, key, "room")
    stream(store, key, "eve")
    for name in ("room#1", "room#2"):
        store.open_stream(key, name, consent=attested, found_in="room", face=True, offset_us=0, time_us=1)
    store.open_stream(key, "tile", consent=GRANTED, found_in="room", offset_us=0, time_us=1)
    store.set_consent(key, "room#2", WITHDRAWN, offset_us=3)
    epochs = {one.id: (one.epoch, one.consent.state.name) for one in store.list_participants(key, limit=9).items}
    taken, kept = (2, "WITHDRAWN"), (1, "GRANTED")
    assert epochs == {"room": taken, "room#1": taken, "room#2": taken, "tile": kept, "eve": kept}


def test_who_is_erased_leaves_numbers_of_nobody(store: Store) -> None:
    key = create(store)
    stream(store, key)
    stream(store, key, "bob")
    store.commit([entry(key, updates(3)), entry(key, updates(2, participant="bob"))])
    store.commit([entry(key, events=(Event(EventKind.CAMERA_OFF, 1, 2, "ada", 1),), rollups=(rollup(0), rollup(60)))])
    before = [event.position for event in store.read_events(key, limit=99)]
    store.take_committed()
    erase(store, key)
    (committed,) = store.take_committed()
    assert committed.erased == ("ada",)
    assert missing(store, key)
    assert [one.id for one in store.list_participants(key, limit=9).items] == ["bob"]
    assert list(store.tail(key).heads) == ["bob"]
    assert {update.participant for update in store.read_updates(key, limit=99).items} == {"bob"}
    assert [update.sequence for update in store.read_updates(key, limit=99).items] == [1, 2]
    assert [series.participant for series in store.read_series(key)] == ["bob"]
    events = store.read_events(key, limit=99)
    assert [event.position for event in events] == [*before, before[-1] + 1]  # nobody's positions have gaps
    gone = [event for event in events if event.kind is EventKind.ERASED]
    assert {(event.participant, event.detail, event.consent) for event in gone} == {("", "participant 1", None)}
    assert len(gone) == 4  # opened, consent, camera, erased: each still counts
    first, later = store.read_rollups(key, limit=9)
    assert (first.seen, first.median, first.mean, first.valence) == (0, None, None, None)
    assert (later.seen, later.mean) == (1, 0.71)  # nobody erased was in it
    assert store.get_meeting(key).participant_count == 1


def test_nothing_of_who_is_erased_commits_after(store: Store) -> None:
    key = create(store)
    stream(store, key)
    erase(store, key)
    late = entry(key, updates(1), (Event(EventKind.STREAM_CLOSED, 1, 2, "ada", 1),))
    (committed,) = store.commit([late])
    assert (committed.updates, committed.events) == ((), ())
    assert {refusal.reason for refusal in committed.refusals} == {Reason.PARTICIPANT_NOT_FOUND}


def test_who_is_erased_does_not_come_back_unasked(store: Store) -> None:
    key = create(store)
    stream(store, key)
    erase(store, key)
    with pytest.raises(RoompulseError) as error:
        stream(store, key)
    assert reason_of(error) == Reason.PARTICIPANT_ERASED
    with pytest.raises(RoompulseError) as error:
        store.set_consent(key, "ada", WITHDRAWN, offset_us=3)
    assert reason_of(error) == Reason.PARTICIPANT_ERASED
    assert store.set_consent(key, "ada", GRANTED, offset_us=3).number == 2
    late = entry(key, updates(1), checkpoints=(Checkpoint("ada", 1, b"of the erased stream"),))
    (before,) = store.commit([late])
    assert before.updates == ()
    anew = stream(store, key)
    assert (anew.number, anew.last_sequence, anew.checkpoint) == (2, 0, b"")
    (committed,) = store.commit([late])
    assert (committed.updates, anew.epoch) == ((), 3)
    assert store.get_participant(key, "ada").checkpoint == b""
    store.commit([entry(key, updates(1, epoch=anew.epoch))])
    assert len(store.read_updates(key, participant_id="ada", limit=9).items) == 1


def test_a_room_is_erased_with_the_faces_found_in_it(store: Store) -> None:
    key = create(store)
    stream(store, key, "room")
    attested = Consent(ConsentState.GRANTED, ATTESTED, "", 1)
    store.open_stream(key, "room#1", consent=attested, found_in="room", face=True, offset_us=0, time_us=1)
    store.open_stream(key, "tile", consent=GRANTED, found_in="room", offset_us=0, time_us=1)
    erase(store, key, "room")
    assert [(one.id, one.found_in) for one in store.list_participants(key, limit=9).items] == [("tile", "")]


def test_a_meeting_is_deleted_with_everybody_and_the_others_stay(store: Store) -> None:
    key, other = create(store), create(store, "retro")
    for one in (key, other):
        stream(store, one)
        store.commit([entry(one, updates(40), rollups=(rollup(0),))])
    erase(store, other, "ada")
    stream(store, other, "bob")
    end(store, key)
    store.delete_meeting(key, time_us=9, why="by request")
    swept(store)
    with pytest.raises(RoompulseError) as error:
        store.get_meeting(key)
    assert reason_of(error) == Reason.MEETING_NOT_FOUND
    assert [meeting.key for meeting in store.list_meetings("default", limit=9).items] == [other]
    assert store.get_participant(other, "bob").epoch == 1
    for call in (lambda: store.delete_meeting(key, time_us=9, why=""), lambda: join(store, key)):
        with pytest.raises(RoompulseError) as error:
            call()
        assert reason_of(error) == Reason.MEETING_NOT_FOUND


def test_a_sweep_is_in_small_steps_and_others_commit_between_them(store: Store) -> None:
    key = create(store)
    stream(store, key)
    stream(store, key, "bob")
    for sequence in range(1, 121):
        store.commit([entry(key, updates(1, first=sequence))])
    store.erase_participant(key, "ada", hold_us=0, offset_us=7, time_us=8)
    steps = 0
    while store.sweep():
        steps += 1
        (committed,) = store.commit([entry(key, updates(1, first=steps, participant="bob"))])
        assert committed.refusals == ()
    assert steps > 4
    assert len(store.read_updates(key, limit=999).items) == steps


def test_meetings_expire_by_their_own_time_or_the_default(store: Store) -> None:
    keys = [create(store, name) for name in ("short", "plain", "active")]
    for key in keys[:2]:
        end(store, key)  # at 99 us
    assert store.expired(now_us=99 + 3_599_999_999, retention_s=3600.0, limit=9) == []
    assert store.expired(now_us=99 + 3_600_000_000, retention_s=3600.0, limit=9) == keys[:2]
    assert store.expired(now_us=99 + 3_600_000_000, retention_s=3600.0, limit=1) == keys[:1]
    assert store.expired(now_us=99 + 3_600_000_000, retention_s=1e9, limit=9) == []


def test_the_audit_log_knows_deeds_and_pseudonyms_and_outlives_the_meeting(store: Store) -> None:
    key = create(store)
    stream(store, key)
    store.set_consent(key, "ada", WITHDRAWN, offset_us=3)
    erase(store, key)
    store.delete_meeting(key, time_us=9, why="retention")
    page = store.list_audit("default", limit=2)
    entries = [*page.items, *store.list_audit("default", limit=9, cursor=page.cursor).items]
    assert [(one.action, one.number, one.detail) for one in entries] == [
        (AuditAction.MEETING_CREATED, 0, "purpose research"),
        (AuditAction.CONSENT_CHANGED, 1, "granted, wording v1"),
        (AuditAction.CONSENT_CHANGED, 1, "withdrawn, wording v1"),
        (AuditAction.PARTICIPANT_ERASED, 1, "by request"),
        (AuditAction.MEETING_DELETED, 0, "retention"),
    ]
    assert {one.meeting_uid for one in entries} == {key.uid}
    assert [one.position for one in entries] == [1, 2, 3, 4, 5]
    assert store.list_audit("default", meeting_uid="f" * 32, limit=9).items == ()
    assert store.list_audit("other", limit=9).items == ()


DEEDS = st.lists(
    st.tuples(st.sampled_from(["open", "commit", "withdraw", "grant", "erase"]), st.sampled_from(["ada", "bob"])),
    max_size=14,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DEEDS)
@example([("open", "ada"), ("erase", "ada"), ("grant", "ada"), ("commit", "ada")])  # a value on its way
def test_whatever_is_done_nobody_is_recorded_without_consent_and_positions_have_no_gaps(
    store: Store, deeds: list[tuple[str, str]]
) -> None:
    key = create(store, f"m{len(store.list_meetings('default', limit=500).items)}")
    granted: set[str] = set()
    epochs: dict[str, int] = {}
    counts = {"ada": 0, "bob": 0}
    for deed, name in deeds:
        refused = Reason.INVALID_ARGUMENT
        try:
            if deed == "open":
                epochs[name] = stream(store, key, name).epoch
                granted.add(name)
            elif deed == "commit" and name in epochs:
                late = entry(key, updates(1, first=counts[name] + 1, participant=name, epoch=epochs[name]))
                (committed,) = store.commit([late])
                assert bool(committed.updates) == (name in granted)
                counts[name] += len(committed.updates)
            elif deed == "withdraw":
                store.set_consent(key, name, WITHDRAWN, offset_us=1)
                granted.discard(name)
            elif deed == "grant":
                store.set_consent(key, name, GRANTED, offset_us=1)
            elif deed == "erase":
                store.erase_participant(key, name, hold_us=0, offset_us=1, time_us=2)
                granted.discard(name)
                counts[name] = 0
        except RoompulseError as error:
            refused = error.reason
        if refused is not Reason.INVALID_ARGUMENT:
            assert name not in granted
            assert refused in (Reason.CONSENT_WITHDRAWN, Reason.PARTICIPANT_ERASED, Reason.PARTICIPANT_NOT_FOUND)
    events = store.read_events(key, limit=999)
    assert [event.position for event in events] == list(range(1, len(events) + 1))
    found = store.read_updates(key, limit=999).items
    assert {name: sum(update.participant == name for update in found) for name in counts} == counts
