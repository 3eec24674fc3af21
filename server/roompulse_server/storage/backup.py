"""A whole copy of the record, taken while the service runs or not; and the way back.

    folder ─ one reading transaction ─▶ VACUUM INTO ─▶ every page checked ─▶ the backup, one file
    backup ─ every page checked ─▶ a copy, migrated, its meetings ended ─▶ folder

Beside a running service the copy is made by a connection that can only read: SQLite up to 3.51.2 can corrupt a database
in WAL mode when two connections write or checkpoint at once. What was erased before is not in the copy, which holds no
free pages.

A meeting that was active when the backup was made is ended by the restore: if it went on, it would give sequences a
second time, to other values than subscribers have seen. An ended meeting never grows, so a token from after the backup
stays ahead of it, and is refused.
"""

import contextlib
import os
import pathlib
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from roompulse_server.errors import StoreError
from roompulse_server.storage import lifecycle
from roompulse_server.storage.clock import read_clock
from roompulse_server.storage.folder import BESIDE, DATABASE, lock, only_for_owner
from roompulse_server.storage.migrate import upgrade
from roompulse_server.storage.schema import meetings
from roompulse_server.storage.sqlite import writing_engine
from roompulse_server.types import MeetingKey, MeetingState

RESTORED = "restored from a backup"
_PART = ".part"


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied: meetings, and the file's size. `ended` counts the meetings that a restore has ended."""

    meetings: int
    bytes: int
    ended: int = 0


def back_up(folder: pathlib.Path, target: pathlib.Path) -> Copied:
    """Copy the record in a folder into a new file that only its owner may read.

    Raises:
        StoreError: There is no record, the file exists already or cannot be written, or a page is damaged.
    """
    source = folder / DATABASE
    if not source.is_file():
        raise StoreError(f"there is no record in {folder}")
    if target.exists():
        raise StoreError(f"{target} exists already: a backup overwrites nothing")
    with _saying(f"the record in {folder} cannot be copied to {target}"), _new_file(target) as part:
        with _readable(folder) as connection:
            connection.execute("VACUUM INTO ?", (str(part),))
        return Copied(_check(part), part.stat().st_size)


def restore(backup: pathlib.Path, folder: pathlib.Path, *, time_us: int, replace: bool = False) -> Copied:
    """Put a backup into a folder, which no service may use meanwhile; end the meetings that were active.

    Raises:
        StoreError: The backup is none or is damaged or from a newer version, the folder is in use, or it holds a record
            and `replace` is not set. The folder is then as it was.
    """
    if not backup.is_file():
        raise StoreError(f"there is no backup {backup}")
    target = folder / DATABASE
    with _saying(f"{backup} cannot be restored to {folder}"), contextlib.closing(lock(folder)):
        if target.exists() and not replace:
            raise StoreError(f"{folder} holds a record already: name another folder, or replace it (--replace)")
        with _new_file(target, replace=replace) as part:
            shutil.copyfile(backup, part)
            _check(part)
            ended = _end_active(part, time_us)
            copied = Copied(_check(part), part.stat().st_size, ended)
            for suffix in BESIDE:  # an old log beside a new database would be played into it
                target.with_name(target.name + suffix).unlink(missing_ok=True)
        return copied


@contextlib.contextmanager
def _readable(folder: pathlib.Path) -> Iterator[sqlite3.Connection]:
    """Open the record: alone, which plays in what a crash has left, or read-only beside the service that has it."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(contextlib.closing(lock(folder)))
            mode = "rw"
        except StoreError:
            mode = "ro"
        uri = f"{(folder / DATABASE).resolve().as_uri()}?mode={mode}"
        yield stack.enter_context(contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None)))


@contextlib.contextmanager
def _new_file(target: pathlib.Path, *, replace: bool = False) -> Iterator[pathlib.Path]:
    """Yield the name of an empty file, which becomes `target` once the block has ended well and it is on the disk."""
    part = target.with_name(target.name + _PART)
    part.unlink(missing_ok=True)  # one that a crash has left may be open for others
    try:
        only_for_owner(part)
        yield part
        _sync(part)
        part.replace(target) if replace else os.link(part, target)
        _sync(target.parent)
    finally:
        for name in (part.name, *(part.name + suffix for suffix in BESIDE)):
            part.with_name(name).unlink(missing_ok=True)


def _sync(path: pathlib.Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check(path: pathlib.Path) -> int:
    """Have every page checked; return how many meetings there are."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        wrong = [text for (text,) in connection.execute("PRAGMA integrity_check") if text != "ok"]
        if wrong:
            raise StoreError(f"{path.name} is damaged: {wrong[0]}")
        return int(connection.execute("SELECT count(*) FROM meetings").fetchone()[0])


def _end_active(path: pathlib.Path, time_us: int) -> int:
    engine = writing_engine(path)
    try:
        with engine.begin() as connection:
            upgrade(connection)
            active, mark = _active(connection), read_clock(connection)
            kept_us = time_us if mark is None else time_us - mark.wall_us + mark.kept_us
            for key, offset_us in active:
                lifecycle.end_meeting(connection, key, time_us, offset_us, RESTORED, "", kept_us)
    finally:
        engine.dispose()
    return len(active)


def _active(connection: Connection) -> list[tuple[MeetingKey, int]]:
    m = meetings.c
    query = select(m.tenant, m.id, m.uid, m.last_offset_us).where(m.state == MeetingState.ACTIVE)
    return [(MeetingKey(row.tenant, row.id, row.uid), row.last_offset_us or 0) for row in connection.execute(query)]


@contextlib.contextmanager
def _saying(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"{what}: {error.strerror or error}") from error
    except sqlite3.Error as error:
        raise StoreError(f"{what}: {error}") from error
    except DBAPIError as error:
        raise StoreError(f"{what}: {error.orig}") from error
