"""Write what Discord shows of messages, to one bot with direct messages and one server."""

from typing import Any

TOKEN = "OTAwMDAwMDAwMDAwMDAwMDAx.token.discord"
BOT_ID, ADA, DIRECT, GUILD, ROOM = (
    "900000000000000001",
    "100000000000000001",
    "200000000000000001",
    "300000000000000001",
    "200000000000000002",
)
FIRST_ID = 1_400_000_000_000_000_000


class DiscordWords:
    """Makes messages whose ids go up, and keeps them."""

    def __init__(self) -> None:
        self.messages: dict[str, dict[str, Any]] = {}
        self._count = 0

    def message(self, content: str, *, channel: str = DIRECT, author: str = ADA, **more: Any) -> dict[str, Any]:
        """Keep somebody's message, as REST and the gateway both show it."""
        self._count += 1
        message_id = str(FIRST_ID + self._count)
        found = {
            "id": message_id,
            "channel_id": channel,
            "type": 0,
            "content": content,
            "timestamp": "2026-01-01T12:00:00.123000+00:00",
            "edited_timestamp": None,
            "tts": False,
            "mention_everyone": False,
            "mentions": [],
            "mention_roles": [],
            "attachments": [],
            "embeds": [],
            "pinned": False,
            "flags": 0,
            "components": [],
            "author": user(author, bot=author == BOT_ID),
            **more,
        }
        self.messages[message_id] = found
        return found


def user(user_id: str, *, bot: bool = False) -> dict[str, Any]:
    """Return a person, or the bot."""
    name = "helper" if bot else "ada"
    return {
        "id": user_id,
        "username": name,
        "discriminator": "0",
        "avatar": None,
        "bot": bot,
        "global_name": None if bot else "Ada L.",
        "flags": 0,
        "public_flags": 0,
    }
