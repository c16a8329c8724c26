"""What a customer should not have written is in no row of the database, though a platform's requests are kept raw."""

from pathlib import Path

import pytest

from tests.channel_world import ChannelWorld

pytestmark = pytest.mark.scenario

CARD = "4111111111111111"


async def test_a_card_that_came_over_a_channel_is_nowhere_in_the_file_once_it_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "operator.sqlite3"
    async with ChannelWorld(f"sqlite:///{file}") as desk:
        ada = desk.customer("ada")
        await ada.writes(f"My card is {CARD}, thanks.")
        assert await ada.texts() == ["customer: My card is [card ending 1111], thanks."]
    kept = file.read_bytes()
    assert b"card ending 1111" in kept
    assert CARD.encode() not in kept
