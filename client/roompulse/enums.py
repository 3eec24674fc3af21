"""The closed lists of the contract, as Python enumerations.

Numbers are those of `roompulse.v1`. `Purpose.of("research")` takes a name. A number that a
newer server invented becomes `UNSPECIFIED`, so that an old client keeps working.
"""

from enum import IntEnum
from typing import Any, Self


class WireEnum(IntEnum):
    """An enumeration whose numbers are those on the wire; `UNSPECIFIED` is always 0."""

    @classmethod
    def of(cls, value: "Self | str | int") -> Self:
        """Return the member, given as itself, its name in any case, or its number.

        Raises:
            InvalidArgument: There is no such member; the message lists those there are.
        """
        if isinstance(value, cls):
            return value
        name = value.strip().upper().replace("-", "_").replace(" ", "_") if isinstance(value, str) else ""
        if name in cls.__members__:
            return cls[name]
        if isinstance(value, int) and not isinstance(value, bool) and value in cls._value2member_map_:
            return cls(value)
        # Imported here, because names are needed where gRPC is not.
        from roompulse.argument import shown
        from roompulse.errors import InvalidArgument

        known = ", ".join(member.word for member in cls if member)
        raise InvalidArgument(f"{shown(value)} is no {cls.__name__}; one of: {known}")

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return cls(0) if isinstance(value, int) else None

    @property
    def wire(self) -> Any:
        """The number, for a message: the stubs give each enumeration a number type of its own."""
        return self.value

    @property
    def word(self) -> str:
        """The name as one reads it, for example `no face`."""
        return self.name.lower().replace("_", " ")


class Purpose(WireEnum):
    """What a meeting is analysed for; without one nothing is analysed, and the last two are refused."""

    UNSPECIFIED = 0
    RESEARCH = 1
    SELF_VIEW = 2
    AUDIENCE_FEEDBACK = 3
    MEDICAL = 4
    SAFETY = 5
    WORKPLACE_MONITORING = 6
    EDUCATION = 7


class ConsentState(WireEnum):
    """What a participant said about being analysed; only `GRANTED` lets inference happen."""

    UNSPECIFIED = 0
    GRANTED = 1
    REFUSED = 2
    WITHDRAWN = 3


class Provenance(WireEnum):
    """Where a number comes from: the model itself, or a published table over other outputs."""

    UNSPECIFIED = 0
    MODEL = 1
    DERIVED = 2


class DropReason(WireEnum):
    """Why a packet was given up before it was analysed."""

    UNSPECIFIED = 0
    SUPERSEDED = 1
    QUEUE_FULL = 2
    WAITING_FOR_KEY_FRAME = 3
    FAULT = 4
    NO_PICTURE = 5
    NO_CONSENT = 6
    NOT_A_CAMERA = 7
    WORKER_LOST = 8
    STREAM_ENDED = 9


class FaultReason(WireEnum):
    """Why a packet could not be used."""

    UNSPECIFIED = 0
    CORRUPT = 1
    UNKNOWN_FORMAT = 2
    TOO_MANY_PIXELS = 3
    TOO_MANY_BYTES = 4
    WRONG_LAYOUT = 5
    NO_KEY_FRAME = 6
    WRONG_TIME = 7
    WRONG_INDEX = 8
    EMPTY = 9
    TIMED_OUT = 10


class Encoding(WireEnum):
    """How the bytes of a packet are to be read; `UNSPECIFIED` is a still picture, told by its first bytes."""

    UNSPECIFIED = 0
    JPEG = 1
    PNG = 2
    WEBP = 3
    I420 = 4
    NV12 = 5
    RGB24 = 6
    BGR24 = 7
    RGBA = 8
    H264 = 9
    VP8 = 10
    VP9 = 11
    AV1 = 12

    @property
    def depends_on_earlier(self) -> bool:
        """Whether a packet may need earlier ones to be decoded: true for video codecs."""
        return self >= Encoding.H264


class ColorMatrix(WireEnum):
    """The YUV to RGB matrix."""

    UNSPECIFIED = 0
    BT601 = 1
    BT709 = 2
    BT2020 = 3


class ColorRange(WireEnum):
    """The range of YUV values: 16 to 235 or 0 to 255."""

    UNSPECIFIED = 0
    LIMITED = 1
    FULL = 2


class Source(WireEnum):
    """What a stream looks at: one person's camera, a room, or a gallery of tiles."""

    UNSPECIFIED = 0
    CAMERA = 1
    ROOM = 2
    GALLERY = 3


class Content(WireEnum):
    """What the pictures show; only camera pictures are analysed."""

    UNSPECIFIED = 0
    CAMERA = 1
    SCREEN_SHARE = 2
    AVATAR = 3


class Delivery(WireEnum):
    """What gives when pictures come too fast: `LIVE` the older ones, `EVERY_FRAME` the sender's speed."""

    UNSPECIFIED = 0
    LIVE = 1
    EVERY_FRAME = 2


class Clock(WireEnum):
    """What capture times mean: offsets within the media, or the sender's wall clock."""

    UNSPECIFIED = 0
    MEDIA = 1
    WALL = 2


class Presence(WireEnum):
    """What there is to see of a participant."""

    UNSPECIFIED = 0
    PRESENT = 1
    NO_FACE = 2
    SEVERAL_FACES = 3
    FACE_TOO_SMALL = 4
    STATIC_IMAGE = 5
    CAMERA_OFF = 6
    NOT_A_CAMERA = 7
    NO_CONSENT = 8
    NO_PICTURES = 9
    LEFT = 10


class NoScoreReason(WireEnum):
    """Why there is no engagement score; `UNSPECIFIED` where there is one."""

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


class Band(WireEnum):
    """A coarse reading of the score; `UNSPECIFIED` without a score or without facing."""

    UNSPECIFIED = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3


class FacingState(WireEnum):
    """Whether a head faces the screen, which is not attention; `UNSPECIFIED` while nobody can tell."""

    UNSPECIFIED = 0
    FACING = 1
    AWAY = 2


class EventKind(WireEnum):
    """What happened in a meeting, beside updates."""

    UNSPECIFIED = 0
    STREAM_OPENED = 1
    STREAM_CLOSED = 2
    CAMERA_ON = 3
    CAMERA_OFF = 4
    CONSENT_CHANGED = 5
    MEETING_ENDED = 6
    ERASED = 7
    COUNTERS = 8


class AuditAction(WireEnum):
    """What was done to people's data."""

    UNSPECIFIED = 0
    MEETING_CREATED = 1
    CONSENT_CHANGED = 2
    PARTICIPANT_ERASED = 3
    MEETING_DELETED = 4


class MomentKind(WireEnum):
    """What kind of moment stands out."""

    UNSPECIFIED = 0
    DROP = 1
    PEAK = 2
    SHARED_SMILE = 3


class MeetingState(WireEnum):
    """Where a meeting stands."""

    UNSPECIFIED = 0
    ACTIVE = 1
    ENDED = 2


class ReportFormat(WireEnum):
    """How a meeting's report is written; `UNSPECIFIED` is `HTML`."""

    UNSPECIFIED = 0
    JSON = 1
    CSV = 2
    MARKDOWN = 3
    HTML = 4
    PARQUET = 5
    PARTICIPANTS_CSV = 6


class SlowPolicy(WireEnum):
    """What the server does with a subscriber that reads too slowly; `UNSPECIFIED` is `DISCONNECT`."""

    UNSPECIFIED = 0
    CONFLATE = 1
    DISCONNECT = 2
