"""The service under measurement: the real command, on cores of its own where there are several; CPU and memory of its
process tree alone."""

import asyncio
import contextlib
import os
import pathlib
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import psutil

from demo.service import Service, known_models

ROOT = pathlib.Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds so far and memory now (private and shared, proportionally), MB, of parent, workers and spare.

    `idle_s` is how long each core of the machine has been idle so far.
    """

    at_s: float  # the machine's wall clock
    idle_s: tuple[float, ...]
    parent_s: float
    workers_s: float
    parent_mb: float
    workers_mb: tuple[float, ...]

    @property
    def cpu_s(self) -> float:
        return self.parent_s + self.workers_s

    @property
    def memory_mb(self) -> float:
        return self.parent_mb + sum(self.workers_mb)


class Served:
    """`cores` are those that the service has; the clients have the others, where there are any."""

    def __init__(self, service: Service, cores: frozenset[int], ready_s: float) -> None:
        self.address, self.cores, self.ready_s = service.address, cores, ready_s
        self._process = psutil.Process(service.pid)

    @property
    def pids(self) -> list[int]:
        return [self._process.pid, *(child.pid for child in self._process.children(recursive=True))]

    def usage(self, memory: bool = False) -> Usage:
        """Return what the tree has used. Memory takes some milliseconds to read."""
        children = self._process.children(recursive=True)
        return Usage(
            time.time(),
            tuple(core.idle for core in psutil.cpu_times(percpu=True)),
            _cpu_s(self._process),
            sum(map(_cpu_s, children)),
            _memory_mb(self._process) if memory else 0.0,
            tuple(_memory_mb(child) for child in children) if memory else (),
        )

    def idle(self, began: Usage, ended: Usage) -> tuple[float, float]:
        """Return the idle share of the service's cores and of the clients'."""
        share = [(b - a) / (ended.at_s - began.at_s) for a, b in zip(began.idle_s, ended.idle_s, strict=True)]
        others = [spare for core, spare in enumerate(share) if core not in self.cores]
        return statistics.mean(share[core] for core in self.cores), statistics.mean(others or share)

    def others(self, began: Usage, ended: Usage) -> float:
        """Return the share of the service's cores that neither it nor idling took."""
        own = (ended.cpu_s - began.cpu_s) / (ended.at_s - began.at_s) / len(self.cores)
        return max(0.0, 1.0 - self.idle(began, ended)[0] - own)


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _memory_mb(process: psutil.Process) -> float:
    info = process.memory_full_info()
    return float(getattr(info, "pss", info.uss)) / 1e6


@contextlib.asynccontextmanager
async def serving(*flags: str) -> AsyncIterator[Served]:
    """Run the service, with one worker for each core it may use, for the length of the block."""
    models = known_models(ROOT, os.environ)
    with tempfile.TemporaryDirectory() as folder, _shared_out() as (own, others):
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        _move(own)
        try:
            service = Service(pathlib.Path(folder), models, "--log-level", "error", *flags)
            await service.__aenter__()
            _favour(service.pid)
        finally:
            _move(others)
        try:
            yield Served(service, own, loop.time() - began_s)
        finally:
            await service.aclose()


@contextlib.contextmanager
def _shared_out() -> Iterator[tuple[frozenset[int], frozenset[int]]]:
    """Yield the cores of the service and of the clients: one, and the others, where there are several.

    What this thread may use is afterwards as it was.
    """
    if not hasattr(os, "sched_setaffinity"):
        every = frozenset(range(os.cpu_count() or 1))
        yield every, every
        return
    every = frozenset(os.sched_getaffinity(0))
    own = frozenset({min(every)})
    try:
        yield own, (every - own) or every
    finally:
        _move(every)


def _move(cores: frozenset[int]) -> None:
    """Let this thread, and what it starts from now on, run on these cores alone."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)


def _favour(pid: int) -> None:
    """Give the service its share of a machine that does other work too, where the system lets us (Linux, as root)."""
    with contextlib.suppress(OSError):
        pathlib.Path(f"/proc/{pid}/autogroup").write_text("-15")
