"""The composition root: builds everything, wires it, drains it, closes it in reverse.

Recorder (SQLite) ─ Hub ─ Engine (workers) ─ Timekeeper ─ Registry (meetings) ─ Server (gRPC)
"""

import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncIterator, Callable

import structlog
from prometheus_client import start_http_server
from roompulse_vision.types import MediaLimits

from roompulse_server.bus.hub import Hub
from roompulse_server.engine.engine import Engine
from roompulse_server.engine.messages import VisionSetup
from roompulse_server.insight.scoring.formula import Formula, load_formula
from roompulse_server.insight.scoring.scoring_method import FormulaScoring, LearnedScoring
from roompulse_server.meetings.clock import ServerClock
from roompulse_server.meetings.ingest import Ingest
from roompulse_server.meetings.meeting_service import MeetingService
from roompulse_server.meetings.publication import Publication
from roompulse_server.meetings.readiness import Readiness
from roompulse_server.meetings.registry import Registry
from roompulse_server.meetings.services import Services
from roompulse_server.meetings.steady import Clocks
from roompulse_server.meetings.timekeeper import Timekeeper, host_clocks
from roompulse_server.metrics import Metrics
from roompulse_server.privacy.privacy_service import PrivacyService
from roompulse_server.rpc.analysis import AnalysisServicer
from roompulse_server.rpc.meeting import MeetingServicer
from roompulse_server.rpc.server import Server
from roompulse_server.rpc.subscription import SubscriptionServicer
from roompulse_server.settings import Settings
from roompulse_server.storage.recorder import Recorder
from roompulse_server.storage.sqlite import SqliteStore
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
        store = SqliteStore(settings.data)
        publication = Publication(hub, metrics)
        # First: a folder that is in use or damaged is refused before models are loaded.
        recorder = await stack.enter_async_context(Recorder(store, publication.committed))
        engine = await stack.enter_async_context(
            Engine(_vision(settings), _limits(settings), settings.workers, settings.max_streams)
        )
        metrics.watch(engine.statistics)
        ready = engine.ready
        scoring = LearnedScoring(ready.engagement_id) if ready.engagement_id else FormulaScoring(formula)
        clock = ServerClock(lambda: host().wall_us * 1000)
        timekeeper = await stack.enter_async_context(Timekeeper(recorder, clock, host))
        services = Services(
            settings, engine, store, recorder, hub, clock, timekeeper, formula, scoring, metrics, ready.neutral_logp
        )
        registry = await stack.enter_async_context(Registry(services))
        publication.registry = registry
        privacy = await stack.enter_async_context(PrivacyService(services, registry))
        yield await _serve(stack, services, registry, privacy)


async def _serve(
    stack: contextlib.AsyncExitStack, services: Services, registry: Registry, privacy: PrivacyService
) -> "App":
    settings = services.settings
    subscriptions = SubscriptionService(services, registry)
    server = Server(
        AnalysisServicer(Ingest(services, registry, _limits(settings))),
        SubscriptionServicer(subscriptions),
        MeetingServicer(MeetingService(services, registry), privacy),
        reflect=settings.reflection,
        first_message_s=settings.first_message_s,
    )
    port = await server.start(settings.listen)
    app = App(services, registry, subscriptions, server, port)
    stack.push_async_callback(app.drain)
    await stack.enter_async_context(Readiness(services, server.say_ready))
    if settings.metrics:
        host, _, metrics_port = settings.metrics.rpartition(":")
        http, _ = start_http_server(int(metrics_port), host, services.metrics.registry)
        stack.callback(http.shutdown)
    return app


class App:
    """A running service."""

    def __init__(
        self, services: Services, registry: Registry, subscriptions: SubscriptionService, server: Server, port: int
    ) -> None:
        self.services, self.port = services, port
        self._registry, self._subscriptions, self._server = registry, subscriptions, server

    @property
    def address(self) -> str:
        """Where it serves, HOST:PORT."""
        return f"{self.services.settings.listen.rpartition(':')[0]}:{self.port}"

    async def drain(self) -> None:
        """Take nothing new, end what is open, stop listening."""
        await self._server.say_goodbye()
        await self._registry.drain()
        await self._subscriptions.drain()
        await self._server.stop(self.services.settings.drain_s)


async def serve(settings: Settings, announce: Callable[[App], None]) -> None:
    """Serve until SIGTERM or SIGINT, then drain."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(settings) as app:
        for warning in app.services.engine.ready.warnings:
            log.warning(warning)
        announce(app)
        gc.freeze()  # what start-up made stays: the collector need not walk through it again and again
        await stop.wait()
        log.info("stopping: open streams are being ended")
