"""Instagram, for one professional account that is linked to a page."""

from typing import Any

import httpx

from server.channel_settings.meta import InstagramSettings
from server.channels.messenger import make
from tests.contract.channel_kits import messenger
from tests.contract.channel_kits.kit import Kit, body

ACCOUNT = "1784140000001"
SETTINGS = InstagramSettings(
    api_base="https://platform.example/api",
    account_id=ACCOUNT,
    page_id=messenger.PAGE,
    token_file="page-token",
    app_secret_file=messenger.APP_SECRET,
    verify_token_file="verify-token",
)


def posted(*items: Any) -> dict[str, Any]:
    return messenger.posted(*items, page=ACCOUNT, about="instagram")


def message(chat: str, number: int, text: str) -> bytes:
    return body(posted(messenger.said(text, number, chat)))


FIXTURES = tuple(
    body(posted(item))
    for item in (
        messenger.said("Hello"),
        messenger.said("About that", 2, reply_to={"story": {"url": "https://cdn.fbsbx.com/story", "id": "1"}}),
        messenger.attached("story_mention", 3, url="https://lookaside.fbsbx.com/story"),
        messenger.attached("share", 4, url="https://www.instagram.com/p/1"),
        messenger.attached("ig_reel", 5, url="https://lookaside.fbsbx.com/reel", title="A reel"),
        messenger.from_customer(at=6, message={"mid": "m_6", "is_unsupported": True}),
        messenger.from_customer(at=7, message={"mid": "m_1", "is_deleted": True}),
        messenger.from_customer(at=8, read={"mid": "m_a"}),
        messenger.to_customer(at=9, message={"mid": "m_9", "text": "From the phone", "is_echo": True}),
        messenger.from_customer(at=10, reaction={"reaction": "love", "emoji": "❤", "action": "react", "mid": "m_a"}),
    )
)

KIT = Kit(
    name="instagram",
    make=lambda setup: make(SETTINGS, setup),
    sign=messenger.sign,
    message=message,
    fixtures=FIXTURES,
    covers_time=False,
    batch=lambda bodies: messenger.batch(list(bodies)).replace(b'"page"', b'"instagram"', 1),
    accepted=(lambda _request: httpx.Response(200, json={"recipient_id": "42", "message_id": "m_sent"}), "m_sent"),
    problems=messenger.PROBLEMS,
)
