"""A meeting's values as they come, or from a position; cut and opened again as often as it takes.

ResumableCall ─▶ call.read ─▶ reader task ─▶ Deduplicator: new? ─▶ Mailbox ─▶ async for
  └─ after a cut: from the newest token that came
"""

from types import TracebackType
from typing import Any, Self

from roompulse.contract import codec
from roompulse.errors import Draining, StreamClosed, WrongUse
from roompulse.results import (
    GoingAway,
    MeetingEvent,
    Reconnected,
    Rollup,
    SubscriptionEvent,
    SubscriptionHeartbeat,
    Update,
)
from roompulse.transport.call import Call
from roompulse.transport.connection import Connection
from roompulse.transport.deduplicator import Deduplicator
from roompulse.transport.mailbox import Mailbox, WhenFull
from roompulse.transport.reconnect import Backoff, Reconnection
from roompulse.transport.resumable_call import ResumableCall
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
        self._seen = Deduplicator()
        self._line = ResumableCall(_Calls(self), Backoff(reconnect))
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

    def _call(self) -> Call:
        self._going, self._announced = None, False
        self._channel = self._connection.channel
        asked = self._connection.stub(SubscriptionServiceStub).SubscribeUpdates(self._request)
        call = Call(asked, self._target, self._take, self._timeout_s, self._silence_s)
        call.start(f"roompulse subscription {self._request.meeting.id} call")
        return call

    def _final_error(self, error: Exception | None) -> Exception | None:
        if error is None and self._going is not None:
            return Draining(self._going.reason, retry_after_s=self._going.retry_after_s)
        return error

    def _replace_channel(self) -> None:
        self._connection.renew(self._channel)

    async def _on_closed(self, error: Exception | None) -> None:
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
        event = codec.from_proto(_KINDS[name], getattr(response, name))
        self._going = event if isinstance(event, GoingAway) else self._going
        if self._seen.is_new(event):
            await self._mailbox.put((event, response.resume_token))
        if response.resume_token:
            self._request.resume_token = response.resume_token


class _Calls:
    """The calls of a subscription, for `ResumableCall`."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription

    def call(self) -> Call:
        """Ask for what comes next."""
        return self._subscription._call()

    async def send_initial_request(self, call: Call) -> None:
        """Send nothing: the call's own request says it all."""

    def final_error(self, error: Exception | None) -> Exception | None:
        """Take a good end after a goodbye for a cut."""
        return self._subscription._final_error(error)

    def replace_channel(self) -> None:
        """Make the next call over a new connection."""
        self._subscription._replace_channel()

    async def on_closed(self, error: Exception | None) -> None:
        """Let the caller know, after everything that came."""
        await self._subscription._on_closed(error)
