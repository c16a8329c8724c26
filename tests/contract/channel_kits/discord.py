"""Discord: frames of its gateway in, REST out."""

from datetime import datetime
from typing import Any

import httpx

from server.broker.ports.channels import Incoming, SendProblem
from server.channels.discord import Discord
from server.channels.discord_events import OWN_ID
from server.secret_files import SecretText
from tests.contract.channel_kits.kit import Kit, Problem, body
from tests.fakes.discord_words import BOT_ID, DiscordWords

DISCORD = DiscordWords()


def frame(kind: str, data: Any) -> bytes:
    return body({"op": 0, "s": 1, "t": kind, "d": data})


def message(chat: str, number: int, text: str, **more: Any) -> bytes:
    said = DISCORD.message(text, channel=chat, **more)
    return frame("MESSAGE_CREATE", {**said, "id": str(1_400_000_000_000_000_000 + number)})


def sign(raw: bytes, _at: datetime) -> Incoming:
    return Incoming(headers={OWN_ID: BOT_ID}, body=raw)


def refused(status: int, code: int) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "message": "No"})


SAID = DISCORD.message("hi")
FILE = {"id": "7", "filename": "a.png", "content_type": "image/png", "size": 3, "url": "https://cdn.discordapp.com/a"}
FIXTURES = (
    message("42", 1, "Hello"),
    message("42", 2, "", attachments=[FILE], sticker_items=[{"id": "1", "name": "Wave"}]),
    message("42", 3, "ours", author=BOT_ID),
    message("42", 4, "joined", type=7),
    frame("MESSAGE_UPDATE", {**SAID, "content": "bye", "edited_timestamp": "2026-01-01T12:05:00+00:00"}),
    frame("MESSAGE_UPDATE", SAID),
    frame("MESSAGE_DELETE", {"id": SAID["id"], "channel_id": "42"}),
    frame("MESSAGE_DELETE_BULK", {"ids": ["1", "2"], "channel_id": "42"}),
    frame("TYPING_START", {"channel_id": "42", "user_id": "8", "timestamp": 1_767_225_600}),
    frame("CHANNEL_DELETE", {"id": "42", "type": 1}),
    frame("GUILD_DELETE", {"id": "5"}),
)

KIT = Kit(
    name="discord",
    make=lambda setup: Discord(
        token=SecretText("OTA.token.bot"),
        clock=setup.clock,
        api_base="https://platform.example/api",
        transport=setup.transport,
    ),
    sign=sign,
    message=message,
    fixtures=FIXTURES,
    posts=False,
    covers_body=False,
    covers_time=False,
    accepted=(lambda _request: httpx.Response(200, json={"id": "77", "channel_id": "42"}), "77"),
    problems={
        "too fast": Problem(
            answer=httpx.Response(429, json={"message": "slow", "retry_after": 6.5, "global": False}),
            means=SendProblem.RATE_LIMIT,
            retry_after_seconds=6.5,
        ),
        "wrong token": Problem(answer=refused(401, 0), means=SendProblem.AUTH),
        "login page": Problem(answer=httpx.Response(200, html="<html>Sign in</html>"), means=SendProblem.AUTH),
        "closed messages": Problem(answer=refused(403, 50007), means=SendProblem.BLOCKED),
        "no channel": Problem(answer=refused(404, 10003), means=SendProblem.GONE),
        "too long": Problem(answer=refused(400, 50035), means=SendProblem.INVALID),
    },
)
