"""Rule: whatever was answered is there after the broker was killed at any moment, and nothing is half there."""

import asyncio
import random
import signal
import sys
from pathlib import Path

import pytest

from server.storage import fsck
from server.storage.database import SqlDatabase
from server.wire.events import MessageAdded
from server.wire.terms import ConversationId
from tests.contract.stored import ACME
from tests.long_form import times

pytestmark = pytest.mark.integration

KILLS = times(5, 50, "OPERATOR_KILLS")
LONGEST_LIFE_SECONDS = 0.8
STARTS_WITHIN_SECONDS = 60.0


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'operator.sqlite3'}"


async def test_nothing_that_was_answered_is_lost_to_a_kill(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    answered: list[str] = []
    for _ in range(KILLS):
        answered += await write_until_killed(url)
        database = SqlDatabase(url)
        await database.open()
        there = await database.read(lambda unit: unit.views.messages(ACME, ConversationId("c_1"), 0, 10**9))
        told = await database.read(lambda unit: unit.views.events(ACME, 0, 10**9))
        broken = await database.read(fsck.check)
        await database.close()
        assert set(answered) <= {message.id for message in there}
        assert [fed.event.message.id for fed in told if isinstance(fed.event, MessageAdded)] == [m.id for m in there]
        assert broken == []
    if url.startswith("sqlite"):
        assert await asyncio.to_thread(fsck.run, url) == []
    assert len(answered) > KILLS
    with capsys.disabled():
        print(f"\n{KILLS} kills, {len(answered)} answers, none lost", end=" ")


async def write_until_killed(url: str) -> list[str]:
    """Let a process write, kill it at a random moment after its first answer, and return what it had answered."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.storage.killed", url, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    first = await asyncio.wait_for(child.stdout.readline(), STARTS_WITHIN_SECONDS)
    reading = asyncio.ensure_future(child.stdout.read())
    await asyncio.sleep(random.uniform(0, LONGEST_LIFE_SECONDS))
    child.send_signal(signal.SIGKILL)
    rest = await reading
    await child.wait()
    return [line for line in (first + rest).decode().split("\n")[:-1] if line]


async def test_a_killed_broker_holds_no_lock(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'operator.sqlite3'}"
    await write_until_killed(url)
    database = SqlDatabase(url)
    await database.open()
    await database.close()
