"""What the parent and a worker say to each other, over one socket pair a worker.

    parent ── Setup, OpenStream, PacketsFor, WatchStream, CloseStream, DropStream, ReadStill ──▶ worker
    parent ◀── Ready, WorkerReport (results of many streams), StillRead, SetupFailed ── worker

A packet that is sent to a worker is answered exactly once: by an `Observation`, a `DroppedPacket`, or among
`SkippedPackets`.
"""

from dataclasses import dataclass

from roompulse_vision.enumerations import FaultReason
from roompulse_vision.observation import PacketResult
from roompulse_vision.stream_spec import StreamSpec, Watch
from roompulse_vision.types import FaceReading, MediaLimits, Packet, Probabilities, VideoFormat


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
class WatchStream:
    stream: int
    watch: Watch


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


ToWorker = Setup | OpenStream | PacketsFor | WatchStream | CloseStream | DropStream | ReadStill


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
class StreamReport:
    """Results for one stream since the last report, in the order in which they were produced."""

    stream: int
    results: tuple[PacketResult, ...] = ()
    wants_key_frame: bool = False
    rate_hz: float | None = None  # set when the granted rate changed
    closed: bool = False

    @property
    def tells(self) -> bool:
        """Whether there is anything to say."""
        return bool(self.results or self.wants_key_frame or self.closed or self.rate_hz)

    def then(self, report: "StreamReport") -> "StreamReport":
        """Return both in one, this one first."""
        return StreamReport(
            self.stream,
            self.results + report.results,
            self.wants_key_frame or report.wants_key_frame,
            self.rate_hz if report.rate_hz is None else report.rate_hz,
            self.closed or report.closed,
        )


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """`scale`: granted over asked rates; `load`: the share of the worker's time that the asked rates would take."""

    streams: tuple[StreamReport, ...]
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


FromWorker = Ready | SetupFailed | WorkerReport | StillRead
