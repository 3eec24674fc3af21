"""All metrics, declared in one place. No label ever holds a meeting or a participant."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from roompulse_server.types import PacketCounters

LATENCY_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)


class EngineNumbers(Protocol):
    """What an engine says of its workers, one number each."""

    @property
    def busy(self) -> tuple[float, ...]: ...
    @property
    def load(self) -> tuple[float, ...]: ...
    @property
    def scale(self) -> tuple[float, ...]: ...
    @property
    def participant_cost(self) -> float: ...


ENGINE_GAUGES: tuple[tuple[str, str, Callable[[EngineNumbers], float]], ...] = (
    ("workers_busy", "Share of its time that the busiest worker works", lambda now: max(now.busy, default=0.0)),
    ("workers_load", "Cores that the asked rates would take", lambda now: sum(now.load)),
    ("workers", "Worker processes that hold streams", lambda now: len(now.busy)),
    (
        "analysis_scale",
        "Granted over asked rates, the least of all workers",
        lambda now: min(now.scale, default=1.0),
    ),
    (
        "participant_cost",
        "Share of a core that a stream takes at its rate",
        lambda now: now.participant_cost,
    ),
)


def _of(value: Callable[[EngineNumbers], float], engine: Callable[[], EngineNumbers]) -> float:
    return value(engine())


class Metrics:
    """One set a service, so that two services in one process do not share numbers."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.packets = Counter(
            "roompulse_packets", "Packets by outcome", ["outcome"], registry=self.registry
        )  # analyzed, not_due, or a drop reason
        self.faults = Counter(
            "roompulse_packet_faults", "Packets that could not be used", ["reason"], registry=self.registry
        )
        self.updates = Counter("roompulse_updates", "Updates recorded", registry=self.registry)
        self.streams = Gauge("roompulse_streams", "Analyse streams open", registry=self.registry)
        self.subscribers = Gauge("roompulse_subscribers", "Subscriptions open", registry=self.registry)
        self.scored = Histogram(
            "roompulse_receive_to_scored_seconds",
            "From receipt to score",
            buckets=LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self.published = Histogram(
            "roompulse_receive_to_published_seconds",
            "From receipt to publication",
            buckets=LATENCY_BUCKETS_S,
            registry=self.registry,
        )

    def watch(self, engine: Callable[[], EngineNumbers]) -> None:
        """Ask the engine whenever somebody asks for metrics."""
        for name, text, value in ENGINE_GAUGES:
            gauge = Gauge(f"roompulse_{name}", text, registry=self.registry)
            gauge.set_function(partial(_of, value, engine))

    def count(self, counters: PacketCounters) -> None:
        """Add what became of a closed stream's packets."""
        self.packets.labels("analyzed").inc(counters.analyzed)
        self.packets.labels("not_due").inc(counters.not_due)
        for reason, count in counters.dropped.items():
            self.packets.labels(reason.name.lower()).inc(count)
