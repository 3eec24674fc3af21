"""The newest embeddings of one face, which a network over time reads."""

from collections import deque

import numpy as np

from roompulse_vision.faces.inference import Floats


class EmbeddingWindow:
    """A track's newest embeddings: in the memory of this process, and nowhere else."""

    def __init__(self, length: int) -> None:
        self._times_s: deque[float] = deque(maxlen=length)
        self._rows: Floats | None = None
        self._count = 0

    def put(self, time_s: float, embedding: Floats) -> None:
        """Take the embedding, (size,), of a moment, not before the last one; the oldest goes where all are full."""
        length = self._times_s.maxlen or 0
        if self._rows is None:
            self._rows = np.empty((length, len(embedding)), np.float32)
        self._rows[self._count % length] = embedding
        self._times_s.append(time_s)
        self._count += 1

    @property
    def rows(self) -> Floats | None:
        """The embeddings, (length, size), in no order; None until there are as many."""
        return self._rows if len(self._times_s) == self._times_s.maxlen else None

    @property
    def span_s(self) -> float:
        """From the oldest to the newest."""
        return self._times_s[-1] - self._times_s[0] if self._times_s else 0.0
