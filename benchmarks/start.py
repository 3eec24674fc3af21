"""Table 6: start to serving, CPU of the SDK a packet, the record's rows a second and bytes an update."""

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import roompulse
from roompulse.media import Packet

from benchmarks.material import RATE_HZ, ROOT, Clip
from benchmarks.service import serving

PACKETS = 480
BATCH = 3


@dataclass(frozen=True, slots=True)
class Start:
    ready_s: float
    memory_mb: float  # of the whole tree, serving nobody
    worker_mb: float  # of one worker, models loaded
    sdk_us: float  # CPU microseconds a packet, in messages of three
    record: tuple[str, ...]  # as `python -m benchmarks.record` says it
    bytes_an_update: float


async def measure(clips: Sequence[Clip], *, record: bool) -> Start:
    """Return the figures; those of the record take a minute and are left out unless asked for."""
    async with serving() as served:
        usage = served.usage(memory=True)
        sdk_us = await _sdk_us(served.address, clips[0])
    command = [sys.executable, "-m", "benchmarks.record"]
    said = ""
    if record:
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, cwd=ROOT, check=True)
        said = done.stdout
    size = re.search(r"(\d+) bytes a row", said)
    lines = tuple(said.strip().splitlines())
    return Start(
        served.ready_s, usage.memory_mb, max(usage.workers_mb), sdk_us, lines, float(size[1]) if size else float("nan")
    )


async def _sdk_us(address: str, clip: Clip) -> float:
    """Send packets as a bot does, and count this process's CPU."""
    packets = [Packet(unit, capture_s=i / RATE_HZ) for i, unit in enumerate((clip.units * 3)[:PACKETS])]
    options = {"purpose": "research", "consent": "granted", "format": roompulse.VideoFormat(roompulse.Encoding.H264)}
    async with roompulse.connect(address) as client, client.analyze("sdk", "ada", **options) as stream:
        began_s = time.process_time()
        for first in range(0, PACKETS, BATCH):
            await stream.send(packets[first : first + BATCH])
            await asyncio.sleep(0.005)
        return (time.process_time() - began_s) * 1e6 / PACKETS
