"""What an analyse stream says beside updates."""

from dataclasses import dataclass
from datetime import datetime

from roompulse.enums import FaultReason
from roompulse.results.updates import Consent, GoingAway, MeetingKey, PacketCounters, Reconnected, Update


@dataclass(frozen=True, slots=True)
class StreamOpened:
    """The stream is accepted.

    Attributes:
        meeting: The meeting, with its uid.
        epoch: The participant's new epoch.
        last_sequence: The participant's last sequence before this stream.
        model_id: The model that reads expressions.
        detector_id: The face detector: "yunet" or "haar".
        formula_id: The formula of the score.
        consent: The consent in force.
        warnings: Things the caller should know.
    """

    meeting: MeetingKey
    epoch: int
    last_sequence: int
    model_id: str
    detector_id: str
    formula_id: str
    consent: Consent
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FlowNotice:
    """How the stream is doing; exact when `final`. `analysis_rate_hz` is what the engine grants at present."""

    counters: PacketCounters
    key_frame_requested: bool
    analysis_rate_hz: float
    final: bool
    detail: str


@dataclass(frozen=True, slots=True)
class PacketFault:
    """One packet could not be used; the stream goes on."""

    packet_index: int
    reason: FaultReason
    message: str


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Nothing to say; still here."""

    time: datetime | None


StreamEvent = StreamOpened | Update | FlowNotice | PacketFault | Heartbeat | GoingAway | Reconnected
