"""What a reader of a summary should know, in words: above all, how little some numbers rest on."""

import dataclasses
from collections.abc import Iterator, Sequence

from roompulse_vision.enumerations import Provenance

from roompulse_server.insight.scoring.formula import NO_FACING
from roompulse_server.insight.summary.intervals import Holding, Kind
from roompulse_server.insight.summary.remedies import reason_in_words
from roompulse_server.insight.summary.summary_types import ParticipantSummary
from roompulse_server.insight.summary.uncertainty import CHANGE_EVIDENCE

_LITTLE_COVERAGE = 0.6  # below, "best" and "worst" minutes are not named either
_WORTH_NAMING = 0.05
_MINUTE_US = 60_000_000


def participant_notes(summary: ParticipantSummary, holding: Holding, kind: Kind) -> ParticipantSummary:
    """Return the summary with its notes."""
    return dataclasses.replace(summary, notes=tuple(_participant_notes(summary, holding, kind)))


def _participant_notes(summary: ParticipantSummary, holding: Holding, kind: Kind) -> Iterator[str]:
    if not summary.attended_us:
        yield "nothing was received"
        return
    scored_us = int(holding.length_us[holding.scored].sum())
    if summary.coverage < _LITTLE_COVERAGE:
        yield f"coverage {_percent(summary.coverage)}: {_why_not(summary)}"
    if 0 < scored_us < _MINUTE_US:
        yield f"only {scored_us / 1e6:.0f} s have a score: too little to read much into it"
    if kind.formula_id.endswith(NO_FACING):
        yield "facing is unknown (the detector has no landmarks): scores are the expression alone, without bands"
    counted_us = int(holding.length_us[holding.scored_by(kind)].sum())
    if counted_us < scored_us:
        yield f"{_percent(1 - counted_us / scored_us)} of the scores are of another model or formula and left out"
    if summary.valence_arousal_provenance is Provenance.DERIVED:
        yield "valence and arousal are derived from expressions"
    if summary.action_unit_provenance is Provenance.DERIVED:
        yield "action units are derived from expressions: probabilities, not detections"


def meeting_notes(participants: Sequence[ParticipantSummary], kind: Kind, model_ids: Sequence[str]) -> tuple[str, ...]:
    """Return the notes on a whole meeting."""
    return tuple(_meeting_notes(participants, kind, model_ids))


def _meeting_notes(participants: Sequence[ParticipantSummary], kind: Kind, model_ids: Sequence[str]) -> Iterator[str]:
    scored = sum(one.engagement.mean is not None for one in participants)
    unchanged = sum(one.engagement.mean is not None and one.change is None for one in participants)
    attended_us = sum(one.attended_us for one in participants)
    covered_us = sum(one.attended_us * one.coverage for one in participants)
    if not participants:
        yield "nobody attended"
    elif not scored:
        yield "nobody has a score"
    elif scored < len(participants):
        yield f"{scored} of {len(participants)} participants have a score"
    if scored and covered_us < _LITTLE_COVERAGE * attended_us:
        yield f"coverage {_percent(covered_us / attended_us)} of the time attended by everybody together"
    if unchanged:
        yield (
            f"{unchanged} of {len(participants)} participants have too little evidence for a change: "
            f"{CHANGE_EVIDENCE} minutes of scores in the first and in the last third are needed"
        )
    if kind.formula_id.endswith(NO_FACING):
        yield "facing is unknown (the detector has no landmarks): scores are the expression alone, without bands"
    if len(model_ids) > 1:
        yield f"several models read faces; numbers of the whole meeting are of {kind.model_id} only"


def _why_not(summary: ParticipantSummary) -> str:
    shares = sorted(
        ((time.duration_us / summary.attended_us, time.reason) for time in summary.no_score_times), reverse=True
    )
    named = [(share, reason) for number, (share, reason) in enumerate(shares) if share >= _WORTH_NAMING or not number]
    return ", ".join(f"{reason_in_words(reason)} {_percent(share)} of the time" for share, reason in named)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
