"""Table 6: start to serving, CPU of the SDK a packet, the record's rows a second and bytes an update."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import roompulse
from roompulse.media import Packet

from benchmarks.material import RATE_HZ, ROOT, Clip
from benchmarks.record import Job
from benchmarks.service import serving

PACKETS = 480
BATCH = 3


@dataclass(frozen=True, slots=True)
class Recorded:
    jobs: tuple[Job, ...]
    bytes_an_update: float


@dataclass(frozen=True, slots=True)
class Start:
    ready_s: float
    memory_mb: float  # of the whole tree, serving nobody
    worker_mb: float  # of one worker, models loaded
    sdk_us: float  # CPU microseconds a packet, in messages of three
    record: Recorded | None


async def measure(clips: Sequence[Clip], *, record: bool) -> Start:
    """Return the figures; those of the record take a minute and are left out unless asked for."""
    async with serving() as served:
        usage = served.usage(memory=True)
        sdk_us = await _sdk_us(served.address, clips[0])
    recorded = await asyncio.to_thread(_record) if record else None
    return Start(served.ready_s, usage.memory_mb, max(usage.workers_mb), sdk_us, recorded)


def _record() -> Recorded:
    command = [sys.executable, "-m", "benchmarks.record", "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, check=True)
    said = json.loads(done.stdout)
    return Recorded(tuple(Job(**job) for job in said["jobs"]), said["bytes_a_row"])


async def _sdk_us(address: str, clip: Clip) -> float:
    """Send packets as a bot does, and count this process's CPU."""
    packets = [Packet(unit, capture_s=i / RATE_HZ) for i, unit in enumerate((clip.units * 3)[:PACKETS])]
    h264 = roompulse.VideoFormat(roompulse.Encoding.H264)
    async with (
        roompulse.connect(address) as client,
        client.analyze("sdk", "ada", purpose="research", consent="granted", format=h264) as stream,
    ):
        began_s = time.process_time()
        for first in range(0, PACKETS, BATCH):
            await stream.send(packets[first : first + BATCH])
            await asyncio.sleep(0.005)
        return (time.process_time() - began_s) * 1e6 / PACKETS
