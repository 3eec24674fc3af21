"""One participant, summed up: where the time went, and what the seen part of it shows."""

import numpy as np
from roompulse_vision.enumerations import Presence, Provenance
from roompulse_vision.types import ACTION_UNITS

from roompulse_server.insight.summary import statistic
from roompulse_server.insight.summary.camera import camera_intervals, speaking_us
from roompulse_server.insight.summary.caveats import participant_notes
from roompulse_server.insight.summary.consent import without_consent_us
from roompulse_server.insight.summary.counters import final_counters
from roompulse_server.insight.summary.intervals import Holding, Kind, Mask
from roompulse_server.insight.summary.roster import Attendee
from roompulse_server.insight.summary.summary_types import (
    ActionUnitTime,
    BandTime,
    EngagementStatistics,
    FacingTime,
    Interval,
    NoScoreTime,
    ParticipantSummary,
    PresenceTime,
)
from roompulse_server.insight.summary.timeline import Buckets, participant_points, unit_means
from roompulse_server.insight.summary.uncertainty import change_of, trend_standard_error
from roompulse_server.series import Floats, Integers
from roompulse_server.types import Band, FacingState, NoScoreReason

# Somebody is to be seen, readable or not; a static image shows nobody.
_VISIBLE = (Presence.PRESENT, Presence.SEVERAL_FACES, Presence.FACE_TOO_SMALL)


def account_of(attendee: Attendee, kind: Kind, buckets: Buckets) -> ParticipantSummary:
    """Sum a participant up. `kind` is what their numbers are made of."""
    participant, holding = attendee.participant, attendee.holding
    series, attendance = holding.series, holding.attendance
    faces = holding.faced_by(kind.model_id)
    scored_us = int(holding.length_us[holding.scored].sum())
    present_us = _presence_us(holding)
    reasons = _no_score_us(holding)
    facing_us = _facing_us(holding)
    valence, arousal = _held(holding, series.valence, faces), _held(holding, series.arousal, faces)
    absence_start_us, absence_us = _longest_absence(holding)
    spoken_us, said_us = speaking_us(holding)
    summary = ParticipantSummary(
        participant_id=participant.id,
        display_name=participant.display_name,
        first_offset_us=attendance.first_us,
        last_offset_us=attendance.last_us,
        attended_us=attendance.total_us,
        present_us=present_us.get(Presence.PRESENT, 0),
        coverage=scored_us / attendance.total_us if attendance.total_us else 0.0,
        presence_times=tuple(PresenceTime(presence, time) for presence, time in sorted(present_us.items())),
        no_score_times=tuple(NoScoreTime(reason, time) for reason, time in sorted(reasons.items())),
        engagement=_engagement(holding, holding.scored_by(kind), buckets),
        expressions=tuple(buckets.whole.expressions.tolist()),
        valence=statistic.mean(valence),
        arousal=statistic.mean(arousal),
        valence_deviation=statistic.deviation(valence),
        arousal_deviation=statistic.deviation(arousal),
        longest_absence_us=absence_us,
        longest_absence_start_us=absence_start_us,
        action_units=unit_means(buckets.whole.action_units.tolist()),
        updates=len(series.sequence),
        counters=final_counters(attendee.events),
        model_id=kind.model_id,
        valence_arousal_provenance=Provenance(_last(series.valence_arousal_provenance, faces)),
        action_unit_provenance=Provenance(_last(series.action_unit_provenance, faces)),
        timeline=participant_points(buckets),
        notes=(),
        facing_times=tuple(FacingTime(state, time) for state, time in sorted(facing_us.items())),
        facing_share=facing_us.get(FacingState.FACING, 0) / sum(facing_us.values()) if facing_us else None,
        change=change_of(buckets.engagement, attendance.first_us, attendance.last_us),
        action_unit_times=_action_unit_times(holding, faces),
        attendance_intervals=tuple(Interval(start, stop) for start, stop in attendance.intervals),
        camera_intervals=camera_intervals(holding),
        speaking_us=spoken_us,
        speaking_known_us=said_us,
        without_consent_us=without_consent_us(attendee),
    )
    return participant_notes(summary, holding, kind)


def mean_score(holding: Holding, kind: Kind) -> float | None:
    """Return a participant's mean score of one kind, weighted by time."""
    return statistic.mean(_held(holding, holding.series.score, holding.scored_by(kind)))


