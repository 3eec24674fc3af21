"""How far one contiguous counter of a log was delivered, and how far it is known to go."""

from dataclasses import dataclass

_BEYOND = 2**62  # reads nothing


@dataclass(slots=True)
class Cursor:
    """`at` is the last index delivered, `goal` the last one known to be recorded."""

    at: int = 0
    goal: int = 0

    @property
    def behind(self) -> bool:
        return self.goal > self.at

    @property
    def from_here(self) -> int:
        """Where to read on; beyond everything when nothing is missing."""
        return self.at if self.behind else _BEYOND

    def aim(self, index: int, wanted: bool) -> None:
        """Learn that an index is recorded; one that is not wanted counts as delivered."""
        self.goal = max(self.goal, index)
        if not wanted:
            self.at = max(self.at, index)

    def step(self) -> None:
        """Deliver the next index."""
        self.at += 1

    def skip(self, index: int) -> None:
        """Pass over everything up to an index."""
        self.at = max(self.at, index)

    def give_up(self) -> None:
        """Want nothing more of what is known."""
        self.goal = self.at
