"""The expectation of a table's rows under expression probabilities."""

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


class Mixture:
    """A table (len(LABELS), K), with a row for each label; a label whose row is nan, as "other", has none."""

    def __init__(self, table: Doubles) -> None:
        self._known = np.where(np.isnan(table).any(1), 0.0, 1.0)
        self._rows = np.nan_to_num(table)

    def expectation(self, probabilities: Doubles) -> Doubles:
        """Return (N, K), the mean of the rows weighted by `probabilities` (N, len(LABELS)).

        Labels without a row or without a probability (nan) are left out and the rest renormalised; nan where nothing
        is left.
        """
        weights = np.fmax(probabilities, 0.0) * self._known  # of nan and 0 that is 0
        total = np.add.reduce(weights, 1, keepdims=True)
        mean = np.full((len(weights), self._rows.shape[1]), np.nan)
        np.divide(weights @ self._rows, total, out=mean, where=total > 0)
        return mean
