"""One running service for a module's tests."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from live_service import Service, service


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def roompulse(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with service(tmp_path_factory.mktemp("record")) as running:
        yield running
