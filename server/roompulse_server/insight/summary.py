"""A meeting, summed up from its record: a pure function, the same live and afterwards, on any replica.

    events ──> attendance ─┐
    series ────────────────┴─> holding ─┬─> account (each participant)
                                        ├─> buckets of 10 s ──> the meeting's timeline ──> its engagement
                                        └─> seconds, smiles ──> moments, synchrony

An update's values hold until the participant's next update, 1.5 s at most and never past the close of its stream. All
means over time are weighted by that.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from roompulse_server.insight.account import account_of
from roompulse_server.insight.attendance import attendance_of
from roompulse_server.insight.counters import final_counters
from roompulse_server.insight.finding import findings_of
from roompulse_server.insight.gathering import (
    coverage_of,
    engagement_of,
    meeting_points,
    pooled,
)
from roompulse_server.insight.holding import Holding, hold, main_kind
from roompulse_server.insight.note import meeting_notes
from roompulse_server.insight.summary_types import MeetingSummary
from roompulse_server.insight.timeline import bucket_count, bucketed
from roompulse_server.series import Series
from roompulse_server.types import ACTION_UNITS, LABELS, Event, EventKind, Meeting, Participant


class _One(NamedTuple):
    participant: Participant
    holding: Holding
    events: tuple[Event, ...]


def summarise(
    meeting: Meeting, participants: Sequence[Participant], series: Sequence[Series], events: Sequence[Event]
) -> MeetingSummary:
    """Sum a meeting up.

    Args:
        meeting: Its row.
        participants: Its participants, in any order.
        series: One for each participant with updates.
        events: The meeting's typed log, in any order.

    Returns:
        The summary. Participants stand by id; a stream that only carries others (a room) is none of them, but
        its packets count. Expressions, valence and arousal of the whole meeting are pooled: a second of anybody's
        counts the same. Numbers of another model or formula than the main one are left out, and a note says so.
    """
    everybody = _everybody(participants, series, events)
    holdings = [one.holding for one in everybody]
    duration_us = _duration_us(holdings, events)
    count, kind = bucket_count(duration_us), main_kind(holdings)
    shared = [bucketed(holding, kind, count) for holding in holdings]
    accounts = []
    for one, buckets in zip(everybody, shared, strict=True):
        own = main_kind([one.holding])
        own_buckets = buckets if own == kind else bucketed(one.holding, own, count)
        accounts.append(account_of(one.participant, one.holding, own, own_buckets, one.events))
    points = meeting_points(shared, duration_us)
    engagement, deviation, median = engagement_of(points, [one.engagement for one in accounts])
    findings = findings_of(meeting.key.uid, holdings, kind, shared, points, duration_us)
    moved = findings.own_synchrony
    accounts = [dataclasses.replace(one, synchrony=moved.get(one.participant_id)) for one in accounts]
    together = pooled(shared)
    model_ids = tuple(sorted({account.model_id for account in accounts if account.model_id}))
    return MeetingSummary(
        meeting=meeting.key,
        purpose=meeting.purpose,
        start_time_us=meeting.create_us,
        end_time_us=meeting.end_us,
        duration_us=duration_us,
        participants=tuple(accounts),
        timeline=points,
        engagement=engagement,
        expressions=together.expressions,
        valence=together.valence,
        arousal=together.arousal,
        moments=findings.moments,
        formula_id=kind.formula_id,
        model_ids=model_ids,
        counters=final_counters(events),
        notes=(*meeting_notes(accounts, kind, model_ids), *findings.notes),
        time_zone=meeting.time_zone,
        engagement_deviation=deviation,
        engagement_median=median,
        coverage=coverage_of(shared),
        synchrony=findings.synchrony,
        highest_minute=findings.minutes.highest,
        lowest_minute=findings.minutes.lowest,
    )


def _everybody(participants: Sequence[Participant], series: Sequence[Series], events: Sequence[Event]) -> list[_One]:
    recorded = {one.participant: one for one in series}
    carriers = {participant.found_in for participant in participants} - recorded.keys()
    people = [participant for participant in participants if participant.id not in carriers]
    ended = [event for event in events if event.kind is EventKind.MEETING_ENDED]
    by_participant: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_participant[event.participant].append(event)
    return [
        _one(who, recorded.get(who.id) or _empty(who.id), by_participant[who.id], ended)
        for who in sorted(people, key=lambda one: one.id)
    ]


def _one(participant: Participant, series: Series, events: Sequence[Event], ended: Sequence[Event]) -> _One:
    attendance = attendance_of(participant, series, (*events, *ended))
    return _One(participant, hold(series, attendance), tuple(events))


def _duration_us(holdings: Sequence[Holding], events: Sequence[Event]) -> int:
    """Return the time up to the last recorded moment, and as long as a value holds."""
    ends = [holding.attendance.last_us for holding in holdings] + [event.offset_us for event in events]
    return max(ends, default=0)


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
        model=whole,
        formula=whole,
        model_ids=(),
        formula_ids=(),
    )
