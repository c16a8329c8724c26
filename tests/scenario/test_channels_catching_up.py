"""What a platform gave up bringing is asked for afterwards, and what was heard all the same is taken once."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from server.broker.channels import catching_up, holding
from tests.channel_world import ChannelWorld, Writer

pytestmark = pytest.mark.scenario


def missed(ada: Writer, text: str, seconds_ago: float = 0.0) -> dict[str, Any]:
    """Let a customer write something that the platform does not bring."""
    event = ada.event(text=text)
    ada.desk.platform.wrote.append((ada.desk.clock.now() - timedelta(seconds=seconds_ago), event))
    return event


async def test_what_was_written_while_the_platform_was_away_is_read_once_it_is_well() -> None:
    async with ChannelWorld() as desk:
        ada = desk.customer("ada")
        await ada.writes("One")
        missed(ada, "Long ago", 7_200)
        desk.platform.sick = "Out of reach."
        await desk.later(holding.HEALTH_SECONDS + 5)
        assert (await desk.view()).problem == "Out of reach."
        missed(ada, "Two")
        missed(desk.customer("eve"), "Nobody has heard me before")
        await desk.later(30)
        assert await ada.texts() == ["customer: One"]
        desk.platform.sick = ""
        three = missed(ada, "Three")
        await desk.brings(three)
        await desk.later(holding.SICK_SECONDS + 1)
        assert sorted(await ada.texts()) == ["customer: One", "customer: Three", "customer: Two"]
        assert await desk.conversation_of("eve") is None, "only chats that are known can be asked about"
        missed(ada, "Four")
        await desk.later(2 * holding.HEALTH_SECONDS)
        assert len(await ada.texts()) == 3, "a platform that is well brings by itself"


async def test_a_platform_that_cannot_be_asked_yet_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ChannelWorld() as desk:
        ada = desk.customer("ada")
        await ada.writes("One")
        missed(ada, "Two")
        desk.platform.sick = "Out of reach."
        desk.broker.channels.holdings["mem"]._catching_up._look_from(desk.clock.now())
        await desk.later(1)
        desk.platform.sick = ""
        await desk.later(1)
        assert await ada.texts() == ["customer: One"]
        await desk.later(catching_up.AGAIN_SECONDS + 1)
        assert await ada.texts() == ["customer: One", "customer: Two"]


@pytest.mark.parametrize("dies", [True, False])
async def test_a_broker_that_starts_reads_what_was_written_while_there_was_none(
    dies: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ChannelWorld(f"sqlite:///{tmp_path / 'desk.sqlite3'}") as desk:
        ada = desk.customer("ada")
        await ada.writes("One")
        await desk.later(2)
        missed(ada, "Two", -500)
        missed(ada, "Long ago", 4_000)
        if dies:
            monkeypatch.setattr(holding.Holding, "release", _nothing)
        await desk.restart(after_seconds=1_000)
        await desk.later(holding.LEASE_SECONDS + 5)
        assert await ada.texts() == ["customer: One", "customer: Two"]


async def _nothing(_holding: holding.Holding) -> None:
    """Die before anything can be let go."""


async def test_a_new_account_has_missed_nothing() -> None:
    async with ChannelWorld() as desk:
        ada = desk.customer("ada")
        missed(ada, "Before there was an account", 60)
        await desk.later(60)
        assert await desk.conversation_of("ada") is None
