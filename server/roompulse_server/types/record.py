"""What the record holds of a meeting."""

from dataclasses import dataclass, field

from roompulse_vision.enumerations import DropReason
from roompulse_vision.types import Probabilities

from roompulse_server.types.enumerations import AuditAction, ConsentState, EventKind, MeetingState, Purpose
from roompulse_server.types.reading import Reading

ATTESTED = "everyone_consented"  # who recorded the consent of faces that only an attestation speaks for


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Update:
    """A reading with its place in the record: one row of a participant's series."""

    participant: str
    sequence: int
    epoch: int
    capture_us: int
    receive_us: int
    offset_us: int
    analysis_age_us: int
    reading: Reading
    speaking: bool | None = None
    packet_index: int | None = None
    scoring_latency_us: int | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """A participant's consent, and how it was obtained."""

    state: ConsentState = ConsentState.UNSPECIFIED
    recorded_by: str = ""
    wording_version: str = ""
    record_us: int = 0


@dataclass(frozen=True, slots=True)
class PacketCounters:
    """received = analyzed + sum(dropped) + not_due + pending, always."""

    received: int = 0
    analyzed: int = 0
    dropped: dict[DropReason, int] = field(default_factory=dict)
    not_due: int = 0
    pending: int = 0


@dataclass(frozen=True, slots=True)
class MeetingKey:
    """One occurrence of a meeting."""

    tenant: str
    id: str
    uid: str


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting's row."""

    key: MeetingKey
    purpose: Purpose
    state: MeetingState
    create_us: int
    end_us: int | None = None
    end_reason: str = ""
    title: str = ""
    time_zone: str = ""
    idle_timeout_s: float | None = None
    retention_s: float | None = None
    everyone_consented: bool = False
    aggregate_only: bool = False
    participant_count: int = 0
    create_steady_us: int | None = None  # by the record's own clock, which the host's does not set back


def found_id(stream: str, track: int, signs: int = 1) -> str:
    """Return the id of a face found in a stream: "room#1"; with more signs where that is somebody else's, "room##1"."""
    return f"{stream}{'#' * signs}{track}"


def is_found_id(participant: str, stream: str) -> bool:
    """Tell whether an id has the form that faces found in `stream` have."""
    track = participant.removeprefix(f"{stream}#").lstrip("#")
    return stream != "" and participant.startswith(f"{stream}#") and track.isascii() and track.isdigit()


@dataclass(frozen=True, slots=True)
class Participant:
    """A participant's row, with the head: the newest epoch, the last sequence, the scorer's checkpoint."""

    number: int
    id: str
    display_name: str = ""
    consent: Consent = field(default_factory=Consent)
    epoch: int = 0
    last_sequence: int = 0
    checkpoint: bytes = b""
    found_in: str = ""
    streaming: bool = False
    first_offset_us: int | None = None
    last_offset_us: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """An entry of a meeting's typed log that is no update. `position` is given by the store."""

    kind: EventKind
    offset_us: int
    time_us: int
    participant: str = ""
    epoch: int = 0
    detail: str = ""
    counters: PacketCounters | None = None
    consent: Consent | None = None
    position: int = 0


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What was done to people's data. `number` is the participant's in the meeting; 0 for the meeting."""

    position: int
    time_us: int
    action: AuditAction
    meeting_uid: str
    number: int
    detail: str


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Rollup:
    """A half-open window of a meeting. `expressions` is all nan when nobody had a face."""

    start_us: int
    length_us: int
    revision: int
    final: bool
    seen: int
    total: int
    median: float | None
    mean: float | None
    p10: float | None
    p90: float | None
    expressions: Probabilities
    valence: float | None
    arousal: float | None
    formula_id: str
    model_id: str
    sequence: int = 0
