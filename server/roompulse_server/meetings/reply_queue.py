"""What an analyse stream answers, and the bounded box it waits in."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from roompulse_vision.enumerations import FaultReason

from roompulse_server.errors import RoompulseError
from roompulse_server.types import Consent, MeetingKey, PacketCounters, Update

UPDATES_BOUND = 256
CONTROL_BOUND = 1024
RETRY_AFTER_MS = 1000  # when the service goes away, its successor needs a moment


@dataclass(frozen=True, slots=True)
class StreamOpened:
    key: MeetingKey
    epoch: int
    last_sequence: int
    model_id: str
    detector_id: str
    formula_id: str
    consent: Consent
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FlowNotice:
    counters: PacketCounters
    key_frame_requested: bool = False
    analysis_rate_hz: float = 0.0
    final: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PacketFault:
    packet_index: int
    reason: FaultReason
    message: str


@dataclass(frozen=True, slots=True)
class Heartbeat:
    time_us: int


@dataclass(frozen=True, slots=True)
class GoingAway:
    reason: str
    retry_after_ms: int


def rated(granted_hz: float | None, asked_hz: float) -> str:
    """Say, in words, why the rate of analysis changed; nothing where it did not."""
    if granted_hz is None:
        return ""
    if granted_hz >= asked_hz:
        return f"the service has room again: {asked_hz:.2g} analyses a second, as asked"
    return f"the service is busy: {granted_hz:.2g} analyses a second instead of {asked_hz:.2g}"


Control = StreamOpened | FlowNotice | PacketFault | Heartbeat | GoingAway
Reply = Update | Control


class ReplyQueue:
    """Replies on their way to the caller, in order.

    Full: an update of a LIVE stream displaces the oldest waiting one (it is in the record); one of an EVERY_FRAME
    stream waits, which slows the sender down. Faults and notices displace the oldest of their kind.
    """

    def __init__(self, live: bool) -> None:
        self._live = live
        self._items: deque[Reply] = deque()
        self._updates = 0
        self._came = asyncio.Event()  # a reply, or the end
        self._room = asyncio.Event()  # for an update, or no need of it
        self._ended = False
        self._error: RoompulseError | None = None
        self.displaced = 0

    @property
    def live(self) -> bool:
        """Whether nobody ever waits for room."""
        return self._live

    async def put(self, update: Update, wanted: Callable[[], bool] = lambda: True) -> None:
        """Add an update, if it is still `wanted` once there is room; see the class for what happens when full."""
        while not self._live and self._updates >= UPDATES_BOUND and not self._ended:
            self._room.clear()
            await self._room.wait()
        if not wanted():
            return
        if self._updates >= UPDATES_BOUND:
            self._displace(Update)
        self._updates += 1
        self._items.append(update)
        self._came.set()

    def post(self, reply: Control) -> None:
        """Add what is no update; see the class for what happens when full."""
        if len(self._items) - self._updates >= CONTROL_BOUND:
            self._displace(type(reply))
        self._items.append(reply)
        self._came.set()

    def forget(self, participant: str) -> None:
        """Drop what waits of somebody who was erased."""
        kept = [item for item in self._items if not (isinstance(item, Update) and item.participant == participant)]
        self._updates -= len(self._items) - len(kept)
        self._items = deque(kept)
        self._room.set()

    def relax(self) -> None:
        """Never wait again: the stream is being ended from this side."""
        self._live = True
        self._room.set()

    def end(self, error: RoompulseError | None = None) -> None:
        """Say that nothing follows; the first call counts."""
        if not self._ended:
            self._ended, self._error = True, error
        self._came.set()
        self._room.set()

    async def get(self) -> Reply | None:
        """Return the next reply; None when the stream ended well.

        Raises:
            RoompulseError: Why the stream ended, after everything before was taken.
        """
        while not self._items:
            if self._ended:
                if self._error is not None:
                    raise self._error
                return None
            self._came.clear()
            await self._came.wait()
        reply = self._items.popleft()
        if isinstance(reply, Update):
            self._updates -= 1
            self._room.set()
        return reply

    def _displace(self, kind: type) -> None:
        for index, item in enumerate(self._items):
            if isinstance(item, kind):
                del self._items[index]
                self.displaced += 1
                if kind is Update:
                    self._updates -= 1
                return
