"""The values that cross modules: frozen, typed, free of any library.

Enumerations carry the numbers of their twins in `protos/roompulse/v1`; a test holds the two together.
Times: `_us` integers are microseconds, `_s` floats are seconds. `offset` is time since the meeting began,
`capture` the sender's time mapped to the server's wall clock (Unix), `receive` the server's wall clock.
Probabilities are tuples with one float for each of `LABELS`, `nan` where the model lacks the label.
"""

from roompulse_server.types.enumerations import (
    AuditAction,
    Band,
    Clock,
    ConsentState,
    Content,
    EventKind,
    FacingState,
    MeetingState,
    NoScoreReason,
    Purpose,
    ReportFormat,
    SlowPolicy,
    Source,
)
from roompulse_server.types.media import Tile
from roompulse_server.types.reading import MAX_PARTICIPANTS, AffectReading, Engagement, FaceObservation, Reading
from roompulse_server.types.record import (
    ATTESTED,
    AuditEntry,
    Consent,
    Event,
    Meeting,
    MeetingKey,
    PacketCounters,
    Participant,
    Rollup,
    Update,
    found_id,
    is_found_id,
)

__all__ = [
    "ATTESTED",
    "MAX_PARTICIPANTS",
    "AffectReading",
    "AuditAction",
    "AuditEntry",
    "Band",
    "Clock",
    "Consent",
    "ConsentState",
    "Content",
    "Engagement",
    "Event",
    "EventKind",
    "FaceObservation",
    "FacingState",
    "Meeting",
    "MeetingKey",
    "MeetingState",
    "NoScoreReason",
    "PacketCounters",
    "Participant",
    "Purpose",
    "Reading",
    "ReportFormat",
    "Rollup",
    "SlowPolicy",
    "Source",
    "Tile",
    "Update",
    "found_id",
    "is_found_id",
]
