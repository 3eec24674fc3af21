"""The twins of the contract's enumerations: same names, same numbers; a test holds them together."""

from enum import IntEnum


class Purpose(IntEnum):
    UNSPECIFIED = 0
    RESEARCH = 1
    SELF_VIEW = 2
    AUDIENCE_FEEDBACK = 3
    MEDICAL = 4
    SAFETY = 5
    WORKPLACE_MONITORING = 6
    EDUCATION = 7


class ConsentState(IntEnum):
    UNSPECIFIED = 0
    GRANTED = 1
    REFUSED = 2
    WITHDRAWN = 3


class Source(IntEnum):
    UNSPECIFIED = 0
    CAMERA = 1
    ROOM = 2
    GALLERY = 3


class Content(IntEnum):
    UNSPECIFIED = 0
    CAMERA = 1
    SCREEN_SHARE = 2
    AVATAR = 3


class Clock(IntEnum):
    UNSPECIFIED = 0
    MEDIA = 1
    WALL = 2


class NoScoreReason(IntEnum):
    UNSPECIFIED = 0
    NO_CONSENT = 1
    CAMERA_OFF = 2
    NO_FACE = 3
    SEVERAL_FACES = 4
    FACE_TOO_SMALL = 5
    STATIC_IMAGE = 6
    TOO_LITTLE_EVIDENCE = 7
    NOT_A_CAMERA = 8
    NO_PICTURES = 9
    EXPRESSION_UNCLEAR = 10
    LEFT = 11


class Band(IntEnum):
    UNSPECIFIED = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3


class FacingState(IntEnum):
    UNSPECIFIED = 0
    FACING = 1
    AWAY = 2


class EventKind(IntEnum):
    UNSPECIFIED = 0
    STREAM_OPENED = 1
    STREAM_CLOSED = 2
    CAMERA_ON = 3
    CAMERA_OFF = 4
    CONSENT_CHANGED = 5
    MEETING_ENDED = 6
    ERASED = 7
    COUNTERS = 8


class AuditAction(IntEnum):
    UNSPECIFIED = 0
    MEETING_CREATED = 1
    CONSENT_CHANGED = 2
    PARTICIPANT_ERASED = 3
    MEETING_DELETED = 4


class MeetingState(IntEnum):
    UNSPECIFIED = 0
    ACTIVE = 1
    ENDED = 2


class ReportFormat(IntEnum):
    UNSPECIFIED = 0
    JSON = 1
    CSV = 2
    MARKDOWN = 3
    HTML = 4
    PARQUET = 5
    PARTICIPANTS_CSV = 6


class SlowPolicy(IntEnum):
    UNSPECIFIED = 0
    CONFLATE = 1
    DISCONNECT = 2
