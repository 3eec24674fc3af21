"""Meetings for the tests of reports: summed up from columns as the record gives them, of any size, with any names."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from insight_record import MEETING, event
from insight_samples import MODEL
from roompulse_server.insight.scoring.formula import DEFAULT_ID
from roompulse_server.insight.summary.meeting_summary import summarise
from roompulse_server.insight.summary.summary_types import MeetingSummary, Moment, MomentKind
from roompulse_server.series import Series
from roompulse_server.types import (
    Band,
    Consent,
    ConsentState,
    Event,
    EventKind,
    FacingState,
    NoScoreReason,
    Participant,
)
from roompulse_vision.enumerations import Presence, Provenance
from roompulse_vision.types import ACTION_UNITS, LABELS

NAMES = ("Ada Obi", "Bob Lindqvist", "Cyd Marín", "Dan Ōtani", "Eve Nowak", "Fay", "Gus", "Hal", "Ida", "Jun")
HOSTILE = ("<script>alert(1)</script>", "=1+1", "a|b*c_[d](e)`f`", '"><img src=x onerror=alert(1)>', "مريم الأسطرلابي")
MOMENTS = (
    Moment(MomentKind.DROP, 600_000_000, 45_000_000, ("p000",), "mean score of 45 s, 0.21 below before", 0.01),
    Moment(MomentKind.PEAK, 610_000_000, 30_000_000, ("p001",), "mean score of 30 s, 0.18 above before", 0.004),
    Moment(MomentKind.SHARED_SMILE, 1_500_000_000, 12_000_000, ("p000", "p002", "p003"), "3 of 7 smiled at once", None),
)


def a_meeting(
    people: int = 8,
    minutes: float = 10.0,
    names: Sequence[str] = NAMES,
    moments: Sequence[Moment] = (),
    title: str = "Design review",
) -> MeetingSummary:
    """Return an ended meeting of so many people at one value a second; every fifth person's camera stays off."""
    meeting = replace(MEETING, title=title, end_us=MEETING.create_us + round(minutes * 60e6))
    seconds = round(minutes * 60)
    who = [Participant(number, f"p{number:03}", _name(number, names)) for number in range(people)]
    series = [_series(person.id, seconds, random.Random(person.id), person.number % 5 != 4) for person in who]
    events = [event for person in who for event in _stay(person.id, seconds)]
    summary = summarise(meeting, who, series, events)
    return replace(summary, moments=(*summary.moments, *moments))


def _name(number: int, names: Sequence[str]) -> str:
    return names[number] if number < len(names) else f"Guest {number}"


def _stay(participant: str, seconds: int) -> list[Event]:
    return [
        event(EventKind.STREAM_OPENED, 0, participant),
        replace(event(EventKind.CONSENT_CHANGED, 0, participant), consent=Consent(ConsentState.GRANTED)),
        event(EventKind.STREAM_CLOSED, seconds * 1_000_000, participant),
    ]


def _series(participant: str, seconds: int, chance: random.Random, camera: bool) -> Series:
    """Return a calm person who smiles at times and looks away for a minute; or nothing but a camera that is off."""
    at = np.arange(seconds, dtype=np.int64)
    phase = chance.uniform(0, 2 * math.pi)
    smile = 0.15 + 0.3 * np.maximum(0.0, np.sin(at / 97 + phase)) ** 4 + 0.02 * np.sin(at / 3 + phase)
    away = (at > seconds * 0.4) & (at < seconds * 0.4 + 60)
    facing = np.where(away, 0.45, 0.97)
    expression = 0.7 * (1 - smile) + smile
    probabilities = np.zeros((seconds, len(LABELS)))
    probabilities[:, 0], probabilities[:, 1], probabilities[:, 3] = 0.9 * (1 - smile), smile, 0.1 * (1 - smile)
    probabilities[:, -1] = np.nan
    shown = np.full(seconds, 1.0 if camera else np.nan)
    away_from_camera = NoScoreReason.UNSPECIFIED if camera else NoScoreReason.CAMERA_OFF
    return Series(
        participant=participant,
        sequence=at + 1,
        epoch=np.ones(seconds, dtype=np.int64),
        offset_us=at * 1_000_000,
        presence=np.full(seconds, Presence.PRESENT if camera else Presence.CAMERA_OFF, dtype=np.int64),
        no_score_reason=np.full(seconds, away_from_camera, dtype=np.int64),
        band=np.full(seconds, Band.MEDIUM if camera else Band.UNSPECIFIED, dtype=np.int64),
        facing_state=np.where(away, FacingState.AWAY, FacingState.FACING) * camera,
        score=facing * expression * shown,
        facing=facing * shown,
        expression=expression * shown,
        coverage=np.ones(seconds),
        probabilities=probabilities * shown[:, None],
        valence=(0.8 * smile - 0.1) * shown,
        arousal=(0.3 * smile - 0.05) * shown,
        action_units=np.full((seconds, len(ACTION_UNITS)), 0.1) * shown[:, None],
        active_units=np.zeros((seconds, len(ACTION_UNITS)), dtype=bool),
        valence_arousal_provenance=np.full(seconds, Provenance.DERIVED, dtype=np.int64),
        action_unit_provenance=np.full(seconds, Provenance.DERIVED, dtype=np.int64),
        baseline_weight=np.ones(seconds),
        speaking=np.full(seconds, np.nan),
        model=np.full(seconds, 0 if camera else -1, dtype=np.int64),
        formula=np.zeros(seconds, dtype=np.int64),
        model_ids=(MODEL,) if camera else (),
        formula_ids=(DEFAULT_ID,),
    )
