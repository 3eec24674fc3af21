"""What only SQLite promises: one process, one writing connection, settings that survive power cuts, migrations."""

import pathlib
import sqlite3
import subprocess
import sys
import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from record_updates import plain
from roompulse_server.errors import StoreError
from roompulse_server.storage.block import quantise
from roompulse_server.storage.schema import metadata
from roompulse_server.storage.sqlite import SqliteStore
from roompulse_server.types import Meeting, MeetingKey, MeetingState, Purpose
from roompulse_server.types.log import Entry
from sqlalchemy import create_engine

MEETING = Meeting(MeetingKey("default", "standup", ""), Purpose.RESEARCH, MeetingState.ACTIVE, 1)


def opened(folder: pathlib.Path) -> SqliteStore:
    store = SqliteStore(folder)
    store.open()
    return store


def test_migrations_make_the_schema_that_the_code_uses(tmp_path: pathlib.Path) -> None:
    opened(tmp_path).close()
    engine = create_engine(f"sqlite:///{tmp_path}/record.sqlite3")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_the_database_is_set_up_for_power_cuts_and_erasure(tmp_path: pathlib.Path) -> None:
    store = opened(tmp_path)
    assert store._writer is not None
    with store._writer.connect() as connection:
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "auto_vacuum", "mmap_size")
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas]
    assert found == ["wal", 2, 1, 2, 0]
    store.close()


def test_readers_cannot_write(tmp_path: pathlib.Path) -> None:
    store = opened(tmp_path)
    store._writer, writer = store._reader, store._writer
    with pytest.raises(StoreError, match="readonly"):
        store.create_meeting(MEETING)
    store._writer = writer
    store.close()


def test_only_the_thread_that_opened_it_writes(tmp_path: pathlib.Path) -> None:
    store = opened(tmp_path)
    errors: list[str] = []

    def write() -> None:
        try:
            store.create_meeting(MEETING)
        except Exception as error:
            errors.append(str(error))

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    assert len(errors) == 1
    assert "same thread" in errors[0]
    store.close()


def test_a_second_process_is_told_who_holds_the_folder(tmp_path: pathlib.Path) -> None:
    script = (
        "import pathlib, sys; from roompulse_server.storage.sqlite import SqliteStore\n"
        "from roompulse_server.errors import StoreError\n"
        "try: SqliteStore(pathlib.Path(sys.argv[1])).open()\n"
        "except StoreError as error: print(error)\n"
    )
    store = opened(tmp_path)
    run = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert "in use by process" in run.stdout
    store.close()
    run = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert run.stdout == ""


def test_what_was_committed_is_there_after_opening_again_and_nobody_streams(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "with space #1?"
    store = opened(folder)
    key = store.create_meeting(MEETING).key
    store.open_stream(key, "ada", offset_us=0, time_us=1)
    update = quantise(plain(1))
    store.commit([Entry(key, (update,))])
    store.close()
    store.close()
    again = opened(folder)
    assert again.read_updates(key, limit=9).items == (update.update,)
    assert not again.get_participant(key, "ada").streaming
    again.close()


def test_single_rows_are_joined_into_blocks_of_bounded_size(tmp_path: pathlib.Path) -> None:
    store = opened(tmp_path)
    key = store.create_meeting(MEETING).key
    store.open_stream(key, "ada", offset_us=0, time_us=1)
    for sequence in range(1, 601):
        store.commit([Entry(key, (quantise(plain(sequence)),))])
    assert store._reader is not None
    with store._reader.begin() as connection:
        counts = connection.exec_driver_sql("SELECT count FROM blocks ORDER BY first_sequence").scalars().all()
    assert counts == [256, 256] + [1] * 88
    store.close()


def test_a_newer_schema_is_refused(tmp_path: pathlib.Path) -> None:
    opened(tmp_path).close()
    with sqlite3.connect(tmp_path / "record.sqlite3") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError, match="schema 9999"):
        opened(tmp_path)


def test_a_file_that_is_no_database_is_refused_and_the_folder_let_go(tmp_path: pathlib.Path) -> None:
    (tmp_path / "record.sqlite3").write_bytes(b"not a database, not at all" * 100)
    with pytest.raises(StoreError, match="cannot be opened"):
        opened(tmp_path)
    (tmp_path / "record.sqlite3").unlink()
    opened(tmp_path).close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file/data"):
        opened(tmp_path / "file" / "data")


def test_a_closed_store_says_so(tmp_path: pathlib.Path) -> None:
    with pytest.raises(StoreError, match="not open"):
        SqliteStore(tmp_path).create_meeting(MEETING)
