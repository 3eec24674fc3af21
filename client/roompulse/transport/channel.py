"""How the client connects: channel options, and which calls are tried again."""

import gc
import json
import os
import weakref
from collections.abc import Sequence
from typing import Any, ClassVar

import grpc

from roompulse.errors import WrongUse
from roompulse.transport.address import is_loopback

Option = tuple[str, int | str]

MAX_SEND_BYTES = (
    40 * 1024 * 1024
)  # above the service's own limit, so that it is the service that says what is too large
MAX_RECEIVE_BYTES = 64 * 1024 * 1024  # a long meeting's summary
_TRIED_AGAIN = {
    "maxAttempts": 4,
    "initialBackoff": "0.1s",
    "maxBackoff": "2s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}
# Unary calls only: a stream is committed with its first answer, and goes on by other means.
SERVICE_CONFIG = {
    "methodConfig": [
        {
            "name": [
                {"service": "roompulse.v1.AnalysisService", "method": "AnalyzeImage"},
                {"service": "roompulse.v1.MeetingService"},
            ],
            "retryPolicy": _TRIED_AGAIN,
        }
    ]
}
OPTIONS: tuple[Option, ...] = (
    ("grpc.max_send_message_length", MAX_SEND_BYTES),
    ("grpc.max_receive_message_length", MAX_RECEIVE_BYTES),
    ("grpc.keepalive_time_ms", 15_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.initial_reconnect_backoff_ms", 100),  # a service that starts again is back in seconds
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.use_local_subchannel_pool", 1),  # a new channel means a new connection
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.enable_retries", 1),
    ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
)


class Ancestry:
    """Whether gRPC ran in the process that this one was forked from: its asyncio side then hangs or crashes here.

    Attributes:
        opened: Whether this process has opened a channel.
        forked: Whether a process that had was this one's ancestor.
    """

    opened = False
    forked = False
    _held: ClassVar[weakref.WeakSet[Any]] = weakref.WeakSet()

    @classmethod
    def hold(cls, channel_or_call: Any) -> None:
        """Note what must not be freed in a process that is forked while it lives."""
        cls.opened = True
        cls._held.add(channel_or_call)

    @classmethod
    def inherit(cls) -> None:
        """Note, in a new process, what it was forked from; keep what it inherited, for gRPC crashes in freeing it."""
        if cls.opened:
            cls.opened, cls.forked = False, True
            cage: list[Any] = list(cls._held)
            cage.append(cage)
            gc.freeze()


if hasattr(os, "register_at_fork"):  # not on Windows, where no process is forked
    os.register_at_fork(after_in_child=Ancestry.inherit)


def open_channel(
    target: str, credentials: grpc.ChannelCredentials | None, options: Sequence[Option] = ()
) -> grpc.aio.Channel:
    """Return a channel to `target`; nothing is connected before the first call. Later options win.

    A connection to this machine goes through no proxy, whatever `http_proxy` says.

    Raises:
        WrongUse: This process was forked from one that had a client.
    """
    if Ancestry.forked:
        raise WrongUse(
            "this process was forked from one that had opened a client, and gRPC does not work in it; open the first "
            "client after the fork (gunicorn: without preload), or start processes by 'spawn' or 'forkserver'"
        )
    own: dict[str, int | str] = {**dict(OPTIONS), **({"grpc.enable_http_proxy": 0} if is_loopback(target) else {})}
    merged = list({**own, **dict(options)}.items())
    if credentials is None:
        channel = grpc.aio.insecure_channel(target, options=merged)
    else:
        channel = grpc.aio.secure_channel(target, credentials, options=merged)
    Ancestry.hold(channel)
    return channel
