"""The record in any SQL database that SQLAlchemy Core speaks: each method is one transaction."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError

from roompulse_server.errors import DamageError, StoreError
from roompulse_server.series import Series
from roompulse_server.storage import audit_log, clock, consent_record, erasure, lifecycle, log_queries, queries
from roompulse_server.storage.store import ClockMark, LogItem, Page, Position, Tail
from roompulse_server.types import (
    AuditEntry,
    Consent,
    Event,
    Meeting,
    MeetingKey,
    MeetingState,
    Participant,
    Rollup,
    Update,
)
from roompulse_server.types.log import Committed, Entry


class SqlStore:
    """A `Store` over two engines: one connection that writes, and a pool that only reads. Subclasses open them."""

    def __init__(self) -> None:
        self._writer: Engine | None = None
        self._reader: Engine | None = None
        self._committed: list[Committed] = []

    def create_meeting(self, meeting: Meeting, request_id: str = "") -> Meeting:
        with _transaction(self._writer) as connection:
            return lifecycle.create_meeting(connection, meeting, request_id)

    def end_meeting(
        self,
        key: MeetingKey,
        *,
        time_us: int,
        offset_us: int,
        reason: str,
        request_id: str = "",
        kept_us: int | None = None,
    ) -> Meeting:
        with _transaction(self._writer) as connection:
            meeting, committed = lifecycle.end_meeting(connection, key, time_us, offset_us, reason, request_id, kept_us)
        self._committed.append(committed)
        return meeting

    def open_stream(
        self,
        key: MeetingKey,
        participant_id: str,
        *,
        display_name: str = "",
        consent: Consent | None = None,
        found_in: str = "",
        offset_us: int,
        time_us: int,
        face: bool = False,
        stream_id: str = "",
        resumed: bool = False,
    ) -> Participant:
        opening = lifecycle.Opening(
            participant_id, display_name, consent, found_in, face, offset_us, time_us, stream_id, resumed
        )
        with _transaction(self._writer) as connection:
            participant, committed = lifecycle.open_stream(connection, key, opening)
        self._committed.append(committed)
        return participant

    def describe(
        self, key: MeetingKey, participant_id: str, *, display_name: str, consent: Consent | None, offset_us: int
    ) -> Participant:
        with _transaction(self._writer) as connection:
            participant, committed = consent_record.describe(
                connection, key, participant_id, display_name, consent, offset_us
            )
        self._committed.append(committed)
        return participant

    def commit(self, entries: Sequence[Entry]) -> list[Committed]:
        with _transaction(self._writer) as connection:
            return lifecycle.commit(connection, entries)

    def take_committed(self) -> list[Committed]:
        committed, self._committed = self._committed, []
        return [item for item in committed if item.events or item.erased]

    def set_consent(self, key: MeetingKey, participant_id: str, consent: Consent, *, offset_us: int) -> Participant:
        with _transaction(self._writer) as connection:
            participant, committed = consent_record.set_consent(connection, key, participant_id, consent, offset_us)
        self._committed.append(committed)
        return participant

    def erase_participant(
        self, key: MeetingKey, participant_id: str, *, hold_us: int, offset_us: int, time_us: int
    ) -> None:
        with _transaction(self._writer) as connection:
            committed = erasure.erase_participant(connection, key, participant_id, hold_us, offset_us, time_us)
        self._committed.append(committed)

    def delete_meeting(self, key: MeetingKey, *, time_us: int, why: str) -> None:
        with _transaction(self._writer) as connection:
            committed = erasure.delete_meeting(connection, key, time_us, why)
        self._committed.append(committed)

    def sweep(self) -> bool:
        with _transaction(self._writer) as connection:
            return erasure.sweep(connection)

    def expired(self, *, now_us: int, retention_s: float, limit: int) -> list[MeetingKey]:
        with _transaction(self._reader) as connection:
            return erasure.expired(connection, now_us, retention_s, limit)

    def read_clock(self) -> ClockMark | None:
        with _transaction(self._reader) as connection:
            return clock.read_clock(connection)

    def write_clock(self, mark: ClockMark) -> None:
        with _transaction(self._writer) as connection:
            clock.write_clock(connection, mark)

    def check(self) -> None:
        """Nothing is known of where an engine's database is."""

    def list_audit(self, tenant: str, *, meeting_uid: str = "", limit: int, cursor: str = "") -> Page[AuditEntry]:
        with _transaction(self._reader) as connection:
            return audit_log.list_entries(connection, tenant, meeting_uid, limit, cursor)

    def meeting_ended_by(self, key: MeetingKey, request_id: str) -> Meeting | None:
        with _transaction(self._reader) as connection:
            return lifecycle.ended_by(connection, key, request_id)

    def get_meeting(self, key: MeetingKey) -> Meeting:
        with _transaction(self._reader) as connection:
            return queries.get_meeting(connection, key)

    def list_meetings(
        self, tenant: str, *, meeting_id: str = "", state: MeetingState | None = None, limit: int, cursor: str = ""
    ) -> Page[Meeting]:
        with _transaction(self._reader) as connection:
            return queries.list_meetings(connection, tenant, meeting_id, state, limit, cursor)

    def list_earlier(self, key: MeetingKey, *, limit: int) -> list[Meeting]:
        with self._of(key) as connection:
            return queries.list_earlier(connection, key, limit)

    def get_participant(self, key: MeetingKey, participant_id: str) -> Participant:
        with self._of(key) as connection:
            return queries.get_participant(connection, key, participant_id)

    def list_participants(self, key: MeetingKey, *, limit: int, cursor: str = "") -> Page[Participant]:
        with self._of(key) as connection:
            return queries.list_participants(connection, key, limit, cursor)

    def tail(self, key: MeetingKey) -> Tail:
        with _transaction(self._reader) as connection:
            return queries.tail(connection, key)

    def position_at(self, key: MeetingKey, offset_us: int) -> Position:
        with _transaction(self._reader) as connection:
            return log_queries.position_at(connection, key, offset_us)

    def read_after(self, key: MeetingKey, after: Position, *, limit: int) -> list[LogItem]:
        with self._of(key) as connection:
            return log_queries.read_after(connection, key, after, limit)

    def read_updates(
        self,
        key: MeetingKey,
        *,
        participant_id: str = "",
        start_us: int = 0,
        end_us: int | None = None,
        limit: int,
        cursor: str = "",
    ) -> Page[Update]:
        with self._of(key) as connection:
            return log_queries.read_updates(connection, key, participant_id, start_us, end_us, limit, cursor)

    def read_events(self, key: MeetingKey, *, after: int = 0, limit: int) -> list[Event]:
        with self._of(key) as connection:
            return log_queries.read_events(connection, key, after, limit)

    def read_rollups(self, key: MeetingKey, *, after: int = 0, limit: int) -> list[Rollup]:
        with self._of(key) as connection:
            return log_queries.read_rollups(connection, key, after, limit)

    def read_series(self, key: MeetingKey) -> list[Series]:
        with self._of(key) as connection:
            return log_queries.read_series(connection, key)

    @contextmanager
    def _of(self, key: MeetingKey) -> Iterator[Connection]:
        """Begin a reading transaction of a meeting that exists."""
        with _transaction(self._reader) as connection:
            queries.get_meeting(connection, key)
            yield connection


@contextmanager
def _transaction(engine: Engine | None) -> Iterator[Connection]:
    """Begin a transaction; what goes wrong outside this code becomes a `StoreError`, what is its own fault does not."""
    if engine is None:
        raise StoreError("the record is not open")
    try:
        with engine.begin() as connection:
            yield connection
    except (DataError, IntegrityError, ProgrammingError):
        raise
    except DBAPIError as error:
        if is_damage(error.orig):
            raise DamageError(f"the record is damaged: {error.orig}") from error
        raise StoreError(f"the record cannot be used: {error.orig}") from error


def is_damage(error: BaseException | None) -> bool:
    """Tell whether a driver's error is about pages that hold something else than was written."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or "Could not decode to UTF-8" in str(error)
