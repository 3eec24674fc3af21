"""How a stream's pictures are looked at."""

import enum
from dataclasses import dataclass

from roompulse_vision.enumerations import Delivery
from roompulse_vision.types import Region


class FaceSelection(enum.Enum):
    """Which faces of a picture are read."""

    PRIMARY = "primary"  # one, the same all along
    ALL = "all"  # every one, each a track
    REGIONS = "regions"  # one in each region


@dataclass(frozen=True, slots=True)
class Watch:
    """What is looked at from now on; observations name its `generation`, which rises.

    `regions` are those of `FaceSelection.REGIONS`; for other selections it is empty, and the whole picture is meant.
    None: nothing is looked at, and no packet is decoded.
    """

    generation: int
    regions: tuple[Region, ...] | None = None


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """`rate_hz` 0 means that every picture is due."""

    selection: FaceSelection
    delivery: Delivery
    rate_hz: float
    mirrored: bool = False
    watch: Watch = Watch(0, ())
