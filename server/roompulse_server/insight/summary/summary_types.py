"""A meeting summed up: the twins of `protos/roompulse/v1/summary.proto`, field for field (a test holds them together).

Durations and offsets are microseconds (`_us`), `start_time_us` and `end_time_us` are Unix time. Expressions follow
`LABELS`, nan where a model lacks the label, all nan where there is nothing.
"""

from dataclasses import dataclass
from enum import IntEnum

from roompulse_vision.enumerations import Presence, Provenance
from roompulse_vision.types import Probabilities

from roompulse_server.types import Band, FacingState, MeetingKey, NoScoreReason, PacketCounters, Purpose


class MomentKind(IntEnum):
    UNSPECIFIED = 0
    DROP = 1
    PEAK = 2
    SHARED_SMILE = 3


@dataclass(frozen=True, slots=True)
class PresenceTime:
    presence: Presence
    duration_us: int


@dataclass(frozen=True, slots=True)
class NoScoreTime:
    reason: NoScoreReason
    duration_us: int


@dataclass(frozen=True, slots=True)
class BandTime:
    band: Band
    duration_us: int


@dataclass(frozen=True, slots=True)
class FacingTime:
    state: FacingState
    duration_us: int


@dataclass(frozen=True, slots=True)
class Interval:
    """A half-open stretch of time."""

    start_us: int
    end_us: int

    @property
    def length_us(self) -> int:
        return self.end_us - self.start_us


@dataclass(frozen=True, slots=True)
class ActionUnitMean:
    """Mean probability of one action unit; whether it "is active" means nothing for a mean."""

    number: int
    probability: float


@dataclass(frozen=True, slots=True)
class ActionUnitTime:
    """How long, and how many times, a unit was active by the thresholds of a model's head."""

    number: int
    duration_us: int
    count: int


@dataclass(frozen=True, slots=True)
class EngagementStatistics:
    mean: float | None = None
    standard_deviation: float | None = None
    median: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    trend_per_minute: float | None = None
    bands: tuple[BandTime, ...] = ()
    trend_standard_error: float | None = None
    facing: float | None = None
    expression: float | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """The last third of somebody's attendance less their own first third."""

    difference: float
    standard_error: float
    p_value: float
    rule: str


@dataclass(frozen=True, slots=True)
class ParticipantPoint:
    start_us: int
    engagement: float | None
    coverage: float
    valence: float | None
    arousal: float | None
    action_units: tuple[ActionUnitMean, ...]


@dataclass(frozen=True, slots=True)
class ParticipantSummary:
    """One participant.

    `attended` = scored time (`coverage` of it) + the sum of `no_score_times` = the sum of `attendance_intervals`,
    exactly. `speaking` is None where the sender never said whether they spoke.
    """

    participant_id: str
    display_name: str
    first_offset_us: int
    last_offset_us: int
    attended_us: int
    present_us: int
    coverage: float
    presence_times: tuple[PresenceTime, ...]
    no_score_times: tuple[NoScoreTime, ...]
    engagement: EngagementStatistics
    expressions: Probabilities
    valence: float | None
    arousal: float | None
    valence_deviation: float | None
    arousal_deviation: float | None
    longest_absence_us: int
    longest_absence_start_us: int
    action_units: tuple[ActionUnitMean, ...]
    updates: int
    counters: PacketCounters
    model_id: str
    valence_arousal_provenance: Provenance
    action_unit_provenance: Provenance
    timeline: tuple[ParticipantPoint, ...]
    notes: tuple[str, ...]
    facing_times: tuple[FacingTime, ...]
    facing_share: float | None
    change: Change | None = None
    synchrony: float | None = None
    action_unit_times: tuple[ActionUnitTime, ...] = ()
    attendance_intervals: tuple[Interval, ...] = ()
    camera_intervals: tuple[Interval, ...] = ()
    speaking_us: int | None = None
    speaking_known_us: int = 0
    speaking_share: float | None = None
    without_consent_us: int = 0


@dataclass(frozen=True, slots=True)
class MeetingPoint:
    start_us: int
    length_us: int
    engagement_median: float | None
    engagement_mean: float | None
    seen: int
    total: int
    expressions: Probabilities
    valence: float | None
    arousal: float | None
    engagement_p10: float | None = None
    engagement_p90: float | None = None


@dataclass(frozen=True, slots=True)
class Synchrony:
    """How much participants move together, beyond chance."""

    correlation: float
    p_value: float
    participants: int
    rule: str


@dataclass(frozen=True, slots=True)
class NotableMinute:
    """A minute that stands out from the meeting's others."""

    start_us: int
    length_us: int
    engagement: float
    standard_error: float
    coverage: float
    rule: str


@dataclass(frozen=True, slots=True)
class Moment:
    kind: MomentKind
    start_us: int
    length_us: int
    participant_ids: tuple[str, ...]
    rule: str
    p_value: float | None = None
    magnitude: float | None = None


@dataclass(frozen=True, slots=True)
class CompositionEffect:
    """A step of the timeline's median that is due to who had a score, not to anybody's change."""

    start_us: int
    difference: float
    difference_of_same: float
    left_ids: tuple[str, ...]
    joined_ids: tuple[str, ...]
    rule: str


@dataclass(frozen=True, slots=True)
class ConsentBasis:
    """How many people's pictures were analysed, and what consent is recorded of them. The last three add up."""

    analyzed: int = 0
    granted: int = 0
    attested: int = 0
    unrecorded: int = 0


@dataclass(frozen=True, slots=True)
class MeetingSummary:
    meeting: MeetingKey
    purpose: Purpose
    start_time_us: int
    end_time_us: int | None
    duration_us: int
    participants: tuple[ParticipantSummary, ...]
    timeline: tuple[MeetingPoint, ...]
    engagement: float | None
    expressions: Probabilities
    valence: float | None
    arousal: float | None
    moments: tuple[Moment, ...]
    formula_id: str
    model_ids: tuple[str, ...]
    counters: PacketCounters
    notes: tuple[str, ...]
    time_zone: str
    engagement_deviation: float | None
    engagement_median: float | None = None
    coverage: float = 0.0
    synchrony: Synchrony | None = None
    highest_minute: NotableMinute | None = None
    lowest_minute: NotableMinute | None = None
    title: str = ""
    change: Change | None = None
    composition_effects: tuple[CompositionEffect, ...] = ()
    consent_basis: ConsentBasis = ConsentBasis()
    aggregate_only: bool = False
