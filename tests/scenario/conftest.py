"""A desk for each scenario: in memory, or in a file that outlives its broker."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.world import World


@pytest.fixture
async def desk() -> AsyncIterator[World]:
    """A running desk in memory."""
    async with World() as world:
        yield world


@pytest.fixture
async def lasting_desk(tmp_path: Path) -> AsyncIterator[World]:
    """A running desk whose broker can be stopped and started again."""
    async with World(f"sqlite:///{tmp_path / 'desk.db'}") as world:
        yield world
