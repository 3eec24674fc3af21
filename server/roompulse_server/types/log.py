"""What goes into a meeting's log, and what comes back from it."""

from dataclasses import dataclass

from roompulse_server.errors import Reason
from roompulse_server.types.record import Event, MeetingKey, Rollup, Update


@dataclass(frozen=True, slots=True)
class QuantisedUpdate:
    """An update as the record will give it back, and the row that holds it. Made once, by `storage.block.quantise`."""

    update: Update
    row: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a participant's scorer needs to go on elsewhere; kept only if the epoch is still in force."""

    participant: str
    epoch: int
    state: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """What one writer of one meeting wants recorded at once."""

    key: MeetingKey
    updates: tuple[QuantisedUpdate, ...] = ()
    events: tuple[Event, ...] = ()
    rollups: tuple[Rollup, ...] = ()
    checkpoints: tuple[Checkpoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """What of an entry was not recorded, and why. `participant` is empty for the meeting's own values.

    STREAM_REPLACED: a newer epoch is in force. MEETING_ENDED, MEETING_NOT_FOUND, PARTICIPANT_NOT_FOUND: as they say.
    INVALID_ARGUMENT: a sequence does not follow the last one. RECORD_UNAVAILABLE: the entry broke the database's rules.
    RECORD_DAMAGED: the meeting's pages cannot be written.
    """

    participant: str
    epoch: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Committed:
    """What is now on disk of one entry: events with positions, roll-ups with sequences."""

    key: MeetingKey
    updates: tuple[Update, ...] = ()
    events: tuple[Event, ...] = ()
    rollups: tuple[Rollup, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    erased: tuple[str, ...] = ()  # ids that are no longer in the record, for whoever still holds something of them
