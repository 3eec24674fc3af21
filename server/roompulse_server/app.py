"""The composition root: builds everything, wires it, drains it, closes it in reverse.

Hub ─ Recorder (SQLite) ─ Engine (workers) ─ Timekeeper ─ Registry (meetings) ─ services ─ Server (gRPC)
"""

import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import structlog
from prometheus_client import start_http_server
from roompulse_vision.types import MediaLimits

from roompulse_server.bus.hub import Hub
from roompulse_server.collectors import watch_parts
from roompulse_server.engine.capacity import Capacity
from roompulse_server.engine.engine import Engine
from roompulse_server.engine.messages import VisionSetup
from roompulse_server.insight.scoring.baseline import adjustment_for
from roompulse_server.insight.scoring.formula import Formula, load_formula
from roompulse_server.insight.scoring.scorer import ParticipantScorer
from roompulse_server.insight.scoring.scoring_method import FormulaScoring, LearnedScoring, Scoring
from roompulse_server.meetings.live_meeting import MeetingParts
from roompulse_server.meetings.meeting_service import MeetingService
from roompulse_server.meetings.readiness import Readiness
from roompulse_server.meetings.registry import Registry
from roompulse_server.meetings.revival import Revival
from roompulse_server.meetings.server_clock import ServerClock
from roompulse_server.meetings.steady import Clocks
from roompulse_server.meetings.timekeeper import Timekeeper, host_clocks
from roompulse_server.metrics import Metrics
from roompulse_server.privacy.privacy_service import PrivacyService
from roompulse_server.rpc.analysis import AnalysisServicer
from roompulse_server.rpc.meeting import MeetingServicer
from roompulse_server.rpc.memo import Messages
from roompulse_server.rpc.server import Server
from roompulse_server.rpc.subscription import SubscriptionServicer
from roompulse_server.settings import Settings
from roompulse_server.storage.recorder import Recorder
from roompulse_server.storage.sqlite import SqliteStore
from roompulse_server.streams.analysis_service import AnalysisService
from roompulse_server.streams.stream import StreamParts
from roompulse_server.subscriptions.subscription_service import SubscriptionService

log = structlog.get_logger(__name__)


def _limits(settings: Settings) -> MediaLimits:
    return MediaLimits(max_packet_bytes=settings.max_packet_bytes, max_pixels=settings.max_pixels)


def _vision(settings: Settings) -> VisionSetup:
    return VisionSetup(
        models=str(settings.models) if settings.models else None,
        card=str(settings.model) if settings.model else None,
        engagement=str(settings.engagement) if settings.engagement else None,
        detector_threshold=settings.detector_threshold,
        detector_width=settings.detector_width,
        providers=settings.providers,
    )


