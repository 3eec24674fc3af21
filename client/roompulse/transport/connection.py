"""What all calls of a client go through."""

import asyncio
from collections.abc import Sequence
from typing import Any

import grpc

from roompulse.errors import StreamClosed, WrongUse
from roompulse.transport.channel import Option, open_channel
from roompulse.transport.home import Home
from roompulse.v1.analysis_service_pb2_grpc import AnalysisServiceStub
from roompulse.v1.meeting_service_pb2_grpc import MeetingServiceStub
from roompulse.v1.subscription_service_pb2_grpc import SubscriptionServiceStub


class Connection:
    """A channel and its stubs, which are replaced when the channel has fallen silent.

    A network that swallows packets does not end a TCP connection, and gRPC takes its time to find out. So a call that
    heard nothing for too long has the channel replaced; what still runs over the old one gets `grace_s` to end.
    """

    def __init__(
        self, target: str, credentials: grpc.ChannelCredentials | None, options: Sequence[Option], grace_s: float
    ) -> None:
        """Keep where to connect; nothing happens before `open`."""
        self._target, self._credentials, self._options = target, credentials, options
        self._grace_s = grace_s
        self._channel: grpc.aio.Channel | None = None
        self._home: Home | None = None
        self._closed = False
        self._closing: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Make the channel; it connects with the first call.

        Raises:
            WrongUse: It is open, or cannot be opened in this process.
            StreamClosed: It was closed.
        """
        if self._closed:
            raise _closed()
        if self._home is not None:
            raise WrongUse("this client is open already; enter it once, and share it")
        self._home = Home()
        self._connect()

    @property
    def forked(self) -> bool:
        """Whether it was opened in a process that this one was forked from."""
        return self._home is not None and self._home.forked

    @property
    def home(self) -> Home:
        """Where it was opened.

        Raises:
            StreamClosed: It is not open.
        """
        if self._home is None:
            raise _not_open()
        return self._home

    @property
    def channel(self) -> grpc.aio.Channel:
        """The present channel.

        Raises:
            StreamClosed: It is not open.
            WrongUse: It was opened elsewhere.
        """
        self.home.check()
        if self._channel is None:
            raise _closed()
        return self._channel

    def stub(self, kind: type[Any]) -> Any:
        """Return the stub of a service on the present channel, of a kind made by `open`.

        Raises:
            StreamClosed: It is not open.
            WrongUse: It was opened elsewhere.
        """
        self.home.check()
        if self._channel is None:
            raise _closed()
        return self._stubs[kind]

    def renew(self, silent: grpc.aio.Channel) -> None:
        """Replace the channel that fell silent, unless somebody has done so already."""
        if self._channel is silent:
            self._connect()
            self._closing.add(task := asyncio.create_task(silent.close(self._grace_s), name="roompulse old channel"))
            task.add_done_callback(self._closing.discard)

    async def aclose(self) -> None:
        """End everything. Idempotent. In a process that was forked meanwhile there is nothing of its own to end.

        Raises:
            WrongUse: It was opened in another event loop.
        """
        if self.forked:
            return
        if self._home is not None and not self._closed:
            self._home.check()
        self._closed = True
        channel, self._channel = self._channel, None
        for task in self._closing:
            task.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)
        if channel is not None:
            await channel.close()

    def _connect(self) -> None:
        self._channel = open_channel(self._target, self._credentials, self._options)
        self._stubs = {
            stub: stub(self._channel) for stub in (AnalysisServiceStub, MeetingServiceStub, SubscriptionServiceStub)
        }


def _not_open() -> StreamClosed:
    return StreamClosed("the client is not open; use `async with roompulse.connect(…) as client`")


def _closed() -> StreamClosed:
    return StreamClosed("the client is closed; make another one with `async with roompulse.connect(…) as client`")