def _held(holding: Holding, column: Floats, mask: Mask) -> statistic.Held:
    return statistic.known(column[mask], holding.start_us[mask], holding.stop_us[mask])


def _time_by(codes: Integers, length_us: Integers) -> dict[int, int]:
    times_us = np.bincount(codes, length_us).tolist()  # exact: floats hold 285 years of microseconds
    return {code: int(time) for code, time in enumerate(times_us) if time}


def _presence_us(holding: Holding) -> dict[Presence, int]:
    """Return the time in each state; time without any update is NO_PICTURES, so that all add up to the attendance."""
    times = {Presence(code): time for code, time in _time_by(holding.series.presence, holding.length_us).items()}
    silent_us = holding.attendance.total_us - sum(times.values())
    times[Presence.NO_PICTURES] = times.get(Presence.NO_PICTURES, 0) + silent_us
    return {presence: time for presence, time in times.items() if time}


def _no_score_us(holding: Holding) -> dict[NoScoreReason, int]:
    """Return the time without a score by reason: together with the scored time all of the attendance."""
    unscored = ~holding.scored
    by_code = _time_by(holding.series.no_score_reason[unscored], holding.length_us[unscored])
    times = {NoScoreReason(code): time for code, time in by_code.items()}
    silent_us = holding.attendance.total_us - int(holding.length_us.sum())
    times[NoScoreReason.NO_PICTURES] = times.get(NoScoreReason.NO_PICTURES, 0) + silent_us
    return {reason: time for reason, time in times.items() if time}


def _facing_us(holding: Holding) -> dict[FacingState, int]:
    """Return the time facing and the time away; time in which that was not known is in neither."""
    times = _time_by(holding.series.facing_state, holding.length_us)
    return {FacingState(code): time for code, time in times.items() if code and time}


def _engagement(holding: Holding, mask: Mask, buckets: Buckets) -> EngagementStatistics:
    held = _held(holding, holding.series.score, mask)
    if not held.value.size:
        return EngagementStatistics()
    bands = _time_by(holding.series.band[mask], holding.length_us[mask])
    trend = statistic.trend_per_minute(held)
    return EngagementStatistics(
        mean=statistic.mean(held),
        standard_deviation=statistic.deviation(held),
        median=statistic.median(held),
        minimum=float(held.value.min()),
        maximum=float(held.value.max()),
        trend_per_minute=trend,
        bands=tuple(BandTime(Band(code), time) for code, time in bands.items() if code and time),
        trend_standard_error=trend_standard_error(buckets.engagement, trend),
        facing=statistic.mean(_held(holding, holding.series.facing, mask)),
        expression=statistic.mean(_held(holding, holding.series.expression, mask)),
    )


def _action_unit_times(holding: Holding, faces: Mask) -> tuple[ActionUnitTime, ...]:
    """Return how long and how often each unit was active, as far as a model's own head said so; derived ones are none.

    A unit that stays active over updates in a row was active once; an update that says nothing of it, or a pause, ends
    it.
    """
    series = holding.series
    said = faces & (series.action_unit_provenance == Provenance.MODEL) & (holding.length_us > 0)
    if not said.any():
        return ()
    active, length_us = series.active_units[said], holding.length_us[said]
    follows = np.append(False, holding.start_us[said][1:] <= holding.stop_us[said][:-1])
    counts = (active & ~(follows[:, None] & np.roll(active, 1, axis=0))).sum(0).tolist()
    times_us = (active * length_us[:, None]).sum(0).tolist()
    known = ~np.isnan(series.action_units[said]).all(0)
    units = zip(ACTION_UNITS, times_us, counts, known, strict=True)
    return tuple(ActionUnitTime(number, time_us, count) for number, time_us, count, is_known in units if is_known)


def _last(codes: Integers, faces: Mask) -> int:
    places = np.flatnonzero(faces)
    return int(codes[places[-1]]) if places.size else 0


def _longest_absence(holding: Holding) -> tuple[int, int]:
    """Return start and length of the longest time in which nobody was to be seen, pauses between streams included."""
    attendance = holding.attendance
    seen = np.isin(holding.series.presence, _VISIBLE) & (holding.length_us > 0)
    starts = np.concatenate(([attendance.first_us], holding.stop_us[seen]))
    stops = np.concatenate((holding.start_us[seen], [attendance.last_us]))
    longest = int(np.argmax(stops - starts))
    return int(starts[longest]), int(stops[longest] - starts[longest])
