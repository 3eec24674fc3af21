"""Table 2: live participants. How many a core serves, each with three fresh analyses a second, p99 within 400 ms.

The service has one core, the clients the others. The search halves its steps between what the CPU time of a light load
promises and what holds; the promise stands beside it, because other work on the machine costs latency, not CPU time.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.kernels import FACE_HZ
from benchmarks.load import Job, Load, Streamed, Value
from benchmarks.material import Clip
from benchmarks.service import Served, serving

WARM_S = 4.0
P99_MS = 400.0
HOLDING = 0.95  # of three a second: the window cuts the first and the last
FULL = 0.90  # of a core that latency lets us use


@dataclass(frozen=True, slots=True)
class Window:
    """What `people` cost and got in a window."""

    people: int
    cpu: float  # of one core
    parent_ms: float  # a participant-second
    workers_ms: float
    least_hz: float  # fresh analyses a second of the participant that got the fewest
    mean_hz: float
    scored_ms: tuple[float, float, float]  # capture → scored: p50, p95, p99
    published_ms: tuple[float, float, float]  # capture → the client has it
    faults: int

    @property
    def person_ms(self) -> float:
        return self.parent_ms + self.workers_ms

    @property
    def holds(self) -> bool:
        return not self.faults and self.least_hz >= FACE_HZ * HOLDING and self.scored_ms[2] <= P99_MS


async def window(served: Served, job: Job, seconds: float) -> tuple[Window, list[Streamed]]:
    """Load the service, let it warm up, and look at `seconds` of it."""
    load = Load(job)
    await asyncio.sleep(WARM_S)
    began, began_s = served.usage(), time.time()
    await asyncio.sleep(seconds)
    used, ended_s = served.usage(), time.time()
    streams = await asyncio.to_thread(load.result)
    length_s = ended_s - began_s
    fresh = [
        [value for value in stream.values if value.unit is not None and began_s <= value.scored_s < ended_s]
        for stream in streams
    ]
    values = [value for stream in fresh for value in stream]
    rates = [len(stream) / length_s for stream in fresh]
    per = 1e3 / length_s / job.people
    seen = Window(
        job.people,
        (used.cpu_s - began.cpu_s) / length_s,
        (used.parent_s - began.parent_s) * per,
        (used.workers_s - began.workers_s) * per,
        min(rates),
        float(np.mean(rates)),
        _percentiles([value.scored_s - value.captured_s for value in values]),
        _percentiles([value.arrived_s - value.captured_s for value in values]),
        sum(bool(stream.error) for stream in streams),
    )
    return seen, streams


@dataclass(frozen=True, slots=True)
class Capacity:
    light: Window  # what the promise is made from
    streams: tuple[Streamed, ...]  # of the light load
    promised: float  # participants a core, by CPU time
    tried: tuple[Window, ...]

    @property
    def held(self) -> Window | None:
        return max((seen for seen in self.tried if seen.holds), key=lambda seen: seen.people, default=None)


async def capacity(
    clips: Sequence[Clip], tries: int, seconds: float, batch: int, flags: Sequence[str] = (), light: int = 10
) -> Capacity:
    """Search the largest number that holds; every try has a service of its own."""
    first, streams = await _try(clips, light, seconds, batch, flags)
    promised = FULL * 1e3 / first.person_ms
    low, high = (light, promised * 1.1) if first.holds else (0.0, float(light))
    tried = [first]
    for _ in range(tries):
        people = round((low + high) / 2)
        if people in (seen.people for seen in tried) or not people:
            break
        tried.append((await _try(clips, people, seconds, batch, flags))[0])
        low, high = (people, high) if tried[-1].holds else (low, people)
    return Capacity(first, tuple(streams), promised, tuple(tried))


async def _try(
    clips: Sequence[Clip], people: int, seconds: float, batch: int, flags: Sequence[str]
) -> tuple[Window, list[Streamed]]:
    units = tuple(clip.units for clip in clips)
    async with serving(*flags) as served:
        job = Job(served.address, ("live",), units, people, WARM_S + seconds + 1.5, live=True, batch=batch)
        return await window(served, job, seconds)


async def latency(clips: Sequence[Clip], people: int, seconds: float) -> Window:
    """Table 4: the same at a given load, each access unit in a message of its own."""
    return (await _try(clips, max(1, people), seconds, 1, ()))[0]


def _percentiles(seconds: Sequence[float]) -> tuple[float, float, float]:
    if not seconds:
        return (float("inf"),) * 3
    low, high, highest = np.percentile(np.array(seconds) * 1e3, [50, 95, 99])
    return float(low), float(high), float(highest)


def fresh_values(stream: Streamed) -> list[Value]:
    """Return a stream's analyses, by unit."""
    return sorted((v for v in stream.values if v.unit is not None), key=lambda value: value.unit or 0)
