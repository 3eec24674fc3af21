"""What stands out in a meeting, each tested against what chance would do: moments, synchrony, notable minutes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from roompulse_server.insight.summary.intervals import Holding, Kind
from roompulse_server.insight.summary.moment import moments_of
from roompulse_server.insight.summary.notable import NotableMinutes, notable_minutes
from roompulse_server.insight.summary.second_grid import seconds_of
from roompulse_server.insight.summary.smile import smiles_of
from roompulse_server.insight.summary.summary_types import MeetingPoint, Moment, Synchrony
from roompulse_server.insight.summary.synchrony import EVIDENCE_S, synchrony_of
from roompulse_server.insight.summary.timeline import Buckets


@dataclass(frozen=True, slots=True)
class Findings:
    """`own_synchrony` is by participant id, of those with enough evidence; `notes` say what there was too little of."""

    moments: tuple[Moment, ...]
    synchrony: Synchrony | None
    own_synchrony: dict[str, float]
    minutes: NotableMinutes
    notes: tuple[str, ...]


def findings_of(
    uid: str,
    holdings: Sequence[Holding],
    kind: Kind,
    everybody: Sequence[Buckets],
    points: Sequence[MeetingPoint],
    duration_us: int,
) -> Findings:
    """Look at everybody's values of one kind; `uid` is the meeting's, and decides about chance."""
    faced = {one.series.participant: one for one in holdings if one.faced_by(kind.model_id).any()}
    seconds = {name: seconds_of(one, kind, duration_us) for name, one in faced.items()}
    smiles = {name: smiles_of(one, kind, duration_us) for name, one in faced.items()}
    moments, moment_notes = moments_of(uid, seconds, smiles, duration_us)
    synchrony, own = synchrony_of(uid, seconds)
    minutes = notable_minutes(points, everybody)
    notes = (*moment_notes, *_notes(synchrony, minutes)) if kind.formula_id else ()
    return Findings(moments, synchrony, own, minutes, notes)


def _notes(synchrony: Synchrony | None, minutes: NotableMinutes) -> Iterator[str]:
    if synchrony is None:
        yield f"too little evidence for synchrony: two people need {EVIDENCE_S} s of valence known together"
    if minutes.note:
        yield minutes.note
