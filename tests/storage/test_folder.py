"""The record's folder: its owner's alone, and noticed where it is taken away."""

import pathlib
import shutil
import stat
from collections.abc import Callable

import pytest
from record_updates import plain
from roompulse_server.errors import StoreError
from roompulse_server.storage.backup import back_up, restore
from roompulse_server.storage.block import quantise
from roompulse_server.storage.sqlite import SqliteStore
from roompulse_server.types import Meeting, MeetingKey, MeetingState, Purpose
from roompulse_server.types.log import Entry

MEETING = Meeting(MeetingKey("default", "standup", ""), Purpose.RESEARCH, MeetingState.ACTIVE, 1)


def opened(folder: pathlib.Path) -> SqliteStore:
    store = SqliteStore(folder)
    store.open()
    return store


def modes(folder: pathlib.Path) -> dict[str, str]:
    return {file.name: oct(stat.S_IMODE(file.stat().st_mode)) for file in folder.iterdir()}


def test_files_that_others_could_read_are_tightened_at_the_start(tmp_path: pathlib.Path) -> None:
    opened(tmp_path).close()
    for name in ("record.sqlite3", "record.sqlite3-wal", "record.sqlite3-shm", "lock"):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o664)
    store = opened(tmp_path)
    store.create_meeting(MEETING)
    assert set(modes(tmp_path).values()) == {"0o600"}
    assert len(modes(tmp_path)) == 4
    store.close()


def test_a_backup_over_what_a_crash_left_open_for_others_is_its_owners_alone(tmp_path: pathlib.Path) -> None:
    opened(tmp_path / "data").close()
    (tmp_path / "backup.part").touch()
    (tmp_path / "backup.part").chmod(0o666)
    back_up(tmp_path / "data", tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "again", time_us=1)
    assert modes(tmp_path)["backup"] == "0o600"
    assert set(modes(tmp_path / "again").values()) == {"0o600"}


def replace_by_another_record(folder: pathlib.Path) -> None:
    folder.rename(folder.with_name("moved"))
    opened(folder).close()


TAKEN_AWAY: dict[str, Callable[[pathlib.Path], object]] = {
    "folder removed": shutil.rmtree,
    "folder moved": lambda folder: folder.rename(folder.with_name("moved")),
    "another record in its place": replace_by_another_record,
    "database removed": lambda folder: (folder / "record.sqlite3").unlink(),
    "journal removed": lambda folder: (folder / "record.sqlite3-wal").unlink(),
    "lock removed": lambda folder: (folder / "lock").unlink(),
}


@pytest.mark.parametrize("how", TAKEN_AWAY)
def test_nothing_is_written_into_a_record_that_was_taken_away(tmp_path: pathlib.Path, how: str) -> None:
    store = opened(tmp_path / "data")
    key = store.create_meeting(MEETING).key
    store.open_stream(key, "ada", offset_us=0, time_us=1)
    store.check()
    TAKEN_AWAY[how](tmp_path / "data")
    for write in (
        store.check,
        lambda: store.commit([Entry(key, (quantise(plain(1)),))]),
        lambda: store.end_meeting(key, time_us=2, offset_us=0, reason=""),
        store.sweep,
    ):
        with pytest.raises(StoreError, match=r"removed or replaced.*start it again"):
            write()
    store.close()


def test_a_folder_that_is_put_back_takes_writes_again(tmp_path: pathlib.Path) -> None:
    store = opened(tmp_path / "data")
    key = store.create_meeting(MEETING).key
    (tmp_path / "data").rename(tmp_path / "moved")
    with pytest.raises(StoreError):
        store.end_meeting(key, time_us=2, offset_us=0, reason="")
    (tmp_path / "moved").rename(tmp_path / "data")
    assert store.end_meeting(key, time_us=2, offset_us=0, reason="").state is MeetingState.ENDED
    store.close()
