"""In a Telegram group several people write; in a private chat one does."""

import pytest

from server.channels.telegram_updates import events_of
from tests.contract.channel_kits.telegram import message

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("chat", "shared"), [("42", False), ("-100123", True)])
def test_only_a_group_is_shared(chat: str, *, shared: bool) -> None:
    (event,) = events_of(message(chat, 1, "Hello"))
    assert event.shared is shared
