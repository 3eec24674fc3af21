"""What a bus offers, whatever carries it: what was committed to a meeting's log, to everybody who follows the meeting.

A hint, not a promise: a follower that must not miss anything checks against the record.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from roompulse_server.types import Event, Rollup, SlowPolicy, Update
from roompulse_server.types.log import Committed

Item = Update | Event | Rollup
Follower = Callable[[Committed], None]

CAPACITY = 1024  # items of one subscriber: ten seconds of twenty participants at 5 updates a second


class Following(Protocol):
    """A follower's registration."""

    def close(self) -> None:
        """Follow no longer. Idempotent."""


class Listener(Protocol):
    """What one subscriber has not taken yet, oldest first; read by one task.

    `drops_when_full`: while set, a full DISCONNECT buffer is emptied, and `has_gap` says so. `has_gap`: something was
    lost or erased, and the record must be looked at; the subscriber sets it back.
    """

    drops_when_full: bool
    has_gap: bool

    def pop(self) -> Item | None:
        """Take the oldest item, None when nothing is there.

        Raises:
            RoompulseError: SUBSCRIBER_TOO_SLOW, from then on.
        """

    async def wait(self) -> None:
        """Wait until `pop` may have an answer, or somebody calls `wake`."""

    def wake(self) -> None:
        """Let `wait` return."""

    def take_skipped(self, participant: str) -> int:
        """Return, once, the last sequence of a participant that a newer update replaced; 0 for none."""

    def close(self) -> None:
        """Stop buffering. Idempotent."""


class Bus(Protocol):
    """Followers hear of each entry before listeners do, in the order of the log."""

    def publish(self, committed: Committed) -> None:
        """Tell of an entry that is on disk."""

    def announce(self, uid: str, rollups: Iterable[Rollup]) -> None:
        """Tell listeners of windows that are not final yet, and in no record."""

    def follow(self, uid: str, follower: Follower) -> Following:
        """Call `follower` with each entry that is committed to a meeting's log. It must not block."""

    def listen(
        self, uid: str, *, capacity: int = CAPACITY, slow_policy: SlowPolicy = SlowPolicy.DISCONNECT
    ) -> Listener:
        """Begin to buffer what is published of a meeting. The subscriber closes it."""
