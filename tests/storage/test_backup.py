"""A backup is whole, whatever the service does meanwhile, and a restore gives back what it holds."""

import pathlib
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing

import pytest
from click.testing import CliRunner
from record_store import create, end, entry, join, reason_of, updates
from roompulse_server.commands import group
from roompulse_server.errors import Reason, RoompulseError, StoreError
from roompulse_server.storage import backup
from roompulse_server.storage.backup import RESTORED, back_up, restore
from roompulse_server.storage.sqlite import SqliteStore
from roompulse_server.storage.tombstone import check_not_erased
from roompulse_server.types import AuditAction, EventKind, MeetingKey, MeetingState, Update
from sqlalchemy.exc import DBAPIError

NOW_US = 1_800_000_000_000_000


@pytest.fixture
def store(tmp_path: pathlib.Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(tmp_path / "data")) as store:
        store.open()
        yield store


def opened(folder: pathlib.Path) -> SqliteStore:
    store = SqliteStore(folder)
    store.open()
    return store


def record(store: SqliteStore, key: MeetingKey, count: int, first: int = 1) -> tuple[Update, ...]:
    new = updates(count, first=first)
    store.commit([entry(key, new)])
    return new


def test_a_backup_beside_a_running_service_holds_everything_committed(
    store: SqliteStore, tmp_path: pathlib.Path
) -> None:
    key = create(store)
    join(store, key)
    before = record(store, key, 300)
    copied = back_up(tmp_path / "data", tmp_path / "backup")
    record(store, key, 5, first=301)  # the service goes on
    assert (copied.meetings, copied.bytes) == (1, (tmp_path / "backup").stat().st_size)
    assert stat.S_IMODE((tmp_path / "backup").stat().st_mode) == 0o600
    restore(tmp_path / "backup", tmp_path / "other", time_us=NOW_US)
    with closing(opened(tmp_path / "other")) as other:
        assert other.read_updates(key, limit=999).items == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["backup", "data", "other"]


def test_what_a_crash_left_in_the_log_is_in_the_backup_too(store: SqliteStore, tmp_path: pathlib.Path) -> None:
    key = create(store)
    join(store, key)
    wanted = record(store, key, 3)
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for name in ("record.sqlite3", "record.sqlite3-wal"):  # as a power cut leaves them: nothing was checkpointed
        (crashed / name).write_bytes((tmp_path / "data" / name).read_bytes())
    back_up(crashed, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "other", time_us=NOW_US)
    with closing(opened(tmp_path / "other")) as other:
        assert other.read_updates(key, limit=9).items == wanted


def test_a_restore_ends_what_was_active_so_that_no_sequence_is_given_twice(
    store: SqliteStore, tmp_path: pathlib.Path
) -> None:
    over, active = create(store, "over"), create(store, "active")
    ended = end(store, over)
    join(store, active)
    record(store, active, 7)
    back_up(tmp_path / "data", tmp_path / "backup")
    assert restore(tmp_path / "backup", tmp_path / "other", time_us=NOW_US).ended == 1
    with closing(opened(tmp_path / "other")) as other:
        assert other.get_meeting(over).end_us == ended.end_us
        meeting = other.get_meeting(active)
        assert (meeting.state, meeting.end_reason, meeting.end_us) == (MeetingState.ENDED, RESTORED, NOW_US)
        last = other.read_events(active, after=0, limit=9)[-1]
        assert (last.kind, last.detail) == (EventKind.MEETING_ENDED, RESTORED)
        (committed,) = other.commit([entry(active, updates(1, first=8))])
        assert committed.updates == ()
        assert other.tail(active).heads["ada"].last_sequence == 7  # a token that is ahead stays ahead, and is refused


def test_a_backup_holds_nothing_of_what_was_erased_before(store: SqliteStore, tmp_path: pathlib.Path) -> None:
    key = create(store)
    join(store, key, display_name="Ada the Unforgettable")
    assert store._writer is not None
    with store._writer.begin() as connection:
        connection.exec_driver_sql("DELETE FROM participants")
    back_up(tmp_path / "data", tmp_path / "backup")
    assert b"Unforgettable" not in (tmp_path / "backup").read_bytes()


