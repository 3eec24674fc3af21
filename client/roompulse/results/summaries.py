"""A meeting, summed up from its record. Times are seconds, scores 0.2 to 1, coverage 0 to 1."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from roompulse.enums import Band, FacingState, MomentKind, NoScoreReason, Presence, Provenance, Purpose
from roompulse.results.pictures import ActionUnit, Expressions
from roompulse.results.updates import MeetingKey, PacketCounters


@dataclass(frozen=True, slots=True)
class EngagementStatistics:
    """Scores over time, weighted by time; `trend_per_minute` by least squares; `bands_s` the time in each band.

    `trend_standard_error` allows for neighbours being alike; None with too little evidence. `facing` and `expression`
    are the means of the scores' parts.
    """

    mean: float | None
    standard_deviation: float | None
    median: float | None
    minimum: float | None
    maximum: float | None
    trend_per_minute: float | None
    bands_s: Mapping[Band, float]
    trend_standard_error: float | None
    facing: float | None
    expression: float | None


@dataclass(frozen=True, slots=True)
class Change:
    """The last third of somebody's attendance less their own first third, with its uncertainty.

    `p_value` is the probability of a difference as large, up or down, if nothing had changed.
    """

    difference: float
    standard_error: float
    p_value: float
    rule: str


@dataclass(frozen=True, slots=True)
class Interval:
    """A half-open stretch of time, in seconds since the meeting began."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class ActionUnitTime:
    """How long, and how many times, an action unit was active by the thresholds of the model's own head."""

    number: int
    duration_s: float
    count: int


@dataclass(frozen=True, slots=True)
class ParticipantPoint:
    """One participant over ten seconds from `start_s`; of action units the mean probabilities."""

    start_s: float
    engagement: float | None
    coverage: float
    valence: float | None
    arousal: float | None
    action_units: tuple[ActionUnit, ...]


@dataclass(frozen=True, slots=True)
class ParticipantSummary:
    """One participant over a whole meeting.

    Attributes:
        participant_id: The participant.
        display_name: The name for people to read.
        first_offset_s: First moment, since the meeting began.
        last_offset_s: Last moment, since the meeting began.
        attended_s: Time with a stream open.
        present_s: Time with one clear, living face.
        coverage: Time with a score over the time attended, 0 to 1.
        presence_times_s: Time by state.
        no_score_times_s: Time without a score, by reason: why coverage is below 1.
        engagement: The scores.
        expressions: Mean smoothed probabilities.
        valence: Mean, -1 to 1.
        arousal: Mean, -1 to 1.
        valence_deviation: Standard deviation.
        arousal_deviation: Standard deviation.
        longest_absence_s: The longest time without a face.
        longest_absence_start_s: When it began, since the meeting began.
        action_units: Mean probabilities.
        updates: Updates recorded.
        counters: What became of all packets of all streams.
        model_id: The model; empty when nothing was analysed.
        valence_arousal_provenance: Where valence and arousal come from.
        action_unit_provenance: Where the action units come from.
        timeline: Score and coverage per ten seconds.
        notes: What the reader should know.
        facing_times_s: Time facing the screen and time away; no measure of attention.
        facing_share: Time facing over the time facing or away; None where neither is known.
        change: The last third against the first; None with too little evidence.
        synchrony: How much the valence moves with that of the others, beyond chance, -1 to 1; None with too little
            evidence.
        action_unit_times: Time with each action unit active; empty where they are derived.
        attendance_intervals: From each time they joined until they left, in order; together `attended_s`.
        camera_intervals: When their camera was on: pictures came.
        speaking_s: Time in which the sender said that they spoke; None if it never said whether they did.
        speaking_known_s: Time in which the sender said whether they spoke: with pictures only.
        speaking_share: Their part of everybody's speaking time, 0 to 1; None if nobody was said to speak.
        without_consent_s: Time in which their pictures were analysed while no consent of theirs was recorded; more
            than 0 only where the service was told not to require consent.
    """

    participant_id: str
    display_name: str
    first_offset_s: float
    last_offset_s: float
    attended_s: float
    present_s: float
    coverage: float
    presence_times_s: Mapping[Presence, float]
    no_score_times_s: Mapping[NoScoreReason, float]
    engagement: EngagementStatistics
    expressions: Expressions | None
    valence: float | None
    arousal: float | None
    valence_deviation: float | None
    arousal_deviation: float | None
    longest_absence_s: float | None
    longest_absence_start_s: float | None
    action_units: tuple[ActionUnit, ...]
    updates: int
    counters: PacketCounters
    model_id: str
    valence_arousal_provenance: Provenance
    action_unit_provenance: Provenance
    timeline: tuple[ParticipantPoint, ...]
    notes: tuple[str, ...]
    facing_times_s: Mapping[FacingState, float]
    facing_share: float | None
    change: Change | None
    synchrony: float | None
    action_unit_times: tuple[ActionUnitTime, ...]
    attendance_intervals: tuple[Interval, ...]
    camera_intervals: tuple[Interval, ...]
    speaking_s: float | None
    speaking_known_s: float
    speaking_share: float | None
    without_consent_s: float


