"""Versions N and N + 1 run on one database, and N runs again when N + 1 is taken back."""

import pathlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from record_store import create, end, entry, join, rollup, updates
from roompulse_server.errors import StoreError
from roompulse_server.storage import migrate
from roompulse_server.storage.migrate import number_of, oldest_of, upgrade
from roompulse_server.storage.sqlite import SqliteStore, writing_engine
from roompulse_server.types import MeetingState
from sqlalchemy import Connection, MetaData, Table

EXPANSIONS = (
    "ALTER TABLE meetings ADD COLUMN colour TEXT",
    "ALTER TABLE participants ADD COLUMN pronoun TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE heads ADD COLUMN weight INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE blocks ADD COLUMN codec TEXT",
    "ALTER TABLE events ADD COLUMN more TEXT",
    "ALTER TABLE rollups ADD COLUMN spread REAL",
    "CREATE TABLE badges (tenant TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (tenant, id))",
)


def revisions() -> list[str]:
    config = Config()
    config.set_main_option("script_location", str(pathlib.Path(migrate.__file__).with_name("migrations")))
    return sorted(script.revision for script in ScriptDirectory.from_config(config).walk_revisions())


@contextmanager
def migrated(folder: pathlib.Path, revision: str) -> Iterator[Connection]:
    """Bring a new database to a revision."""
    engine = writing_engine(folder / f"{revision}.sqlite3")
    with engine.begin() as connection:
        upgrade(connection, revision)
        yield connection
    engine.dispose()


def tables(connection: Connection) -> dict[str, Table]:
    metadata = MetaData()
    metadata.reflect(connection)
    return dict(metadata.tables)


def breaks(older: dict[str, Table], newer: dict[str, Table]) -> list[str]:
    """Return what code that was written for the older tables cannot do with the newer ones."""
    wrong = [f"{name} is gone" for name in older.keys() - newer.keys()]
    for name in older.keys() & newer.keys():
        before, after = older[name].columns, newer[name].columns
        wrong += [f"{name}.{column} is gone" for column in before.keys() if column not in after]  # noqa: SIM118
        wrong += [
            f"{name}.{column.name} is new and must be filled in"
            for column in after
            if column.name not in before and not column.nullable and column.server_default is None
        ]
    return wrong


@pytest.mark.parametrize("revision", [each for each in revisions() if number_of(each) != oldest_of(each)] or [None])
def test_each_revision_leaves_alone_what_the_oldest_it_names_uses(tmp_path: pathlib.Path, revision: str | None) -> None:
    if revision is None:
        pytest.skip("no revision names an older one yet")
    (oldest,) = [each for each in revisions() if number_of(each) == oldest_of(revision)]
    with migrated(tmp_path, oldest) as older, migrated(tmp_path, revision) as newer:
        assert breaks(tables(older), tables(newer)) == []


def test_the_rule_itself_notices(tmp_path: pathlib.Path) -> None:
    with migrated(tmp_path, revisions()[0]) as connection:
        before = tables(connection)
        for statement in EXPANSIONS:
            connection.exec_driver_sql(statement)
        assert breaks(before, tables(connection)) == []
        connection.exec_driver_sql("ALTER TABLE events DROP COLUMN detail")
        connection.exec_driver_sql("DROP TABLE requests")
        assert breaks(before, tables(connection)) == ["requests is gone", "events.detail is gone"]
        assert breaks({}, tables(connection)) == []
        assert "badges.id is new and must be filled in" in breaks(
            {"badges": Table("badges", MetaData())}, tables(connection)
        )


def changed(folder: pathlib.Path, revision: str) -> None:
    """Do to a record what the next version's migration does."""
    with closing(sqlite3.connect(folder / "record.sqlite3")) as connection:
        for statement in EXPANSIONS:
            connection.execute(statement)
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        connection.commit()


@contextmanager
def opened(folder: pathlib.Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(folder)) as store:
        store.open()
        yield store


def test_this_version_reads_and_writes_what_the_next_one_has_expanded(tmp_path: pathlib.Path) -> None:
    with opened(tmp_path) as store:
        key = create(store)
        join(store, key)
        store.commit([entry(key, updates(3))])
    changed(tmp_path, f"9999_{number_of(revisions()[-1])}")
    with opened(tmp_path) as store:
        assert join(store, key).last_sequence == 3
        store.commit([entry(key, updates(300, first=4, epoch=2), rollups=(rollup(0),))])
        join(store, key, "bob")
        assert len(store.read_updates(key, limit=999).items) == 303
        assert end(store, key).state == MeetingState.ENDED
        assert create(store) != key
    with closing(sqlite3.connect(tmp_path / "record.sqlite3")) as connection:
        (left,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    assert left.startswith("9999")  # and does not take the newer version's mark away


@pytest.mark.parametrize("revision", ["9999", "9999_9998"])
def test_what_this_version_cannot_work_with_is_refused(tmp_path: pathlib.Path, revision: str) -> None:
    with opened(tmp_path):
        pass
    changed(tmp_path, revision)
    with pytest.raises(StoreError, match=f"schema {revision}, this version knows up to"), opened(tmp_path):
        pass
