"""What is known of a participant or of a meeting at a moment, and what happened."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from roompulse.enums import Band, ConsentState, DropReason, EventKind, FacingState, NoScoreReason, Presence
from roompulse.results.pictures import Affect, Expressions, Face


@dataclass(frozen=True, slots=True)
class MeetingKey:
    """One occurrence of a meeting, by your id (the newest one), by the service's uid, or by both.

    Attributes:
        tenant: Whose meeting it is; empty means "default".
        id: Your id of the meeting, 1 to 128 characters, any but control characters. May be left out where `uid` is
            given.
        uid: The service's id of the occurrence, 32 hexadecimal digits; empty means the newest one.
    """

    tenant: str = ""
    id: str = ""
    uid: str = ""


@dataclass(frozen=True, slots=True)
class Consent:
    """A participant's consent, who recorded it and with which wording; the server sets the time."""

    state: ConsentState = ConsentState.UNSPECIFIED
    recorded_by: str = ""
    wording_version: str = ""
    record_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class PacketCounters:
    """What became of a stream's packets: received = analyzed + sum of dropped + not_due + pending."""

    received: int = 0
    analyzed: int = 0
    dropped: Mapping[DropReason, int] = field(default_factory=dict)
    not_due: int = 0
    pending: int = 0

    @property
    def dropped_total(self) -> int:
        """Packets given up, for whatever reason."""
        return sum(self.dropped.values())

    @property
    def balanced(self) -> bool:
        """Whether every packet is accounted for."""
        return self.received == self.analyzed + self.dropped_total + self.not_due + self.pending


@dataclass(frozen=True, slots=True)
class Engagement:
    """The engagement score with everything it is made of, or the reason why there is none.

    Attributes:
        score: Facing times expression, 0.2 to 1, or an engagement network's probability, 0 to 1; None when
            `no_score_reason` says why.
        band: The coarse reading.
        no_score_reason: Why there is no score; `roompulse.remedies.remedy` says what helps.
        formula_id: The formula, or the engagement network.
        facing: Mean facing factor over the window, 0.4 (turned away) to 1; None when unknown, and from a network.
        expression: Mean weighted expression over the window, 0.5 to 1; None from a network.
        coverage: Valid share of the window, 0 to 1; with a network, of the last ten seconds.
        yaw_from_reference_deg: How far the head is turned from the person's own reference, degrees.
        pitch_from_reference_deg: How far the head is raised from the person's own reference, degrees.
        reference_count: Samples behind the person's pose reference.
        window_s: Length of the window, seconds; with a network, from its oldest picture to its newest, 0 while it
            has too few.
        facing_state: Whether the head faces the screen; it follows a turn two seconds late.
    """

    score: float | None
    band: Band
    no_score_reason: NoScoreReason
    formula_id: str
    facing: float | None
    expression: float | None
    coverage: float
    yaw_from_reference_deg: float | None
    pitch_from_reference_deg: float | None
    reference_count: int
    window_s: float | None
    facing_state: FacingState


@dataclass(frozen=True, slots=True)
class Update:
    """What is known of one participant at one moment.

    Attributes:
        meeting: The meeting.
        participant_id: The participant.
        sequence: Counts 1, 2, 3 … over the participant's whole meeting; a gap means that something is missing.
        epoch: Which of the participant's streams this is from.
        capture_time: When the picture was captured, mapped to the server's wall clock.
        receive_time: When the server received it.
        meeting_offset_s: Seconds since the meeting began; never falls within a participant.
        analysis_age_s: How old the analysis behind these values is, seconds.
        presence: What there is to see.
        face: The face, where there is one to speak of.
        affect: What it shows.
        engagement: The score or the reason.
        speaking: Whether the participant was speaking, where the sender said so.
        packet_index: The packet that brought the picture.
        scoring_latency_s: From capture to score, seconds.
    """

    meeting: MeetingKey
    participant_id: str
    sequence: int
    epoch: int
    capture_time: datetime | None
    receive_time: datetime | None
    meeting_offset_s: float
    analysis_age_s: float
    presence: Presence
    face: Face | None
    affect: Affect | None
    engagement: Engagement | None
    speaking: bool | None
    packet_index: int | None
    scoring_latency_s: float | None

    @property
    def score(self) -> float | None:
        """The engagement score, 0.2 to 1, or None."""
        return self.engagement.score if self.engagement else None


@dataclass(frozen=True, slots=True)
class Rollup:
    """A meeting's half-open window.

    `revision` counts up while it may change; after `final` nothing does. `seen` of `total` participants have a score.
    Median, mean, 10th and 90th percentile are of their scores, 0.2 to 1. `sequence` counts the final windows.
    """

    meeting: MeetingKey
    window_start_s: float
    window_length_s: float
    revision: int
    final: bool
    seen: int
    total: int
    engagement_median: float | None
    engagement_mean: float | None
    engagement_p10: float | None
    engagement_p90: float | None
    expressions: Expressions | None
    valence: float | None
    arousal: float | None
    formula_id: str
    model_id: str
    sequence: int


@dataclass(frozen=True, slots=True)
class MeetingEvent:
    """What happened in a meeting, beside updates; `participant_id` is empty for the meeting itself."""

    meeting: MeetingKey
    position: int
    kind: EventKind
    participant_id: str
    meeting_offset_s: float
    time: datetime | None
    detail: str
    counters: PacketCounters | None
    consent: Consent | None
    epoch: int


@dataclass(frozen=True, slots=True)
class SubscriptionHeartbeat:
    """Nothing new, and everything up to here was delivered."""

    time: datetime | None
    meeting_offset_s: float


@dataclass(frozen=True, slots=True)
class GoingAway:
    """The service is about to end this stream: why, how long to wait, and where a subscription goes on."""

    reason: str
    retry_after_s: float
    resume_token: bytes


@dataclass(frozen=True, slots=True)
class Reconnected:
    """The client was cut off and has gone on: what was recorded meanwhile comes next, nothing of it twice.

    Attributes:
        reason: What had cut it off, in words.
        tries: How many tries it took.
        away_s: How long it took, seconds.
        epoch: An analyse stream's new epoch; 0 for a subscription.
        last_index: The last packet sent before; 0 for a subscription.
        packets_lost: How many of the packets sent before the service never answered for: they may be lost. What is
            sent after this comes on top of them, the group of pictures with which a decoder starts again included.
    """

    reason: str
    tries: int
    away_s: float
    epoch: int = 0
    last_index: int = 0
    packets_lost: int = 0


SubscriptionEvent = Update | Rollup | MeetingEvent | SubscriptionHeartbeat | GoingAway | Reconnected
