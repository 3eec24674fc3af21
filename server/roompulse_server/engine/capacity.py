"""How many streams there may be: a place is taken before anything is recorded of a stream."""

from roompulse_server.errors import Reason, RoompulseError


class Place:
    """A stream's place. Made by `Capacity.take`."""

    def __init__(self, capacity: "Capacity") -> None:
        self._capacity: Capacity | None = capacity

    def release(self) -> None:
        """Give it back. Idempotent."""
        capacity, self._capacity = self._capacity, None
        if capacity is not None:
            capacity.taken -= 1


class Capacity:
    """Counts places; `most` of them may be taken."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0

    def take(self, *, replacing: bool = False) -> Place:
        """Take a place; one that is `replacing` a stream gets its own before that one is given back.

        Raises:
            RoompulseError: TOO_MANY_STREAMS.
        """
        if self.taken >= self.most and not replacing:
            message = f"{self.taken} streams are open, and {self.most} are allowed (max_streams)"
            raise RoompulseError(Reason.TOO_MANY_STREAMS, message)
        self.taken += 1
        return Place(self)
