"""What is put around every call, from the outside in: metrics, status, caller; `first_message.py` is within these."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

import grpc

from roompulse_server.access.caller import ANONYMOUS, Caller
from roompulse_server.metrics import Metrics
from roompulse_server.rpc.interceptor import Interceptor
from roompulse_server.rpc.status import abort

CALLER: ContextVar[Caller] = ContextVar("caller")


def current_caller() -> Caller:
    """Return who makes the call that this task answers."""
    return CALLER.get()


class RpcMetrics(Interceptor):
    """Counts calls by method and status, and how long they take."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    @asynccontextmanager
    async def around(self, method: str, context: Any) -> AsyncIterator[None]:
        service, _, name = method.strip("/").rpartition("/")
        began_s, code = time.monotonic(), grpc.StatusCode.OK.name
        active = self._metrics.rpcs_active.labels(service, name)
        active.inc()
        try:
            yield
        except asyncio.CancelledError:
            code = grpc.StatusCode.CANCELLED.name
            raise
        except BaseException:
            code = _name(context.code())
            raise
        finally:
            active.dec()
            self._metrics.rpcs.labels(service, name, code).inc()
            self._metrics.rpc_seconds.labels(service, name).observe(time.monotonic() - began_s)


class StatusMapping(Interceptor):
    """Makes what a method raises the status of its call."""

    @asynccontextmanager
    async def around(self, method: str, context: Any) -> AsyncIterator[None]:
        try:
            yield
        except grpc.aio.AbortError:
            raise
        except Exception as error:
            await abort(context, error)


class Identification(Interceptor):
    """Says who calls: everybody is anonymous until there are tokens."""

    @asynccontextmanager
    async def around(self, method: str, context: Any) -> AsyncIterator[None]:
        token = CALLER.set(ANONYMOUS)
        try:
            yield
        finally:
            CALLER.reset(token)


def _name(code: Any) -> str:
    """Return the name of a status, which a context holds as a value or as a number."""
    if isinstance(code, grpc.StatusCode):
        return code.name
    return next((each.name for each in grpc.StatusCode if each.value[0] == code and code), "UNKNOWN")
