"""The largest number of participants that holds, by few tries. Pure: who tries is passed in.

Every try says what it cost, and with that how many would fill what latency lets us use of a core: the next try is there.
So the light load's promise is tried first, and the cost of what held, which is lower, promises the next.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from benchmarks.kernels import FACE_HZ

P99_MS = 400.0
HOLDING = 0.95  # of three a second: the window cuts the first and the last
FULL = 0.90  # of a core that latency lets us use
LEAST_STEP = 0.05  # of the number: nearer ones are not told apart

Percentiles = tuple[float, float, float]  # milliseconds: p50, p95, p99


@dataclass(frozen=True, slots=True)
class Window:
    """What `people` cost and got in a window of time."""

    people: int
    cpu: float  # of one core
    parent_ms: float  # a participant-second
    workers_ms: float
    spread_ms: tuple[float, float]  # the cheapest and the dearest part of the window, of both together
    spare: float  # idle share of the service's core
    clients_spare: float  # and of the clients'
    least_hz: float  # fresh analyses a second of the participant that got the fewest
    mean_hz: float
    received_ms: Percentiles  # capture → received
    looked_ms: Percentiles  # received → scored
    sent_ms: Percentiles  # scored → the client has it
    scored_ms: Percentiles  # capture → scored
    published_ms: Percentiles  # capture → the client has it
    faults: int

    @property
    def person_ms(self) -> float:
        return self.parent_ms + self.workers_ms

    @property
    def promised(self) -> float:
        """Participants a core, by CPU time."""
        return FULL * 1e3 / self.person_ms

    @property
    def holds(self) -> bool:
        return not self.faults and self.least_hz >= FACE_HZ * HOLDING and self.scored_ms[2] <= P99_MS


async def largest(light: Window, attempt: Callable[[int], Awaitable[Window]], tries: int) -> tuple[Window, ...]:
    """Return the windows of the tries, the light load's first; fewer where the answer is found before."""
    tried = [light]
    while len(tried) <= tries and (people := following(tried)):
        tried.append(await attempt(people))
    return tuple(tried)


def following(tried: Sequence[Window]) -> int | None:
    """Return the number to try next; None when it would tell nothing new."""
    low = max((seen.people for seen in tried if seen.holds), default=0)
    high = min((seen.people for seen in tried if not seen.holds), default=None)
    step = max(1, round(low * LEAST_STEP))
    promised = round(tried[-1].promised)
    if high is None:
        return max(low + step, promised)
    if high - low <= step:
        return None
    return promised if low + step <= promised < high else (low + high) // 2


def held(tried: Sequence[Window]) -> Window | None:
    """Return the largest that held."""
    return max((seen for seen in tried if seen.holds), key=lambda seen: seen.people, default=None)
