"""The expectation of a table's rows under expression probabilities."""

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


def expectation(probabilities: Doubles, table: Doubles) -> Doubles:
    """Return (N, K), the mean of the rows of `table` (len(LABELS), K) weighted by `probabilities` (N, len(LABELS)).

    Labels without a row (nan, as "other") or without a probability (nan) are left out and the rest renormalised; nan
    where nothing is left.
    """
    known = ~np.isnan(table).any(1)
    weights = np.where(known, np.nan_to_num(probabilities), 0.0)
    total = weights.sum(1, keepdims=True)
    nothing = np.full((len(weights), table.shape[1]), np.nan)
    mean: Doubles = np.divide(weights @ np.nan_to_num(table), total, out=nothing, where=total > 0)
    return mean
