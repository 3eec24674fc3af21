"""Table 2: live participants. How many a core serves, each with three fresh analyses a second, p99 within 400 ms.

The service has one core, the clients the others. The search (`search.py`) begins where the CPU time of a light load
promises; the promise stands beside what held, because other work on the machine costs latency, not CPU time.
"""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks import search
from benchmarks.load import Job, Load, Streamed
from benchmarks.material import Clip
from benchmarks.search import Percentiles, Window
from benchmarks.service import Served, Usage, serving

WARM_S = 4.0
PARTS = 4  # of a window: how much its cost spreads
Progress = Callable[[str], None]


async def window(served: Served, job: Job, seconds: float) -> tuple[Window, list[Streamed]]:
    """Load the service, let it warm up, and look at `seconds` of it."""
    load = Load(job)
    await asyncio.sleep(WARM_S)
    usages = await watch(served, seconds, PARTS)
    streams = await asyncio.to_thread(load.result)
    return seen(served, job.people, usages, streams), streams


async def watch(served: Served, seconds: float, parts: int) -> list[Usage]:
    """Return what the service has used at the beginning and after each part."""
    usages = [served.usage()]
    for _ in range(parts):
        await asyncio.sleep(seconds / parts)
        usages.append(served.usage())
    return usages


def person_ms(began: Usage, ended: Usage, people: int) -> float:
    """Return CPU milliseconds a participant-second."""
    return (ended.cpu_s - began.cpu_s) * 1e3 / (ended.at_s - began.at_s) / people


def seen(served: Served, people: int, usages: Sequence[Usage], streams: Sequence[Streamed]) -> Window:
    """Return the window between the first and the last usage."""
    began, ended = usages[0], usages[-1]
    length_s = ended.at_s - began.at_s
    fresh = [[value for value in stream.fresh() if began.at_s <= value.scored_s < ended.at_s] for stream in streams]
    values = [value for stream in fresh for value in stream]
    rates = [len(stream) / length_s for stream in fresh]
    parts = [person_ms(a, b, people) for a, b in itertools.pairwise(usages)]
    per = 1e3 / length_s / people
    spare, clients_spare = served.idle(began, ended)
    return Window(
        people=people,
        cpu=(ended.cpu_s - began.cpu_s) / length_s,
        parent_ms=(ended.parent_s - began.parent_s) * per,
        workers_ms=(ended.workers_s - began.workers_s) * per,
        spread_ms=(min(parts), max(parts)),
        spare=spare,
        clients_spare=clients_spare,
        least_hz=min(rates),
        mean_hz=float(np.mean(rates)),
        received_ms=_percentiles([value.received_s - value.captured_s for value in values]),
        looked_ms=_percentiles([value.scored_s - value.received_s for value in values]),
        sent_ms=_percentiles([value.arrived_s - value.scored_s for value in values]),
        scored_ms=_percentiles([value.scored_s - value.captured_s for value in values]),
        published_ms=_percentiles([value.arrived_s - value.captured_s for value in values]),
        faults=sum(bool(stream.error) for stream in streams),
    )


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the search found; the first window is the light load's, whose `streams` are kept."""

    tried: tuple[Window, ...]
    streams: tuple[Streamed, ...]

    @property
    def light(self) -> Window:
        return self.tried[0]

    @property
    def promised(self) -> float:
        return self.light.promised

    @property
    def held(self) -> Window | None:
        return search.held(self.tried)


async def capacity(
    clips: Sequence[Clip],
    tries: int,
    seconds: float,
    batch: int,
    say: Progress = lambda _: None,
    flags: Sequence[str] = (),
    light: int = 10,
) -> Capacity:
    """Search the largest number that holds; every try has a service of its own."""

    async def attempt(people: int) -> Window:
        say(f"{people} people")
        return (await _attempt(clips, people, seconds, batch, flags))[0]

    say(f"{light} people")
    first, streams = await _attempt(clips, light, seconds, batch, flags)
    return Capacity(await search.largest(first, attempt, tries), tuple(streams))


async def _attempt(
    clips: Sequence[Clip], people: int, seconds: float, batch: int, flags: Sequence[str]
) -> tuple[Window, list[Streamed]]:
    units = tuple(clip.units for clip in clips)
    async with serving(*flags) as served:
        job = Job(served.address, ("live",), units, people, WARM_S + seconds + 1.5, live=True, batch=batch)
        return await window(served, job, seconds)


async def latency(clips: Sequence[Clip], load: float, guess: int, seconds: float, say: Progress) -> Window:
    """Table 4: each access unit in a message of its own, and so many people that they take `load` of a core.

    A window of `guess` people says what one costs so.
    """
    say(f"{guess} people")
    alone = (await _attempt(clips, guess, seconds / 2, 1, ()))[0]
    people = max(1, round(load * 1e3 / alone.person_ms))
    say(f"{people} people")
    return (await _attempt(clips, people, seconds, 1, ()))[0]


def _percentiles(seconds: Sequence[float]) -> Percentiles:
    if not seconds:
        return (float("inf"),) * 3
    low, high, highest = np.percentile(np.array(seconds) * 1e3, [50, 95, 99])
    return float(low), float(high), float(highest)
