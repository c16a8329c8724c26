"""The stores that the contract of `server.broker.ports.store` is proved on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.clock import ManualClock
from server.storage.database import SqlDatabase

STORES = ("sqlite_file", "sqlite_memory", "postgresql")


@pytest.fixture(params=STORES)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of each kind."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return "sqlite://" if request.param == "sqlite_memory" else f"sqlite:///{tmp_path / 'operator.sqlite3'}"


@pytest.fixture
def clock() -> ManualClock:
    """Time that stands still."""
    return ManualClock()


@pytest.fixture
async def store(store_url: str, clock: ManualClock) -> AsyncIterator[SqlDatabase]:
    """An open, empty store of each kind."""
    database = SqlDatabase(store_url, clock=clock)
    await database.open()
    yield database
    await database.close()
