"""What an analyse stream answers, by the contract's names."""

from dataclasses import dataclass

from roompulse_vision.enumerations import FaultReason

from roompulse_server.types import Consent, MeetingKey, PacketCounters, Update

RETRY_AFTER_MS = 1000  # when the service goes away, its successor needs a moment


@dataclass(frozen=True, slots=True)
class StreamOpened:
    key: MeetingKey
    epoch: int
    last_sequence: int
    model_id: str
    detector_id: str
    formula_id: str
    consent: Consent
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FlowNotice:
    counters: PacketCounters
    key_frame_requested: bool = False
    analysis_rate_hz: float = 0.0
    final: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PacketFault:
    packet_index: int
    reason: FaultReason
    message: str


@dataclass(frozen=True, slots=True)
class Heartbeat:
    time_us: int


@dataclass(frozen=True, slots=True)
class GoingAway:
    reason: str
    retry_after_ms: int


def rated(granted_hz: float | None, asked_hz: float) -> str:
    """Say, in words, why the rate of analysis changed; nothing where it did not."""
    if granted_hz is None:
        return ""
    if granted_hz >= asked_hz:
        return f"the service has room again: {asked_hz:.2g} analyses a second, as asked"
    return f"the service is busy: {granted_hz:.2g} analyses a second instead of {asked_hz:.2g}"


Control = StreamOpened | FlowNotice | PacketFault | Heartbeat | GoingAway
Reply = Update | Control
