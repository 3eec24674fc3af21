"""Subscriptions as callers ask for them: filtered, with heartbeats, and with a position when the service ends them.

record + bus ─▶ CatchUpSubscription ─▶ Subscription.next() ─▶ SubscriptionMessage (item, position after it)
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from roompulse_server.access.caller import Caller
from roompulse_server.bus.bus import Bus
from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.meetings.registry import Registry
from roompulse_server.meetings.server_clock import ServerClock
from roompulse_server.meetings.validation import check_ref
from roompulse_server.metrics import Metrics
from roompulse_server.storage.recorder import Recorder
from roompulse_server.streams.replies import RETRY_AFTER_MS, GoingAway
from roompulse_server.subscriptions.catch_up_subscription import (
    NOW,
    CatchUpSubscription,
    Filter,
    FromOffset,
    FromToken,
    Start,
)
from roompulse_server.types import Event, Meeting, MeetingKey, Rollup, SlowPolicy, Update
from roompulse_server.types.requests import MeetingRef


@dataclass(frozen=True, slots=True)
class SubscriptionQuery:
    """What a caller asks for; without token and offset it begins now."""

    ref: MeetingRef
    wanted: Filter
    resume_token: bytes | None
    from_offset_us: int | None
    slow_policy: SlowPolicy


@dataclass(frozen=True, slots=True)
class SubscriptionHeartbeat:
    """Nothing new; everything up to the token was delivered."""

    time_us: int
    offset_us: int


@dataclass(frozen=True, slots=True)
class SubscriptionMessage:
    """One message of a subscription, and the position after it."""

    item: Update | Event | Rollup | SubscriptionHeartbeat | GoingAway
    token: bytes


class SubscriptionService:
    """Opens subscriptions, and ends them all when the service stops."""

    def __init__(
        self,
        registry: Registry,
        recorder: Recorder,
        bus: Bus,
        *,
        clock: ServerClock,
        metrics: Metrics,
        heartbeat_s: float,
    ) -> None:
        self._registry, self._recorder, self._bus = registry, recorder, bus
        self._clock, self._metrics, self._heartbeat_s = clock, metrics, heartbeat_s
        self._open: set[Subscription] = set()

    @contextlib.asynccontextmanager
    async def open(self, caller: Caller, query: SubscriptionQuery) -> AsyncIterator["Subscription"]:
        """Open a subscription for the length of the block.

        Raises:
            RoompulseError: MEETING_NOT_FOUND, RESUME_TOKEN_INVALID, DRAINING.
        """
        if self._registry.draining:
            raise RoompulseError(Reason.DRAINING, "the service is stopping; subscribe again in a moment")
        meeting = await self._registry.find(check_ref(query.ref, caller))
        source = CatchUpSubscription(
            self._recorder,
            self._bus,
            meeting.key,
            _of_groups(query.wanted) if meeting.aggregate_only else query.wanted,
            start=_start_of(query),
            slow_policy=query.slow_policy,
        )
        async with source:
            greets = _start_of(query) is NOW
            subscription = Subscription(meeting, source, self._clock, self._heartbeat_s, greets=greets)
            self._open.add(subscription)
            self._metrics.subscribers.inc()
            try:
                yield subscription
            finally:
                self._metrics.subscribers.dec()
                self._open.discard(subscription)
                await subscription.aclose()

    async def drain(self) -> None:
        """Tell every subscriber where to go on, and end their streams."""
        for subscription in self._open:
            subscription.say_goodbye("the service is stopping; subscribe again with the token")


def _of_groups(wanted: Filter) -> Filter:
    """Return what may be said of a meeting of which no participant's values leave the service.

    No window before it is final either: what changes between two of its revisions is a single person's.
    """
    return Filter(updates=False, rollups=wanted.rollups, events=wanted.events, final_rollups_only=True, people=False)


def _start_of(query: SubscriptionQuery) -> Start:
    if query.resume_token is not None:
        return FromToken(query.resume_token)
    return NOW if query.from_offset_us is None else FromOffset(query.from_offset_us)


class Subscription:
    """Made by `SubscriptionService.open`; `next` is called by one task. One that greets begins with a heartbeat."""

    def __init__(
        self, meeting: Meeting, source: CatchUpSubscription, clock: ServerClock, heartbeat_s: float, *, greets: bool
    ) -> None:
        self._meeting, self._source = meeting, source
        self._clock, self._heartbeat_s = clock, heartbeat_s
        self._newest_us = 0
        self._greets = greets
        self._reading: asyncio.Task[None] | None = None
        self._goodbye = ""
        self._ended = False

    @property
    def key(self) -> MeetingKey:
        return self._meeting.key

    def say_goodbye(self, reason: str) -> None:
        """Let the next message be the last one."""
        self._goodbye = self._goodbye or reason
        self._source.wake()

    async def next(self) -> SubscriptionMessage | None:
        """Return what comes next, a heartbeat when nothing does; None at the end.

        Raises:
            RoompulseError: The record is not available.
        """
        if self._greets:
            self._greets = False
            return self._heartbeat()
        heartbeat_at_s = asyncio.get_running_loop().time() + self._heartbeat_s
        while not self._ended:
            if self._goodbye:
                return self._going(self._goodbye)
            if self._reading is None and (message := self._poll()) is not None:
                return message
            try:
                async with asyncio.timeout_at(heartbeat_at_s):
                    await self._more()
            except TimeoutError:
                await self._source.reconcile()
                return self._heartbeat()
        return None

    async def aclose(self) -> None:
        """Stop. Idempotent."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    def _poll(self) -> SubscriptionMessage | None:
        try:
            item = self._source.poll()
        except RoompulseError as error:
            if error.reason is Reason.SUBSCRIBER_TOO_SLOW:
                return self._going(error.message)
            raise
        if item is None:
            return None
        self._newest_us = max(self._newest_us, item.start_us if isinstance(item, Rollup) else item.offset_us)
        return SubscriptionMessage(item, self._source.token())

    async def _more(self) -> None:
        """Wait for news, or read on; a reading takes as long as it takes, whatever beats meanwhile."""
        if self._reading is None and not self._source.must_read:
            self._ended = self._source.ended
            if not self._ended:
                await self._source.wait()
            return
        if self._reading is None:
            self._reading = asyncio.create_task(self._source.read(), name="read on")
        await asyncio.shield(self._reading)
        self._reading = None

    def _going(self, reason: str) -> SubscriptionMessage:
        self._ended = True
        return SubscriptionMessage(GoingAway(reason, RETRY_AFTER_MS), self._source.token())

    def _heartbeat(self) -> SubscriptionMessage:
        return SubscriptionMessage(SubscriptionHeartbeat(self._clock.now_us(), self._newest_us), self._source.token())
