"""Recorded updates, events and series for the tests of roll-ups and summaries."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from insight_samples import MODEL, mixed
from roompulse_server.insight.scoring.formula import DEFAULT_ID
from roompulse_server.insight.scoring.gate import REASONS
from roompulse_server.series import Floats, Integers, Series
from roompulse_server.types import (
    AffectReading,
    Band,
    Engagement,
    Event,
    EventKind,
    Meeting,
    MeetingKey,
    MeetingState,
    NoScoreReason,
    Purpose,
    Reading,
    Update,
)
from roompulse_vision.enumerations import Presence, Provenance
from roompulse_vision.types import ACTION_UNITS, LABELS, Probabilities

MEETING = Meeting(
    key=MeetingKey("default", "standup", "0" * 32),
    purpose=Purpose.RESEARCH,
    state=MeetingState.ACTIVE,
    create_us=1_700_000_000_000_000,
    time_zone="Europe/Vienna",
)


def affect_of(
    smoothed: Probabilities,
    *,
    model: str = MODEL,
    valence: float | None = None,
    units: tuple[float, ...] | None = None,
    active: tuple[bool, ...] | None = None,
) -> AffectReading:
    """Return an affect whose smoothed values are given; arousal is the negative of valence.

    Units are derived, but for those that are said to be active or not.
    """
    source = Provenance.DERIVED if active is None else Provenance.MODEL
    return AffectReading(
        model_id=model,
        raw=smoothed,
        adjusted=smoothed,
        smoothed=smoothed,
        raw_valence=valence,
        raw_arousal=None if valence is None else -valence,
        valence=valence,
        arousal=None if valence is None else -valence,
        valence_arousal_provenance=Provenance.UNSPECIFIED if valence is None else Provenance.DERIVED,
        action_units=units,
        action_unit_provenance=source if units else Provenance.UNSPECIFIED,
        action_units_active=active,
        baseline_weight=0.0,
    )


def recorded(
    participant: str,
    sequence: int,
    offset_us: int,
    score: float | None = None,
    *,
    presence: Presence = Presence.PRESENT,
    epoch: int = 1,
    formula: str = DEFAULT_ID,
    affect: AffectReading | None = None,
) -> Update:
    """Return an update; with a score there is a face, unless the presence says otherwise."""
    if presence is Presence.PRESENT and affect is None:
        affect = affect_of(mixed())
    reason = REASONS[presence] or NoScoreReason.TOO_LITTLE_EVIDENCE
    engagement = Engagement(
        formula_id=formula,
        score=score,
        band=Band.UNSPECIFIED if score is None else Band.HIGH if score >= 0.75 else Band.MEDIUM,
        no_score_reason=reason if score is None else NoScoreReason.UNSPECIFIED,
        facing=None if score is None else 1.0,
        expression=score,
        coverage=1.0,
        yaw_from_reference_deg=None,
        pitch_from_reference_deg=None,
        reference_count=0,
        window_s=10.0,
    )
    reading = Reading(presence, None, affect if presence is Presence.PRESENT else None, engagement)
    return Update(participant, sequence, epoch, 0, 0, offset_us, 0, reading)


def event(kind: EventKind, offset_us: int, participant: str = "", epoch: int = 1) -> Event:
    """Return an entry of the log."""
    return Event(kind, offset_us, MEETING.create_us + offset_us, participant, epoch)


def series_of(participant: str, updates: Sequence[Update]) -> Series:
    """Return one participant's updates as columns, as the record does."""
    readings = [update.reading for update in updates]
    affects = [reading.affect for reading in readings]
    engagements = [reading.engagement for reading in readings]
    models = tuple(sorted({affect.model_id for affect in affects if affect}))
    formulas = tuple(sorted({engagement.formula_id for engagement in engagements}))
    return Series(
        participant=participant,
        sequence=_whole(update.sequence for update in updates),
        epoch=_whole(update.epoch for update in updates),
        offset_us=_whole(update.offset_us for update in updates),
        presence=_whole(reading.presence for reading in readings),
        no_score_reason=_whole(engagement.no_score_reason for engagement in engagements),
        band=_whole(engagement.band for engagement in engagements),
        facing_state=_whole(engagement.facing_state for engagement in engagements),
        score=_broken(engagement.score for engagement in engagements),
        facing=_broken(engagement.facing for engagement in engagements),
        expression=_broken(engagement.expression for engagement in engagements),
        coverage=_broken(engagement.coverage for engagement in engagements),
        probabilities=_table((affect.smoothed if affect else None for affect in affects), len(LABELS)),
        valence=_broken(affect.valence if affect else None for affect in affects),
        arousal=_broken(affect.arousal if affect else None for affect in affects),
        action_units=_table((affect.action_units if affect else None for affect in affects), len(ACTION_UNITS)),
        active_units=np.array(
            [(affect and affect.action_units_active) or (False,) * len(ACTION_UNITS) for affect in affects], np.bool_
        ).reshape(-1, len(ACTION_UNITS)),
        valence_arousal_provenance=_whole(affect.valence_arousal_provenance if affect else 0 for affect in affects),
        action_unit_provenance=_whole(affect.action_unit_provenance if affect else 0 for affect in affects),
        baseline_weight=_broken(affect.baseline_weight if affect else None for affect in affects),
        speaking=_broken(update.speaking for update in updates),
        model=_whole(models.index(affect.model_id) if affect else -1 for affect in affects),
        formula=_whole(formulas.index(engagement.formula_id) for engagement in engagements),
        model_ids=models,
        formula_ids=formulas,
    )


def _whole(values: Iterable[int]) -> Integers:
    return np.array([int(value) for value in values], dtype=np.int64)


def _broken(values: Iterable[float | None]) -> Floats:
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)


def _table(rows: Iterable[tuple[float, ...] | None], width: int) -> Floats:
    filled = [(math.nan,) * width if row is None else row for row in rows]
    return np.array(filled, dtype=np.float64).reshape(-1, width)
