"""Messages over a stream socket: a length, then a pickle that may name our own message types and nothing else.

A decoder that hostile bytes took over could write anything to the socket; the restricted reader keeps that from
becoming code in the parent.
"""

import asyncio
import io
import pickle
import socket
import struct
from typing import Any

_LENGTH = struct.Struct("<I")
_TYPES = "roompulse_server.types."
_MESSAGES = "roompulse_server.engine.messages"
MAX_MESSAGE_BYTES = 128 * 1024 * 1024


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if not (module == _MESSAGES or module.startswith(_TYPES)) or "." in name:
            raise pickle.UnpicklingError(f"{module}.{name} is no message")
        return super().find_class(module, name)


def pack(message: object) -> bytes:
    """Return the message with its length before it."""
    body = pickle.dumps(message, protocol=5)
    return _LENGTH.pack(len(body)) + body


def unpack(body: bytes) -> object:
    """Return the message.

    Raises:
        pickle.UnpicklingError: The bytes name anything but our own message types.
    """
    return _Reader(io.BytesIO(body)).load()


def body_length(head: bytes) -> int:
    length: int = _LENGTH.unpack(head)[0]
    if length > MAX_MESSAGE_BYTES:
        raise pickle.UnpicklingError(f"a message of {length} bytes is longer than {MAX_MESSAGE_BYTES}")
    return length


async def receive(reader: asyncio.StreamReader) -> object:
    """Read one message.

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
        messages = self._complete()
        self._sock.settimeout(0.0 if messages else timeout_s)
        while True:
            try:
                data = self._sock.recv(1 << 20)
            except (TimeoutError, BlockingIOError):
                return messages
            if not data:
                raise EOFError("the parent closed the channel")
            self._buffer += data
            messages += self._complete()
            self._sock.settimeout(0.0 if messages else timeout_s)

    def send(self, message: object) -> None:
        """Write a message; wait until the parent has taken it."""
        self._sock.settimeout(None)
        self._sock.sendall(pack(message))

    def _complete(self) -> list[object]:
        messages: list[object] = []
        at = 0
        while len(self._buffer) - at >= _LENGTH.size:
            end = at + _LENGTH.size + body_length(bytes(self._buffer[at : at + _LENGTH.size]))
            if len(self._buffer) < end:
                break
            messages.append(unpack(bytes(memoryview(self._buffer)[at + _LENGTH.size : end])))
            at = end
        del self._buffer[:at]
        return messages
