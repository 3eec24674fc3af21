"""Reports of an hour of twenty people at five updates a second, from a running service: time and size of each format.

    python -m benchmarks.experiments.report [FOLDER]

The time is what a client waits: reading the record, summing it up, writing the file, and its way over the wire.
"""

import argparse
import asyncio
import pathlib
import shutil
import tempfile
import time

import roompulse
from roompulse_server.app import running
from roompulse_server.settings import load_settings
from roompulse_server.storage.sqlite import SqliteStore
from roompulse_server.types import Meeting, MeetingKey, MeetingState, Purpose

from benchmarks.experiments.summary import PEOPLE, RATE, SECONDS, record

MEETING = "bench"
RUNS = 3


def recorded(folder: pathlib.Path) -> None:
    store = SqliteStore(folder)
    store.open()
    new = Meeting(MeetingKey("default", MEETING, ""), Purpose.RESEARCH, MeetingState.ACTIVE, 1_700_000_000_000_000)
    record(store, store.create_meeting(new).key)
    store.close()


async def render(folder: pathlib.Path) -> None:
    settings = load_settings({"listen": "127.0.0.1:0", "data": folder, "workers": 1, "log_level": "error"})
    async with running(settings) as app, roompulse.connect(f"127.0.0.1:{app.port}") as client:
        for format in filter(None, roompulse.ReportFormat):
            times = []
            for _ in range(RUNS):
                start = time.perf_counter()
                report = await client.meetings.report(MEETING, format)
                times.append(time.perf_counter() - start)
            print(f"{format.word:<10}{min(times):6.2f} s{len(report.content) / 1000:10,.0f} KB")


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "folder", nargs="?", help="where the record is written, and deleted again; default: a temporary one"
    )
    return parser


def main() -> None:
    folder = pathlib.Path(tempfile.mkdtemp(dir=arguments().parse_args().folder))
    recorded(folder)
    print(f"{PEOPLE} people, {SECONDS} s, {PEOPLE * RATE * SECONDS:,} updates; best of {RUNS}")
    asyncio.run(render(folder))
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
