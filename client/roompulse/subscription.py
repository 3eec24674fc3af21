"""A meeting's values as they come, or from a position; cut and opened again as often as it takes.

Line ─▶ call.read ─▶ reader task ─▶ Seen: new? ─▶ Mailbox ─▶ async for
  └─ after a cut: from the newest token that came
"""

from types import TracebackType
from typing import Any, Self

from roompulse import conversion
from roompulse.call import Call
from roompulse.connection import Connection
from roompulse.errors import Draining, StreamClosed, WrongUse
from roompulse.line import Line
from roompulse.mailbox import Mailbox, WhenFull
from roompulse.reconnect import Backoff, Reconnection
from roompulse.results import (
    GoingAway,
    MeetingEvent,
    Reconnected,
    Rollup,
    SubscriptionEvent,
    SubscriptionHeartbeat,
    Update,
)
from roompulse.seen import Seen
from roompulse.v1 import subscription_service_pb2 as pb
from roompulse.v1.subscription_service_pb2_grpc import SubscriptionServiceStub

READ_AHEAD = 64  # beyond that the service waits, and applies its policy for slow subscribers
_KINDS: dict[str, type[Any]] = {
    "update": Update,
    "rollup": Rollup,
    "meeting_event": MeetingEvent,
    "heartbeat": SubscriptionHeartbeat,
    "going_away": GoingAway,
}


class Subscription:
    """A subscription to one meeting; made by `Client.subscribe`, used with `async with`, iterated with `async for`.

    Each update comes once, in order and without gaps for each participant; so do events, by position, and final
    roll-ups. That holds when the connection is cut or the service starts again, also on another machine: the
    subscription is opened again from where it was, and a `Reconnected` says so. With slow_policy="conflate" the service
    may leave updates out for which a newer one has come. It ends when the meeting has ended and everything was
    delivered. Cancelling a wait for the next event loses nothing.

    Attributes:
        resume_token: The position after the last event taken; pass it to `Client.subscribe` to go on from there.
    """

    def __init__(
        self,
        connection: Connection,
        request: pb.SubscribeUpdatesRequest,
        target: str,
        *,
        heartbeats: bool,
        timeout_s: float,
        reconnect: Reconnection,
    ) -> None:
        """Keep what to ask for; nothing is sent before `async with`."""
        self._connection, self._channel = connection, connection.channel
        self._request = request
        self._target = target
        self._heartbeats = heartbeats
        self._timeout_s, self._silence_s = timeout_s, reconnect.silence_s
        self._mailbox: Mailbox[tuple[SubscriptionEvent, bytes]] = Mailbox(READ_AHEAD, WhenFull.WAIT, None)
        self._seen = Seen()
        self._line = Line(self, Backoff(reconnect))
        self._going: GoingAway | None = None
        self._announced = False  # whether the present call's Reconnected was said
        self._home = connection.home
        self._started = False
        self.resume_token = request.resume_token
        self.closed = False

    async def __aenter__(self) -> Self:
        """Ask; errors come with the first event.

        Raises:
            WrongUse: It was entered before, or is used in another event loop or a forked process.
        """
        self._home.check()
        if self._started or self.closed:
            raise WrongUse("a subscription is entered once; ask client.subscribe for another one")
        self._started = True
        self._line.start(f"roompulse subscription {self._request.meeting.id}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        await self.aclose()

    def __aiter__(self) -> Self:
        """Iterate over the events."""
        return self

    async def __anext__(self) -> SubscriptionEvent:
        """Return the next event.

        Raises:
            StopAsyncIteration: The meeting has ended.
            PositionExpired: The record does not reach back to the position any more; `values["oldest"]` says how far.
            StreamClosed: It is not entered yet.
            WrongUse: It is used in another event loop, or a forked process.
            RoompulseError: The subscription ended by an error, or could not be opened again.
        """
        self._home.check()
        if not self._started:
            raise StreamClosed("the subscription is not open; use `async with client.subscribe(…) as subscription`")
        while True:
            event, token = await self._mailbox.get()
            self.resume_token = token or self.resume_token
            if self._heartbeats or not isinstance(event, SubscriptionHeartbeat):
                return event

    async def aclose(self) -> None:
        """End the subscription. Idempotent. In a forked process there is nothing to end."""
        if self._home.forked:
            return
        self._home.check()
        self.closed = True
        await self._mailbox.abandon()
        if self._started:
            await self._line.stop()

    def call(self) -> Call:
        """Ask for what comes next; for the line."""
        self._going, self._announced = None, False
        self._channel = self._connection.channel
        asked = self._connection.stub(SubscriptionServiceStub).SubscribeUpdates(self._request)
        call = Call(asked, self._target, self._take, self._timeout_s, self._silence_s)
        call.start(f"roompulse subscription {self._request.meeting.id} call")
        return call

    async def greet(self, call: Call) -> None:
        """Say nothing: the request says it all; for the line."""

    def verdict(self, error: Exception | None) -> Exception | None:
        """Take a good end after a goodbye for a cut; for the line."""
        if error is None and self._going is not None:
            return Draining(self._going.reason, retry_after_s=self._going.retry_after_s)
        return error

    def renew(self) -> None:
        """Make the next call over a new connection; for the line."""
        self._connection.renew(self._channel)

    async def over(self, error: Exception | None) -> None:
        """Let the caller know, after everything that came; for the line."""
        await self._mailbox.close(error)

    async def _take(self, response: pb.SubscribeUpdatesResponse) -> None:
        await self._line.accept()
        if self._line.reopened and not self._announced:
            self._announced = True
            news = Reconnected(str(self._line.cut_by), self._line.tries, self._line.away_s)
            await self._mailbox.put((news, b""))
        name = response.WhichOneof("event")
        if name not in _KINDS:
            return
        event = conversion.from_proto(_KINDS[name], getattr(response, name))
        self._going = event if isinstance(event, GoingAway) else self._going
        if self._seen.is_new(event):
            await self._mailbox.put((event, response.resume_token))
        if response.resume_token:
            self._request.resume_token = response.resume_token
