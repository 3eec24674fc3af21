"""Something put around every call, whatever its cardinality."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import grpc

Handler = Any  # grpc.RpcMethodHandler is generic in its types, and not when it runs
Behavior = Callable[[Any, Any], Any]
Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]]

MAKERS: tuple[tuple[str, Callable[..., Handler]], ...] = (
    ("unary_unary", grpc.unary_unary_rpc_method_handler),
    ("unary_stream", grpc.unary_stream_rpc_method_handler),
    ("stream_unary", grpc.stream_unary_rpc_method_handler),
    ("stream_stream", grpc.stream_stream_rpc_method_handler),
)


class Interceptor(grpc.aio.ServerInterceptor):
    """Subclasses say in `around` what is put around a call: an asynchronous context manager."""

    def around(self, method: str, context: Any) -> AbstractAsyncContextManager[None]:
        """Return what to enter before the method named `method` runs, and to leave after it."""
        raise NotImplementedError

    async def intercept_service(self, continuation: Continuation, details: Any) -> Handler | None:
        """Return the method's handler with this put around it."""
        handler = await continuation(details)
        if handler is None:
            return None
        for cardinality, make in MAKERS:
            if behavior := getattr(handler, cardinality):
                coders = handler.request_deserializer, handler.response_serializer
                return make(self._wrapped(coroutine(behavior), details.method), *coders)
        return handler

    def _wrapped(self, behavior: Behavior, method: str) -> Behavior:
        async def answer(request: Any, context: Any) -> Any:
            async with self.around(method, context):
                return await behavior(request, context)

        return answer


def coroutine(behavior: Behavior) -> Behavior:
    """Return a streaming method that is a generator as one that writes."""
    if not inspect.isasyncgenfunction(behavior):
        return behavior

    async def written(request: Any, context: Any) -> None:
        replies: AsyncIterator[Any] = behavior(request, context)
        async for reply in replies:
            await context.write(reply)

    return written
