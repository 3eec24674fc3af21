"""A fake service for every test that asks: in the test's own loop, or in a thread for what blocks."""

from collections.abc import AsyncIterator, Iterator

import pytest
import roompulse
from crowd import Crowd
from fake_service import FakeService, ThreadedService, serving


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


@pytest.fixture(scope="session")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Crowd:
    return Crowd(tmp_path_factory.mktemp("crowd"))


@pytest.fixture
def threaded() -> Iterator[ThreadedService]:
    with ThreadedService() as running:
        yield running
