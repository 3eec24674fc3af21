"""What the record offers, whatever database is behind it. Everything here is synchronous.

Writing methods belong to one writer at a time; reading methods may run on any thread and see whole transactions.
A meeting's log has three counters that never skip: each participant's sequence, the events' position, and the final
roll-ups' sequence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from roompulse_server.series import Series
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

T = TypeVar("T")
LogItem = Update | Event | Rollup


@dataclass(frozen=True, slots=True)
class ClockMark:
    """What the clocks showed when the record was last looked after. The host's may be set; the record's two go on.

    `wall_us`: the host's. `boot_us`: time since the host's start `boot_id`, which nobody sets. `steady_us`: meetings'
    offsets go by it. `kept_us`: retention goes by it. `doubted_us`: by how much the host's clock once leapt ahead; it
    is no part of either, and of `kept_us` only once the service has run for another `doubt_us`.
    """

    wall_us: int
    boot_id: str
    boot_us: int
    steady_us: int
    kept_us: int
    doubted_us: int = 0
    doubt_us: int = 0


@dataclass(frozen=True, slots=True)
class Head:
    """Where a participant stands."""

    number: int
    epoch: int
    last_sequence: int


@dataclass(frozen=True, slots=True)
class Tail:
    """Where a meeting's log ends. `newest_us` is the newest recorded offset, None before the first."""

    state: MeetingState
    event: int
    rollup: int
    rollup_start_us: int | None
    newest_us: int | None
    heads: Mapping[str, Head]


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a meeting's log: everything up to it was seen. A participant that is missing stands at 0."""

    updates: Mapping[str, int] = field(default_factory=dict)
    event: int = 0
    rollup: int = 0


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and where the next ones begin: empty after the last."""

    items: tuple[T, ...]
    cursor: str = ""


class MeetingStore(Protocol):
    """Meetings: made, found, listed, ended."""

    def create_meeting(self, meeting: Meeting, request_id: str = "") -> Meeting:
        """Record a new occurrence; an empty `key.uid` is filled in. A request_id seen before gives its meeting again.

        Raises:
            RoompulseError: MEETING_EXISTS, with the active occurrence's uid in `values`.
        """

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
        """End a meeting and take everybody's epoch, so that nothing commits after. Again: the meeting as it was.

        `time_us` is the host's time, `kept_us` the same moment by the clock that retention goes by.

        Raises:
            InvalidArgumentError: The request_id has ended another meeting.
        """

    def meeting_ended_by(self, key: MeetingKey, request_id: str) -> Meeting | None:
        """Return the meeting that a request_id has ended before, which may be an older occurrence; None for none.

        Raises:
            InvalidArgumentError: It was a meeting of another id.
        """

    def get_meeting(self, key: MeetingKey) -> Meeting:
        """Return a meeting; without a uid the newest occurrence of the id."""

    def list_meetings(
        self, tenant: str, *, meeting_id: str = "", state: MeetingState | None = None, limit: int, cursor: str = ""
    ) -> Page[Meeting]:
        """Return meetings, newest first. Meetings made between two pages do not move the pages."""

    def list_earlier(self, key: MeetingKey, *, limit: int) -> list[Meeting]:
        """Return the occurrences of a meeting's id that came before it, newest first."""


class LogWriter(Protocol):
    """What is written to the logs of meetings. Belongs to one writer at a time."""

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
        """Give a participant the next epoch, and the head to go on from; the participant is made on first use.

        Consent is set only where none is recorded. `found_in` names the room's or gallery's participant; `face` says
        that the participant is a face found there, not one that the caller has named. `resumed` asks to go on with a
        stream that was cut off, known by its `stream_id`.

        Raises:
            RoompulseError: MEETING_ENDED; TOO_MANY_STREAMS beyond MAX_PARTICIPANTS; PARTICIPANT_NOT_FOUND for found_in,
                or for one that resumes; STREAM_REPLACED where the newest stream of one that resumes is another one.
                CONSENT_WITHDRAWN, PARTICIPANT_ERASED: they must be asked again first (`set_consent`).
            InvalidArgumentError: A face has the id of somebody named, or the other way round.
        """

    def describe(
        self, key: MeetingKey, participant_id: str, *, display_name: str, consent: Consent | None, offset_us: int
    ) -> Participant:
        """Take a name (empty: none) and, only where none is recorded, a consent of somebody who is there.

        Raises:
            RoompulseError: PARTICIPANT_NOT_FOUND; MEETING_ENDED for a consent.
        """

    def commit(self, entries: Sequence[Entry]) -> list[Committed]:
        """Record the entries in one transaction, in order; the answer has one item for each."""

    def take_committed(self) -> list[Committed]:
        """Return, once, what calls other than `commit` have added to logs and erased since the last time."""


