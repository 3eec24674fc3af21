"""Analysed pictures that wait for their expressions, so that faces of several streams are read together. Pure.

On one CPU thread a face that is read alone takes half as long again as one of four: the network's weights come from
memory each time (benchmarks/README.md). Faces wait for those of streams that are next anyway; a worker that is nearly
full waits for more.
"""

import math
from collections.abc import Callable, Collection, Sequence

from roompulse_vision.faces.measured_face import Seen
from roompulse_vision.observation import Observation
from roompulse_vision.stream_analyzer import Job
from roompulse_vision.types import FaceReading

BATCH = 8  # faces; more at once do not pay
NEXT_S = 0.008  # so long a LIVE picture waits for streams that are next …
RECORDING_S = 0.25  # … and so long one of an EVERY_FRAME stream
MAX_WAIT_S = 0.06  # of a LIVE picture for any, in a worker that has no time to spare
SPARE_BELOW = 0.7  # share of its time that a worker works, up to which nobody waits for who may come
FULL_FROM = 0.9


def patience_s(busy_fraction: float) -> float:
    """Return how long a LIVE picture may wait for who may come, seconds, in a worker that is so busy (0 to 1)."""
    return MAX_WAIT_S * min(max((busy_fraction - SPARE_BELOW) / (FULL_FROM - SPARE_BELOW), 0.0), 1.0)


def observations(
    jobs: Sequence[tuple[int, Job]], classify: Callable[[Sequence[Seen]], list[FaceReading]]
) -> list[tuple[int, Observation]]:
    """Return the jobs as observations, with their streams; all their faces are read together."""
    seen = [face for _, job in jobs for region in job.regions for face in region.seen]
    readings = dict(zip(map(id, seen), classify(seen), strict=True))
    return [(stream, job.observation(lambda face: readings[id(face)])) for stream, job in jobs]


class FaceBatcher:
    """Jobs of several streams, in the order in which they came."""

    def __init__(self) -> None:
        self._jobs: list[tuple[int, Job]] = []
        self._oldest_live_s = self._oldest_recording_s = math.inf

    def __len__(self) -> int:
        return len(self._jobs)

    def put(self, stream: int, jobs: list[Job], now_s: float, *, live: bool) -> None:
        """Add a stream's jobs."""
        self._jobs += [(stream, job) for job in jobs]
        if jobs and live:
            self._oldest_live_s = min(self._oldest_live_s, now_s)
        elif jobs:
            self._oldest_recording_s = min(self._oldest_recording_s, now_s)

    def wait_s(self, now_s: float, busy_fraction: float, *, others_next: bool) -> float:
        """Return how long what is here may wait for more, seconds; 0: it is to be read now.

        `others_next`: other streams have their turn now.
        """
        if not self._jobs or sum(job.faces for _, job in self._jobs) >= BATCH:
            return 0.0
        until_s = self._oldest_live_s + patience_s(busy_fraction)
        if others_next:
            until_s = max(until_s, self._oldest_live_s + NEXT_S)
            until_s = min(until_s, self._oldest_recording_s + RECORDING_S)
        elif math.isinf(until_s):
            return 0.0
        return max(0.0, until_s - now_s)

    def take(self) -> list[tuple[int, Job]]:
        """Return all jobs with their streams."""
        jobs, self._jobs = self._jobs, []
        self._oldest_live_s = self._oldest_recording_s = math.inf
        return jobs

    def holds(self, stream: int) -> bool:
        """Whether a job of a stream waits here."""
        return any(number == stream for number, _ in self._jobs)

    def keep_regions(self, stream: int, names: Collection[str]) -> None:
        """Drop what a stream's jobs hold of regions that are no longer looked at."""
        self._jobs = [(number, job.only(names) if number == stream else job) for number, job in self._jobs]

    def drop(self, stream: int) -> None:
        """Forget the jobs of a stream."""
        self._jobs = [(number, job) for number, job in self._jobs if number != stream]
