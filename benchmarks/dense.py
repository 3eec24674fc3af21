"""Table 1: every frame (EVERY_FRAME), through the real service. CPU a frame, interleaved with the bare kernels."""

import asyncio
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.kernels import Kernels
from benchmarks.load import Job, Load, Streamed
from benchmarks.material import Clip
from benchmarks.service import Served, serving


@dataclass(frozen=True, slots=True)
class Frame:
    """Milliseconds of CPU a frame."""

    parent_ms: float
    workers_ms: float

    @property
    def total_ms(self) -> float:
        return self.parent_ms + self.workers_ms


@dataclass(frozen=True, slots=True)
class Dense:
    """The median of the rounds; ratios, one for each round, to the kernels of that round."""

    frame: Frame
    over_full: tuple[float, ...]  # over the kernels' sum, detector at 640
    over_best: tuple[float, ...]  # detector at 320
    streams: tuple[Streamed, ...]  # of the last round


async def measure(clips: Sequence[Clip], kernels: Kernels, rounds: int, seconds: float) -> Dense:
    """Stream every clip for `seconds` of media, `rounds` times, to a service that has warmed up."""
    frames, full, best = [], [], []
    streams: list[Streamed] = []
    async with serving() as served:
        await warmed(served, clips)
        for number in range(rounds):
            before = kernels.round()
            frame, streams = await one(served, clips, f"dense{number}", seconds)
            after = kernels.round()
            frames.append(frame)
            full.append(frame.total_ms * 2 / (before.frame_full + after.frame_full))
            best.append(frame.total_ms * 2 / (before.frame_best + after.frame_best))
    middle = Frame(*(statistics.median(column) for column in zip(*map(_columns, frames), strict=True)))
    return Dense(middle, tuple(full), tuple(best), tuple(streams))


async def warmed(served: Served, clips: Sequence[Clip]) -> None:
    """Let the service do everything once."""
    await one(served, clips[:1], "warm", 1.0)


async def one(served: Served, clips: Sequence[Clip], meeting: str, seconds: float) -> tuple[Frame, list[Streamed]]:
    """Stream every clip for `seconds` of media, and return what a frame cost."""
    units = tuple(clip.units for clip in clips)
    began = served.usage()
    job = Job(served.address, (meeting,), units, len(clips), seconds, live=False)
    streams = await asyncio.to_thread(Load(job).result)
    used = served.usage()
    per = 1e3 / sum(stream.analyzed for stream in streams)
    return Frame((used.parent_s - began.parent_s) * per, (used.workers_s - began.workers_s) * per), streams


def _columns(frame: Frame) -> tuple[float, float]:
    return frame.parent_ms, frame.workers_ms
