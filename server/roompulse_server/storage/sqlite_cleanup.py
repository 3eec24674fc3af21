"""What SQLite keeps of rows that were deleted, removed step by step on the writing connection.

    rebuild participants ─► incremental vacuum, some pages at a time ─► truncating checkpoint ─► nothing is left

Even with `secure_delete` SQLite leaves copies of rows behind in pages that it has split or joined. Of sealed values
such a copy is noise; a copy of a participant's row would be their id and their key. So the table of participants,
which is small, is copied and the old one dropped, whose pages are overwritten whole.
"""

import enum
import re
import sqlite3

from roompulse_server.errors import StoreError

VACUUM_PAGES = 256  # given back at once: 1 MB, a few milliseconds
BUSY_TIMEOUT_MS = 5000


class _Step(enum.Enum):
    REBUILD = enum.auto()
    VACUUM = enum.auto()
    CHECKPOINT = enum.auto()
    DONE = enum.auto()


class Cleaning:
    """Where the work stands; after a start everything is to be done once, for a crash may have come in between."""

    def __init__(self) -> None:
        self._next = _Step.REBUILD

    def begin(self) -> None:
        """Begin from the first step: rows were deleted."""
        self._next = _Step.REBUILD

    def step(self, connection: sqlite3.Connection) -> bool:
        """Do the next small step; False when there is none.

        Raises:
            StoreError: The disk fails.
        """
        try:
            match self._next:
                case _Step.REBUILD:
                    _rebuild_participants(connection)
                    self._next = _Step.VACUUM
                case _Step.VACUUM:
                    self._next = _Step.VACUUM if _vacuum(connection) else _Step.CHECKPOINT
                case _Step.CHECKPOINT:
                    self._next = _Step.DONE if _checkpoint(connection) else _Step.CHECKPOINT
                case _Step.DONE:
                    return False
        except sqlite3.Error as error:
            raise StoreError(f"the record cannot be cleaned: {error}") from error
        return True


def _rebuild_participants(connection: sqlite3.Connection) -> None:
    """Copy the table and drop the old one, as SQLite's documentation says (ALTER TABLE, section 7)."""
    (made,) = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'participants'").fetchone()
    copy = re.sub(r'^CREATE TABLE "?participants"?', "CREATE TABLE participants_copy", made)
    connection.execute("PRAGMA foreign_keys = OFF")  # dropping the table must not erase everybody's heads
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(copy)
            connection.execute("INSERT INTO participants_copy SELECT * FROM participants")
            connection.execute("DROP TABLE participants")
            connection.execute("ALTER TABLE participants_copy RENAME TO participants")
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise
    finally:
        connection.execute("PRAGMA foreign_keys = ON")


def _vacuum(connection: sqlite3.Connection) -> bool:
    """Give some free pages back; False when there are no more."""
    connection.executescript(f"PRAGMA incremental_vacuum({VACUUM_PAGES})")  # `execute` would give back one page
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    return bool(free)


def _checkpoint(connection: sqlite3.Connection) -> bool:
    """Empty the journal; False while somebody reads an older state: they are not waited for here."""
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
