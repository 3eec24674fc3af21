"""After an erasure no file of the folder holds a byte of who is gone; a record in the clear is sealed on opening."""

import pathlib
import random
import sqlite3
import struct

import pytest
from alembic import command
from alembic.config import Config
from record_store import GRANTED, create, entry, rollup, updates
from record_updates import plain
from roompulse_server.errors import StoreError
from roompulse_server.storage import migrate, sqlite, sqlite_cleanup
from roompulse_server.storage.block import quantise
from roompulse_server.storage.seal import new_key, seal, unseal
from roompulse_server.storage.sqlite import SqliteStore
from roompulse_server.types import Consent, ConsentState, Meeting, MeetingKey, MeetingState, Purpose
from roompulse_server.types.log import Checkpoint
from sqlalchemy import create_engine, text
from storage_bytes import leaks


def opened(folder: pathlib.Path) -> SqliteStore:
    store = SqliteStore(folder)
    store.open()
    return store


def query(folder: pathlib.Path, sql: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(f"file:{folder}/record.sqlite3?mode=ro", uri=True) as connection:
        rows = connection.execute(sql).fetchall()
    connection.close()
    return rows


def sweep(store: SqliteStore) -> None:
    while store.sweep():
        pass


def test_a_value_is_read_with_its_key_in_its_place_only() -> None:
    key = new_key()
    sealed = seal(key, b"value", "block 1")
    assert unseal(key, sealed, "block 1") == b"value"
    assert seal(key, b"value", "block 1") != sealed
    for wrong in ((new_key(), sealed, "block 1"), (key, sealed, "block 2"), (key, sealed[:-1] + b"?", "block 1")):
        with pytest.raises(StoreError, match="damaged"):
            unseal(*wrong)
    with pytest.raises(StoreError, match="damaged"):
        unseal(key, b"", "block 1")


def test_values_are_never_in_the_clear(tmp_path: pathlib.Path) -> None:
    store = opened(tmp_path)
    key = create(store)
    consent = Consent(ConsentState.GRANTED, "recorded by herself", "v1", 7)
    store.open_stream(key, "ada", consent=consent, offset_us=0, time_us=1)
    some = updates(3)
    store.commit([entry(key, some, checkpoints=(Checkpoint("ada", 1, b"state of the scorer"),))])
    score = some[0].reading.engagement.score
    assert score is not None
    assert leaks(tmp_path, quantise(some[0]).row, struct.pack("<f", score), b"state of the scorer") == []
    events = query(tmp_path, "SELECT consent FROM events WHERE consent IS NOT NULL")
    assert len(events) == 1
    assert b"herself" not in bytes(events[0][0])  # type: ignore[call-overload]
    assert store.read_updates(key, limit=9).items == some
    assert store.get_participant(key, "ada").checkpoint == b"state of the scorer"
    store.close()


def test_no_byte_of_who_is_erased_is_left_while_the_record_is_in_use(tmp_path: pathlib.Path) -> None:
    """Pages split and join under many meetings and names; then some go, and their neighbours stay."""
    chance = random.Random(4)
    store = opened(tmp_path)
    secrets: dict[tuple[MeetingKey, str], list[bytes]] = {}
    keys = [create(store, f"m{number}", create_us=number + 1) for number in range(12)]
    for turn in range(15):
        for key in keys:
            name, title = f"id-{chance.getrandbits(90):x}", f"name-{chance.getrandbits(90):x}"
            consent = Consent(ConsentState.GRANTED, f"by-{title}", "v1", 7)
            row = store.open_stream(key, name, display_name=title, consent=consent, offset_us=0, time_us=1)
            if chance.random() < 0.3:
                title += "-married-since" * chance.randint(1, 3)
                row = store.open_stream(key, name, display_name=title, offset_us=0, time_us=1)
            secrets[key, name] = [name.encode(), title.encode(), b"by-" + title.encode()]
            if turn % 5 == 0:
                store.commit([entry(key, updates(4, participant=name, epoch=row.epoch), rollups=(rollup(turn),))])
    found = query(tmp_path, "SELECT id, key FROM participants")
    row_keys = {str(name): bytes(row_key) for name, row_key in found}  # type: ignore[call-overload]
    gone = chance.sample(sorted(secrets, key=lambda one: one[1]), 60)
    for key, name in gone:
        store.erase_participant(key, name, hold_us=0, offset_us=1, time_us=2)
    sweep(store)
    wanted = [secret for one in gone for secret in (*secrets[one], row_keys[one[1]])]
    assert leaks(tmp_path, *wanted) == []
    staying = [secrets[one][0] for one in secrets if one not in gone]
    assert {leak.split(": ")[1] for leak in leaks(tmp_path, *staying)} == {repr(one) for one in staying}
    assert query(tmp_path, "PRAGMA freelist_count") == [(0,)]
    assert query(tmp_path, "PRAGMA foreign_key_check") == []
    store.close()


def test_copies_in_pages_that_were_split_go_too(tmp_path: pathlib.Path) -> None:
    """SQLite leaves copies of rows where it has split a page, also with secure_delete."""
    chance = random.Random(1)
    store = opened(tmp_path)
    uids = [f"{chance.getrandbits(128):032x}" for _ in range(60)]
    keys = {
        uid: store.create_meeting(
            Meeting(MeetingKey("default", uid, uid), Purpose.RESEARCH, MeetingState.ACTIVE, 1)
        ).key
        for uid in uids
    }
    people = {f"id-{chance.getrandbits(90):023x}": chance.choice(uids) for _ in range(4000)}
    rows = [
        {"m": uid, "n": number, "k": chance.randbytes(32), "i": name, "d": "x" * chance.randint(0, 40)}
        for number, (name, uid) in enumerate(people.items(), 1)
    ]
    assert store._writer is not None
    insert = text("INSERT INTO participants VALUES ('default', :m, :n, :k, :i, :d, 1, '', '', 0, NULL)")
    rename = text(
        "UPDATE participants SET display_name = :d WHERE tenant = 'default' AND meeting_uid = :m AND number = :n"
    )
    with store._writer.begin() as connection:
        for count, row in enumerate(rows, 1):
            connection.execute(insert, row)
            connection.execute(rename, chance.choice(rows[:count]) | {"d": "y" * chance.randint(40, 160)})
        connection.execute(text("INSERT INTO heads VALUES ('default', :m, :n, 1, 0, 0, '', 0, NULL, NULL)"), rows)
    assert sqlite_cleanup._checkpoint(sqlite._connection(store._writer))
    kept = (tmp_path / "record.sqlite3").read_bytes()
    copied = [name for name in people if kept.count(name.encode()) > 2]  # beside the row and its place in the index
    if not copied:
        pytest.skip("this SQLite has left no copies")
    for name in copied:
        store.erase_participant(keys[people[name]], name, hold_us=0, offset_us=1, time_us=2)
    sweep(store)
    gone = [bytes(row["k"]) for row in rows if row["i"] in copied]  # type: ignore[call-overload]
    assert leaks(tmp_path, *gone, *(name.encode() for name in copied)) == []
    store.close()


def test_a_reader_of_an_older_state_is_waited_for_between_the_steps(tmp_path: pathlib.Path) -> None:
    store = opened(tmp_path)
    key = create(store)
    store.open_stream(key, "ada-1815", consent=GRANTED, offset_us=0, time_us=1)
    reader = sqlite3.connect(f"file:{tmp_path}/record.sqlite3?mode=ro", uri=True, isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute("SELECT id FROM participants").fetchall() == [("ada-1815",)]
    store.erase_participant(key, "ada-1815", hold_us=0, offset_us=1, time_us=2)
    assert all(store.sweep() for _ in range(10))  # each returns at once, and says that something is left
    reader.close()
    sweep(store)
    assert leaks(tmp_path, b"ada-1815") == []
    store.close()


def test_a_sweep_that_a_crash_interrupted_is_finished_after_the_next_start(tmp_path: pathlib.Path) -> None:
    store = opened(tmp_path)
    key = create(store)
    store.open_stream(key, "ada-1815", consent=GRANTED, offset_us=0, time_us=1)
    for sequence in range(1, 70):
        store.commit([entry(key, updates(1, first=sequence, participant="ada-1815"))])
    store.erase_participant(key, "ada-1815", hold_us=0, offset_us=1, time_us=2)
    store.sweep()
    store.close()
    again = opened(tmp_path)
    assert query(tmp_path, "SELECT count(*) FROM blocks") != [(0,)]
    sweep(again)
    assert query(tmp_path, "SELECT count(*) FROM blocks") == [(0,)]
    assert leaks(tmp_path, b"ada-1815") == []
    again.close()


def test_the_audit_log_only_grows(tmp_path: pathlib.Path) -> None:
    store = opened(tmp_path)
    create(store)
    store.close()
    connection = sqlite3.connect(tmp_path / "record.sqlite3")
    for deed in ("UPDATE audit SET detail = ''", "DELETE FROM audit"):
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            connection.execute(deed)
    connection.close()


def test_a_record_in_the_clear_is_sealed_when_it_is_opened(tmp_path: pathlib.Path) -> None:
    quantised, row_key, consent = quantise(plain(1)), new_key(), GRANTED
    _make_first_schema(tmp_path, row_key, quantised.row)
    assert leaks(tmp_path, quantised.row, b"scorer state") != []
    store = opened(tmp_path)
    key = MeetingKey("default", "standup", "a" * 32)
    assert store.get_meeting(key) == Meeting(key, Purpose.RESEARCH, MeetingState.ACTIVE, 1, participant_count=1)
    assert store.read_updates(key, limit=9).items == (quantised.update,)
    assert store.get_participant(key, "ada").checkpoint == b"scorer state"
    (event,) = store.read_events(key, limit=9)
    assert event.consent == consent
    sweep(store)
    assert leaks(tmp_path, quantised.row, b"scorer state") == []
    store.close()


def _make_first_schema(folder: pathlib.Path, row_key: bytes, payload: bytes) -> None:
    """Make a record as the first schema kept it: values in the clear."""
    engine = create_engine(f"sqlite:///{folder}/record.sqlite3")
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA auto_vacuum = INCREMENTAL")
        config = Config()
        config.set_main_option("script_location", str(migrate._SCRIPTS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        uid = "a" * 32
        said = '{"state": 1, "recorded_by": "bot", "wording_version": "v1", "record_us": 7}'
        rows: list[tuple[str, tuple[object, ...]]] = [
            (
                "meetings",
                ("default", uid, "standup", 1, 1, 1, 1, None, "", "", "", None, None, 0, 0, 1, 1, 1, 0, None, 0),
            ),
            ("participants", ("default", uid, 1, row_key, "ada", "", 1, "bot", "v1", 7, None)),
            ("heads", ("default", uid, 1, 1, 1, 0, b"scorer state", 0, 200_000, 200_000)),
            ("blocks", ("default", uid, 1, 1, 1, 1, 200_000, 200_000, 1, "m", "f", 1, payload)),
            ("events", ("default", uid, 1, 5, 1, 1, 0, 5, "", None, said)),
        ]
        for table, values in rows:
            connection.exec_driver_sql(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", values)
    engine.dispose()
