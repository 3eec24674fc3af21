"""The record in a folder: SQLite in WAL mode, one connection that writes, one process that may.

SQLite up to 3.51.2 can corrupt a WAL database when two connections write or checkpoint at once. So there is exactly
one that does either, readers are read-only, nothing is memory-mapped, and a lock file keeps other processes out.
"""

import logging
import pathlib
import sqlite3
from collections.abc import Callable
from typing import IO, Any

from sqlalchemy import Engine, create_engine, event, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool, StaticPool

from roompulse_server.errors import StoreError
from roompulse_server.storage.folder import DATABASE, FolderWatch, lock, only_for_owner
from roompulse_server.storage.migrate import upgrade
from roompulse_server.storage.schema import heads
from roompulse_server.storage.sql import SqlStore, is_damage
from roompulse_server.storage.sqlite_cleanup import BUSY_TIMEOUT_MS, Cleaning

logger = logging.getLogger(__name__)

_WRITER = (
    "PRAGMA auto_vacuum = INCREMENTAL",  # only before the first table: erasure gives pages back
    "PRAGMA secure_delete = ON",  # what is deleted is overwritten
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # what was committed survives a power cut
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA mmap_size = 0",
)
_READER = ("PRAGMA query_only = ON", f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}", "PRAGMA mmap_size = 0")


class SqliteStore(SqlStore):
    """A `Store` in a folder, which is made if it is not there. The thread that opens it writes and closes it.

    Args:
        folder: Holds the database and the lock.
        readers: Threads that may read at once.
    """

    def __init__(self, folder: pathlib.Path, *, readers: int = 2) -> None:
        super().__init__()
        self._folder = folder
        self._readers = readers
        self._lock: IO[str] | None = None
        self._presence: FolderWatch | None = None
        self._cleaning = Cleaning()

    def open(self) -> None:
        """Lock the folder, open the database, run its migrations.

        Raises:
            StoreError: Another process holds the folder, it cannot be written, or the file is no database.
        """
        logger.info("record in %s, SQLite %s", self._folder, sqlite3.sqlite_version)
        self._lock = lock(self._folder)
        try:
            only_for_owner(self._folder / DATABASE)
            self._writer = writing_engine(self._folder / DATABASE, self.check)
            with self._writer.begin() as connection:
                upgrade(connection)
            self._end_streams(self._writer)
            self._reader = _reading_engine(self._folder / DATABASE, self._readers, self.check)
            self._presence = FolderWatch(self._folder)
        except (DBAPIError, OSError) as error:
            self.close()
            why: object = error
            if isinstance(error, DBAPIError):
                why = f"{error.orig}; put a backup back (roompulse-server restore), or name another folder (--data)"
            raise StoreError(f"the record in {self._folder} cannot be opened: {why}") from error
        except BaseException:
            self.close()
            raise

    def _end_streams(self, writer: Engine) -> None:
        """Nobody streams at the start: a crash may have left it said. A damaged page here is its meeting's matter."""
        try:
            with writer.begin() as connection:
                connection.execute(update(heads).where(heads.c.streaming).values(streaming=False))
        except DBAPIError as error:
            if not is_damage(error.orig):
                raise
            logger.error("the record in %s is damaged where it says who streams: %s", self._folder, error.orig)

    def check(self) -> None:
        if self._presence is not None:
            self._presence.check()

    def sweep(self) -> bool:
        if super().sweep():
            self._cleaning.begin()
            return True
        return self._writer is not None and self._cleaning.step(_connection(self._writer))

    def close(self) -> None:
        """Close readers, then the writer, which checkpoints; then let others have the folder."""
        for engine in (self._reader, self._writer):
            if engine:
                engine.dispose()
        self._reader = self._writer = self._presence = None
        if self._lock:
            self._lock.close()
            self._lock = None


def _connection(engine: Engine) -> sqlite3.Connection:
    connection = engine.raw_connection().driver_connection
    if not isinstance(connection, sqlite3.Connection):
        raise StoreError("the record is not open")
    return connection


def writing_engine(path: pathlib.Path, check: Callable[[], None] = lambda: None) -> Engine:
    """Return the one connection that writes, for the calling thread. Nobody else may write meanwhile.

    `check` is called before each transaction, and may raise.
    """

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(path)  # usable by this thread only

    engine = create_engine("sqlite://", creator=connect, poolclass=StaticPool)
    return _prepared(engine, _WRITER, "BEGIN IMMEDIATE", check)


def _reading_engine(path: pathlib.Path, size: int, check: Callable[[], None]) -> Engine:
    def connect() -> sqlite3.Connection:
        check()  # what is open may be read on; another record that has come in its place must not be mixed in
        return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=size, max_overflow=0)
    return _prepared(engine, _READER, "BEGIN")


def _prepared(engine: Engine, pragmas: tuple[str, ...], begin: str, check: Callable[[], None] = lambda: None) -> Engine:
    """Set every new connection up, and begin transactions ourselves: the driver would only before it writes."""

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Any) -> None:
        check()
        connection.exec_driver_sql(begin)

    return engine
