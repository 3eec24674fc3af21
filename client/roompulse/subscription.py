"""A meeting's values as they come, or from a position."""

from types import TracebackType
from typing import Any, Self

from roompulse import conversion
from roompulse.call import Call
from roompulse.mailbox import Mailbox, WhenFull
from roompulse.results import GoingAway, MeetingEvent, Rollup, SubscriptionEvent, SubscriptionHeartbeat, Update
from roompulse.v1 import subscription_service_pb2 as pb

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

    Updates come in order and without gaps for each participant, at least once: (participant, sequence) removes
    duplicates. It ends when the meeting has ended and everything was delivered. Cancelling a wait for the next event
    loses nothing.

    Attributes:
        resume_token: The position after the last event taken; pass it to `Client.subscribe` to go on from there.
    """

    def __init__(self, stub: Any, request: pb.SubscribeUpdatesRequest, target: str, *, heartbeats: bool) -> None:
        """Keep what to ask for; nothing is sent before `async with`."""
        self._stub = stub
        self._request = request
        self._target = target
        self._heartbeats = heartbeats
        self._mailbox: Mailbox[tuple[SubscriptionEvent, bytes]] = Mailbox(READ_AHEAD, WhenFull.WAIT, None)
        self._call: Call | None = None
        self.resume_token = request.resume_token
        self.closed = False

    async def __aenter__(self) -> Self:
        """Ask; errors come with the first event."""
        call = self._stub.SubscribeUpdates(self._request)
        self._call = Call(call, self._target, self._take, self._end)
        self._call.start(f"roompulse subscription {self._request.meeting.id}")
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
            RoompulseError: The subscription ended by an error.
        """
        while True:
            event, token = await self._mailbox.get()
            self.resume_token = token or self.resume_token
            if self._heartbeats or not isinstance(event, SubscriptionHeartbeat):
                return event

    async def aclose(self) -> None:
        """End the subscription. Idempotent."""
        self.closed = True
        await self._mailbox.abandon()
        if self._call is not None:
            await self._call.stop()

    async def _end(self, error: Exception | None) -> Exception | None:
        await self._mailbox.close(error)
        return error

    async def _take(self, response: pb.SubscribeUpdatesResponse) -> None:
        name = response.WhichOneof("event")
        if name in _KINDS:
            await self._mailbox.put(
                (conversion.from_proto(_KINDS[name], getattr(response, name)), response.resume_token)
            )
