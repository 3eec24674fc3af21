"""One subscriber's view of a meeting, exact: the bus says that something is new, the record says what.

    bus ─ push ─► listener ─► next in line? ─ yes ────────────────────────► poll()
                                  └─ a gap ─► goal ─► read() the record ─► in line ─┘
    reconcile(), once a second: the record's tail ─► goal          (a lost publish, a new participant, the end)

Promised, whatever the bus loses, delays, repeats or reorders: each participant's updates come in sequence without gaps
or repeats; so do events, by position, and final roll-ups, by sequence; the token after an item goes on after that item;
when the meeting has ended everything comes, the end last, then None. CONFLATE gives up only updates that a newer one of
the same participant replaced while the subscriber was slow.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, Protocol, TypeVar

from roompulse_server.bus.bus import CAPACITY, Bus, Item, Listener
from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.storage.store import LogItem, LogReader, Position, Tail
from roompulse_server.subscriptions import resume_token as tokens
from roompulse_server.subscriptions.cursor import Cursor
from roompulse_server.types import Event, EventKind, MeetingKey, MeetingState, Rollup, SlowPolicy, Update

P = ParamSpec("P")
T = TypeVar("T")

PAGE = 512  # rows read from the record at once


class Record(Protocol):
    """Where the record is read; a `Recorder` is one."""

    @property
    def store(self) -> LogReader: ...

    async def read(self, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T: ...


@dataclass(frozen=True, slots=True)
class Filter:
    """What a subscriber wants. No participants means all; roll-ups are always of the whole meeting."""

    participants: frozenset[str] = frozenset()
    updates: bool = True
    rollups: bool = True
    events: bool = True
    final_rollups_only: bool = False
    people: bool = True  # events about participants


@dataclass(frozen=True, slots=True)
class Now:
    """Start with what is recorded from now on."""


@dataclass(frozen=True, slots=True)
class FromToken:
    """Start after a token of the same meeting and participants."""

    token: bytes


@dataclass(frozen=True, slots=True)
class FromOffset:
    """Start with the first values at or after an offset."""

    offset_us: int


Start = Now | FromToken | FromOffset
EVERYTHING = Filter()
NOW = Now()


class CatchUpSubscription:
    """Use as `async with`; one task calls `poll`, `read` and `wait`, its owner calls `reconcile` once a second.

    Args:
        record: Where to read.
        bus: What tells of news.
        key: The meeting, with uid.
        wanted: What to deliver.
        start: Where to begin.
        slow_policy: What gives when `poll` is called too rarely. While it reads history nothing gives: it goes at
            its reader's pace.
        capacity: Items that wait before the policy applies.
    """

    def __init__(
        self,
        record: Record,
        bus: Bus,
        key: MeetingKey,
        wanted: Filter = EVERYTHING,
        *,
        start: Start = NOW,
        slow_policy: SlowPolicy = SlowPolicy.DISCONNECT,
        capacity: int = CAPACITY,
    ) -> None:
        self._record = record
        self._bus = bus
        self._key = key
        self._wanted = wanted
        self._participants = set(wanted.participants)
        self._tokens = tokens.TokenIssuer(key, wanted.participants)
        self._start = start
        self._slow_policy = slow_policy
        self._capacity = capacity
        self._listener: Listener | None = None
        self._tracks: dict[str, Cursor] = {}
        self._numbers: dict[str, int] = {}
        self._events = Cursor()
        self._rollups = Cursor()
        self._last_window_us = -1
        self._line: deque[Item] = deque()
        self._ended = False

    async def __aenter__(self) -> "CatchUpSubscription":
        """Listen first, then look at the record: what comes between the two is seen twice, not never.

        Raises:
            RoompulseError: MEETING_NOT_FOUND, RESUME_TOKEN_INVALID, RECORD_UNAVAILABLE, DRAINING.
        """
        self._listener = self._bus.listen(self._key.uid, capacity=self._capacity, slow_policy=self._slow_policy)
        self._listener.drops_when_full = True
        try:
            tail = await self._record.read(self._record.store.tail, self._key)
            at = await self._position(tail)
            self._tracks = {name: Cursor(at.updates.get(name, 0)) for name in tail.heads if self._wants(name)}
            self._events, self._rollups = Cursor(at.event), Cursor(at.rollup)
            self._aim(tail)
        except BaseException:
            self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening. Idempotent."""
        if self._listener:
            self._listener.close()

    def poll(self) -> Item | None:
        """Return the next item where it is at hand; None where the record must be read, or nothing is there.

        Raises:
            RoompulseError: SUBSCRIBER_TOO_SLOW, POSITION_EXPIRED, DRAINING.
        """
        listener, item = self._listening(), None
        while item is None and not listener.has_gap:
            if self._line:
                item = self._deliver(self._line.popleft())
            elif self._ended or self._behind():
                return None
            else:
                listener.drops_when_full = False  # caught up: from now on the policy holds
                news = listener.pop()
                if news is None:
                    return None
                item = self._sift(news)
        return item

    @property
    def must_read(self) -> bool:
        """Whether `poll` has no answer before `read`."""
        return self._listening().has_gap or self._behind()

    @property
    def ended(self) -> bool:
        """Whether the meeting has ended; nothing comes after what the record still has."""
        return self._ended

    async def read(self) -> None:
        """Read the next piece of the record that is missing.

        Raises:
            RoompulseError: POSITION_EXPIRED, RECORD_UNAVAILABLE.
        """
        listener = self._listening()
        if listener.has_gap:
            listener.has_gap = False
            await self.reconcile()
        else:
            await self._refill()

    async def wait(self) -> None:
        """Wait until `poll` may have an answer."""
        await self._listening().wait()

    def wake(self) -> None:
        """Let `wait` return."""
        self._listening().wake()

    async def reconcile(self) -> None:
        """Look where the record ends, so that a lost publish costs a second and nothing else.

        Raises:
            RoompulseError: RECORD_UNAVAILABLE.
        """
        self._aim(await self._record.read(self._record.store.tail, self._key))
        self._listening().wake()

    def token(self) -> bytes:
        """Return the position after the last item that `poll` returned."""
        updates = {self._numbers[name]: track.at for name, track in self._tracks.items() if name in self._numbers}
        position = tokens.ResumeToken(updates, self._events.at, self._rollups.at)
        return self._tokens.encode(position)

    def _listening(self) -> Listener:
        if self._listener is None:
            raise RuntimeError("a subscription is used inside `async with`")
        return self._listener

    async def _position(self, tail: Tail) -> Position:
        now = Position({name: head.last_sequence for name, head in tail.heads.items()}, tail.event, tail.rollup)
        match self._start:
            case Now():
                return now
            case FromOffset(offset_us):
                return await self._record.read(self._record.store.position_at, self._key, offset_us)
            case FromToken(data):
                return self._resumed(data, tail, now)

    def _resumed(self, data: bytes, tail: Tail, now: Position) -> Position:
        token = tokens.decode(data, self._key, self._wanted.participants)
        updates = {name: token.updates.get(head.number, 0) for name, head in tail.heads.items()}
        ahead = any(sequence > now.updates[name] for name, sequence in updates.items())
        if ahead or token.event > now.event or token.rollup > now.rollup:
            message = "the resume token cannot be used: it is ahead of the record, which may have been restored"
            raise RoompulseError(Reason.RESUME_TOKEN_INVALID, message, field="resume_token")
        return Position(updates, token.event, token.rollup)

    def _wants(self, participant: str) -> bool:
        return not self._participants or participant in self._participants

    def _cares(self, participant: str) -> bool:
        return self._wanted.people and self._wants(participant)

    def _aim(self, tail: Tail) -> None:
        """Set goals to the record's end; what is not wanted counts as delivered."""
        gone = {name for name, number in self._numbers.items() if number != _number(tail, name)}
        for name in gone | (self._tracks.keys() - tail.heads.keys()):
            self._forget(name)
        for name, head in tail.heads.items():
            self._numbers[name] = head.number
            if self._wants(name):
                self._tracks.setdefault(name, Cursor()).aim(head.last_sequence, self._wanted.updates)
        self._events.aim(tail.event, self._wanted.events)
        self._rollups.aim(tail.rollup, self._wanted.rollups)
        self._ended = self._ended or tail.state == MeetingState.ENDED

    def _forget(self, name: str) -> None:
        """Want nothing more of somebody who was erased, and hold nothing; who comes after them begins at 1."""
        self._numbers.pop(name, None)
        if name in self._tracks:
            self._tracks.pop(name).give_up()
        self._line.clear()  # it is read again: windows and events of theirs have changed

    def _behind(self) -> bool:
        return self._events.behind or self._rollups.behind or any(track.behind for track in self._tracks.values())

    def _sift(self, item: Item) -> Item | None:
        """Take what the bus brought if it is next in line; otherwise aim at it, or ask for a look at the record."""
        if isinstance(item, Rollup) and not item.final:
            known = item.start_us <= self._last_window_us
            return item if self._wanted.rollups and not self._wanted.final_rollups_only and not known else None
        if isinstance(item, Update) and not self._wants(item.participant):
            return None
        stranger = isinstance(item, Update) and item.participant not in self._numbers
        if stranger or (isinstance(item, Event) and item.kind == EventKind.MEETING_ENDED):
            self._listening().has_gap = True
            return None
        track, index, wanted = self._place(item)
        if isinstance(item, Update):
            track.skip(self._listening().take_skipped(item.participant))
        if index == track.at + 1:
            return self._deliver(item)
        track.aim(index, wanted)
        return None

    def _deliver(self, item: Item) -> Item | None:
        """Step to an item, which must be next in line; None for one that is not wanted."""
        track, index, wanted = self._place(item)
        if index != track.at + 1:
            raise _expired(track, index)
        track.step()
        if isinstance(item, Rollup):
            self._last_window_us = item.start_us
        about_others = isinstance(item, Event) and item.participant != "" and not self._cares(item.participant)
        return item if wanted and not about_others else None

    def _place(self, item: Item) -> tuple[Cursor, int, bool]:
        if isinstance(item, Update):
            return self._tracks.setdefault(item.participant, Cursor()), item.sequence, self._wanted.updates
        if isinstance(item, Event):
            return self._events, item.position, self._wanted.events
        return self._rollups, item.sequence, self._wanted.rollups

    async def _refill(self) -> None:
        """Read the next piece that is missing."""
        behind = [track for track in (*self._tracks.values(), self._events, self._rollups) if track.behind]
        updates = {name: track.at for name, track in self._tracks.items() if track.behind}
        after = Position(updates, self._events.from_here, self._rollups.from_here)
        piece = await self._record.read(self._record.store.read_after, self._key, after, limit=PAGE)
        self._line.extend(_end_last(piece))
        if not self._line:
            await self.reconcile()  # somebody may have been erased since
            for track in behind:
                if track.behind:
                    raise _expired(track, track.goal + 1)


def _end_last(piece: list[LogItem]) -> list[LogItem]:
    """Hold the meeting's end back until nothing else is missing: it is read again then."""
    if all(isinstance(item, Event) for item in piece):
        return piece
    return [item for item in piece if not (isinstance(item, Event) and item.kind == EventKind.MEETING_ENDED)]


def _number(tail: Tail, name: str) -> int | None:
    head = tail.heads.get(name)
    return head.number if head else None


def _expired(track: Cursor, oldest: int | str) -> RoompulseError:
    message = f"what follows {track.at} is no longer in the record, which goes back to {oldest}"
    return RoompulseError(Reason.POSITION_EXPIRED, message, oldest=str(oldest))
