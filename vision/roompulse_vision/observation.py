"""What becomes of a stream's packets: each one is observed, dropped or skipped, exactly once."""

from dataclasses import dataclass

from roompulse_vision.enumerations import DropReason, FaultReason, Presence
from roompulse_vision.types import FaceReading, Packet


@dataclass(frozen=True, slots=True)
class Stamp:
    """One moment on three clocks, microseconds: the stream's or meeting's own, the sender's, the receiving host's."""

    offset_us: int
    capture_us: int
    receive_us: int


@dataclass(frozen=True, slots=True)
class RegionObservation:
    """The faces of one region, or, with an empty `region`, of the whole picture."""

    region: str
    presence: Presence
    faces: tuple[FaceReading, ...]


@dataclass(frozen=True, slots=True)
class Observation:
    """One analysed picture. `generation` is that of the `watch` in force when it was looked at."""

    packet_index: int
    stamp: Stamp
    regions: tuple[RegionObservation, ...]
    speaking: bool | None = None
    generation: int = 0

    @property
    def offset_us(self) -> int:
        return self.stamp.offset_us


@dataclass(frozen=True, slots=True)
class DroppedPacket:
    """A packet that is not analysed. `fault` and `message` say what is wrong with it, where anything is."""

    packet_index: int
    offset_us: int
    reason: DropReason
    fault: FaultReason | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class SkippedPackets:
    """Packets that were not due, in their order; `offset_us` is the newest of theirs."""

    packet_indices: tuple[int, ...]
    offset_us: int


@dataclass(frozen=True, slots=True)
class ObservationSource:
    """What made observations. `model_checksum` is that of the emotion model's file, as its card gives it."""

    model_id: str
    model_checksum: str
    detector_id: str
    made_by_service: bool = False


PacketResult = Observation | DroppedPacket | SkippedPackets


def stamp_of(packet: Packet) -> Stamp:
    return Stamp(packet.offset_us, packet.capture_us, packet.receive_us)
