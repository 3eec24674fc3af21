"""When a stream that was cut is opened again, and when not. Pure: time and chance are passed in."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from roompulse import argument
from roompulse.errors import DeadlineExceeded, RoompulseError, StreamClosed, Unavailable


@dataclass(frozen=True, slots=True)
class Reconnection:
    """How long a client keeps its streams and subscriptions up. A first refusal is never tried again.

    Attributes:
        tries: Tries in a row before it gives up; 0: a cut is the end. A connection that held for longer than `most_s`
            begins a new row.
        first_s: The first wait. Each next one is twice as long, and up to half of it longer by chance, so that a
            hundred bots do not come back at the same moment. What the service asks for is waited at least.
        most_s: The longest wait, before chance.
        silence_s: A service that says nothing for so long is given up; it says something every second.

    Raises:
        InvalidArgument: A number is negative or not finite.
    """

    tries: int = 20
    first_s: float = 0.1
    most_s: float = 5.0
    silence_s: float = 3.0

    def __post_init__(self) -> None:
        """Refuse what no wait can be."""
        argument.whole(self.tries, "tries", 0, 1 << 31)
        for name in ("first_s", "most_s", "silence_s"):
            argument.seconds(getattr(self, name), name, 0.0, argument.MOST_WAIT_S)


def passes(error: Exception | None) -> bool:
    """Return whether an error may be gone at the next try: a lost connection, or what the service asks to try again."""
    if isinstance(error, Unavailable | DeadlineExceeded | StreamClosed):
        return True
    return isinstance(error, RoompulseError) and error.retry_after_s is not None


class Backoff:
    """Says how long to wait after each cut."""

    def __init__(
        self,
        policy: Reconnection,
        chance: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep the policy; `chance` returns 0 to 1."""
        self._policy, self._chance, self._clock = policy, chance, clock
        self._held_since_s: float | None = None
        self.tries = 0

    def held(self) -> None:
        """Note that a connection was accepted."""
        self._held_since_s = self._clock()

    def wait_s(self, error: RoompulseError) -> float | None:
        """Return how long to wait before the next try; None where there is none."""
        policy, since_s = self._policy, self._held_since_s
        if since_s is not None and self._clock() - since_s > policy.most_s:
            self.tries = 0
        self._held_since_s = None
        if not passes(error) or self.tries >= policy.tries:
            return None
        least_s = max(min(policy.most_s, policy.first_s * 2.0**self.tries), error.retry_after_s or 0.0)
        self.tries += 1
        return least_s * (1 + self._chance() / 2)
