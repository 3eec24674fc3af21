"""Table 5: what one more costs. Participants, idle connections, meetings, subscribers; memory of each."""

import asyncio
import pickle
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import grpc
from roompulse.v1 import common_pb2, subscription_service_pb2

from benchmarks.live import WARM_S, window
from benchmarks.load import Job, Load
from benchmarks.material import Clip
from benchmarks.service import serving

IDLE = 200
RATE_HZ = 1.0  # so that forty fit on most cores
SUBSCRIBE = "/roompulse.v1.SubscriptionService/SubscribeUpdates"


@dataclass(frozen=True, slots=True)
class Point:
    what: str
    count: int
    cpu_ms: float  # a second and participant
    memory_mb: float  # of the whole tree


async def participants(clips: Sequence[Clip], counts: Sequence[int], seconds: float, meetings: int = 1) -> list[Point]:
    """Return a point for each number of participants at one look a second, and one with nobody."""
    points = []
    for count in (0, *counts) if meetings == 1 else counts:
        async with serving() as served:
            if not count:
                points.append(Point("empty", 0, 0.0, served.usage(memory=True).memory_mb))
                continue
            names = tuple(f"m{number}" for number in range(meetings))
            units = tuple(clip.units for clip in clips)
            job = Job(served.address, names, units, count, WARM_S + seconds + 2.5, live=True, rate_hz=RATE_HZ)
            watching = asyncio.create_task(window(served, job, seconds))
            await asyncio.sleep(WARM_S + seconds)
            memory_mb = served.usage(memory=True).memory_mb
            seen, _ = await watching
            points.append(
                Point("participants" if meetings == 1 else f"in {meetings} meetings", count, seen.person_ms, memory_mb)
            )
    return points


async def idle(clips: Sequence[Clip]) -> Point:
    """Return what connected participants that send nothing cost, each."""
    async with serving() as served:
        empty = served.usage(memory=True)
        load = Load(Job(served.address, ("idle",), (clips[0].units,), IDLE, 9.0, live=True, idle=True))
        await asyncio.sleep(5.0)
        began = served.usage()
        await asyncio.sleep(3.0)
        used = served.usage(memory=True)
        await asyncio.to_thread(load.result)
    return Point("idle", IDLE, (used.cpu_s - began.cpu_s) / 3.0 / IDLE * 1e3, (used.memory_mb - empty.memory_mb) / IDLE)


async def subscribers(clips: Sequence[Clip], counts: Sequence[int], seconds: float) -> list[Point]:
    """Return the parent's CPU with so many subscribers of one meeting of two participants, a second and subscriber."""
    points = []
    for count in counts:
        async with serving() as served:
            units = tuple(clip.units for clip in clips)
            job = Job(served.address, ("heard",), units, 2, WARM_S + seconds + 2, live=True, rate_hz=RATE_HZ)
            load = Load(job)
            await asyncio.sleep(1.0)
            listening = subprocess.Popen([sys.executable, "-m", "benchmarks.scale"], stdin=subprocess.PIPE)
            assert listening.stdin is not None
            listening.stdin.write(pickle.dumps((served.address, count)))
            listening.stdin.close()
            await asyncio.sleep(WARM_S - 1.0)
            began = served.usage()
            await asyncio.sleep(seconds)
            used = served.usage(memory=True)
            listening.kill()
            listening.wait()
            await asyncio.to_thread(load.result)
        points.append(
            Point("subscribers", count, (used.parent_s - began.parent_s) / seconds / count * 1e3, used.memory_mb)
        )
    return points


async def _listen(address: str, count: int) -> None:
    async with grpc.aio.insecure_channel(address) as channel:
        await asyncio.gather(*(_one(channel) for _ in range(count)))


async def _one(channel: grpc.aio.Channel) -> None:
    request = subscription_service_pb2.SubscribeUpdatesRequest(meeting=common_pb2.MeetingKey(id="heard"))
    call = channel.unary_stream(SUBSCRIBE, type(request).SerializeToString, None)(request)
    async for _ in call:
        pass


if __name__ == "__main__":
    asyncio.run(_listen(*pickle.load(sys.stdin.buffer)))
