"""What the parts of a running service count, as metrics: asked whenever somebody asks for metrics.

Each value comes from a `statistics()` call, so nothing is counted twice.
"""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from roompulse_server.bus.hub import HubStatistics
from roompulse_server.engine.engine import EngineStatistics
from roompulse_server.storage.recorder_statistics import RecorderStatistics


def watch_parts(
    registry: CollectorRegistry,
    engine: Callable[[], EngineStatistics],
    recorder: Callable[[], RecorderStatistics],
    hub: Callable[[], HubStatistics],
) -> None:
    """Offer what these parts count."""
    for collector in (EngineCollector(engine), RecorderCollector(recorder), HubCollector(hub)):
        registry.register(collector)


class EngineCollector(Collector):
    """Worker processes and what they have to do."""

    def __init__(self, statistics: Callable[[], EngineStatistics]) -> None:
        self._statistics = statistics

    def collect(self) -> Iterable[Metric]:
        now = self._statistics()
        yield _gauge("workers", "Worker processes that hold streams", len(now.busy))
        yield _gauge("workers_busy", "Share of its time that the busiest worker works", max(now.busy, default=0.0))
        yield _gauge("workers_load", "Cores that the asked rates would take", sum(now.load))
        scale = min(now.scale, default=1.0)
        yield _gauge("analysis_scale", "Granted over asked rates, the least of all workers", scale)
        yield _gauge("participant_cost", "Share of a core that a stream takes at its rate", now.participant_cost)
        lost = CounterMetricFamily("roompulse_workers_lost", "Worker processes that were replaced", labels=["reason"])
        for reason in ("ended", "hung", "start"):
            lost.add_metric([reason], now.workers_lost.get(reason, 0))
        yield lost


class RecorderCollector(Collector):
    """The record's writer."""

    def __init__(self, statistics: Callable[[], RecorderStatistics]) -> None:
        self._statistics = statistics

    def collect(self) -> Iterable[Metric]:
        now = self._statistics()
        yield _counter("updates", "Updates recorded", now.updates)
        yield _gauge("record_queue", "Entries and calls that wait to be recorded", now.queued)
        yield _gauge("record_queue_capacity", "Entries and calls that may wait", now.capacity)
        yield _counter("record_entries", "Entries recorded", now.entries)
        yield _counter("record_refused", "Values refused: an epoch or a meeting has ended", now.refused)
        yield _counter("record_waits", "Appends that found the queue full", now.waits)
        yield _counter("record_failures", "Commits that the disk refused; each was tried again", now.failures)
        yield _gauge("record_failing", "1 while the record cannot be written", float(now.failing))
        text = "Commits, from their start until everything is handed out"
        yield SummaryMetricFamily("roompulse_commit_seconds", text, count_value=now.commits, sum_value=now.commit_s)


class HubCollector(Collector):
    """Live fan-out."""

    def __init__(self, statistics: Callable[[], HubStatistics]) -> None:
        self._statistics = statistics

    def collect(self) -> Iterable[Metric]:
        now = self._statistics()
        yield _gauge("meetings_listened_to", "Meetings that have a subscription", now.meetings)
        yield _counter("bus_published", "Items published, however many subscriptions they had", now.published)
        yield _counter("bus_delivered", "Items put into a subscription's buffer", now.delivered)
        yield _counter("bus_conflated", "Items that a newer one replaced in a slow subscription", now.conflated)
        yield _counter("slow_subscribers", "Subscriptions ended because they were too slow", now.disconnected)
        yield _counter("follower_failures", "Entries that a follower of a meeting failed on", now.follower_failures)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"roompulse_{name}", text, value=value)


def _counter(name: str, text: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(f"roompulse_{name}", text, value=value)
