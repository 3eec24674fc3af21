"""Table 5: what one more costs. Participants, idle connections, meetings, subscribers; memory of each.

One service for each row of numbers, and people who come and stay: what one more costs is a difference within one
process. They send four pictures a second, encoded at that rate, are looked at every two seconds, and show the same five
clips in every step: forty of them fit on a core, so that no figure is one of an overloaded service.
"""

import asyncio
import itertools
import pickle
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import grpc
from roompulse.v1 import common_pb2, subscription_service_pb2

from benchmarks.growth import Point, Step
from benchmarks.live import Progress
from benchmarks.load import Job, Load, Streamed
from benchmarks.material import Clip
from benchmarks.service import Served, Usage, serving

IDLE, IDLE_S = 200, 3.0
FRAME_HZ = 4  # so that forty fit on a core
RATE_HZ = 0.5
BATCH = 2  # access units a message: a quarter of a second
CLIPS = 5  # divides every step, so that each has the same mix
SETTLE_S = 3.0
SLACK_S = 1.5
PEOPLE = 20  # in the meetings, all together
SUBSCRIBE = "/roompulse.v1.SubscriptionService/SubscribeUpdates"


@dataclass(frozen=True, slots=True)
class Scale:
    """Participants and subscribers begin with the point of nobody; meetings hold `PEOPLE` people in all."""

    participants: tuple[Point, ...]
    idle: Step
    meetings: tuple[tuple[int, Point], ...]
    subscribers: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """What the service had used before and after a look at `count`."""

    count: int
    began: Usage
    ended: Usage

    def point(self, cpu_s: float, streams: Sequence[Streamed] = ()) -> Point:
        length_s = self.ended.at_s - self.began.at_s
        within = [
            sum(self.began.at_s <= value.scored_s < self.ended.at_s for value in stream.fresh())
            for stream in streams[: self.count]
        ]
        return Point(
            self.count,
            cpu_s * 1e3 / length_s,
            self.ended.memory_mb,
            max(self.ended.workers_mb),
            min(within, default=0) / length_s,
        )

    @property
    def spent_s(self) -> float:
        return self.ended.cpu_s - self.began.cpu_s

    @property
    def parent_s(self) -> float:
        return self.ended.parent_s - self.began.parent_s


async def measure(
    clips: Sequence[Clip], counts: Sequence[int], meetings: Sequence[int], listeners: Sequence[int], seconds: float,
    say: Progress,
) -> Scale:  # fmt: skip
    """Measure all of it; each point is a look of `seconds`."""
    return Scale(
        await _participants(clips, counts, seconds, say),
        await _idle(clips, say),
        await _in_meetings(clips, meetings, seconds, say),
        await _subscribers(clips, listeners, seconds, say),
    )


async def _look(served: Served, count: int, seconds: float) -> Look:
    began = served.usage()
    await asyncio.sleep(seconds)
    return Look(count, began, served.usage(memory=True))


async def _participants(
    clips: Sequence[Clip], counts: Sequence[int], seconds: float, say: Progress
) -> tuple[Point, ...]:
    loads: list[Load] = []
    async with serving() as served:
        say("nobody")
        looks = [await _look(served, 0, SLACK_S)]
        for number, (before, count) in enumerate(itertools.pairwise((0, *counts))):
            say(f"{count} participants")
            left_s = (len(counts) - number) * (SETTLE_S + seconds) + SLACK_S
            loads.append(Load(_job(served, clips, count - before, left_s, first=before)))
            await asyncio.sleep(SETTLE_S)
            looks.append(await _look(served, count, seconds))
        streams = [stream for load in loads for stream in await asyncio.to_thread(load.result)]
    return tuple(look.point(look.spent_s, streams) for look in looks)


async def _idle(clips: Sequence[Clip], say: Progress) -> Step:
    """Return what connected participants that send nothing cost, each."""
    say(f"{IDLE} idle")
    async with serving() as served:
        empty = await _look(served, 0, SLACK_S)
        seconds = SETTLE_S + IDLE_S + SLACK_S
        load = Load(Job(served.address, ("idle",), (clips[0].units,), IDLE, seconds, live=True, idle=True))
        await asyncio.sleep(SETTLE_S)
        look = await _look(served, IDLE, IDLE_S)
        await asyncio.to_thread(load.result)
    memory_mb = (look.ended.memory_mb - empty.ended.memory_mb) / IDLE
    return Step(0, IDLE, look.point(look.spent_s).cpu_ms / IDLE, memory_mb)


async def _in_meetings(
    clips: Sequence[Clip], numbers: Sequence[int], seconds: float, say: Progress
) -> tuple[tuple[int, Point], ...]:
    """Return what the same people cost in one meeting and in several, one after the other in one service."""
    points = []
    async with serving() as served:
        for number in numbers:
            say(f"{PEOPLE} participants in {number} meetings")
            names = tuple(f"of{number}-{index}" for index in range(number))
            load = Load(_job(served, clips, PEOPLE, SETTLE_S + seconds + SLACK_S, meetings=names))
            await asyncio.sleep(SETTLE_S)
            look = await _look(served, PEOPLE, seconds)
            points.append((number, look.point(look.spent_s, await asyncio.to_thread(load.result))))
    return tuple(points)


async def _subscribers(
    clips: Sequence[Clip], counts: Sequence[int], seconds: float, say: Progress
) -> tuple[Point, ...]:
    """Return the parent's CPU with nobody and with so many subscribers of one meeting of two participants."""
    listening: list[subprocess.Popen[bytes]] = []
    async with serving() as served:
        load = Load(_job(served, clips, 2, (1 + len(counts)) * (SETTLE_S + seconds) + SLACK_S, meetings=("heard",)))
        looks = []
        for before, count in itertools.pairwise((0, 0, *counts)):
            say(f"{count} subscribers")
            listening += [_listeners(served.address, count - before)] if count else []
            await asyncio.sleep(SETTLE_S)
            looks.append(await _look(served, count, seconds))
        for process in listening:
            process.kill()
            process.wait()
        await asyncio.to_thread(load.result)
    return tuple(look.point(look.parent_s) for look in looks)


def _job(
    served: Served,
    clips: Sequence[Clip],
    people: int,
    seconds: float,
    first: int = 0,
    meetings: tuple[str, ...] = ("m",),
) -> Job:
    units = tuple(clip.units for clip in clips[:CLIPS])
    return Job(
        served.address, meetings, units, people, seconds,
        live=True, rate_hz=RATE_HZ, frame_hz=FRAME_HZ, batch=BATCH, first=first,
    )  # fmt: skip


def _listeners(address: str, count: int) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.scale"], stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(pickle.dumps((address, count)))
    process.stdin.close()
    return process


async def _listen(address: str, count: int) -> None:
    async with grpc.aio.insecure_channel(address) as channel:
        await asyncio.gather(*(_one(channel) for _ in range(count)))


async def _one(channel: grpc.aio.Channel) -> None:
    request = subscription_service_pb2.SubscribeUpdatesRequest(meeting=common_pb2.MeetingKey(id="heard"))
    method: grpc.aio.UnaryStreamMultiCallable[subscription_service_pb2.SubscribeUpdatesRequest, bytes]
    method = channel.unary_stream(SUBSCRIBE, type(request).SerializeToString, None)
    async for _ in method(request):
        pass


if __name__ == "__main__":
    asyncio.run(_listen(*pickle.load(sys.stdin.buffer)))
