"""Table 1: every frame (EVERY_FRAME), through the real service. CPU a frame, interleaved with the bare kernels."""

import asyncio
import statistics
from dataclasses import dataclass

from benchmarks.kernels import Kernels
from benchmarks.load import Job, Load, Streamed
from benchmarks.material import Clip
from benchmarks.service import serving


@dataclass(frozen=True, slots=True)
class Dense:
    """Milliseconds of CPU a frame, of parent and workers; one for each round beside the kernels of that round."""

    parent_ms: float
    workers_ms: float
    over_full: tuple[float, ...]  # over the kernels' sum, detector at 640
    over_best: tuple[float, ...]  # detector at 320
    streams: tuple[Streamed, ...]  # of the last round

    @property
    def frame_ms(self) -> float:
        return self.parent_ms + self.workers_ms


async def measure(clips: list[Clip], kernels: Kernels, rounds: int, seconds: float) -> Dense:
    """Stream every clip for `seconds` of media, `rounds` times, each to a service that has warmed up."""
    parents, workers, full, best = [], [], [], []
    units = tuple(clip.units for clip in clips)
    async with serving() as served:
        await asyncio.to_thread(Load(Job(served.address, ("warm",), units, 1, 1.0, live=False)).result)
        for number in range(rounds):
            before, began = kernels.round(), served.usage()
            job = Job(served.address, (f"dense{number}",), units, len(clips), seconds, live=False)
            streams = await asyncio.to_thread(Load(job).result)
            used, after = served.usage(), kernels.round()
            frames = sum(stream.analyzed for stream in streams)
            parents.append((used.parent_s - began.parent_s) * 1e3 / frames)
            workers.append((used.workers_s - began.workers_s) * 1e3 / frames)
            spent_ms = parents[-1] + workers[-1]
            full.append(spent_ms * 2 / (before.frame_full + after.frame_full))
            best.append(spent_ms * 2 / (before.frame_best + after.frame_best))
    return Dense(statistics.median(parents), statistics.median(workers), tuple(full), tuple(best), tuple(streams))
