"""A worker's heartbeat: what it works on, in memory that it shares with its parent.

The worker writes, the parent reads, nobody waits. A number before and after the values tells a reader that they belong
together.
"""

import mmap
import os
import struct
import tempfile
import time
from dataclasses import dataclass
from enum import IntEnum

_VALUES = struct.Struct("<QQqq")  # step, kind, number of the stream or request, index of the packet
_SIZE = 64
_NOBODY = -1


class StepKind(IntEnum):
    IDLE = 0
    STARTING = 1
    PACKET = 2  # `number` is the stream, `packet` the packet
    FACES = 3  # a batch of several streams
    STILL = 4  # `number` is the request


@dataclass(frozen=True, slots=True)
class Step:
    """What a worker works on. `step` rises with each new one."""

    step: int
    kind: StepKind
    number: int
    packet: int


class Progress:
    """Use `create` in the parent and `attach` in the worker."""

    def __init__(self, memory: mmap.mmap, descriptor: int) -> None:
        self._memory, self.descriptor = memory, descriptor
        self._step = 0

    @classmethod
    def create(cls) -> "Progress":
        """Make the memory; the descriptor is for the worker, and closed by `let_go`."""
        if hasattr(os, "memfd_create"):
            descriptor = os.memfd_create("roompulse-progress")
        else:
            with tempfile.TemporaryFile() as file:
                descriptor = os.dup(file.fileno())
        os.ftruncate(descriptor, _SIZE)
        progress = cls(mmap.mmap(descriptor, _SIZE), descriptor)
        progress.begin(StepKind.STARTING)
        return progress

    @classmethod
    def attach(cls, descriptor: int) -> "Progress":
        """Take the parent's memory, in the worker."""
        progress = cls(mmap.mmap(descriptor, _SIZE), descriptor)
        progress.let_go()
        return progress

    def let_go(self) -> None:
        """Close the descriptor; the memory stays."""
        os.close(self.descriptor)

    def begin(self, kind: StepKind, number: int = _NOBODY, packet: int = _NOBODY) -> None:
        """Say what is worked on from now on."""
        self._step += 1
        mark = self._step.to_bytes(8, "little")
        self._memory[0:8] = mark
        self._memory[8 : 8 + _VALUES.size] = _VALUES.pack(self._step, kind, number, packet)
        self._memory[_SIZE - 8 : _SIZE] = mark

    def read(self) -> Step | None:
        """Return what is worked on; None while it is being written."""
        before, after = self._memory[_SIZE - 8 : _SIZE], b""
        values = self._memory[8 : 8 + _VALUES.size]
        after = self._memory[0:8]
        if before != after:
            return None
        step, kind, number, packet = _VALUES.unpack(values)
        return Step(step, StepKind(kind), number, packet)

    def close(self) -> None:
        self._memory.close()


@dataclass(frozen=True, slots=True)
class ProcessTime:
    """A process's CPU time, seconds, and whether it could run now; None and True where the system does not say."""

    cpu_s: float | None
    runnable: bool


def process_time(pid: int) -> ProcessTime:
    """Read what the system knows of a process."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b") ")[2].split()
    except OSError:
        return ProcessTime(None, True)
    ticks = int(fields[11]) + int(fields[12])
    return ProcessTime(ticks / os.sysconf("SC_CLK_TCK"), fields[0] == b"R")


def now_s() -> float:
    return time.monotonic()
