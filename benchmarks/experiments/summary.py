"""An hour of twenty people at five updates a second: its size on disk, and its summary.

    python -m benchmarks.experiments.summary [FOLDER]

Values wander and tremble as those of faces do, so that what compression makes of them means something. Events and
roll-ups are as a live meeting has them.
"""

import argparse
import pathlib
import shutil
import tempfile
import time

import numpy as np
from numpy.typing import NDArray
from roompulse_server.insight.summary.meeting_summary import summarise
from roompulse_server.storage.block import quantise
from roompulse_server.storage.sqlite import SqliteStore
from roompulse_server.types import (
    AffectReading,
    Band,
    Engagement,
    Event,
    EventKind,
    Meeting,
    MeetingKey,
    MeetingState,
    NoScoreReason,
    PacketCounters,
    Purpose,
    Reading,
    Rollup,
    Update,
)
from roompulse_server.types.log import Entry, QuantisedUpdate
from roompulse_vision.enumerations import Presence, Provenance
from roompulse_vision.types import ACTION_UNITS, LABELS, Box, FaceQuality, FaceReading, HeadPose, Point

PEOPLE, RATE, SECONDS = 20, 5, 3600
AT_ONCE = 60 * RATE
COUNTERS_EVERY_S = 10
RUNS = 5
_BEGIN_US = 1_700_000_000_000_000
_POINTS = ((0.45, 0.4), (0.55, 0.4), (0.5, 0.5), (0.46, 0.6), (0.54, 0.6))


class Person:
    """Somebody in front of a camera; `rows` go on where they ended."""

    def __init__(self, name: str, random: np.random.Generator) -> None:
        self._name, self._random = name, random
        self._sequence = 0
        self._at = np.zeros(8)  # where head and mood have wandered to
        self._smooth = np.zeros(len(LABELS) - 1)

    def rows(self, count: int) -> list[QuantisedUpdate]:
        return [self._row() for _ in range(count)]

    def _row(self) -> QuantisedUpdate:
        self._sequence += 1
        self._at = 0.995 * self._at + self._random.standard_normal(8) * 0.02
        jitter = self._random.standard_normal(40) * 0.002
        offset_us = self._sequence * 1_000_000 // RATE + int(self._random.integers(0, 8000))
        affect = self._affect()
        score = float(np.clip(0.7 + 0.2 * self._at[0], 0.2, 1.0))
        engagement = Engagement(
            formula_id="rp-engagement-1",
            score=score,
            band=Band.MEDIUM,
            no_score_reason=NoScoreReason.UNSPECIFIED,
            facing=1.0,
            expression=score,
            coverage=1.0,
            yaw_from_reference_deg=20 * self._at[1] + 100 * jitter[0],
            pitch_from_reference_deg=20 * self._at[2] + 100 * jitter[1],
            reference_count=self._sequence,
            window_s=10.0,
        )
        reading = Reading(Presence.PRESENT, self._face(jitter), affect, engagement)
        capture_us = _BEGIN_US + offset_us + int(self._random.integers(0, 2000))
        receive_us = capture_us + int(self._random.integers(20_000, 60_000))
        age_us, latency_us = int(self._random.integers(0, 200_000)), int(self._random.integers(20_000, 90_000))
        return quantise(
            Update(
                participant=self._name,
                sequence=self._sequence,
                epoch=1,
                capture_us=capture_us,
                receive_us=receive_us,
                offset_us=offset_us,
                analysis_age_us=age_us,
                reading=reading,
                packet_index=self._sequence * 6,
                scoring_latency_us=latency_us,
            )
        )

    def _face(self, jitter: NDArray[np.float64]) -> FaceReading:
        x, y = 0.1 * self._at[3], 0.1 * self._at[4]
        right_eye, left_eye, nose, right_mouth, left_mouth = (
            Point(x + px + jitter[2 * i], y + py + jitter[2 * i + 1]) for i, (px, py) in enumerate(_POINTS)
        )
        return FaceReading(
            track=1,
            box=Box(0.35 + x + jitter[10], 0.25 + y + jitter[11], 0.3 + jitter[12], 0.5 + jitter[13]),
            quality=FaceQuality(180 + 1000 * jitter[14], 120 + 4000 * jitter[15], 0.9 + jitter[16]),
            landmarks=(right_eye, left_eye, nose, right_mouth, left_mouth),
            pose=HeadPose(20 * self._at[1] + 100 * jitter[0], 20 * self._at[2] + 100 * jitter[1], 500 * jitter[17]),
            motion=15 + 1000 * jitter[18],
        )

    def _affect(self) -> AffectReading:
        level = np.array([2.0, 0.3 + 2 * self._at[5], -1, -1, -1.5, -2, -2, -2])
        raw = np.exp(level + self._random.standard_normal(8) * 0.2)
        raw /= raw.sum()
        self._smooth += 0.13 * (raw - self._smooth)
        smooth = self._smooth / self._smooth.sum()
        valence, arousal = (float(np.clip(v, -1, 1)) for v in 0.3 * self._at[6:8] + raw[1:3])
        return AffectReading(
            model_id="enet_b0_8_best_vgaf",
            raw=(*raw.tolist(), float("nan")),
            adjusted=(*raw.tolist(), float("nan")),
            smoothed=(*smooth.tolist(), float("nan")),
            raw_valence=valence,
            raw_arousal=arousal,
            valence=0.5 * valence,
            arousal=0.5 * arousal,
            valence_arousal_provenance=Provenance.DERIVED,
            action_units=tuple((0.1 + 0.5 * raw[np.arange(len(ACTION_UNITS)) % 8]).tolist()),
            action_unit_provenance=Provenance.DERIVED,
            action_units_active=None,
            baseline_weight=1.0,
        )