@dataclass(frozen=True, slots=True)
class MeetingPoint:
    """The meeting over `length_s` seconds: median, mean and percentiles over participants of their mean scores."""

    start_s: float
    length_s: float
    engagement_median: float | None
    engagement_mean: float | None
    seen: int
    total: int
    expressions: Expressions | None
    valence: float | None
    arousal: float | None
    engagement_p10: float | None
    engagement_p90: float | None


@dataclass(frozen=True, slots=True)
class Synchrony:
    """How much participants move together: correlation of one's valence with the mean of the others', beyond chance."""

    correlation: float
    p_value: float
    participants: int
    rule: str


@dataclass(frozen=True, slots=True)
class NotableMinute:
    """A minute that stands out from the meeting's others; `standard_error` is of a minute's mean."""

    start_s: float
    length_s: float
    engagement: float
    standard_error: float
    coverage: float
    rule: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment that stands out by a tested rule; `p_value` is the probability of as much by chance.

    `magnitude` of a drop or peak is the mean score less the nearer of the medians of the two and of the ten minutes
    before; of a shared smile the largest share of the visible that smiled at once.
    """

    kind: MomentKind
    start_s: float
    length_s: float
    participant_ids: tuple[str, ...]
    rule: str
    p_value: float | None
    magnitude: float | None


@dataclass(frozen=True, slots=True)
class CompositionEffect:
    """A step of the timeline's median, `difference` high, that is due to who had a score.

    `difference_of_same` is the step of those alone who have a score before and after. `left_ids` have no score any
    more, `joined_ids` had none before.
    """

    start_s: float
    difference: float
    difference_of_same: float
    left_ids: tuple[str, ...]
    joined_ids: tuple[str, ...]
    rule: str


@dataclass(frozen=True, slots=True)
class ConsentBasis:
    """How many people's pictures were analysed, and what consent is recorded of them.

    `analyzed` is the sum of `granted` (a consent of their own was recorded all the time), `attested` (found in a room
    or gallery for which the caller attested that everybody had agreed) and `unrecorded` (none for some of the time).
    """

    analyzed: int
    granted: int
    attested: int
    unrecorded: int


@dataclass(frozen=True, slots=True)
class Report:
    """A meeting's summary as a file: `file_name` is safe on every system, `media_type` as in HTTP."""

    file_name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Summary:
    """A meeting, summed up.

    Attributes:
        meeting: The meeting.
        purpose: What it was analysed for.
        start_time: When it began.
        end_time: When it ended; None while it runs.
        duration_s: From the beginning to the last recorded moment.
        participants: By id.
        timeline: The meeting per ten seconds.
        engagement: The middle person's score: mean over the timeline's medians, weighted by the number seen. Where one
            participant alone has scores, this, its deviation and its median are theirs.
        expressions: Mean probabilities of everybody.
        valence: Mean, -1 to 1.
        arousal: Mean, -1 to 1.
        moments: Moments that stand out.
        formula_id: The formula.
        model_ids: The models.
        counters: What became of all packets.
        notes: What the reader should know.
        time_zone: The meeting's IANA time zone.
        engagement_deviation: Standard deviation of the timeline's medians; see `engagement`.
        engagement_median: Median of the timeline's medians; see `engagement`.
        coverage: Time with a score over the time attended, everybody together, 0 to 1.
        synchrony: How much participants move together; None with too little evidence.
        highest_minute: The minute with the highest engagement; None if none stands out.
        lowest_minute: The minute with the lowest engagement; None if none stands out.
        title: The meeting's title.
        change: The last third of the meeting against the first, of the median of those who have scores in both; None
            with too little evidence.
        composition_effects: Steps of the timeline's median that are due to who had a score.
        consent_basis: What the record says of consent; None from a server that does not say it.
        aggregate_only: Nobody's values leave the service: `participants` is empty, and the rest speaks of groups.
    """

    meeting: MeetingKey
    purpose: Purpose
    start_time: datetime | None
    end_time: datetime | None
    duration_s: float
    participants: tuple[ParticipantSummary, ...]
    timeline: tuple[MeetingPoint, ...]
    engagement: float | None
    expressions: Expressions | None
    valence: float | None
    arousal: float | None
    moments: tuple[Moment, ...]
    formula_id: str
    model_ids: tuple[str, ...]
    counters: PacketCounters
    notes: tuple[str, ...]
    time_zone: str
    engagement_deviation: float | None
    engagement_median: float | None
    coverage: float
    synchrony: Synchrony | None
    highest_minute: NotableMinute | None
    lowest_minute: NotableMinute | None
    title: str
    change: Change | None
    composition_effects: tuple[CompositionEffect, ...]
    consent_basis: ConsentBasis | None
    aggregate_only: bool
