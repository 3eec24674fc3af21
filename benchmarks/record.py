"""How fast the record is written and read, and how large it gets: `python -m benchmarks.record [FOLDER]`.

Live: PEOPLE participants, one update each in a commit. Bulk: 100 updates each in a commit, as recordings make them.
"""

import pathlib
import shutil
import sys
import tempfile
import time

from roompulse_server.storage.block import quantise, to_updates
from roompulse_server.storage.block import split as blocks_of
from roompulse_server.storage.sqlite import SqliteStore
from roompulse_server.storage.store import Checkpoint, Entry, Position
from roompulse_server.types import (
    AffectReading,
    Band,
    Box,
    Engagement,
    FaceQuality,
    FaceReading,
    HeadPose,
    Meeting,
    MeetingKey,
    MeetingState,
    NoScoreReason,
    Point,
    Presence,
    Provenance,
    Purpose,
    Reading,
    Update,
)

PEOPLE = 20
COMMITS = 1000
BULK_COMMITS, BULK_ROWS = 90, 200


def update(participant: str, sequence: int) -> Update:
    """A face with everything; values drift so that rows differ."""
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


def timed(what: str, rows: int, start: float) -> None:
    elapsed_s = time.perf_counter() - start
    print(f"{what:<34}{rows:>9,} rows {elapsed_s:8.3f} s {rows / elapsed_s:12,.0f} rows/s")


def main() -> None:
    folder = pathlib.Path(tempfile.mkdtemp(dir=sys.argv[1] if len(sys.argv) > 1 else None))
    store = SqliteStore(folder)
    store.open()
    meeting = Meeting(MeetingKey("default", "bench", ""), Purpose.RESEARCH, MeetingState.ACTIVE, 1)
    key = store.create_meeting(meeting).key
    names = [f"p{i}" for i in range(PEOPLE)]
    for name in names:
        store.open_stream(key, name, offset_us=0, time_us=0)
    start = time.perf_counter()
    live = [[quantise(update(name, i + 1)) for name in names] for i in range(COMMITS)]
    timed("quantise", COMMITS * PEOPLE, start)
    start, longest_s = time.perf_counter(), 0.0
    for row in live:
        began = time.perf_counter()
        store.commit([Entry(key, (u,), checkpoints=(Checkpoint(u.participant, 1, bytes(200)),)) for u in row])
        longest_s = max(longest_s, time.perf_counter() - began)
    timed(f"live commits (longest {longest_s * 1e3:.0f} ms)", COMMITS * PEOPLE, start)
    bulk = [u for row in live for u in row if u.participant == "p0"]
    start = time.perf_counter()
    assert [u for block in blocks_of(bulk) for u in to_updates(block, "p0")] == bulk
    timed("pack and unpack", len(bulk), start)
    spent_s = 0.0
    for i in range(BULK_COMMITS):
        first = COMMITS + 1 + i * BULK_ROWS
        entries = [Entry(key, tuple(update(name, first + k) for k in range(BULK_ROWS))) for name in names]
        began = time.perf_counter()
        store.commit(entries)
        spent_s += time.perf_counter() - began
    rows = BULK_COMMITS * BULK_ROWS * PEOPLE
    timed("bulk commits", rows, time.perf_counter() - spent_s)
    total = rows + COMMITS * PEOPLE
    start = time.perf_counter()
    assert sum(len(series.sequence) for series in store.read_series(key)) == total
    timed("read as series", total, start)
    start = time.perf_counter()
    timed("read a page", len(store.read_updates(key, limit=5000).items), start)
    start = time.perf_counter()
    timed("read after a position", len(store.read_after(key, Position(dict.fromkeys(names, 900)), limit=512)), start)
    store.close()
    size = (folder / "record.sqlite3").stat().st_size
    print(f"{size / total:.0f} bytes a row, {size / 1e6:.1f} MB for {total:,} rows")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
