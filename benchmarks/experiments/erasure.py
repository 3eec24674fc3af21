"""How long an erasure takes and how long it holds the live writer up: `python -m benchmarks.experiments.erasure [FOLDER]`.

A record of MEETINGS × PEOPLE participants; one of them, with an hour at five updates a second, is erased while others
go on. Each step of the sweep alternates with a live commit, as the recorder does.
"""

import argparse
import pathlib
import shutil
import tempfile
import time

from roompulse_server.storage import seal
from roompulse_server.storage.sqlite import SqliteStore
from roompulse_server.types import Meeting, MeetingKey, MeetingState, Purpose
from roompulse_server.types.log import Entry

from benchmarks.record import update

MEETINGS, PEOPLE = 100, 20
HOUR_ROWS, BULK_ROWS = 18_000, 200
SEALED = 20_000


def sealing() -> None:
    """Seal values of the size of an update."""
    key, value = seal.new_key(), bytes(200)
    start = time.perf_counter()
    for _ in range(SEALED):
        seal.seal(key, value, "block 1")
    print(f"seal 200 bytes: {(time.perf_counter() - start) / SEALED * 1e6:.1f} µs")


def filled(store: SqliteStore) -> MeetingKey:
    """Make the participants; return the meeting whose first one has an hour."""
    for number in range(MEETINGS):
        meeting = Meeting(MeetingKey("default", f"m{number}", ""), Purpose.RESEARCH, MeetingState.ACTIVE, 1)
        key = store.create_meeting(meeting).key
        for person in range(PEOPLE):
            store.open_stream(key, f"p{person}", offset_us=0, time_us=0)
    for first in range(1, HOUR_ROWS, BULK_ROWS):
        store.commit([Entry(key, tuple(update("p0", first + row) for row in range(BULK_ROWS)))])
    return key


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "folder", nargs="?", help="where the record is written, and deleted again; default: a temporary one"
    )
    return parser


def main() -> None:
    """Print what it took."""
    options = arguments().parse_args()
    sealing()
    folder = pathlib.Path(tempfile.mkdtemp(dir=options.folder))
    store = SqliteStore(folder)
    store.open()
    key = filled(store)
    while store.sweep():
        pass
    steps: list[float] = []
    commits: list[float] = []
    began = time.perf_counter()
    store.erase_participant(key, "p0", hold_us=1_500_000, offset_us=0, time_us=0)
    steps.append(time.perf_counter() - began)
    left = True
    while left:
        start = time.perf_counter()
        left = store.sweep()
        steps.append(time.perf_counter() - start)
        store.commit([Entry(key, (update("p1", len(commits) + 1),))])
        commits.append(time.perf_counter() - start - steps[-1])
    total_s = time.perf_counter() - began
    print(f"{MEETINGS * PEOPLE:,} participants, one with {HOUR_ROWS:,} updates erased in {total_s:.2f} s")
    print(
        f"{len(steps)} steps, the longest {max(steps) * 1e3:.0f} ms; longest commit between {max(commits) * 1e3:.0f} ms"
    )
    store.close()
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
