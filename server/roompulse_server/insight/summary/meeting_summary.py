"""A meeting, summed up from its record: a pure function, the same live and afterwards, on any replica.

    events ──> attendance ─┐
    series ────────────────┴─> roster ─┬─> account (each participant)
                                       ├─> buckets of 10 s ──> the meeting's timeline ──> its engagement, its course
                                       └─> seconds, smiles ──> moments, synchrony

An update's values hold until the participant's next update, 1.5 s at most and never past the close of its stream; a
state without pictures holds from one update of it to the next. All means over time are weighted by that.
"""

import dataclasses
from collections.abc import Mapping, Sequence

from roompulse_server.insight.summary.camera import speaking_shares
from roompulse_server.insight.summary.caveats import meeting_notes
from roompulse_server.insight.summary.composition import composition_effects
from roompulse_server.insight.summary.consent import consent_basis_of
from roompulse_server.insight.summary.counters import final_counters
from roompulse_server.insight.summary.course import course_of
from roompulse_server.insight.summary.finding import findings_of
from roompulse_server.insight.summary.intervals import Kind, main_kind
from roompulse_server.insight.summary.meeting_totals import coverage_of, engagement_of, meeting_points, pooled
from roompulse_server.insight.summary.participant_summary import account_of
from roompulse_server.insight.summary.roster import Attendee, duration_of, roster_of
from roompulse_server.insight.summary.summary_types import MeetingSummary, ParticipantSummary
from roompulse_server.insight.summary.timeline import Buckets, bucket_count, bucketed
from roompulse_server.series import Series
from roompulse_server.types import Event, Meeting, Participant


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
    roster = roster_of(participants, series, events)
    holdings = [one.holding for one in roster]
    duration_us = duration_of(holdings, events)
    count, kind = bucket_count(duration_us), main_kind(holdings)
    shared = [bucketed(holding, kind, count) for holding in holdings]
    accounts = _accounts(roster, shared, kind)
    points = meeting_points(shared, duration_us)
    engagement, deviation, median = engagement_of(points, [one.engagement for one in accounts])
    findings = findings_of(meeting.key.uid, holdings, kind, shared, points, duration_us)
    accounts = _among_others(accounts, findings.own_synchrony)
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
        title=meeting.title,
        change=course_of(shared, duration_us),
        composition_effects=composition_effects([one.participant.id for one in roster], shared),
        consent_basis=consent_basis_of(roster),
    )


def _accounts(roster: Sequence[Attendee], shared: Sequence[Buckets], kind: Kind) -> list[ParticipantSummary]:
    """Sum everybody up, each by their own main kind."""
    accounts = []
    for one, buckets in zip(roster, shared, strict=True):
        own = main_kind([one.holding])
        own_buckets = buckets if own == kind else bucketed(one.holding, own, len(buckets.attended_us))
        accounts.append(account_of(one, own, own_buckets))
    return accounts


def _among_others(accounts: Sequence[ParticipantSummary], synchrony: Mapping[str, float]) -> list[ParticipantSummary]:
    """Add to each what depends on the others."""
    shares = speaking_shares([account.speaking_us for account in accounts])
    return [
        dataclasses.replace(account, synchrony=synchrony.get(account.participant_id), speaking_share=share)
        for account, share in zip(accounts, shares, strict=True)
    ]
