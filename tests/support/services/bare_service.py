"""The service without workers and without gRPC: the record, meetings and their keepers, started in milliseconds.

Streams whose pictures nobody looks at (no consent, camera off) need no more.
"""

import pathlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import cast

from live_service import settings
from roompulse_server.app import Parts
from roompulse_server.bus.hub import Hub
from roompulse_server.engine.engine import Engine
from roompulse_server.engine.messages import Ready
from roompulse_server.insight.scoring.formula import Formula
from roompulse_server.meetings.registry import Registry
from roompulse_server.meetings.server_clock import ServerClock
from roompulse_server.meetings.steady import Clocks
from roompulse_server.meetings.timekeeper import Timekeeper, host_clocks
from roompulse_server.metrics import Metrics
from roompulse_server.privacy.privacy_service import PrivacyService
from roompulse_server.storage.recorder import Recorder
from roompulse_server.storage.sqlite import SqliteStore
from roompulse_server.streams.analysis_service import AnalysisService


class NoWorkers:
    """Says what an engine's workers would say of themselves."""

    ready = Ready("no-model", "no-detector")

    def __init__(self) -> None:
        self.wrong = ""

    def why_not(self, now_s: float) -> str:
        return self.wrong


@dataclass(frozen=True)
class Bare:
    parts: Parts
    registry: Registry
    privacy: PrivacyService
    analysis: AnalysisService


class Host:
    """A host whose clock can be set, and which can be started again."""

    def __init__(self) -> None:
        self.set_us = 0
        self.boot = "boot-1"

    def __call__(self) -> Clocks:
        now = host_clocks()
        return Clocks(now.wall_us + self.set_us, self.boot, now.boot_us)


@asynccontextmanager
async def bare(data: pathlib.Path, host: Callable[[], Clocks] = host_clocks, **flags: object) -> AsyncIterator[Bare]:
    """Run it for the length of the block."""
    async with AsyncExitStack() as stack:
        hub, clock = Hub(), ServerClock(lambda: host().wall_us * 1000)
        recorder = await stack.enter_async_context(Recorder(SqliteStore(data), hub.publish))
        timekeeper = await stack.enter_async_context(Timekeeper(recorder, clock, host))
        engine = cast("Engine", NoWorkers())
        parts = Parts(settings(data, **flags), engine, recorder, hub, clock, timekeeper, Formula(), Metrics())
        registry = await stack.enter_async_context(parts.registry())
        privacy = await stack.enter_async_context(parts.privacy(registry))
        yield Bare(parts, registry, privacy, parts.analysis(registry))
        await registry.drain()
