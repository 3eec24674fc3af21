"""Metrics that parts of the service count into; `collectors.py` has those that are asked for.

No label ever holds a meeting or a participant.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from roompulse_server.types import PacketCounters

RPC_BUCKETS_S = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0, 600.0, 3600.0)
LATENCY_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)


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
        self.rpcs = Counter("roompulse_rpcs", "Calls that ended", ["service", "method", "code"], registry=self.registry)
        self.rpcs_active = Gauge(
            "roompulse_rpcs_active", "Calls in progress", ["service", "method"], registry=self.registry
        )
        self.rpc_seconds = Histogram(
            "roompulse_rpc_seconds",
            "Length of calls; those of streams are as long as the streams",
            ["service", "method"],
            buckets=RPC_BUCKETS_S,
            registry=self.registry,
        )
        self.background_failures = Counter(
            "roompulse_background_failures", "Background work that failed", ["loop"], registry=self.registry
        )
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

    def background_failed(self, loop: str) -> None:
        """Count a failure of background work."""
        self.background_failures.labels(loop).inc()

    def count(self, counters: PacketCounters) -> None:
        """Add what became of a closed stream's packets."""
        self.packets.labels("analyzed").inc(counters.analyzed)
        self.packets.labels("not_due").inc(counters.not_due)
        for reason, count in counters.dropped.items():
            self.packets.labels(reason.name.lower()).inc(count)
