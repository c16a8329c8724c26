"""Stores on a disk or server that a test may break."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.storage.database import SqlDatabase
from tests.contract.stored import conversation, organisations


@pytest.fixture
async def on_sqlite(tmp_path: Path) -> AsyncIterator[SqlDatabase]:
    """A store in a file, with an organisation and a conversation."""
    async for database in _open(f"sqlite:///{tmp_path / 'operator.sqlite3'}"):
        yield database


@pytest.fixture
async def on_postgres(postgres_url: str) -> AsyncIterator[SqlDatabase]:
    """A store in PostgreSQL, with an organisation and a conversation."""
    async for database in _open(postgres_url):
        yield database


async def _open(url: str) -> AsyncIterator[SqlDatabase]:
    database = SqlDatabase(url)
    await database.open()
    await database.run(organisations)
    await database.run(lambda unit: unit.conversations.insert(conversation()))
    yield database
    await database.close()
