"""Fixed-point numbers of the record: a float as a small integer, with one code for "absent".

Decoded values are exact 32-bit floats, so that a message on the wire holds the very number that the record holds.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Fixed:
    """`code / scale` is the value; values outside `low / scale` to `high / scale` are moved to the end they passed.

    Coding a decoded value gives the same code again: codes stay below 2^17, a 32-bit float keeps 24 bits.
    """

    scale: float
    low: int
    high: int
    absent: int

    def column(self, codes: NDArray[np.integer]) -> NDArray[np.float64]:
        """Return the values of an array of codes, of the same shape, nan where absent."""
        values = (codes / self.scale).astype(np.float32)
        return np.where(codes == self.absent, np.nan, values.astype(np.float64))


class FixedRow:
    """Numbers of several kinds side by side, coded at once: a call for each would take ten times as long.

    `kinds`: of each place; None for a number that stays as it is.
    """

    def __init__(self, kinds: Sequence[Fixed | None]) -> None:
        fixed = [kind or Fixed(scale=1.0, low=0, high=0, absent=0) for kind in kinds]
        self._scales = np.array([kind.scale for kind in fixed])
        self._lows, self._highs = np.array([kind.low for kind in fixed]), np.array([kind.high for kind in fixed])
        self._absent = np.array([kind.absent for kind in fixed])
        self._plain = [place for place, kind in enumerate(kinds) if kind is None]

    def codes(self, values: Sequence[Any]) -> list[Any]:
        """Return the nearest code of each value; None and nan are absent."""
        scaled = np.array(values, np.float64) * self._scales
        inside = np.minimum(np.maximum(np.rint(scaled), self._lows), self._highs)
        codes: list[Any] = np.where(np.isnan(scaled), self._absent, inside).astype(np.int64).tolist()
        for place in self._plain:
            codes[place] = values[place]
        return codes

    def values(self, codes: Sequence[Any]) -> list[Any]:
        """Return the value of each code, where absent `math.nan` itself: tuples that hold the same object are equal."""
        coded = np.array(codes, np.float64)
        values: list[Any] = (coded / self._scales).astype(np.float32).tolist()
        for place in np.flatnonzero(coded == self._absent).tolist():
            values[place] = math.nan
        for place in self._plain:
            values[place] = codes[place]
        return values


UNIT = Fixed(scale=65_534, low=0, high=65_534, absent=65_535)  # u2, 0 to 1, step 1.5e-5
BYTE_UNIT = Fixed(scale=254, low=0, high=254, absent=255)  # u1, 0 to 1, step 0.004
SIGNED_UNIT = Fixed(scale=32_767, low=-32_767, high=32_767, absent=-32_768)  # i2, -1 to 1, step 3.1e-5
PLACE = Fixed(scale=16_384, low=-32_767, high=32_767, absent=-32_768)  # i2, -2 to 2, step 6.1e-5: 0.12 px of 1,920
ANGLE = Fixed(scale=100, low=-32_767, high=32_767, absent=-32_768)  # i2, degrees, -327 to 327, step 0.01
PIXELS = Fixed(scale=8, low=0, high=65_534, absent=65_535)  # u2, 0 to 8,191, step 0.125
GREY = Fixed(scale=256, low=0, high=65_534, absent=65_535)  # u2, grey levels 0 to 255, step 0.004
SECONDS = Fixed(scale=100, low=0, high=65_534, absent=65_535)  # u2, 0 to 655 s, step 0.01
