"""Moments, synchrony, notable minutes, change: computed once more, slowly and by the definition.

Only the random numbers are numpy's, drawn in the order that `surrogate` documents.
"""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from insight_record import MEETING
from lively_meeting import lively, summed
from roompulse_server.insight.summary.summary_types import MeetingSummary, Moment, MomentKind
from roompulse_server.types import Update

S = 1_000_000
UID = MEETING.key.uid
Numbers = list[float | None]


def spans(rows: Sequence[Update]) -> list[tuple[Update, int, int]]:
    stops = [row.offset_us for row in rows[1:]] + [1 << 60]
    return [(row, row.offset_us, min(row.offset_us + 1_500_000, stop)) for row, stop in zip(rows, stops, strict=True)]


def ramps(row: Update) -> bool:
    return row.reading.affect is not None and 0 < row.reading.affect.baseline_weight < 1


def by_second(rows: Sequence[Update], count: int, *, valence: bool) -> Numbers:
    values: Numbers = [None] * count
    for row, first, last in spans(rows):
        for second in range(-(-first // S), min(-(-last // S), count)):
            affect, score = row.reading.affect, row.reading.engagement.score
            values[second] = (affect.valence if affect else None) if valence else None if ramps(row) else score
    return values


def before(scores: Numbers, second: int, long: int) -> list[float]:
    return [v for v in scores[max(0, second - long) : max(0, second - 10)] if v is not None]


@dataclass
class Far:
    """How far off somebody is, second by second, as far as known."""

    second: list[int] = field(default_factory=list)
    long: list[float] = field(default_factory=list)
    off: list[float] = field(default_factory=list)
    z: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, scores: Numbers) -> "Far":
        far = cls()
        for second, score in enumerate(scores):
            window = before(scores, second - second % 5, 120)
            long_window = before(scores, second - second % 30, 600)
            if score is None or min(len(window), len(long_window)) < 60:
                continue
            centre, long_centre = statistics.median(window), statistics.median(long_window)
            spread = statistics.median(abs(v - centre) for v in window)
            nearer = min(score - centre, score - long_centre, key=abs)
            far.second.append(second)
            far.long.append(score - long_centre)
            far.off.append(nearer if (score - centre) * (score - long_centre) > 0 else 0.0)
            far.z.append(far.off[-1] / max(1.4826 * spread, 0.02))
        return far

    def block(self) -> int:
        middle = statistics.median(self.long)
        spread = 1.4826 * statistics.median(abs(v - middle) for v in self.long)
        clipped = [min(max(v, middle - spread), middle + spread) for v in self.long]
        mean = sum(clipped) / len(clipped)
        x = [v - mean for v in clipped]
        alike = 1.0
        for lag in range(1, 121):
            correlation = sum(a * b for a, b in zip(x, x[lag:], strict=False)) / sum(a * a for a in x)
            if correlation < 0.2:
                break
            alike += 2 * correlation
        return min(max(round(alike), 10), 40)

    def runs(self, sign: int, order: Sequence[int] | None = None) -> list[list[int]]:
        """Places (in `order`) of runs that are far off for ten seconds or more."""
        runs: list[list[int]] = []
        for place, origin in enumerate(order or range(len(self.second))):
            if not (sign * self.z[origin] > 2 and sign * self.off[origin] >= 0.15):
                continue
            if not runs or self.second[place] - self.second[runs[-1][-1]] > 3:
                runs.append([])
            runs[-1].append(place)
        return [run for run in runs if self.second[run[-1]] - self.second[run[0]] + 1 >= 10]

    def excursions(self, sign: int) -> list[tuple[int, int, float, float]]:
        found: list[tuple[int, int, float, float]] = []
        for run in self.runs(sign):
            stop = run[-1] + 1
            while (
                stop < len(self.second) and sign * self.z[stop] > 1 and self.second[stop] - self.second[stop - 1] <= 3
            ):
                stop += 1
            if found and self.second[run[0]] < found[-1][1] + 30:
                continue
            mass = sum(sign * self.off[place] for place in run)
            mean = sum(self.off[run[0] : stop]) / (stop - run[0])
            found.append((self.second[run[0]], self.second[stop - 1] + 1, mass, mean))
        return found

    def largest(self, sign: int, chance: np.random.Generator) -> list[float]:
        size, block = len(self.second), self.block()
        if not any(sign * z > 2 and sign * off >= 0.15 for z, off in zip(self.z, self.off, strict=True)):
            return [0.0] * 200
        count = -(-size // block) + 1
        phases = chance.integers(0, block, 200).tolist()
        orders = chance.permuted(np.tile(np.arange(count), (200, 1)), axis=1).tolist()
        largest = []
        for phase, order in zip(phases, orders, strict=True):
            pieces = [range(max(0, n * block - phase), min(size, (n + 1) * block - phase)) for n in order]
            origin = [place for piece in pieces for place in piece]
            masses = [sum(sign * self.off[origin[p]] for p in run) for run in self.runs(sign, origin)]
            largest.append(max(masses, default=0.0))
        return largest


def generator(*names: str) -> np.random.Generator:
    seed = list("\x1f".join(names).encode())
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))