class LogReader(Protocol):
    """What is read of the logs of meetings, on any thread."""

    def get_participant(self, key: MeetingKey, participant_id: str) -> Participant:
        """Return a participant.

        Raises:
            RoompulseError: PARTICIPANT_NOT_FOUND.
        """

    def list_participants(self, key: MeetingKey, *, limit: int, cursor: str = "") -> Page[Participant]:
        """Return participants, by id."""

    def tail(self, key: MeetingKey) -> Tail:
        """Return where the meeting's log ends."""

    def position_at(self, key: MeetingKey, offset_us: int) -> Position:
        """Return the position after which everything from an offset on comes, windows that contain it included."""

    def read_after(self, key: MeetingKey, after: Position, *, limit: int) -> list[LogItem]:
        """Return what follows a position, of the participants that it names; at most `limit` rows of each kind, if
        those are not fewer than the participants.

        Updates come by sequence, events by position, roll-ups by sequence; all together about in the order of offsets.
        """

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
        """Return updates by participant id and sequence, with offsets in [start_us, end_us)."""

    def read_events(self, key: MeetingKey, *, after: int = 0, limit: int) -> list[Event]:
        """Return events by position."""

    def read_rollups(self, key: MeetingKey, *, after: int = 0, limit: int) -> list[Rollup]:
        """Return final roll-ups by sequence."""

    def read_series(self, key: MeetingKey) -> list[Series]:
        """Return every participant's values as columns, by participant id."""


class PrivacyStore(Protocol):
    """What is done to people's data, and what was done."""

    def set_consent(self, key: MeetingKey, participant_id: str, consent: Consent, *, offset_us: int) -> Participant:
        """Put a consent in force, of somebody who is perhaps still to come. The same one again changes nothing.

        All but GRANTED take the epoch in the same transaction, so that nothing of them commits after. For faces known
        by attestation only it counts for their room and everybody found in it.

        Raises:
            RoompulseError: MEETING_ENDED for what is no withdrawal; PARTICIPANT_NOT_FOUND; PARTICIPANT_ERASED.
        """

    def erase_participant(
        self, key: MeetingKey, participant_id: str, *, hold_us: int, offset_us: int, time_us: int
    ) -> None:
        """Erase somebody: from now on nothing in the record can be read as theirs; `sweep` removes the bytes.

        Their events stay in the log as ERASED under a pseudonym, so that nobody's positions have gaps. Final windows
        that they were in, or up to `hold_us` after, keep no values: those of the others could be told from them.

        Raises:
            RoompulseError: PARTICIPANT_NOT_FOUND.
        """

    def delete_meeting(self, key: MeetingKey, *, time_us: int, why: str) -> None:
        """Erase a meeting with everybody in it; `sweep` removes the bytes."""

    def sweep(self) -> bool:
        """Do a small piece of what erasures have left to do; False when no byte of anybody erased is left."""

    def expired(self, *, now_us: int, retention_s: float, limit: int) -> list[MeetingKey]:
        """Return ended meetings that were kept as long as they say, or else `retention_s`; oldest first.

        `now_us` is by the clock that retention goes by (`ClockMark.kept_us`).
        """

    def list_audit(self, tenant: str, *, meeting_uid: str = "", limit: int, cursor: str = "") -> Page[AuditEntry]:
        """Return the audit log, oldest first."""


class Store(MeetingStore, LogWriter, LogReader, PrivacyStore, Protocol):
    """The record.

    Every method raises `StoreError` when the database cannot be reached or written, and `RoompulseError` with
    MEETING_NOT_FOUND for a meeting that does not exist. A cursor that is no cursor: INVALID_ARGUMENT for page_token.
    """

    def open(self) -> None:
        """Take hold of the database and bring it to this version's schema. Belongs to the writer, as does `close`."""

    def close(self) -> None:
        """Let go of the database. Doing it twice changes nothing."""

    def read_clock(self) -> ClockMark | None:
        """Return what `write_clock` was given last; None before the first time."""

    def write_clock(self, mark: ClockMark) -> None:
        """Keep what the clocks show."""

    def check(self) -> None:
        """Raise `StoreError` where what is written would not be found again: the record was moved or removed."""
