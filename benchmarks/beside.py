"""What the service costs, part by part, beside the bare kernels of the very same seconds: ratios for `make bench-check`.

The kernels run over and over on the clients' core while the service works on its own, so that whatever else the machine
does slows both. Each dense load, and each part of a live one, is set against the kernel rounds that fell into it.
"""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Sequence

from benchmarks import dense, live
from benchmarks.kept import Part
from benchmarks.kernels import Costs, Kernels, median
from benchmarks.load import Job, Load
from benchmarks.material import Clip
from benchmarks.service import Served, serving

PEOPLE = 8
BATCH = 3
WARM_S = 3.0
DENSE_S, DENSE_LOADS = 2.0, 3  # of media, of each clip
LIVE_S, LIVE_PARTS = 9.0, 6

Rounds = list[tuple[float, float, Costs]]  # when it began and ended, and what it found
Parts = dict[str, list[Part]]


async def parts(clips: Sequence[Clip], kernels: Kernels) -> Parts:
    """Return live and dense CPU over the bare kernels, of each part, from one service.

    Live first: dense fills the core, and for a while afterwards the engine would hold the rates of live people down.
    """
    async with serving() as served:
        await dense.warmed(served, clips)
        return {"live": await _live(served, clips, kernels), "dense": await _dense(served, clips, kernels)}


async def _dense(served: Served, clips: Sequence[Clip], kernels: Kernels) -> list[Part]:
    found = []
    for number in range(DENSE_LOADS):
        async with _beside(kernels) as rounds:
            began = served.usage()
            frame, _ = await dense.one(served, clips, f"dense{number}", DENSE_S)
            ended = served.usage()
        bare = median([costs for _, _, costs in rounds])
        found.append(Part(frame.total_ms / bare.frame_best, served.others(began, ended)))
    return found


async def _live(served: Served, clips: Sequence[Clip], kernels: Kernels) -> list[Part]:
    units = tuple(clip.units for clip in clips)
    load = Load(Job(served.address, ("live",), units, PEOPLE, WARM_S + LIVE_S + 1.0, live=True, batch=BATCH))
    await asyncio.sleep(WARM_S)
    async with _beside(kernels) as rounds:
        usages = await live.watch(served, LIVE_S, LIVE_PARTS)
    streams = await asyncio.to_thread(load.result)
    looks_hz = live.seen(served, PEOPLE, usages, streams).mean_hz  # who looks less often saves nothing here
    return [
        Part(live.person_ms(began, ended, PEOPLE) / median(near).live_at(looks_hz), served.others(began, ended))
        for began, ended in itertools.pairwise(usages)
        if (near := [costs for from_s, to_s, costs in rounds if from_s < ended.at_s and to_s > began.at_s])
    ]


@contextlib.asynccontextmanager
async def _beside(kernels: Kernels) -> AsyncIterator[Rounds]:
    """Measure the kernels again and again for the length of the block."""
    rounds: Rounds = []
    stop = asyncio.Event()

    async def again() -> None:
        while not stop.is_set():
            began_s = time.time()
            costs = await asyncio.to_thread(kernels.round)
            rounds.append((began_s, time.time(), costs))

    task = asyncio.create_task(again())
    try:
        yield rounds
    finally:
        stop.set()
        await task