def test_a_restore_keeps_who_was_erased_away_and_what_was_done(store: SqliteStore, tmp_path: pathlib.Path) -> None:
    key = create(store)
    for name in ("ada", "bob"):
        join(store, key, name)
        store.commit([entry(key, updates(3, participant=name))])
    store.erase_participant(key, "ada", hold_us=0, offset_us=7, time_us=8)  # a crash comes before the sweep
    done = store.list_audit("default", limit=9).items
    back_up(tmp_path / "data", tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "other", time_us=NOW_US)
    with closing(opened(tmp_path / "other")) as other:
        assert {update.participant for update in other.read_updates(key, limit=9).items} == {"bob"}
        assert other.list_audit("default", limit=9).items == done
        assert [(one.action, one.number) for one in done][-1] == (AuditAction.PARTICIPANT_ERASED, 1)
        assert other._writer is not None
        with other._writer.begin() as connection, pytest.raises(RoompulseError) as error:
            check_not_erased(connection, key, "ada")
        assert reason_of(error) is Reason.PARTICIPANT_ERASED
        with pytest.raises(DBAPIError, match="only grows"), other._writer.begin() as connection:
            connection.exec_driver_sql("DELETE FROM audit")
        while other.sweep():
            pass
        with other._writer.begin() as connection:
            assert connection.exec_driver_sql("SELECT DISTINCT number FROM blocks").scalars().all() == [2]


def test_a_folder_in_use_or_with_a_record_is_left_alone(store: SqliteStore, tmp_path: pathlib.Path) -> None:
    key = create(store)
    back_up(tmp_path / "data", tmp_path / "backup")
    with pytest.raises(StoreError, match="in use by process"):
        restore(tmp_path / "backup", tmp_path / "data", time_us=NOW_US, replace=True)
    other = create(store, "later")
    store.close()
    with pytest.raises(StoreError, match="holds a record already"):
        restore(tmp_path / "backup", tmp_path / "data", time_us=NOW_US)
    with closing(opened(tmp_path / "data")) as same:
        assert same.get_meeting(other).key == other
    restore(tmp_path / "backup", tmp_path / "data", time_us=NOW_US, replace=True)
    with closing(opened(tmp_path / "data")) as restored:
        assert [each.key for each in restored.list_meetings("default", limit=9).items] == [key]


def test_nothing_is_overwritten_and_what_is_no_record_is_said(store: SqliteStore, tmp_path: pathlib.Path) -> None:
    (tmp_path / "there").write_text("mine")
    with pytest.raises(StoreError, match="overwrites nothing"):
        back_up(tmp_path / "data", tmp_path / "there")
    with pytest.raises(StoreError, match="no record in"):
        back_up(tmp_path / "nowhere", tmp_path / "backup")
    with pytest.raises(StoreError, match="cannot be copied"):
        back_up(tmp_path / "data", tmp_path / "no folder" / "backup")
    for text in ("", "no database at all, but long enough to be taken for one" * 20):
        (tmp_path / "there").write_text(text)
        with pytest.raises(StoreError, match="cannot be restored"):
            restore(tmp_path / "there", tmp_path / "other", time_us=NOW_US)
    assert not (tmp_path / "other" / "record.sqlite3").exists()


def test_a_damaged_backup_is_found_before_it_replaces_anything(store: SqliteStore, tmp_path: pathlib.Path) -> None:
    key = create(store)
    join(store, key)
    record(store, key, 600)
    back_up(tmp_path / "data", tmp_path / "backup")
    data = bytearray((tmp_path / "backup").read_bytes())
    for page in range(2 * 4096, len(data), 4096):  # the beginnings of pages, where their structure is
        data[page : page + 16] = b"\xa5" * 16
    (tmp_path / "backup").write_bytes(data)
    with pytest.raises(StoreError, match=r"damaged|malformed"):
        restore(tmp_path / "backup", tmp_path / "other", time_us=NOW_US)
    assert not (tmp_path / "other" / "record.sqlite3").exists()


def test_a_backup_that_fails_leaves_nothing_behind(
    store: SqliteStore, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: pathlib.Path) -> int:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(backup, "_check", fail)
    with pytest.raises(StoreError, match="disk I/O error"):
        back_up(tmp_path / "data", tmp_path / "backup")
    assert [file.name for file in tmp_path.iterdir()] == ["data"]


def test_the_commands_say_what_they_did_and_what_is_wrong(store: SqliteStore, tmp_path: pathlib.Path) -> None:
    create(store)
    data, file = str(tmp_path / "data"), str(tmp_path / "backup")
    made = CliRunner().invoke(group, ["backup", file, "--data", data])
    assert (made.exit_code, "1 meetings" in made.output) == (0, True)
    again = CliRunner().invoke(group, ["backup", file, "--data", data])
    assert (again.exit_code, "overwrites nothing" in again.output) == (1, True)
    back = CliRunner().invoke(group, ["restore", file, "--data", str(tmp_path / "other")])
    assert (back.exit_code, "1 of them ended" in back.output) == (0, True)
    refused = CliRunner().invoke(group, ["restore", file, "--data", data, "--replace"])
    assert (refused.exit_code, "in use by process" in refused.output) == (1, True)
