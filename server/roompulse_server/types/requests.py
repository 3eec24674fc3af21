"""What callers ask for, as far as several parts know of it."""

from dataclasses import dataclass, field

from roompulse_vision.enumerations import Delivery
from roompulse_vision.types import VideoFormat

from roompulse_server.types.enumerations import Clock, Content, Purpose, Source
from roompulse_server.types.media import Tile
from roompulse_server.types.record import Consent


@dataclass(frozen=True, slots=True)
class MeetingRef:
    """Which meeting a request means; an empty `uid` is the newest occurrence."""

    tenant: str
    id: str
    uid: str = ""


@dataclass(frozen=True, slots=True)
class TileConfig:
    tile: Tile
    consent: Consent | None = None


@dataclass(frozen=True, slots=True)
class StreamConfig:
    """A stream's first message. Rates of 0 mean: each picture."""

    meeting: MeetingRef
    participant: str
    display_name: str = ""
    purpose: Purpose = Purpose.UNSPECIFIED
    consent: Consent | None = None
    new_occurrence: bool = False
    source: Source = Source.CAMERA
    content: Content = Content.CAMERA
    delivery: Delivery = Delivery.LIVE
    clock: Clock = Clock.MEDIA
    format: VideoFormat = field(default_factory=VideoFormat)
    mirrored: bool = False
    update_rate_hz: float = 0.0
    analysis_rate_hz: float = 0.0
    tiles: tuple[TileConfig, ...] = ()
    media_zero_us: int | None = None
    everyone_consented: bool = False
    time_zone: str = ""
    stream_id: str = ""
    resumed: bool = False

    @property
    def tiled(self) -> bool:
        """Whether each tile is a participant of its own."""
        return self.source is Source.GALLERY and bool(self.tiles)

    @property
    def finds_faces(self) -> bool:
        """Whether every face becomes a participant."""
        return self.source is Source.ROOM or (self.source is Source.GALLERY and not self.tiles)