def expected_excursions(people: dict[str, list[Update]], count: int) -> list[tuple[str, str, int, int, float, float]]:
    tried, scaled = [], []
    for name, rows in people.items():
        far = Far.of(by_second(rows, count, valence=False))
        for kind, sign in (("DROP", -1), ("PEAK", 1)):
            masses = far.largest(sign, generator(UID, kind, name))
            centre, spread = statistics.mean(masses), statistics.pstdev(masses) + 0.5
            scaled.append([(mass - centre) / spread for mass in masses])
            tried += [
                (kind, name, start, stop, off, (mass - centre) / spread)
                for start, stop, mass, off in far.excursions(sign)
            ]
    most = [max(column) for column in zip(*scaled, strict=True)]
    judged = [(*one[:5], (1 + sum(m >= one[5] - 1e-12 for m in most)) / 201) for one in tried]
    return [one for one in judged if one[5] <= 0.01]


def check_excursions(summary: MeetingSummary, people: dict[str, list[Update]], count: int) -> int:
    expected = expected_excursions(people, count)
    moments = [one for one in summary.moments if one.kind is not MomentKind.SHARED_SMILE]
    claimed = 0
    for moment in moments:
        stop = moment.start_us + moment.length_us
        parts = [one for one in expected if one[0] == moment.kind.name and moment.start_us <= one[2] * S < stop]
        claimed += len(parts)
        assert moment.participant_ids == tuple(sorted({one[1] for one in parts}))
        assert (moment.start_us, stop) == (min(one[2] for one in parts) * S, max(one[3] for one in parts) * S)
        assert moment.magnitude == pytest.approx(sum(one[4] for one in parts) / len(parts), abs=1e-9)
        assert moment.p_value == pytest.approx(max(one[5] for one in parts), abs=1e-9)
    assert claimed == len(expected)
    return claimed


