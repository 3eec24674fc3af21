"""The expectation of a table's rows under expression probabilities."""

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


class Mixture:
    """The rows of a `table` (len(LABELS), K), to be mixed; nan for a label without a row, as "other"."""

    def __init__(self, table: Doubles) -> None:
        self._known = ~np.isnan(table).any(1)
        self._rows = np.nan_to_num(table)

    def expectation(self, probabilities: Doubles) -> Doubles:
        """Return (N, K), the mean of the rows weighted by `probabilities` (N, len(LABELS)).

        Labels without a row or without a probability (nan) are left out and the rest renormalised; nan where nothing
        is left.
        """
        weights = np.where(self._known & ~np.isnan(probabilities), probabilities, 0.0)
        total = weights.sum(1, keepdims=True)
        nothing = np.full((len(weights), self._rows.shape[1]), np.nan)
        mean: Doubles = np.divide(weights @ self._rows, total, out=nothing, where=total > 0)
        return mean
