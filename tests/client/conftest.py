"""A fake service for every test that asks: in the test's own loop, or in a thread for what blocks."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
import roompulse
from fake_service import FakeService, serving


@pytest.fixture
async def service() -> FakeService:
    return FakeService()


@pytest.fixture
async def target(service: FakeService) -> AsyncIterator[str]:
    async with serving(service) as name:
        yield name


@pytest.fixture
async def client(target: str) -> AsyncIterator[roompulse.Client]:
    async with roompulse.connect(target) as connected:
        yield connected


class ThreadedService:
    """The fake service in a thread, for callers that block: the blocking facade, the command line."""

    def __init__(self) -> None:
        self.target = ""
        self.service = FakeService()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="fake service")

    def __enter__(self) -> "ThreadedService":
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with serving(self.service) as self.target:
            self._ready.set()
            await self._stop.wait()


@pytest.fixture
def threaded() -> Iterator[ThreadedService]:
    with ThreadedService() as running:
        yield running
