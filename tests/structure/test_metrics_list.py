"""docs/metrics.md lists every metric, and no other."""

import pathlib
import re

from bare_service import bare
from prometheus_client import CollectorRegistry
from roompulse_server.collectors import watch_parts
from roompulse_server.engine.engine import EngineStatistics
from source_tree import ROOT

ROW = re.compile(r"^\| `(roompulse_\w+)` \| (\w+) \|", re.MULTILINE)


async def test_the_list_is_that_of_the_service(tmp_path: pathlib.Path) -> None:
    listed = dict(ROW.findall((ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")))
    async with bare(tmp_path) as service:
        registry: CollectorRegistry = service.parts.metrics.registry
        statistics = EngineStatistics(1, 0, True, {}, (0.0,))
        watch_parts(registry, lambda: statistics, service.parts.recorder.statistics, service.parts.hub.statistics)
        families = {family.name: family.type for family in registry.collect()}
    offered = {f"{name}_total" if kind == "counter" else name: kind for name, kind in families.items()}
    assert listed == offered
