"""Messages over a stream socket: a length, then a pickle of some messages that may name our own types and nothing else.

Many messages share one pickle, which names each type once. Dataclasses go as their type and their fields: what they
offer themselves, with slots, is ten times as slow.

A decoder that hostile bytes took over could write anything to the socket; the restricted reader keeps that from
becoming code in the parent.
"""

import asyncio
import dataclasses
import enum
import inspect
import io
import operator
import pickle
import socket
import struct
from collections.abc import Callable
from typing import Any, cast

from roompulse_vision import enumerations, observation, stream_spec, types

from roompulse_server.engine import messages

_LENGTH = struct.Struct("<I")
MAX_MESSAGE_BYTES = 128 * 1024 * 1024

_KINDS: dict[tuple[str, str], type] = {
    (kind.__module__, name): kind
    for module in (types, enumerations, observation, stream_spec, messages)
    for name, kind in inspect.getmembers(module, inspect.isclass)
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _KINDS[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is no message") from None


_Reduce = Callable[[Any], tuple[type, tuple[object, ...]]]


def _reduction(kind: type) -> _Reduce:
    """Return how values of a dataclass are pickled: as the type, called with the fields."""
    names = [field.name for field in dataclasses.fields(kind)]
    values = operator.attrgetter(*names)
    if len(names) == 1:
        return lambda value: (kind, (values(value),))
    return lambda value: (kind, values(value))


def _member(value: Any) -> tuple[type, tuple[object, ...]]:
    return type(value), (value.value,)


# Enumerations are listed too: left to themselves, members name `getattr` in Python 3.11.0 to 3.11.3.
_TABLE: dict[type, _Reduce] = {
    **{kind: _reduction(kind) for kind in _KINDS.values() if dataclasses.is_dataclass(kind)},
    **{kind: _member for kind in _KINDS.values() if issubclass(kind, enum.Enum)},
}


def pack(*contents: object) -> bytes:
    """Return the messages with their length before them."""
    body = io.BytesIO()
    writer = pickle.Pickler(body, protocol=5)
    writer.dispatch_table = _TABLE
    writer.dump(contents)
    return _LENGTH.pack(body.tell()) + body.getvalue()


def unpack(body: bytes) -> tuple[object, ...]:
    """Return the messages.

    Raises:
        pickle.UnpicklingError: The bytes name anything but our own message types, or are no pickle at all.
    """
    try:
        contents = _Reader(io.BytesIO(body)).load()
    except pickle.UnpicklingError:
        raise
    except Exception as error:
        raise pickle.UnpicklingError(f"this is no message: {type(error).__name__}") from error
    if not isinstance(contents, tuple):
        raise pickle.UnpicklingError(f"messages come as a tuple, not as {type(contents).__name__}")
    return contents


def body_length(head: bytes) -> int:
    length: int = _LENGTH.unpack(head)[0]
    if length > MAX_MESSAGE_BYTES:
        raise pickle.UnpicklingError(f"a message of {length} bytes is longer than {MAX_MESSAGE_BYTES}")
    return length


class _Pieces:
    """Bytes as they come, put together to messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def add(self, data: bytes) -> list[object]:
        """Return the messages that are complete now.

        Raises:
            pickle.UnpicklingError: As `unpack` and `body_length`.
        """
        self._buffer += data
        found: list[object] = []
        at = 0
        while len(self._buffer) - at >= _LENGTH.size:
            end = at + _LENGTH.size + body_length(bytes(self._buffer[at : at + _LENGTH.size]))
            if len(self._buffer) < end:
                break
            found += unpack(bytes(memoryview(self._buffer)[at + _LENGTH.size : end]))
            at = end
        del self._buffer[:at]
        return found


class Connection(asyncio.Protocol):
    """The parent's end, on its event loop: hands over each message, then says once that the worker is gone.

    A worker that sends anything but messages is cut off, and gone.
    """

    def __init__(self, on_message: Callable[[object], None], on_lost: Callable[[], None]) -> None:
        self._on_message, self._on_lost = on_message, on_lost
        self._pieces = _Pieces()
        self._transport: asyncio.Transport | None = None
        self._outgoing: list[object] = []
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            for message in self._pieces.add(data):
                self._on_message(message)
        except pickle.UnpicklingError:
            if self._transport is not None:
                self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True
        self._on_lost()

    def send(self, message: object) -> None:
        """Write a message, together with all that are sent before the loop turns."""
        if not self._outgoing:
            asyncio.get_running_loop().call_soon(self._flush)
        self._outgoing.append(message)

    def close(self) -> None:
        """Say that nothing follows: the worker reads end-of-file."""
        if self._transport is not None:
            self._transport.close()

    def _flush(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(pack(*self._outgoing))
        self._outgoing.clear()


class BlockingChannel:
    """The worker's end: reads what is there, or waits for something."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._pieces = _Pieces()

    def receive(self, timeout_s: float | None) -> list[object]:
        """Return the messages that have come; wait for the first up to `timeout_s` (None: for ever).

        Raises:
            EOFError: The parent is gone.
        """
        found: list[object] = []
        self._sock.settimeout(timeout_s)
        while True:
            try:
                data = self._sock.recv(1 << 20)
            except (TimeoutError, BlockingIOError):
                return found
            if not data:
                raise EOFError("the parent closed the channel")
            found += self._pieces.add(data)
            self._sock.settimeout(0.0 if found else timeout_s)

    def send(self, message: object) -> None:
        """Write a message; wait until the parent has taken it."""
        self._sock.settimeout(None)
        self._sock.sendall(pack(message))
