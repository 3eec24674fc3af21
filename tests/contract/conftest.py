"""The backends that every contract is tested with. A new backend is one more value here."""

import pathlib
from collections.abc import Callable, Iterator

import pytest
from roompulse_server.bus.bus import Bus
from roompulse_server.bus.hub import Hub
from roompulse_server.storage.sqlite import SqliteStore
from roompulse_server.storage.store import Store


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[Store]:
    backends = {"sqlite": lambda: SqliteStore(tmp_path / "data")}
    store: Store = backends[request.param]()
    store.open()
    yield store
    store.close()


@pytest.fixture(params=["hub"])
def new_bus(request: pytest.FixtureRequest) -> Callable[[], Bus]:
    backends: dict[str, Callable[[], Bus]] = {"hub": Hub}
    return backends[request.param]


@pytest.fixture
def bus(new_bus: Callable[[], Bus]) -> Bus:
    return new_bus()
