"""A synthetic meeting in which something happens: people come late, leave, turn cameras off, speak, smile, look away.

What the pictures of reports are made of (`tools/report_picture.py`), and what tests of the story are held to.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from insight_record import MEETING, event
from insight_samples import MODEL
from roompulse_server.insight.scoring.formula import DEFAULT_ID
from roompulse_server.insight.summary.meeting_summary import summarise
from roompulse_server.insight.summary.occurrence import Occurrence
from roompulse_server.insight.summary.summary_types import MeetingSummary
from roompulse_server.series import Flags, Floats, Integers, Series
from roompulse_server.types import (
    Band,
    Consent,
    ConsentState,
    Event,
    EventKind,
    FacingState,
    Meeting,
    NoScoreReason,
    Participant,
)
from roompulse_vision.enumerations import Presence, Provenance
from roompulse_vision.types import ACTION_UNITS, LABELS

S = 1_000_000
SECONDS = 900
GRANTED = Consent(ConsentState.GRANTED, "themselves")
TEN_O_CLOCK_US = 1_773_133_200 * S  # 10 March 2026, 10:00 in Vienna
Spans = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Part:
    """What somebody does, in seconds since the meeting began: there, unseen, speaking, smiling, looking away."""

    name: str
    level: float = 0.7
    there: Spans = ((0, SECONDS),)
    camera_off: Spans = ()
    no_face: Spans = ()
    speaks: Spans = ()
    smiles: Spans = ()
    drops: Spans = ()
    consent: Consent | None = GRANTED


PARTS = (
    Part("Ada Obi", 0.84, there=((0, 540),), speaks=((20, 260), (300, 420)), smiles=((400, 412),)),
    Part("Bob Lindqvist", 0.78, there=((180, SECONDS),), speaks=((430, 640),), smiles=((401, 412),)),
    Part("Cyd Marín", 0.62, smiles=((399, 411),), drops=((690, 750),), speaks=((270, 295), (650, 690))),
    Part("Dan Ōtani", 0.60, camera_off=((240, 300),), smiles=((402, 410),), speaks=((760, 880),)),
    Part("Gus Meyer", 0.82, there=((0, 544),), smiles=((403, 409),), speaks=((262, 268),)),
    Part("Eve Nowak", camera_off=((0, SECONDS),)),
    Part("Fay", no_face=((0, SECONDS),)),
)
EARLIER = (
    Occurrence("c" * 32, TEN_O_CLOCK_US - 7 * 86_400 * S, 840 * S, 6, 0.66),
    Occurrence("b" * 32, TEN_O_CLOCK_US - 14 * 86_400 * S, 910 * S, 5, 0.71),
    Occurrence("a" * 32, TEN_O_CLOCK_US - 21 * 86_400 * S, 900 * S, 4, None),
)


def an_eventful_meeting(parts: Sequence[Part] = PARTS) -> MeetingSummary:
    meeting: Meeting = replace(
        MEETING,
        title="Design review",
        create_us=TEN_O_CLOCK_US,
        end_us=TEN_O_CLOCK_US + SECONDS * S,
    )
    who = [
        Participant(number, f"p{number:03}", part.name, part.consent or Consent()) for number, part in enumerate(parts)
    ]
    series = [_series(person.id, part) for person, part in zip(who, parts, strict=True)]
    events = [entry for person, part in zip(who, parts, strict=True) for entry in _log(person.id, part)]
    events.append(event(EventKind.MEETING_ENDED, SECONDS * S))
    return summarise(meeting, who, series, events)


def _log(participant: str, part: Part) -> list[Event]:
    log = []
    for epoch, (start, stop) in enumerate(part.there, 1):
        log.append(event(EventKind.STREAM_OPENED, start * S, participant, epoch))
        if epoch == 1 and part.consent is not None:
            log.append(replace(log[-1], kind=EventKind.CONSENT_CHANGED, consent=part.consent))
        log.append(event(EventKind.STREAM_CLOSED, stop * S, participant, epoch))
    return log


def _during(at: Integers, spans: Spans) -> Flags:
    inside = np.zeros(at.shape, dtype=np.bool_)
    for start, stop in spans:
        inside |= (at >= start) & (at < stop)
    return inside


def _series(participant: str, part: Part) -> Series:
    """Return one value a second, with noise that is the same every time."""
    whole = np.arange(SECONDS, dtype=np.int64)
    at = whole[_during(whole, part.there)]
    epoch = np.searchsorted(np.array([start for start, _ in part.there]), at, side="right")
    off, faceless = _during(at, part.camera_off), _during(at, part.no_face)
    shown = np.where(off | faceless, np.nan, 1.0)
    happy = np.where(_during(at, part.smiles), 0.85, 0.12 + 0.05 * np.sin(at / 41))
    score = np.clip(part.level + _noise(participant, at.size) - 0.3 * _during(at, part.drops), 0.2, 1.0)
    probabilities = np.full((at.size, len(LABELS)), np.nan)
    probabilities[:, :-1] = 0.0
    probabilities[:, 0], probabilities[:, 1], probabilities[:, 3] = 0.9 * (1 - happy), happy, 0.1 * (1 - happy)
    presence = np.select([off, faceless], [Presence.CAMERA_OFF, Presence.NO_FACE], Presence.PRESENT)
    reason = np.select([off, faceless], [NoScoreReason.CAMERA_OFF, NoScoreReason.NO_FACE], NoScoreReason.UNSPECIFIED)
    band = np.select([score >= 0.75, score >= 0.5], [Band.HIGH, Band.MEDIUM], Band.LOW)
    seen = ~np.isnan(shown)
    return Series(
        participant=participant,
        sequence=np.arange(1, at.size + 1),
        epoch=epoch,
        offset_us=at * S,
        presence=presence.astype(np.int64),
        no_score_reason=reason.astype(np.int64),
        band=(band * seen).astype(np.int64),
        facing_state=(FacingState.FACING * seen).astype(np.int64),
        score=score * shown,
        facing=0.97 * shown,
        expression=score / 0.97 * shown,
        coverage=np.ones(at.size),
        probabilities=probabilities * shown[:, None],
        valence=(0.7 * happy - 0.05 + _noise(f"{participant} feels", at.size)) * shown,
        arousal=(0.3 * happy - 0.02) * shown,
        action_units=np.full((at.size, len(ACTION_UNITS)), 0.1) * shown[:, None],
        active_units=np.zeros((at.size, len(ACTION_UNITS)), dtype=np.bool_),
        valence_arousal_provenance=(Provenance.DERIVED * seen).astype(np.int64),
        action_unit_provenance=(Provenance.DERIVED * seen).astype(np.int64),
        baseline_weight=np.ones(at.size),
        speaking=np.where(off, np.nan, _during(at, part.speaks).astype(np.float64)),
        model=np.where(seen, 0, -1),
        formula=np.zeros(at.size, dtype=np.int64),
        model_ids=(MODEL,),
        formula_ids=(DEFAULT_ID,),
    )


def _noise(name: str, count: int) -> Floats:
    """Return noise that goes on for some seconds, as smoothed scores do."""
    chance, at, values = random.Random(name), 0.0, []
    for _ in range(count):
        at = 0.8 * at + chance.gauss(0, 0.012)
        values.append(at)
    return np.array(values)
