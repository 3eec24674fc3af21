"""Messages over a stream socket: a length, then a pickle of some messages that may name our own types and nothing else.

Many messages share one pickle, which names each type once. Dataclasses go as their type and their fields: what they
offer themselves, with slots, is ten times as slow.

A decoder that hostile bytes took over could write anything to the socket; the restricted reader keeps that from
becoming code in the parent.
"""

import asyncio
import dataclasses
import inspect
import io
import operator
import pickle
import socket
import struct
from collections.abc import Callable
from typing import Any

from roompulse_server import types
from roompulse_server.engine import messages

_LENGTH = struct.Struct("<I")
_TYPES = "roompulse_server.types."
_MESSAGES = "roompulse_server.engine.messages"
MAX_MESSAGE_BYTES = 128 * 1024 * 1024


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if not (module == _MESSAGES or module.startswith(_TYPES)) or "." in name:
            raise pickle.UnpicklingError(f"{module}.{name} is no message")
        return super().find_class(module, name)


_Reduce = Callable[[Any], tuple[type, tuple[object, ...]]]


def _reduction(kind: type) -> _Reduce:
    """Return how values of a dataclass are pickled: as the type, called with the fields."""
    names = [field.name for field in dataclasses.fields(kind)]
    values = operator.attrgetter(*names)
    if len(names) == 1:
        return lambda value: (kind, (values(value),))
    return lambda value: (kind, values(value))


_TABLE: dict[type, _Reduce] = {
    kind: _reduction(kind)
    for module in (types, messages)
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if dataclasses.is_dataclass(kind)
}


def pack(*contents: object) -> bytes:
    """Return the messages with their length before them."""
    body = io.BytesIO()
    writer = pickle.Pickler(body, protocol=5)
    writer.dispatch_table = _TABLE
    writer.dump(contents)
    return _LENGTH.pack(body.tell()) + body.getvalue()


def unpack(body: bytes | memoryview) -> tuple[object, ...]:
    """Return the messages.

    Raises:
        pickle.UnpicklingError: The bytes name anything but our own message types.
    """
    contents = _Reader(io.BytesIO(body)).load()
    if not isinstance(contents, tuple):
        raise pickle.UnpicklingError(f"messages come as a tuple, not as {type(contents).__name__}")
    return contents


def body_length(head: bytes) -> int:
    length: int = _LENGTH.unpack(head)[0]
    if length > MAX_MESSAGE_BYTES:
        raise pickle.UnpicklingError(f"a message of {length} bytes is longer than {MAX_MESSAGE_BYTES}")
    return length


async def receive(reader: asyncio.StreamReader) -> tuple[object, ...]:
    """Read the messages that were sent together.

    Raises:
        asyncio.IncompleteReadError: The other side is gone.
        pickle.UnpicklingError: The other side sent something that is no message.
    """
    return unpack(await reader.readexactly(body_length(await reader.readexactly(_LENGTH.size))))


class BlockingChannel:
    """The worker's end: reads what is there, or waits for something."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._buffer = bytearray()

    def receive(self, timeout_s: float | None) -> list[object]:
        """Return the messages that have come; wait for the first up to `timeout_s` (None: for ever).

        Raises:
            EOFError: The parent is gone.
        """
        found = self._complete()
        self._sock.settimeout(0.0 if found else timeout_s)
        while True:
            try:
                data = self._sock.recv(1 << 20)
            except (TimeoutError, BlockingIOError):
                return found
            if not data:
                raise EOFError("the parent closed the channel")
            self._buffer += data
            found += self._complete()
            self._sock.settimeout(0.0 if found else timeout_s)

    def send(self, message: object) -> None:
        """Write a message; wait until the parent has taken it."""
        self._sock.settimeout(None)
        self._sock.sendall(pack(message))

    def _complete(self) -> list[object]:
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
