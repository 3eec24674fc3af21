"""The coarse reading of a score, slow to change its mind."""

from roompulse_server.insight.scoring.formula import Formula
from roompulse_server.types import Band


def band_of(formula: Formula, score: float, before: Band) -> Band:
    """Return the band of `score`, given the band it was in `before` (UNSPECIFIED: none).

    A band is entered at its border and left `hysteresis` beyond it, so that a score that trembles on a border does
    not flicker.
    """
    slack = formula.hysteresis
    if score < formula.low_below + (slack if before is Band.LOW else 0.0):
        return Band.LOW
    if score >= formula.high_from - (slack if before is Band.HIGH else 0.0):
        return Band.HIGH
    return Band.MEDIUM
