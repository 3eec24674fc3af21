"""Table 3: what three looks a second lose against every frame, on the same clips.

Valence, arousal and smile are what the service sends: smoothed causally with τ = 1 s, its formula's own (the neutral
baseline begins at 20 s, after these streams' end). Yaw is sent as it is, and goes through the same `Smoother` here.
Two bounds stand beside: *thinning alone* takes every eighth of the dense run's own raw values, at each of the eight
phases, through that smoother, so that nothing differs but the rate; *the path alone* compares the raw values of the very
same pictures, so that nothing differs but what was sent and looked at.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from roompulse_server.insight.scoring.smoothing import Smoother

from benchmarks.load import Streamed, Value
from benchmarks.material import RATE_HZ

TAU_S = 1.0
HOLD_S = 1.5  # the formula's
LIVE_HZ = 3
SETTLE_S = 2.0
LEAST_SPREAD = 0.03  # of a clip's reference: below there is nothing to agree on
SMILE, NO_SMILE = 0.5, 0.4
TURN_DEG, NO_TURN_DEG = 15.0, 10.0
ONSET_WITHIN_S = 2.0
FACING_WITHIN = 0.1

Line = NDArray[np.float64]
Of = Callable[[Value], float | None]
Series = tuple[NDArray[np.int64], Line]  # units, and the value of each
Pairs = Sequence[tuple[list[Value], list[Value]]]  # dense and live, of one clip


@dataclass(frozen=True, slots=True)
class Agreement:
    """Concordance (CCC) within clips, pooled, of one value."""

    ccc: float  # at the moments of the live values: the goal's
    held_ccc: float  # on every frame, the live value held until the next
    thinned_ccc: tuple[float, ...]  # of the dense run thinned to the same rate, at each phase
    path_ccc: float  # of raw values of the same pictures


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How values agree, how much the score differs, how late onsets are, where facing agrees. nan: none seen."""

    valence: Agreement
    arousal: Agreement
    score_p95: float
    onsets: int
    onsets_missed: int
    latest_s: float
    facing_agrees: float


def compare(dense: Sequence[Streamed], live: Sequence[Streamed]) -> Fidelity:
    """Return how well `live` follows `dense`; streams are matched by clip."""
    by_clip = {stream.clip: stream for stream in dense}
    pairs = [(by_clip[stream.clip].fresh(), stream.fresh()) for stream in live if stream.clip in by_clip]
    pairs = [(full, thin) for full, thin in pairs if len(full) > RATE_HZ and len(thin) > 3]
    scores = [np.abs(a - b) for a, b in _on_frames(pairs, lambda value: value.score, settle_s=0.0)]
    facing = [np.abs(a - b) <= FACING_WITHIN for a, b in _on_frames(pairs, lambda value: value.facing, settle_s=0.0)]
    turns = [(_turned(a), _turned(b)) for a, b in _on_frames(pairs, lambda value: value.yaw_deg, _smoothed)]
    late = [
        *_onsets(_on_frames(pairs, lambda value: value.smile), SMILE, NO_SMILE),
        *_onsets(turns, TURN_DEG, NO_TURN_DEG),
    ]
    found = [seconds for seconds in late if seconds is not None]
    return Fidelity(
        _agreement(pairs, lambda value: value.valence, lambda value: value.raw_valence),
        _agreement(pairs, lambda value: value.arousal, lambda value: value.raw_arousal),
        float(np.nanpercentile(np.concatenate(scores), 95)) if scores else math.nan,
        len(late),
        len(late) - len(found),
        max(found, default=math.nan),
        float(np.mean(np.concatenate(facing))) if facing else math.nan,
    )


