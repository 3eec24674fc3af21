"""How sure a mean or a trend of a time line is, where neighbours are alike.

Time lines are means of ten seconds, nan where nothing is known. Standard errors rest on their autocovariance up to a
minute (Newey and West 1987, Bartlett weights): with neighbours taken as independent they would be far too small.
"""

import math

import numpy as np

from roompulse_server.insight.summary_types import Change
from roompulse_server.insight.timeline import BUCKET_US
from roompulse_server.series import Floats

LAGS = 6  # a minute of ten-second means
EVIDENCE = 12  # ten-second means: two minutes
CHANGE_RULE = (
    "mean score of the last third of the attendance less that of the first, two minutes of scores in each or more; "
    "standard error by Newey and West over ten-second means, up to a minute apart; p by the normal distribution"
)
_MINUTE = 60_000_000 / BUCKET_US


def autocovariance(residual: Floats, lags: int) -> Floats:
    """Return Σ rₜ rₜ₊ₗ for l = 0 … lags, over what is known of both."""
    known = np.nan_to_num(residual)
    return np.array([known[: known.size - lag] @ known[lag:] if lag < known.size else 0.0 for lag in range(lags + 1)])


def long_run(products: Floats, reach: int) -> float:
    """Return c₀ + 2 Σ (1 - l/reach) cₗ, and c₀ at least: what neighbours add to the variance of a sum."""
    weights = 2.0 * (1.0 - np.arange(products.size) / reach)
    weights[0] = 1.0
    return max(float(weights @ products), float(products[0]))


def trend_standard_error(engagement: Floats, slope_per_minute: float | None) -> float | None:
    """Return the standard error of a trend through a time line; None without one, or with too little evidence."""
    known = np.flatnonzero(~np.isnan(engagement))
    if slope_per_minute is None or known.size < EVIDENCE:
        return None
    minutes = np.arange(engagement.size) / _MINUTE
    minutes = minutes - minutes[known].mean()
    residual = engagement - engagement[known].mean() - slope_per_minute * minutes
    products = autocovariance(minutes * residual, LAGS)
    scale = known.size / (known.size - 2)
    return math.sqrt(long_run(products, LAGS + 1) * scale) / float((minutes[known] ** 2).sum())


def change_of(engagement: Floats, first_us: int, last_us: int) -> Change | None:
    """Compare the last third of an attendance with its first; None with too little evidence in either."""
    middle_us = (np.arange(engagement.size) + 0.5) * BUCKET_US
    third_us = (last_us - first_us) / 3.0
    thirds = (middle_us < first_us + third_us, middle_us >= last_us - third_us)
    known = [np.flatnonzero(third & ~np.isnan(engagement)) for third in thirds]
    counts = [places.size for places in known]
    if min(counts) < EVIDENCE:
        return None
    means = [float(engagement[places].mean()) for places in known]
    residual = np.full(engagement.size, np.nan)
    for places, mean in zip(known, means, strict=True):
        residual[places] = engagement[places] - mean
    variance = long_run(autocovariance(residual, LAGS), LAGS + 1) / (sum(counts) - 2)
    error = math.sqrt(variance * (1.0 / counts[0] + 1.0 / counts[1]))
    difference = means[1] - means[0]
    return Change(difference, error, two_sided(difference, error), CHANGE_RULE)


def two_sided(value: float, error: float) -> float:
    """Return the probability of a value as far from zero, by the normal distribution."""
    if error < 1e-12:
        return 1.0 if abs(value) < 1e-12 else 0.0
    return math.erfc(abs(value) / error / math.sqrt(2.0))
