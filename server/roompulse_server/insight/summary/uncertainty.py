"""How sure a mean or a trend is, where neighbours are alike.

Means of whole minutes are the samples; standard errors rest on their variance and on how much neighbouring minutes are
alike (Newey and West 1987, Bartlett weights, one lag). Were every update independent they would be far smaller.
"""

import math

import numpy as np

from roompulse_server.insight.summary.summary_types import Change
from roompulse_server.insight.summary.timeline import BUCKET_US
from roompulse_server.series import Floats

MINUTE_POINTS = 60_000_000 // BUCKET_US
MINUTE_US = MINUTE_POINTS * BUCKET_US
TREND_EVIDENCE = 5  # minutes
CHANGE_EVIDENCE = 3  # minutes, in each third
CHANGE_RULE = (
    f"mean score of the last third of the attendance less that of the first, {CHANGE_EVIDENCE} minutes with scores in "
    "each or more; standard error by Newey and West over means of minutes, p by the t distribution"
)


def by_minute(points: Floats) -> Floats:
    """Return the mean of each whole minute of a time line; nan where less than half of it is known."""
    count = points.size // MINUTE_POINTS
    table = points[: count * MINUTE_POINTS].reshape(count, MINUTE_POINTS)
    known = (~np.isnan(table)).sum(axis=1)
    enough = 2 * known >= MINUTE_POINTS
    means: Floats = np.divide(np.nansum(table, axis=1), known, out=np.full(count, np.nan), where=enough)
    return means


def autocovariance(residual: Floats, lags: int) -> Floats:
    """Return Σ rₜ rₜ₊ₗ for l = 0 … lags, over what is known of both."""
    known = np.nan_to_num(residual)
    return np.array([known[: known.size - lag] @ known[lag:] if lag < known.size else 0.0 for lag in range(lags + 1)])


def long_run(products: Floats) -> float:
    """Return c₀ + 2 Σ (1 - l/(L+1)) cₗ, and c₀ at least: what neighbours add to the variance of a sum."""
    weights = 2.0 * (1.0 - np.arange(products.size) / products.size)
    weights[0] = 1.0
    return max(float(weights @ products), float(products[0]))


def trend_standard_error(engagement: Floats, slope_per_minute: float | None) -> float | None:
    """Return the standard error of a trend through a time line; None without one, or with too little evidence."""
    means = by_minute(engagement)
    known = np.flatnonzero(~np.isnan(means))
    if slope_per_minute is None or known.size < TREND_EVIDENCE:
        return None
    minutes = np.arange(means.size) - known.mean()
    residual = means - means[known].mean() - slope_per_minute * minutes
    products = autocovariance(minutes * residual, 1)
    scale = known.size / (known.size - 2)
    return math.sqrt(long_run(products) * scale) / float((minutes[known] ** 2).sum())


def change_of(engagement: Floats, first_us: int, last_us: int) -> Change | None:
    """Compare the last third of an attendance with its first; None with too little evidence in either."""
    means = by_minute(engagement)
    middle_us = (np.arange(means.size) + 0.5) * MINUTE_US
    third_us = (last_us - first_us) / 3.0
    thirds = [
        np.flatnonzero(third & ~np.isnan(means))
        for third in (middle_us < first_us + third_us, middle_us >= last_us - third_us)
    ]
    if min(third.size for third in thirds) < CHANGE_EVIDENCE:
        return None
    residual = np.full(means.size, np.nan)
    for third in thirds:
        residual[third] = means[third] - means[third].mean()
    freedom = sum(third.size for third in thirds) - 2
    variance = long_run(autocovariance(residual, 1)) / freedom
    error = math.sqrt(variance * sum(1.0 / third.size for third in thirds))
    difference = float(means[thirds[1]].mean() - means[thirds[0]].mean())
    return Change(difference, error, two_sided(difference, error, freedom), CHANGE_RULE)


def two_sided(value: float, error: float, freedom: int) -> float:
    """Return the probability of a value as far from zero, by the t distribution (Wallace 1959: within 0.005)."""
    if error < 1e-12:
        return 1.0 if abs(value) < 1e-12 else 0.0
    square = (value / error) ** 2
    normal = (8 * freedom + 1) / (8 * freedom + 3) * math.sqrt(freedom * math.log1p(square / freedom))
    return math.erfc(normal / math.sqrt(2.0))