def rollup(second: int, random: np.random.Generator) -> Rollup:
    score, spread = 0.7 + 0.05 * random.standard_normal(), random.random(len(LABELS))
    return Rollup(
        start_us=second * 1_000_000,
        length_us=1_000_000,
        revision=110,
        final=True,
        seen=PEOPLE,
        total=PEOPLE,
        median=score,
        mean=score,
        p10=score - 0.1,
        p90=score + 0.1,
        expressions=tuple(spread.tolist()),
        valence=0.1,
        arousal=0.2,
        formula_id="rp-engagement-1",
        model_id="enet_b0_8_best_vgaf",
    )


def record(store: SqliteStore, key: MeetingKey) -> float:
    """Record the hour, a minute of everybody at a time; return the seconds that the store took."""
    random = np.random.default_rng(1)
    people = {f"p{number:02}": Person(f"p{number:02}", random) for number in range(PEOPLE)}
    for name in people:
        store.open_stream(key, name, offset_us=0, time_us=_BEGIN_US)
    spent_s = 0.0
    for start in range(0, SECONDS, AT_ONCE // RATE):
        seconds = range(start, start + AT_ONCE // RATE)
        entries = [Entry(key, tuple(person.rows(AT_ONCE))) for person in people.values()]
        counters = PacketCounters(received=start * 30, analyzed=start * RATE, not_due=start * 25)
        events = tuple(
            Event(EventKind.COUNTERS, at * 1_000_000, _BEGIN_US, name, 1, counters=counters)
            for at in seconds[::COUNTERS_EVERY_S]
            for name in people
        )
        entries.append(Entry(key, events=events, rollups=tuple(rollup(at, random) for at in seconds)))
        began = time.perf_counter()
        store.commit(entries)
        spent_s += time.perf_counter() - began
    return spent_s


def summary_times(store: SqliteStore, meeting: Meeting) -> list[tuple[float, float]]:
    """Return wall and CPU seconds of reading everything and summing it up, each run."""
    times = []
    for _ in range(RUNS):
        wall, cpu = time.perf_counter(), time.process_time()
        people = store.list_participants(meeting.key, limit=1000).items
        summary = summarise(
            meeting, people, store.read_series(meeting.key), store.read_events(meeting.key, limit=100_000)
        )
        times.append((time.perf_counter() - wall, time.process_time() - cpu))
        assert len(summary.participants) == PEOPLE
        assert len(summary.timeline) > SECONDS // 10 - 1
    return times


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "folder", nargs="?", help="where the record is written, and deleted again; default: a temporary one"
    )
    return parser


def main() -> None:
    folder = pathlib.Path(tempfile.mkdtemp(dir=arguments().parse_args().folder))
    store = SqliteStore(folder)
    store.open()
    new = Meeting(MeetingKey("default", "bench", ""), Purpose.RESEARCH, MeetingState.ACTIVE, _BEGIN_US)
    meeting = store.create_meeting(new)
    spent_s = record(store, meeting.key)
    rows = PEOPLE * SECONDS * RATE
    print(f"recorded {rows:,} updates, {1e6 * spent_s / rows:.0f} µs each")
    times = summary_times(store, meeting)
    print(f"summary: wall {min(t for t, _ in times):.2f} s, CPU {min(t for _, t in times):.2f} s (best of {RUNS})")
    store.close()
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"on disk: {size / 1e6:.1f} MB, {size / rows:.0f} bytes an update, events and roll-ups included")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
