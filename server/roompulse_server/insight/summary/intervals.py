"""A participant's series as values that held for some time, with what may be counted together."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from roompulse_vision.enumerations import Presence

from roompulse_server.insight.scoring.gate import LASTING
from roompulse_server.insight.summary.attendance import HOLD_US, Attendance
from roompulse_server.series import Integers, Series

Mask = NDArray[np.bool_]


class Kind(NamedTuple):
    """The model and the formula behind numbers that may be mixed; empty where there are none."""

    model_id: str
    formula_id: str


@dataclass(frozen=True, slots=True, eq=False)
class Holding:
    """One participant's rows, each from `start_us` until `stop_us`: (N,), disjoint, within the attendance."""

    series: Series
    attendance: Attendance
    start_us: Integers
    stop_us: Integers

    @property
    def length_us(self) -> Integers:
        """Return how long each row held."""
        return self.stop_us - self.start_us

    @property
    def scored(self) -> Mask:
        """Tell which rows have a score, of any kind."""
        return ~np.isnan(self.series.score)

    def faced_by(self, model_id: str) -> Mask:
        """Tell which rows show one clear, living face that this model read."""
        present = self.series.presence == Presence.PRESENT
        faced: Mask = present & (self.series.model == _index(self.series.model_ids, model_id))
        return faced

    def scored_by(self, kind: Kind) -> Mask:
        """Tell which rows have a score of this kind."""
        same_formula = self.series.formula == _index(self.series.formula_ids, kind.formula_id)
        same_model = self.series.model == _index(self.series.model_ids, kind.model_id)
        scored: Mask = self.scored & same_formula & same_model
        return scored


def hold(series: Series, attendance: Attendance) -> Holding:
    """Let each row hold until the next one, 1.5 s at most, and never past the close of its stream.

    A state without pictures holds until the next row of it in the same stream, however long that is.
    """
    offsets = series.offset_us
    following = np.append(offsets[1:], np.iinfo(np.int64).max) if offsets.size else offsets
    longest = np.where(_goes_on(series), following, offsets + HOLD_US)
    epochs, places = np.unique(series.epoch, return_inverse=True)
    closes = np.array([attendance.closes[int(epoch)] for epoch in epochs], dtype=np.int64)[places]
    stops = np.minimum(np.minimum(longest, following), closes)
    return Holding(series, attendance, offsets, np.maximum(offsets, stops))


def main_kind(holdings: Iterable[Holding]) -> Kind:
    """Return the model that read faces for the longest time, and the formula of most of its scored time.

    Of equals the first by name. Numbers of other kinds are not mixed in.
    """
    all_holdings = list(holdings)
    faces: Counter[str] = Counter()
    for holding in all_holdings:
        present = holding.series.presence == Presence.PRESENT
        faces.update(_time_by(holding.series.model, holding.series.model_ids, holding.length_us * present))
    model_id = _longest(faces)
    scores: Counter[str] = Counter()
    for holding in all_holdings:
        mask = holding.scored & holding.faced_by(model_id)
        scores.update(_time_by(holding.series.formula, holding.series.formula_ids, holding.length_us * mask))
    return Kind(model_id, _longest(scores))


def _goes_on(series: Series) -> Mask:
    """Tell which rows are of a state without pictures that the next row of the same stream is of, too."""
    presence, epoch = series.presence, series.epoch
    lasting = np.isin(presence[:-1], [*LASTING])
    same = (presence[:-1] == presence[1:]) & (epoch[:-1] == epoch[1:])
    goes_on: Mask = np.append(lasting & same, False)[: presence.size]
    return goes_on


def _time_by(index: Integers, names: tuple[str, ...], length_us: Integers) -> dict[str, int]:
    return {name: int(length_us[index == number].sum()) for number, name in enumerate(names)}


def _longest(times: Counter[str]) -> str:
    return min((name for name in times if times[name]), key=lambda name: (-times[name], name), default="")


def _index(names: tuple[str, ...], name: str) -> int:
    """Return the index of a name; where it is not among them a number that no row has."""
    return names.index(name) if name in names else -2
