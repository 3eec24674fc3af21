"""What a scrape says of the engine, and what a caller is told of rates."""

from roompulse_server.collectors import EngineCollector
from roompulse_server.engine.engine import EngineStatistics
from roompulse_server.metrics import Metrics
from roompulse_server.streams.replies import rated

BUSY = EngineStatistics(2, 10, True, {}, busy=(0.9, 0.5), load=(1.4, 0.6), scale=(0.5, 1.0))


def test_the_engine_is_asked_when_metrics_are() -> None:
    metrics, now = Metrics(), [EngineStatistics(2, 0, True, {}, (0.0, 0.0))]
    metrics.registry.register(EngineCollector(lambda: now[0]))
    assert metrics.registry.get_sample_value("roompulse_participant_cost") == 0.0
    assert metrics.registry.get_sample_value("roompulse_analysis_scale") == 1.0
    now[0] = BUSY
    assert metrics.registry.get_sample_value("roompulse_workers_busy") == 0.9
    assert metrics.registry.get_sample_value("roompulse_workers_load") == 2.0
    assert metrics.registry.get_sample_value("roompulse_analysis_scale") == 0.5
    assert metrics.registry.get_sample_value("roompulse_participant_cost") == 0.2


def test_a_changed_rate_is_said_in_words() -> None:
    assert rated(1.5, 3.0) == "the service is busy: 1.5 analyses a second instead of 3"
    assert rated(3.0, 3.0) == "the service has room again: 3 analyses a second, as asked"
