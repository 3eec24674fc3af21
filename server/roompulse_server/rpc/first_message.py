"""Calls that are opened and say nothing end after some time, and only so many may wait.

A handler of a unary call is entered once its request is there, and what waits for that no handler sees. On the wire a
unary call is a stream of one message: so each becomes a streaming one, whose first message is waited for here.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc

from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.rpc.interceptor import Behavior, Continuation, Handler, coroutine

MOST_WAITING = 1000


class FirstMessage(grpc.aio.ServerInterceptor):
    """Ends calls whose first message does not come within `wait_s`."""

    def __init__(self, wait_s: float) -> None:
        self._wait_s = wait_s
        self.waiting = 0

    async def intercept_service(self, continuation: Continuation, details: Any) -> Handler | None:
        """Return the method's handler, made to wait no longer than that."""
        handler = await continuation(details)
        if handler is None:
            return None
        coders = handler.request_deserializer, handler.response_serializer
        if handler.unary_unary:
            return grpc.stream_unary_rpc_method_handler(self._one(handler.unary_unary), *coders)
        if handler.unary_stream:
            return grpc.stream_stream_rpc_method_handler(self._one(coroutine(handler.unary_stream)), *coders)
        if handler.stream_stream:
            return grpc.stream_stream_rpc_method_handler(self._many(coroutine(handler.stream_stream)), *coders)
        return handler

    def _one(self, method: Behavior) -> Behavior:
        async def answer(requests: AsyncIterator[Any], context: Any) -> Any:
            return await method(await self.of(requests), context)

        return answer

    def _many(self, method: Behavior) -> Behavior:
        async def answer(requests: AsyncIterator[Any], context: Any) -> None:
            await method(_Requests(requests, self.of), context)

        return answer

    async def of(self, requests: AsyncIterator[Any]) -> Any:
        """Return the first message.

        Raises:
            RoompulseError: CONFIG_MISSING: it did not come in time, or the call ended without one; TOO_MANY_STREAMS.
        """
        if self.waiting >= MOST_WAITING:
            message = f"{self.waiting} calls wait for their first message: send it with the call"
            raise RoompulseError(Reason.TOO_MANY_STREAMS, message)
        self.waiting += 1
        try:
            async with asyncio.timeout(self._wait_s):
                return await anext(aiter(requests))
        except TimeoutError:
            message = f"the first message did not come within {self._wait_s:g} s of the call"
            raise RoompulseError(Reason.CONFIG_MISSING, message) from None
        except StopAsyncIteration:
            raise RoompulseError(Reason.CONFIG_MISSING, "the call ended without a message") from None
        finally:
            self.waiting -= 1


class _Requests:
    """A stream's requests: the first is waited for as long as may be, the others come straight from gRPC."""

    def __init__(self, requests: AsyncIterator[Any], first: Callable[[AsyncIterator[Any]], Awaitable[Any]]) -> None:
        self._requests, self._first = requests, first
        self._began = False

    def __aiter__(self) -> AsyncIterator[Any]:
        return aiter(self._requests) if self._began else self

    async def __anext__(self) -> Any:
        if self._began:
            return await anext(aiter(self._requests))
        self._began = True
        return await self._first(self._requests)
