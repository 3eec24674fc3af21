"""The service under measurement: the real command, on cores of its own where there are several; CPU and memory of its
process tree alone."""

import asyncio
import contextlib
import os
import pathlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import psutil

from demo.service import Service, known_models

ROOT = pathlib.Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds so far and memory now (private and shared, proportionally), MB, of parent, workers and spare."""

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
    def __init__(self, service: Service, cores: int, ready_s: float) -> None:
        self.address, self.cores, self.ready_s = service.address, cores, ready_s
        self._process = psutil.Process(service.pid)

    @property
    def pids(self) -> list[int]:
        return [self._process.pid, *(child.pid for child in self._process.children(recursive=True))]

    def usage(self, memory: bool = False) -> Usage:
        """Return what the tree has used. Memory takes some milliseconds to read."""
        children = self._process.children(recursive=True)
        return Usage(
            _cpu_s(self._process),
            sum(map(_cpu_s, children)),
            _memory_mb(self._process) if memory else 0.0,
            tuple(_memory_mb(child) for child in children) if memory else (),
        )


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
    with tempfile.TemporaryDirectory() as folder:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        with _cores() as count:
            service = Service(pathlib.Path(folder), models, "--log-level", "error", *flags)
            await service.__aenter__()
            _favour(service.pid)
        try:
            yield Served(service, count, loop.time() - began_s)
        finally:
            await service.aclose()
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _cores() -> Iterator[int]:
    """What is started inside the block gets one core, and the clients have the others, where there are several."""
    if not hasattr(os, "sched_setaffinity"):
        yield os.cpu_count() or 1
        return
    all_cores = os.sched_getaffinity(0)
    own = {min(all_cores)}
    os.sched_setaffinity(0, own)
    try:
        yield 1
    finally:
        os.sched_setaffinity(0, (all_cores - own) or all_cores)


def _favour(pid: int) -> None:
    """Give the service its share of a machine that does other work too, where the system lets us (Linux, as root)."""
    with contextlib.suppress(OSError):
        pathlib.Path(f"/proc/{pid}/autogroup").write_text("-15")