def smile_bins(rows: Sequence[Update], bins: int) -> tuple[list[bool], list[bool]]:
    """Walk through a person's rows with one state: smiling or not."""
    visible, smiling = [False] * bins, [False] * bins
    faced = [
        (row.reading.affect.smoothed[1], first, last)
        for row, first, last in spans(rows)
        if row.reading.affect is not None and not ramps(row) and last > first
    ]
    smiles = False
    for number, (happy, first, last) in enumerate(faced):
        if number == 0 or faced[number - 1][2] < first:
            smiles = False
        if happy >= 0.6:
            smiles = smiles or lit_us(faced, number) >= S // 2
        elif happy < 0.4:
            smiles = False
        for at in range(first // (2 * S), (last - 1) // (2 * S) + 1):
            visible[at] = True
            smiling[at] = smiling[at] or smiles
    return visible, smiling


def lit_us(faced: Sequence[tuple[float, int, int]], number: int) -> int:
    """How long p(happiness) is 0.6 or more around a row, without a break."""
    first = last = number
    while first > 0 and faced[first - 1][0] >= 0.6 and faced[first - 1][2] == faced[first][1]:
        first -= 1
    while last + 1 < len(faced) and faced[last + 1][0] >= 0.6 and faced[last][2] == faced[last + 1][1]:
        last += 1
    return faced[last][2] - faced[first][1]


def check_smiles(moments: Iterable[Moment], people: dict[str, list[Update]], duration_us: int) -> int:
    bins = -(-duration_us // (2 * S))
    seen = {name: smile_bins(rows, bins) for name, rows in people.items()}
    visible = [sum(one[0][at] for one in seen.values()) for at in range(bins)]
    most = [0] * 200
    shifted: list[list[list[bool]]] = []
    for name, (shown, smiling) in seen.items():
        places = [at for at in range(bins) if shown[at]]
        tables = []
        for shift in generator(UID, "SMILE", name).integers(5, len(places) - 5 + 1, 200).tolist():
            table = [False] * bins
            for number, at in enumerate(places):
                table[places[(number + shift) % len(places)]] = smiling[at]
            tables.append(table)
        shifted.append(tables)
    for n in range(200):
        people_at = [sum(tables[n][at] for tables in shifted) for at in range(bins)]
        most[n] = max((k for k, v in zip(people_at, visible, strict=True) if k >= max(2, 0.4 * v - 1e-9)), default=0)
    together = [sum(one[1][at] for one in seen.values()) for at in range(bins)]
    runs: list[list[int]] = []
    for at in range(bins):
        if together[at] >= max(2, 0.4 * visible[at] - 1e-9):
            if runs and runs[-1][-1] == at - 1:
                runs[-1].append(at)
            else:
                runs.append([at])
    expected = []
    for run in runs:
        p_value = (1 + sum(m >= max(together[at] for at in run) for m in most)) / 201
        who = tuple(name for name, one in seen.items() if any(one[1][at] for at in run))
        stop = min((run[-1] + 1) * 2 * S, duration_us)
        share = max(together[at] / visible[at] for at in run)
        expected += [(run[0] * 2 * S, stop - run[0] * 2 * S, who, p_value, share)] if p_value <= 0.05 else []
    found = [(one.start_us, one.length_us, one.participant_ids, one.p_value, one.magnitude) for one in moments]
    assert found == expected
    return len(found)


def centred(values: Numbers) -> Numbers:
    out: Numbers = []
    for start in range(0, len(values), 30):
        window = values[start : start + 30]
        known = [v for v in window if v is not None]
        mean = sum(known) / len(known) if len(known) >= 10 else None
        out += [None if v is None or mean is None else v - mean for v in window]
    return out + [None] * (-len(out) % 30)


def correlation(own: Numbers, others: Numbers, shift: int) -> float | None:
    size = len(own)
    pairs = [(own[(t - shift) % size], others[t]) for t in range(size)]
    known = [(x, y) for x, y in pairs if x is not None and y is not None]
    xx, yy = sum(x * x for x, _ in known), sum(y * y for _, y in known)
    if len(known) < 60 or min(xx, yy) <= 1e-6 * len(known):
        return None
    return min(1 - 1e-9, max(-1 + 1e-9, sum(x * y for x, y in known) / math.sqrt(xx * yy)))


def check_synchrony(summary: MeetingSummary, people: dict[str, list[Update]], count: int) -> None:
    series = {name: centred(by_second(rows, count, valence=True)) for name, rows in people.items()}
    beyond, chance = {}, []
    for name, own in series.items():
        rest = [other for key, other in series.items() if key != name]
        columns = [[v for v in column if v is not None] for column in zip(*rest, strict=True)]
        others = [sum(known) / len(known) if known else None for known in columns]
        size = len(own)
        each = [correlation(own, others, shift) for shift in range(size)]
        near = [[r for lag in range(-3, 4) if (r := each[(shift + lag) % size]) is not None] for shift in range(size)]
        z = [math.atanh(max(known)) if known else None for known in near]
        null = [v for v in z[10 : size - 10 + 1] if v is not None]
        assert z[0] is not None
        beyond[name] = z[0] - statistics.mean(null)
        drawn = generator(UID, "SYNCHRONY", name).integers(0, len(null), 200).tolist()
        chance.append([null[at] - statistics.mean(null) for at in drawn])
    for one in summary.participants:
        assert one.synchrony == pytest.approx(math.tanh(beyond[one.participant_id]), abs=1e-9)
    together = statistics.mean(beyond.values())
    surrogates = [math.sqrt(2) * statistics.mean(column) for column in zip(*chance, strict=True)]
    assert summary.synchrony is not None
    assert summary.synchrony.correlation == pytest.approx(math.tanh(together), abs=1e-9)
    assert summary.synchrony.p_value == pytest.approx((1 + sum(c >= together for c in surrogates)) / 201)
    assert summary.synchrony.participants == len(people)


@pytest.mark.parametrize("seed", range(2))
def test_what_stands_out_is_the_same_slowly(seed: int) -> None:
    people = lively(seed)
    summary = summed(people)
    count = -(-summary.duration_us // S)
    assert check_excursions(summary, people, count) > 0
    shared = [one for one in summary.moments if one.kind is MomentKind.SHARED_SMILE]
    assert check_smiles(shared, people, summary.duration_us) > 0
    check_synchrony(summary, people, count)
