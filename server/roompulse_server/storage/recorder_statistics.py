"""What a recorder counts."""

from collections.abc import Sequence
from dataclasses import dataclass

from roompulse_server.types.log import Committed


@dataclass(frozen=True, slots=True)
class RecorderStatistics:
    """Counters since the start, and the state now. A commit's time is from its start to the callback's end."""

    queued: int
    capacity: int
    commits: int
    entries: int
    updates: int
    refused: int  # values that the log does not take
    commit_s: float  # in all
    largest_commit: int
    longest_commit_s: float
    waits: int  # appends that found the queue full
    failures: int  # commits that the disk refused; each was tried again
    failing: bool


@dataclass(slots=True)
class RecorderCounters:
    commits: int = 0
    entries: int = 0
    updates: int = 0
    refused: int = 0
    seconds: float = 0.0
    largest: int = 0
    longest_s: float = 0.0
    waits: int = 0
    failures: int = 0

    def count(self, committed: Sequence[Committed], entries: int, seconds: float) -> None:
        """Count a commit."""
        self.commits += 1
        self.entries += entries
        self.updates += sum(len(entry.updates) for entry in committed)
        self.refused += sum(len(entry.refusals) for entry in committed)
        self.seconds += seconds
        self.largest = max(self.largest, entries)
        self.longest_s = max(self.longest_s, seconds)

    def statistics(self, queued: int, capacity: int, *, failing: bool) -> RecorderStatistics:
        """Return the numbers with the state of the queue."""
        return RecorderStatistics(
            queued=queued,
            capacity=capacity,
            commits=self.commits,
            entries=self.entries,
            updates=self.updates,
            refused=self.refused,
            commit_s=self.seconds,
            largest_commit=self.largest,
            longest_commit_s=self.longest_s,
            waits=self.waits,
            failures=self.failures,
            failing=failing,
        )
