"""Moments: drops, peaks and shared smiles that surrogate meetings hardly ever have.

    scores by second ─▶ excursions ─┐                       ┌─▶ joined where people drop, or peak, together
                                    ├─▶ larger than chance? ┤
    smiles by two seconds ──────────┘                       └─▶ shared smiles

Chance is drawn by the meeting's uid and the participant's id, so that no order and no other person changes it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from roompulse_server.insight.summary import deviation, smile, surrogate
from roompulse_server.insight.summary.deviation import Excursion, Trace, excursions, largest_by_chance, trace_of
from roompulse_server.insight.summary.second_grid import SECOND_US, Seconds
from roompulse_server.insight.summary.smile import BIN_US, SharedSmile, Smiles
from roompulse_server.insight.summary.summary_types import Moment, MomentKind
from roompulse_server.series import Floats

_LEAST_SPREAD = 0.5  # of masses, score times seconds
_SIGNS = {MomentKind.DROP: -1, MomentKind.PEAK: 1}
EXCURSION_RULE = (
    "for 10 s or longer the score is {where} the medians of the two and of the ten minutes before by 0.15 or more, and "
    f"by more than two robust deviations; at most {deviation.CHANCE:.0%} of {surrogate.COUNT} meetings whose seconds "
    "changed places in blocks have one as large anywhere"
)
SMILE_RULE = (
    "within two seconds two people or more smile (p(happiness) 0.6 or more for half a second, until below 0.4), and "
    f"40 % or more of the visible; at most {smile.CHANCE:.0%} of {surrogate.COUNT} meetings whose people's smiles are "
    "shifted in a circle have as many anywhere"
)
_WHERE = {MomentKind.DROP: "below", MomentKind.PEAK: "above"}


class _Found(NamedTuple):
    kind: MomentKind
    participant: str
    excursion: Excursion
    p_value: float


def moments_of(
    uid: str, seconds: Mapping[str, Seconds], smiles: Mapping[str, Smiles], duration_us: int
) -> tuple[tuple[Moment, ...], tuple[str, ...]]:
    """Find a meeting's moments.

    Args:
        uid: The meeting's, which chance is drawn by.
        seconds: Everybody's scores, by participant id.
        smiles: Everybody's smiles, by participant id.
        duration_us: The meeting's.

    Returns:
        The moments in order, and notes on what there was too little evidence for.
    """
    traces = {name: trace for name, one in seconds.items() if (trace := trace_of(one.score))}
    seen = {name: one for name, one in smiles.items() if one.visible.sum() >= 2 * smile.SHIFT_BINS}
    found = [*_together(_excursions(uid, traces)), *_smiles(uid, seen, duration_us)]
    return tuple(sorted(found, key=lambda one: (one.start_us, one.kind))), tuple(_notes(traces, seen))


def _notes(traces: Mapping[str, Trace], seen: Mapping[str, Smiles]) -> Iterator[str]:
    if not traces:
        yield "too little evidence for drops and peaks: nobody has five minutes of scores after the first two"
    if len(seen) < smile.LEAST_PEOPLE:
        yield "too little evidence for shared smiles: fewer than two people were seen for twenty seconds"


def _excursions(uid: str, traces: Mapping[str, Trace]) -> Iterator[_Found]:
    """Compare each with the largest of whole surrogate meetings.

    Some people's scores vary more than others', so masses are counted in spreads of the person's own largest ones.
    """
    tried = {(name, kind): excursions(trace, sign) for name, trace in traces.items() for kind, sign in _SIGNS.items()}
    if not any(tried.values()):
        return
    chance = {
        (name, kind): largest_by_chance(traces[name], _SIGNS[kind], surrogate.generator(uid, kind.name, name))
        for name, kind in tried
    }
    scale = {which: (float(masses.mean()), float(masses.std()) + _LEAST_SPREAD) for which, masses in chance.items()}
    largest: Floats = np.max([(chance[which] - centre) / spread for which, (centre, spread) in scale.items()], axis=0)
    for (name, kind), found in tried.items():
        centre, spread = scale[name, kind]
        for one in found:
            if (p_value := surrogate.p_value(largest, (one.mass - centre) / spread)) <= deviation.CHANCE:
                yield _Found(kind, name, one, p_value)


def _together(found: Iterator[_Found]) -> Iterator[Moment]:
    """Join the same kind of excursion of several people where they overlap."""
    ordered = sorted(found, key=lambda one: (one.kind, one.excursion.start_s, one.participant))
    group: list[_Found] = []
    for one in ordered:
        if group and (
            one.kind is not group[0].kind or one.excursion.start_s >= max(other.excursion.stop_s for other in group)
        ):
            yield _moment(group)
            group = []
        group.append(one)
    if group:
        yield _moment(group)


def _moment(group: Sequence[_Found]) -> Moment:
    start_s = group[0].excursion.start_s
    stop_s = max(one.excursion.stop_s for one in group)
    return Moment(
        kind=group[0].kind,
        start_us=start_s * SECOND_US,
        length_us=(stop_s - start_s) * SECOND_US,
        participant_ids=tuple(sorted({one.participant for one in group})),
        rule=EXCURSION_RULE.format(where=_WHERE[group[0].kind]),
        p_value=max(one.p_value for one in group),
        magnitude=float(np.mean([one.excursion.deviation for one in group])),
    )


def _smiles(uid: str, seen: Mapping[str, Smiles], duration_us: int) -> Iterator[Moment]:
    everybody = list(seen.values())
    shared = smile.shared_smiles(everybody) if everybody else []
    if not shared:
        return
    most = smile.most_by_chance(everybody, [surrogate.generator(uid, "SMILE", name) for name in seen])
    for one in shared:
        if (p_value := surrogate.p_value(most, one.people)) <= smile.CHANCE:
            who = (name for name, other in seen.items() if other.smiling[one.first : one.last + 1].any())
            yield _smile(one, tuple(who), p_value, duration_us)


def _smile(one: SharedSmile, who: tuple[str, ...], p_value: float, duration_us: int) -> Moment:
    start_us = one.first * BIN_US
    return Moment(
        kind=MomentKind.SHARED_SMILE,
        start_us=start_us,
        length_us=min((one.last + 1) * BIN_US, duration_us) - start_us,
        participant_ids=who,
        rule=SMILE_RULE,
        p_value=p_value,
        magnitude=one.share,
    )
