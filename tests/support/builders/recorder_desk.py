"""A recorder over a real disk that waits, fails and is counted as a test wants."""

import asyncio
import pathlib
import threading
from collections.abc import Sequence

from record_updates import plain
from roompulse_server.errors import DamageError, StoreError
from roompulse_server.storage.block import quantise
from roompulse_server.storage.recorder import Recorder
from roompulse_server.storage.sqlite import SqliteStore
from roompulse_server.types import Meeting, MeetingKey, MeetingState, Purpose, Update
from roompulse_server.types.log import Committed, Entry

MEETING = Meeting(MeetingKey("default", "standup", ""), Purpose.RESEARCH, MeetingState.ACTIVE, 1)


class Disk(SqliteStore):
    """A real store whose commits wait for a gate, fail on demand, and are counted."""

    def __init__(self, folder: pathlib.Path) -> None:
        super().__init__(folder)
        self.gate = threading.Event()
        self.gate.set()
        self.started = threading.Event()
        self.failing = False
        self.damaged: MeetingKey | None = None
        self.failed = threading.Semaphore(0)
        self.sizes: list[int] = []

    def commit(self, entries: Sequence[Entry]) -> list[Committed]:
        self.started.set()
        assert self.gate.wait(10)
        if self.failing:
            self.failed.release()
            raise StoreError("no space left")
        if any(entry.key == self.damaged for entry in entries):
            raise DamageError("database disk image is malformed")
        self.sizes.append(len(entries))
        return super().commit(entries)


class Desk:
    """A recorder over a real disk with one meeting, and what it has handed out."""

    def __init__(self, folder: pathlib.Path, capacity: int = 8) -> None:
        self.disk = Disk(folder)
        self.out: list[Committed] = []
        self.recorder = Recorder(self.disk, self.out.append, capacity=capacity, retry_s=0.01)
        self.key = MEETING.key

    async def begin(self) -> None:
        self.key = (await self.recorder.call(self.disk.create_meeting, MEETING)).key
        await self.recorder.call(self.disk.open_stream, self.key, "ada", offset_us=0, time_us=0)

    async def close_gate(self) -> None:
        """Hold the next commit, which is on its way when this returns: it has sequence 1."""
        self.disk.gate.clear()
        self.disk.started.clear()
        await self.recorder.append(self.entry(1))
        await asyncio.to_thread(self.disk.started.wait, 10)

    def entry(self, sequence: int) -> Entry:
        return Entry(self.key, (quantise(plain(sequence)),))

    def updates(self) -> list[Update]:
        return [update for item in self.out for update in item.updates]

    def sequences(self) -> list[int]:
        return [update.sequence for update in self.updates()]
