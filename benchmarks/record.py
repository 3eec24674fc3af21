"""How fast the record is written and read, and how large it gets: `python -m benchmarks.record [FOLDER] [--json]`.

Live: PEOPLE participants, one update each in a commit. Bulk: 100 updates each in a commit, as recordings make them.
"""

import argparse
import dataclasses
import json
import pathlib
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from roompulse_server.storage.block import quantise, to_updates
from roompulse_server.storage.block import split as blocks_of
from roompulse_server.storage.sqlite import SqliteStore
from roompulse_server.storage.store import Position
from roompulse_server.types import (
    AffectReading,
    Band,
    Engagement,
    Meeting,
    MeetingKey,
    MeetingState,
    NoScoreReason,
    Purpose,
    Reading,
    Update,
)
from roompulse_server.types.log import Checkpoint, Entry, QuantisedUpdate
from roompulse_vision.enumerations import Presence, Provenance
from roompulse_vision.types import Box, FaceQuality, FaceReading, HeadPose, Point

PEOPLE = 20
COMMITS = 1000
BULK_COMMITS, BULK_ROWS = 90, 200
LIVE_ROWS = COMMITS * PEOPLE
ROWS = LIVE_ROWS + BULK_COMMITS * BULK_ROWS * PEOPLE


def update(participant: str, sequence: int) -> QuantisedUpdate:
    """Return the record's form of `drifting`."""
    return quantise(drifting(participant, sequence))


def drifting(participant: str, sequence: int) -> Update:
    """Return an update with every value set; values drift so that rows differ."""
    drift = sequence % 97 / 1000
    flat = (0.2 - drift, 0.1 + drift, *(0.1,) * 7)
    points = (Point(0.4, 0.4), Point(0.6, 0.4), Point(0.5, 0.5), Point(0.4, 0.6), Point(0.6, 0.6))
    face = FaceReading(
        1, Box(0.3 + drift, 0.3, 0.4, 0.4), FaceQuality(180, 120 + drift, 0.9), points, HeadPose(drift, 1, 2), 1.5
    )
    affect = AffectReading(
        "m", flat, flat, flat, 0.1, 0.2, 0.1, 0.2, Provenance.DERIVED, None, Provenance.UNSPECIFIED, None, 0.5
    )
    engagement = Engagement("f", 0.7, Band.MEDIUM, NoScoreReason.UNSPECIFIED, 1.0, 0.7, 1.0, drift, 1.0, sequence, 10.0)
    offset_us = sequence * 200_000
    reading = Reading(Presence.PRESENT, face, affect, engagement)
    return Update(participant, sequence, 1, 10**15 + offset_us, 10**15 + offset_us, offset_us, 0, reading)


@dataclass(frozen=True, slots=True)
class Job:
    """One thing that the record was made to do."""

    what: str
    rows: int
    seconds: float
    note: str = ""

    @property
    def rows_a_second(self) -> float:
        return self.rows / self.seconds


def jobs(folder: pathlib.Path) -> Iterator[Job]:
    """Write and read a record in `folder`, and yield each job as it is done."""
    store = SqliteStore(folder)
    store.open()
    key = store.create_meeting(
        Meeting(MeetingKey("default", "bench", ""), Purpose.RESEARCH, MeetingState.ACTIVE, 1)
    ).key
    names = [f"p{i}" for i in range(PEOPLE)]
    for name in names:
        store.open_stream(key, name, offset_us=0, time_us=0)
    yield from writing(store, key, names)
    yield from reading(store, key, names)
    store.close()


def writing(store: SqliteStore, key: MeetingKey, names: Sequence[str]) -> Iterator[Job]:
    began_s = time.perf_counter()
    live = [[update(name, i + 1) for name in names] for i in range(COMMITS)]
    yield Job("quantise", LIVE_ROWS, time.perf_counter() - began_s)
    each_s = [_commit_s(store, [Entry(key, (u,), checkpoints=(_checkpoint(u.update),)) for u in row]) for row in live]
    yield Job("live commits", LIVE_ROWS, sum(each_s), f"longest {max(each_s) * 1e3:.0f} ms")
    one = [row[0] for row in live]
    began_s = time.perf_counter()
    assert [u for block in blocks_of(one) for u in to_updates(block, names[0])] == [row.update for row in one]
    yield Job("pack and unpack", len(one), time.perf_counter() - began_s)
    spent_s = 0.0
    for i in range(BULK_COMMITS):
        first = COMMITS + 1 + i * BULK_ROWS
        entries = [Entry(key, tuple(update(name, first + k) for k in range(BULK_ROWS))) for name in names]
        spent_s += _commit_s(store, entries)
    yield Job("bulk commits", ROWS - LIVE_ROWS, spent_s)


def reading(store: SqliteStore, key: MeetingKey, names: Sequence[str]) -> Iterator[Job]:
    began_s = time.perf_counter()
    assert sum(len(series.sequence) for series in store.read_series(key)) == ROWS
    yield Job("read as series", ROWS, time.perf_counter() - began_s)
    began_s = time.perf_counter()
    yield Job("read a page", len(store.read_updates(key, limit=5000).items), time.perf_counter() - began_s)
    began_s = time.perf_counter()
    after = store.read_after(key, Position(dict.fromkeys(names, 900)), limit=512)
    yield Job("read after a position", len(after), time.perf_counter() - began_s)


def _commit_s(store: SqliteStore, entries: Sequence[Entry]) -> float:
    began_s = time.perf_counter()
    store.commit(entries)
    return time.perf_counter() - began_s


def _checkpoint(update: Update) -> Checkpoint:
    return Checkpoint(update.participant, 1, bytes(200))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "folder", nargs="?", help="where the record is written, and deleted again; default: a temporary one"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(dir=options.folder))
    done = []
    for job in jobs(folder):
        done.append(job)
        if not options.json:
            what = f"{job.what} ({job.note})" if job.note else job.what
            print(f"{what:<34}{job.rows:>9,} rows {job.seconds:8.3f} s {job.rows_a_second:12,.0f} rows/s")
    size = (folder / "record.sqlite3").stat().st_size
    if options.json:
        print(json.dumps({"jobs": [dataclasses.asdict(job) for job in done], "bytes_a_row": size / ROWS}))
    else:
        print(f"{size / ROWS:.0f} bytes a row, {size / 1e6:.1f} MB for {ROWS:,} rows")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
