"""Fixed-point numbers of the record: a float as a small integer, with one code for "absent".

Decoded values are exact 32-bit floats, so that a message on the wire holds the very number that the record holds.
"""

import math
from dataclasses import dataclass

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

    def code(self, value: float | None) -> int:
        """Return the nearest code; None and nan are absent."""
        return self.absent if value is None else self.codes((value,))[0]

    def codes(self, values: tuple[float, ...]) -> tuple[int, ...]:
        """Return the code of each value."""
        low, high, absent = self.low, self.high, self.absent
        scaled = [value * self.scale for value in values]
        # no call but `round`: every update has seventy of these, twice
        return tuple([round(x) if low <= x <= high else absent if x != x else low if x < low else high for x in scaled])

    def value(self, code: int) -> float | None:
        """Return the value, None where absent."""
        return None if code == self.absent else float(np.float32(code / self.scale))

    def number(self, code: int) -> float:
        """Return the value, `math.nan` itself where absent: tuples that hold the same object compare equal."""
        return math.nan if code == self.absent else float(np.float32(code / self.scale))

    def numbers(self, codes: NDArray[np.integer]) -> tuple[float, ...]:
        """Return the value of each of a row of codes, nan where absent."""
        return tuple([self.number(code) for code in codes.tolist()])  # faster than numpy for a dozen

    def column(self, codes: NDArray[np.integer]) -> NDArray[np.float64]:
        """Return the values of an array of codes, of the same shape, nan where absent."""
        values = (codes / self.scale).astype(np.float32)
        return np.where(codes == self.absent, np.nan, values.astype(np.float64))


UNIT = Fixed(scale=65_534, low=0, high=65_534, absent=65_535)  # u2, 0 to 1, step 1.5e-5
BYTE_UNIT = Fixed(scale=254, low=0, high=254, absent=255)  # u1, 0 to 1, step 0.004
SIGNED_UNIT = Fixed(scale=32_767, low=-32_767, high=32_767, absent=-32_768)  # i2, -1 to 1, step 3.1e-5
PLACE = Fixed(scale=16_384, low=-32_767, high=32_767, absent=-32_768)  # i2, -2 to 2, step 6.1e-5: 0.12 px of 1,920
ANGLE = Fixed(scale=100, low=-32_767, high=32_767, absent=-32_768)  # i2, degrees, -327 to 327, step 0.01
PIXELS = Fixed(scale=8, low=0, high=65_534, absent=65_535)  # u2, 0 to 8,191, step 0.125
GREY = Fixed(scale=256, low=0, high=65_534, absent=65_535)  # u2, grey levels 0 to 255, step 0.004
SECONDS = Fixed(scale=100, low=0, high=65_534, absent=65_535)  # u2, 0 to 655 s, step 0.01
