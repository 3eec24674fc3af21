"""Everybody of a meeting with their values: what summaries, and the numbers beside them, are computed from."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from roompulse_vision.types import ACTION_UNITS, LABELS

from roompulse_server.insight.summary.attendance import attendance_of
from roompulse_server.insight.summary.intervals import Holding, hold
from roompulse_server.series import Series
from roompulse_server.types import Event, EventKind, Participant


class Attendee(NamedTuple):
    """A participant, their values with the time that each held, and the events that are theirs."""

    participant: Participant
    holding: Holding
    events: tuple[Event, ...]


def roster_of(
    participants: Sequence[Participant], series: Sequence[Series], events: Sequence[Event]
) -> tuple[Attendee, ...]:
    """Return everybody by id. A stream that only carries others (a room) is no attendee."""
    recorded = {one.participant: one for one in series}
    carriers = {participant.found_in for participant in participants} - {
        name for name, one in recorded.items() if one.sequence.size
    }
    people = [participant for participant in participants if participant.id not in carriers]
    ended = [event for event in events if event.kind is EventKind.MEETING_ENDED]
    by_participant: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_participant[event.participant].append(event)
    return tuple(
        _attendee(who, recorded.get(who.id) or _empty(who.id), by_participant[who.id], ended)
        for who in sorted(people, key=lambda one: one.id)
    )


def duration_of(holdings: Sequence[Holding], events: Sequence[Event]) -> int:
    """Return the time up to the last recorded moment, and as long as a value holds."""
    ends = [holding.attendance.last_us for holding in holdings] + [event.offset_us for event in events]
    return max(ends, default=0)


def _attendee(participant: Participant, series: Series, events: Sequence[Event], ended: Sequence[Event]) -> Attendee:
    attendance = attendance_of(participant, series, (*events, *ended))
    return Attendee(participant, hold(series, attendance), tuple(events))


def _empty(participant: str) -> Series:
    """Return the series of somebody of whom nothing was recorded."""
    whole, broken = np.zeros(0, dtype=np.int64), np.zeros(0)
    return Series(
        participant=participant,
        sequence=whole,
        epoch=whole,
        offset_us=whole,
        presence=whole,
        no_score_reason=whole,
        band=whole,
        facing_state=whole,
        score=broken,
        facing=broken,
        expression=broken,
        coverage=broken,
        probabilities=np.zeros((0, len(LABELS))),
        valence=broken,
        arousal=broken,
        action_units=np.zeros((0, len(ACTION_UNITS))),
        active_units=np.zeros((0, len(ACTION_UNITS)), dtype=np.bool_),
        valence_arousal_provenance=whole,
        action_unit_provenance=whole,
        baseline_weight=broken,
        speaking=broken,
        model=whole,
        formula=whole,
        model_ids=(),
        formula_ids=(),
    )