@contextlib.asynccontextmanager
async def running(settings: Settings, host: Callable[[], Clocks] = host_clocks) -> AsyncIterator["App"]:
    """Run the service for the length of the block; everything recorded is on disk when it is left.

    `host` reads the host's clocks.

    Raises:
        StoreError: The data folder cannot be used.
        RoompulseError: RECORD_DAMAGED, RECORD_UNAVAILABLE: it cannot be read which meetings there are.
        ModelError: A model cannot be loaded.
        SettingsError: The formula's file is wrong, or the engagement network's card takes its id.
        OSError: The address cannot be listened on.
    """
    async with contextlib.AsyncExitStack() as stack:
        formula = load_formula(settings.formula) if settings.formula else Formula()
        hub, metrics = Hub(), Metrics()
        # First: a folder that is in use or damaged is refused before models are loaded.
        recorder = await stack.enter_async_context(Recorder(SqliteStore(settings.data), hub.publish))
        engine = await stack.enter_async_context(
            Engine(
                _vision(settings),
                _limits(settings),
                settings.workers,
                step_limit_s=settings.worker_step_s,
                start_limit_s=settings.worker_start_s,
                on_failure=metrics.background_failed,
            )
        )
        watch_parts(metrics.registry, engine.statistics, recorder.statistics, hub.statistics)
        clock = ServerClock(lambda: host().wall_us * 1000)
        timekeeper = await stack.enter_async_context(Timekeeper(recorder, clock, host))
        parts = Parts(settings, engine, recorder, hub, clock, timekeeper, formula, metrics)
        yield await _serve(stack, parts)


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What a service is made of, in the order of its making."""

    settings: Settings
    engine: Engine
    recorder: Recorder
    hub: Hub
    clock: ServerClock
    timekeeper: Timekeeper
    formula: Formula
    metrics: Metrics

    @property
    def scoring(self) -> Scoring:
        ready = self.engine.ready
        return LearnedScoring(ready.engagement_id) if ready.engagement_id else FormulaScoring(self.formula)

    def registry(self) -> Registry:
        """Return the registry of meetings."""
        formula, scoring, neutral_logp = self.formula, self.scoring, self.engine.ready.neutral_logp

        def new_scorer() -> ParticipantScorer:
            return ParticipantScorer(formula, adjustment_for(formula, neutral_logp), scoring)

        meeting = MeetingParts(self.recorder, self.hub, self.clock, new_scorer)
        revival = Revival(meeting, self.timekeeper, formula, self.settings.min_group)
        return Registry(revival, self.settings, self.metrics.background_failed)

    def privacy(self, registry: Registry) -> PrivacyService:
        """Return the service for consent, erasure and retention."""
        return PrivacyService(
            registry,
            self.recorder,
            clock=self.clock,
            timekeeper=self.timekeeper,
            settings=self.settings,
            hold_s=self.formula.hold_s,
            on_failure=self.metrics.background_failed,
        )

    def analysis(self, registry: Registry) -> AnalysisService:
        """Return the service for streams and still pictures."""
        settings, limits = self.settings, _limits(self.settings)
        stream = StreamParts(self.engine, self.recorder, self.clock, self.metrics, settings, limits, self.scoring.id)
        return AnalysisService(registry, stream, Capacity(settings.max_streams))

    def subscriptions(self, registry: Registry) -> SubscriptionService:
        """Return the service for subscriptions."""
        heartbeat_s = self.settings.heartbeat_s
        return SubscriptionService(
            registry, self.recorder, self.hub, clock=self.clock, metrics=self.metrics, heartbeat_s=heartbeat_s
        )


async def _serve(stack: contextlib.AsyncExitStack, parts: Parts) -> "App":
    settings, metrics = parts.settings, parts.metrics
    registry = await stack.enter_async_context(parts.registry())
    privacy = await stack.enter_async_context(parts.privacy(registry))
    subscriptions, messages = parts.subscriptions(registry), Messages()
    server = Server(
        AnalysisServicer(parts.analysis(registry), messages),
        SubscriptionServicer(subscriptions, messages),
        MeetingServicer(MeetingService(registry, parts.recorder, settings), privacy),
        metrics=metrics,
        reflect=settings.reflection,
        first_message_s=settings.first_message_s,
    )
    port = await server.start(settings.listen)
    app = App(parts, registry, subscriptions, server, port)
    stack.push_async_callback(app.drain)
    readiness = Readiness(parts.recorder, parts.engine, server.say_ready, metrics.background_failed)
    await stack.enter_async_context(readiness)
    if settings.metrics:
        host, _, metrics_port = settings.metrics.rpartition(":")
        http, _ = start_http_server(int(metrics_port), host, metrics.registry)
        stack.callback(http.shutdown)
    return app


class App:
    """A running service."""

    def __init__(
        self, parts: Parts, registry: Registry, subscriptions: SubscriptionService, server: Server, port: int
    ) -> None:
        self.parts, self.port = parts, port
        self._registry, self._subscriptions, self._server = registry, subscriptions, server

    @property
    def address(self) -> str:
        """Where it serves, HOST:PORT."""
        return f"{self.parts.settings.listen.rpartition(':')[0]}:{self.port}"

    async def drain(self) -> None:
        """Take nothing new, end what is open, stop listening."""
        await self._server.say_goodbye()
        await self._registry.drain()
        await self._subscriptions.drain()
        await self._server.stop(self.parts.settings.drain_s)


async def serve(settings: Settings, announce: Callable[[App], None]) -> None:
    """Serve until SIGTERM or SIGINT, then drain."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(settings) as app:
        for warning in app.parts.engine.ready.warnings:
            log.warning(warning)
        announce(app)
        gc.freeze()  # what start-up made stays: the collector need not walk through it again and again
        await stop.wait()
        log.info("stopping: open streams are being ended")
