"""A TCP proxy that cuts connections, or lets them fall silent, when a test says so."""

import asyncio
import contextlib
from collections.abc import AsyncIterator


class FaultProxy:
    """Stands between clients and a service; made by `proxying`."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.address = ""
        self.connections = 0  # so far
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flowing: dict[asyncio.Task[None], asyncio.Event] = {}

    def cut(self) -> None:
        """Reset every connection, as a network or a machine that fails does."""
        for writer in self._writers:
            writer.transport.abort()

    def freeze(self) -> None:
        """Let nothing through any more on the connections there are: no byte, and no end either."""
        for flowing in self._flowing.values():
            flowing.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection's bytes both ways until either end closes it."""
        task = asyncio.current_task()
        assert task is not None
        self.connections += 1
        self._tasks.add(task)
        flowing = self._flowing[task] = asyncio.Event()
        flowing.set()
        host, _, port = self.target.rpartition(":")
        try:
            there_reader, there_writer = await asyncio.open_connection(host, int(port))
            self._writers |= {writer, there_writer}
            await asyncio.gather(_carry(reader, there_writer, flowing), _carry(there_reader, writer, flowing))
            self._writers -= {writer, there_writer}
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            del self._flowing[task]

    async def aclose(self) -> None:
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flowing: asyncio.Event) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            await flowing.wait()
            writer.write(data)
            await writer.drain()
    writer.transport.abort()


@contextlib.asynccontextmanager
async def proxying(target: str) -> AsyncIterator[FaultProxy]:
    """Run a proxy for the length of the block."""
    proxy = FaultProxy(target)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    proxy.address = f"{host}:{port}"
    try:
        yield proxy
    finally:
        server.close()
        await proxy.aclose()
