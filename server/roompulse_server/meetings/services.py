"""What every live meeting needs, handed around as one value."""

from dataclasses import dataclass

from roompulse_vision.types import Probabilities

from roompulse_server.bus.hub import Hub
from roompulse_server.engine.engine import Engine
from roompulse_server.insight.scoring.formula import Formula
from roompulse_server.insight.scoring.scoring_method import Scoring
from roompulse_server.meetings.clock import ServerClock
from roompulse_server.meetings.timekeeper import Timekeeper
from roompulse_server.metrics import Metrics
from roompulse_server.settings import Settings
from roompulse_server.storage.recorder import Recorder
from roompulse_server.storage.store import Store


@dataclass(frozen=True, slots=True, eq=False)
class Services:
    settings: Settings
    engine: Engine
    store: Store
    recorder: Recorder
    hub: Hub
    clock: ServerClock
    timekeeper: Timekeeper
    formula: Formula
    scoring: Scoring
    metrics: Metrics
    neutral_logp: Probabilities | None = None  # of the model's card; see `engine.messages.Ready`
