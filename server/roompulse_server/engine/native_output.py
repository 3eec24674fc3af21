"""What C libraries of a worker print to its standard error: kept short for the day it crashes, and out of the log.

    libpng, libjpeg, libav, OpenCV ─▶ the worker's descriptor 2 ─▶ pipe ─▶ the last few lines

A damaged picture makes libraries print hundreds of lines. The worker's own log has another descriptor.
"""

import asyncio
import os
from collections import deque
from typing import IO, cast

LINES = 8
LINE_BYTES = 200


class NativeOutput(asyncio.Protocol):
    """The parent's end of the pipe. A worker never waits for it: what does not fit into the pipe is lost."""

    def __init__(self) -> None:
        self._last: deque[bytes] = deque(maxlen=LINES)
        self._rest = b""
        self._transport: asyncio.BaseTransport | None = None

    async def open(self) -> int:
        """Begin to read, and return the descriptor for the worker; the caller closes it."""
        ours, theirs = os.pipe()
        os.set_blocking(theirs, False)
        reading = cast("IO[bytes]", os.fdopen(ours, "rb", buffering=0))
        self._transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: self, reading)
        return theirs

    def data_received(self, data: bytes) -> None:
        *lines, rest = (self._rest + data).split(b"\n")
        self._last.extend(line[:LINE_BYTES] for line in lines)
        self._rest = rest[:LINE_BYTES]

    @property
    def last(self) -> str:
        """The last lines, on one line, without control characters."""
        lines = [*self._last, *([self._rest] if self._rest else [])]
        text = " / ".join(line.decode(errors="replace").strip() for line in lines if line.strip())
        return "".join(letter if letter.isprintable() else "?" for letter in text)

    def close(self) -> None:
        """Stop reading. Idempotent."""
        if self._transport is not None:
            self._transport.close()
