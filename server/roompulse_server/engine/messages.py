"""What the parent and a worker say to each other, over one socket pair a worker.

    parent ── Setup, OpenStream, PacketsFor, Retile, CloseStream, DropStream, ReadStill ──▶ worker
    parent ◀── Ready, Turn (outcomes and analyses of many streams), StillRead, SetupFailed ── worker

A packet that is sent to a worker is answered exactly once, by an `Outcome` or among those of a `NotDue`.
"""

import enum
from dataclasses import dataclass

from roompulse_vision.enumerations import Delivery, DropReason, FaultReason, Presence
from roompulse_vision.types import FaceReading, MediaLimits, Packet, Probabilities, VideoFormat

from roompulse_server.types import Tile


class Look(enum.Enum):
    """What to look for in a stream's pictures."""

    PRIMARY = "primary"  # one face
    ALL = "all"  # every face, each a track
    TILES = "tiles"  # one face in each tile


@dataclass(frozen=True, slots=True)
class VisionSetup:
    """What a worker loads at start: where weights may be, the emotion model's card; None is the default.

    `engagement` names a network in place of the formula; None: there is none.
    `providers`: where the emotion model is to run, in order.
    """

    models: str | None = None
    card: str | None = None
    engagement: str | None = None
    detector_threshold: float | None = None
    detector_width: int | None = None
    providers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Setup:
    """The first message to a worker."""

    parent_pid: int
    vision: VisionSetup
    limits: MediaLimits


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """How a worker treats a stream. `rate_hz` 0 means every picture."""

    look: Look
    delivery: Delivery
    rate_hz: float
    mirrored: bool = False
    tiles: tuple[Tile, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenStream:
    stream: int
    spec: StreamSpec
    first_track: int = 1  # tracks go on counting when a stream moves to another worker


@dataclass(frozen=True, slots=True)
class PacketsFor:
    """`sent_s`: when, by the monotonic clock, which all processes share."""

    stream: int
    packets: tuple[Packet, ...]
    sent_s: float


@dataclass(frozen=True, slots=True)
class Retile:
    stream: int
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class CloseStream:
    """No packets follow: flush, answer for each packet, then say `closed`."""

    stream: int


@dataclass(frozen=True, slots=True)
class DropStream:
    """Forget the stream at once, without answers."""

    stream: int


@dataclass(frozen=True, slots=True)
class ReadStill:
    request: int
    data: bytes
    format: VideoFormat
    max_faces: int


ToWorker = Setup | OpenStream | PacketsFor | Retile | CloseStream | DropStream | ReadStill


@dataclass(frozen=True, slots=True)
class Ready:
    """`neutral_logp`: the population's neutral profile from the model's card, by `LABELS`, nan for absent labels.

    `engagement_id`: what the scores of an engagement network are told apart by; empty without one.
    """

    model_id: str
    detector_id: str
    warnings: tuple[str, ...] = ()
    neutral_logp: Probabilities | None = None
    engagement_id: str = ""


@dataclass(frozen=True, slots=True)
class SetupFailed:
    message: str


@dataclass(frozen=True, slots=True)
class RegionLook:
    """What was seen in one tile (or, with `region` empty, in the whole picture)."""

    region: str
    presence: Presence
    faces: tuple[FaceReading, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one packet: analysed (with looks), or dropped (with a fault where there is one)."""

    index: int
    offset_us: int
    capture_us: int
    receive_us: int
    speaking: bool | None = None
    looks: tuple[RegionLook, ...] | None = None
    dropped: DropReason | None = None
    fault: FaultReason | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class NotDue:
    """Packets, one after the other, whose pictures nobody had to look at; `offset_us` is the newest of theirs."""

    indices: tuple[int, ...]
    offset_us: int


Answer = Outcome | NotDue


@dataclass(frozen=True, slots=True)
class StreamTurn:
    """What turns of a worker brought to one stream, since it last told; answers are in the order of being found."""

    stream: int
    answers: tuple[Answer, ...] = ()
    wants_key_frame: bool = False
    rate_hz: float | None = None  # set when the granted rate changed
    closed: bool = False

    @property
    def tells(self) -> bool:
        """Whether there is anything to say."""
        return bool(self.answers or self.wants_key_frame or self.closed or self.rate_hz)

    def then(self, turn: "StreamTurn") -> "StreamTurn":
        """Return both in one, this one first."""
        return StreamTurn(
            self.stream,
            self.answers + turn.answers,
            self.wants_key_frame or turn.wants_key_frame,
            self.rate_hz if turn.rate_hz is None else turn.rate_hz,
            self.closed or turn.closed,
        )


@dataclass(frozen=True, slots=True)
class Turn:
    """`scale`: granted over asked rates; `load`: the share of the worker's time that the asked rates would take."""

    streams: tuple[StreamTurn, ...]
    busy_fraction: float = 0.0
    scale: float = 1.0
    load: float = 0.0


@dataclass(frozen=True, slots=True)
class StillRead:
    request: int
    width: int = 0
    height: int = 0
    faces: tuple[FaceReading, ...] = ()
    fault: FaultReason | None = None
    message: str = ""


FromWorker = Ready | SetupFailed | Turn | StillRead