def _agreement(pairs: Pairs, of: Of, raw: Of) -> Agreement:
    return Agreement(
        _ccc([_shared(*_overlapping(_series(full, of), _series(thin, of))) for full, thin in pairs]),
        _ccc(_on_frames(pairs, of)),
        thinned([_series(full, raw) for full, _ in pairs], RATE_HZ // LIVE_HZ),
        _ccc([_shared(_series(full, raw), _series(thin, raw)) for full, thin in pairs]),
    )


def thinned(dense: Sequence[Series], step: int) -> tuple[float, ...]:
    """Return the concordance of raw series with every `step`-th of their own values, both smoothed, for each phase.

    Both begin at the same picture, as streams do, so that no start is compared with a run.
    """
    return tuple(_ccc([_thinned(series, phase, step) for series in dense]) for phase in range(step))


def _thinned(series: Series, phase: int, step: int) -> tuple[Line, Line]:
    units, values = series[0][phase:], series[1][phase:]
    return _shared(*_overlapping(_smoothed((units, values)), _smoothed((units[::step], values[::step]))))


def _series(stream: Sequence[Value], of: Of) -> Series:
    """Return the units and values of the analyses that have one."""
    known = [(value.unit or 0, found) for value in stream if (found := of(value)) is not None]
    units, values = zip(*known, strict=True) if known else ((), ())
    return np.array(units, np.int64), np.array(values, np.float64)


def _smoothed(series: Series) -> Series:
    """Smooth as the service does."""
    smoother = Smoother(TAU_S, HOLD_S, 1)
    units, values = series
    found = [smoother.put(unit / RATE_HZ, (value,))[0] for unit, value in zip(units, values, strict=True)]
    return units, np.array(found, np.float64)


def _overlapping(full: Series, thin: Series, settle_s: float = SETTLE_S) -> tuple[Series, Series]:
    """Return the part of both in which both have begun and settled, and neither has ended."""
    if not len(full[0]) or not len(thin[0]):
        return full, thin
    first = max(full[0][0], thin[0][0]) + round(settle_s * RATE_HZ)
    last = min(full[0][-1], thin[0][-1])
    within = [(units >= first) & (units <= last) for units, _ in (full, thin)]
    return (full[0][within[0]], full[1][within[0]]), (thin[0][within[1]], thin[1][within[1]])


def _shared(full: Series, thin: Series) -> tuple[Line, Line]:
    """Return the values of both at the units that both have."""
    _, of_full, of_thin = np.intersect1d(full[0], thin[0], assume_unique=True, return_indices=True)
    return full[1][of_full], thin[1][of_thin]


def _on_frames(
    pairs: Pairs, of: Of, then: Callable[[Series], Series] = lambda series: series, settle_s: float = SETTLE_S
) -> list[tuple[Line, Line]]:
    """Return both series of each pair on every frame of the dense one; the thin one holds its last value."""
    lines = []
    for full, thin in pairs:
        whole, few = then(_series(full, of)), then(_series(thin, of))
        if not len(whole[0]) or not len(few[0]):
            continue
        whole, shown = _overlapping(whole, few, settle_s)
        if len(shown[0]) > 1:
            places = np.searchsorted(few[0], whole[0], side="right") - 1
            lines.append((whole[1], few[1][places]))
    return lines


def _ccc(lines: Sequence[tuple[Line, Line]]) -> float:
    """Return the concordance of all clips whose reference moves, each centred on its reference's mean."""
    moving = [(a - a.mean(), b - a.mean()) for a, b in lines if len(a) > 5 and a.std() > LEAST_SPREAD]
    if not moving:
        return math.nan
    a, b = (np.concatenate(side) for side in zip(*moving, strict=True))
    return float(2 * np.mean((a - a.mean()) * (b - b.mean())) / (a.var() + b.var() + (a.mean() - b.mean()) ** 2))


def _turned(yaw: Line) -> Line:
    return np.abs(yaw - np.median(yaw))


def _onsets(lines: Sequence[tuple[Line, Line]], on: float, off: float) -> list[float | None]:
    """Return how late, seconds, the second series says each onset of the first; None for those it never says."""
    found: list[float | None] = []
    for a, b in lines:
        late = _starts(b, on, off)
        for start in _starts(a, on, off):
            near = [other for other in late if abs(other - start) <= ONSET_WITHIN_S * RATE_HZ]
            found.append(max(0.0, (min(near, key=lambda n: abs(n - start)) - start) / RATE_HZ) if near else None)
    return found


def _starts(line: Line, on: float, off: float) -> list[int]:
    starts, inside = [], bool(line[0] > off)
    for index, value in enumerate(line):
        if not inside and value > on:
            starts.append(index)
        inside = value > off if inside else value > on
    return starts
