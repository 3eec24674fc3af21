"""The ratios that a check holds new ones to, and the rule by which it does. Pure but for one small file."""

import json
import math
import pathlib
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FILE = pathlib.Path(__file__).with_name("kept.json")
SLOWER = 1.07  # over the ratio kept: red
SURE = 0.03  # nearer to it, another service is measured, as long as there may be more
BUSY = 0.05  # of the service's core: with more other work than that, an answer is worth little


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a load: what it cost over the bare kernels of its seconds."""

    ratio: float
    others: float  # share of the service's core that other work, or the machine's other guests, took meanwhile


@dataclass(frozen=True, slots=True)
class Verdict:
    """One ratio to the bare kernels, beside the one kept."""

    name: str
    ratio: float
    kept: float
    error: float  # standard error of the ratio, as a share of it
    others: float  # of the parts that count, in the mean

    @property
    def growth(self) -> float:
        return self.ratio / self.kept

    @property
    def slower(self) -> bool:
        return self.growth > SLOWER

    @property
    def sure(self) -> bool:
        return abs(self.growth - SLOWER) > SURE


def verdict(name: str, parts: Sequence[Part], kept: float) -> Verdict:
    """Judge the parts of some services: the median of the quieter half."""
    quiet = quieter(parts)
    ratios = [part.ratio for part in quiet]
    middle = statistics.median(ratios)
    # that of a median, were parts independent and normal
    error = 1.25 * statistics.stdev(ratios) / math.sqrt(len(ratios)) / middle if len(ratios) > 1 else math.inf
    return Verdict(name, middle, kept, error, statistics.mean(part.others for part in quiet))


def quieter(parts: Sequence[Part]) -> list[Part]:
    """Return the half in which other work took the least: its switches empty the service's caches, and cost it time."""
    return sorted(parts, key=lambda part: part.others)[: (len(parts) + 1) // 2]


def read(file: pathlib.Path = FILE) -> dict[str, float]:
    return dict(json.loads(file.read_text()))


def write(ratios: Mapping[str, float], file: pathlib.Path = FILE) -> None:
    file.write_text(json.dumps({name: round(value, 3) for name, value in ratios.items()}, indent=1) + "\n")
