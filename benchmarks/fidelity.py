"""Table 3: what three looks a second lose against every frame, on the same clips. Causal smoothing, τ = 1 s."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.live import fresh_values
from benchmarks.load import Streamed, Value
from benchmarks.material import RATE_HZ

TAU_S = 1.0
SETTLE_S = 2.0
LEAST_SPREAD = 0.03  # of a clip's reference: below there is nothing to agree on
SMILE, NO_SMILE = 0.5, 0.4
TURN_DEG, NO_TURN_DEG = 15.0, 10.0
ONSET_WITHIN_S = 2.0
FACING_WITHIN = 0.1

Line = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fidelity:
    """CCC within clips, pooled, at the moments of the live values and (`held`) on every frame; the score's difference; how late onsets are; where facing agrees. nan: none seen."""

    valence_ccc: float
    arousal_ccc: float
    valence_held_ccc: float
    arousal_held_ccc: float
    score_p95: float
    onsets: int
    onsets_missed: int
    latest_s: float
    facing_agrees: float


def compare(dense: Sequence[Streamed], live: Sequence[Streamed]) -> Fidelity:
    """Return how well `live` follows `dense`; streams are matched by clip."""
    by_clip = {stream.clip: stream for stream in dense}
    pairs = [(fresh_values(by_clip[stream.clip]), fresh_values(stream)) for stream in live if stream.clip in by_clip]
    pairs = [(full, thin) for full, thin in pairs if len(full) > RATE_HZ and len(thin) > 3]
    scores = [np.abs(a - b) for a, b in _lines(pairs, lambda value: value.score, smooth=False)]
    facing = [np.abs(a - b) <= FACING_WITHIN for a, b in _lines(pairs, lambda value: value.facing, smooth=False)]
    late = [
        *_onsets(_lines(pairs, lambda value: value.smile), SMILE, NO_SMILE),
        *_onsets([(_turned(a), _turned(b)) for a, b in _lines(pairs, lambda v: v.yaw_deg)], TURN_DEG, NO_TURN_DEG),
    ]
    found = [seconds for seconds in late if seconds is not None]
    return Fidelity(
        _ccc(_lines(pairs, lambda value: value.valence, own=True)),
        _ccc(_lines(pairs, lambda value: value.arousal, own=True)),
        _ccc(_lines(pairs, lambda value: value.valence)),
        _ccc(_lines(pairs, lambda value: value.arousal)),
        float(np.nanpercentile(np.concatenate(scores), 95)) if scores else math.nan,
        len(late),
        len(late) - len(found),
        max(found, default=math.nan),
        float(np.mean(np.concatenate(facing))) if facing else math.nan,
    )


def _lines(
    pairs: Sequence[tuple[list[Value], list[Value]]],
    of: Callable[[Value], float | None],
    smooth: bool = True,
    own: bool = False,
) -> list[tuple[Line, Line]]:
    """Return both series of each pair on every frame, where the thin one holds its last value; or at its own moments."""
    lines = []
    for full, thin in pairs:
        first, last = max(full[0].unit or 0, thin[0].unit or 0), min(full[-1].unit or 0, thin[-1].unit or 0)
        moments = np.arange(first + round(SETTLE_S * RATE_HZ), last)
        if own:
            moments = np.array([v.unit for v in thin if moments[0] <= (v.unit or 0) <= moments[-1]])
        a, b = (_held(series, of, moments, smooth) for series in (full, thin))
        known = ~np.isnan(a) & ~np.isnan(b)
        if known.sum() > 5:
            lines.append((a[known], b[known]))
    return lines


def _held(series: list[Value], of: Callable[[Value], float | None], moments: NDArray[np.int64], smooth: bool) -> Line:
    units, values, state, before = [], [], math.nan, 0
    for value in series:
        now, unit = of(value), value.unit or 0
        if now is not None and smooth and not math.isnan(state):
            now = state + (1 - math.exp(-(unit - before) / RATE_HZ / TAU_S)) * (now - state)
        state = math.nan if now is None else now
        before = unit
        units.append(unit)
        values.append(state)
    places = np.searchsorted(np.array(units), moments, side="right") - 1
    return np.where(places >= 0, np.array(values)[np.maximum(places, 0)], np.nan)


def _ccc(lines: Sequence[tuple[Line, Line]]) -> float:
    """Return the concordance of all clips whose reference moves, each centred on its reference's mean."""
    moving = [(a - a.mean(), b - a.mean()) for a, b in lines if a.std() > LEAST_SPREAD]
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
