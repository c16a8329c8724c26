"""Slack by its Events API."""

import hashlib
import hmac
from datetime import datetime
from typing import Any

import httpx

from server.broker.ports.channels import Incoming, Part, SendProblem
from server.channel_settings.slack import SlackSettings
from server.channels.slack import make
from tests.contract.channel_kits.kit import Kit, Problem, body
from tests.fakes.slack_words import BOT_ID, BOT_USER, SlackWords

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
SLACK = SlackWords()
ANSWERED = {"ok": True, "channel": "D0DIRECT42", "ts": "1767225601.000200"}


def message(chat: str, number: int, text: str, **more: Any) -> bytes:
    said = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return body(told(SLACK.message(said, channel=f"D0DIRECT{chat}", ts=f"{1_767_225_600 + number}.000100", **more)))


def told(event: dict[str, Any]) -> dict[str, Any]:
    return SLACK.event(event)


def sign(raw: bytes, at: datetime) -> Incoming:
    stamp = str(int(at.timestamp()))
    digest = hmac.new(SECRET.encode(), f"v0:{stamp}:".encode() + raw, hashlib.sha256).hexdigest()
    return Incoming(headers={"x-slack-request-timestamp": stamp, "x-slack-signature": f"v0={digest}"}, body=raw)


def refused(error: str) -> httpx.Response:
    return httpx.Response(200, json={"ok": False, "error": error})


def changed(**fields: Any) -> dict[str, Any]:
    return {"type": "message", "subtype": "message_changed", "channel": "C0HELP", "ts": "1767225700.000200", **fields}


SAID = SLACK.message("hi", channel="C0HELP")
FILE = {
    "id": "F1",
    "name": "a.pdf",
    "mimetype": "application/pdf",
    "size": 12,
    "url_private": "https://files.slack.com/a",
}
FIXTURES = (
    message("42", 1, "Hello"),
    message("42", 2, "", subtype="file_share", files=[FILE, {"id": "F2", "file_access": "check_file_info"}]),
    body(told(SAID)),
    body(told({**SAID, "type": "app_mention"})),
    body(told({**SAID, "subtype": "thread_broadcast", "thread_ts": "1767225600.000100"})),
    body(told(changed(message={**SAID, "text": "bye", "edited": {"ts": "1767225700.000000"}}, previous_message=SAID))),
    body(told({**changed(deleted_ts=SAID["ts"], previous_message=SAID), "subtype": "message_deleted"})),
    body(told(SLACK.message("ours", user=BOT_USER, bot_id=BOT_ID))),
    body(told(SLACK.message("theirs", bot_id="B9", app_id="A9"))),
    body(told({"type": "app_uninstalled"})),
    body(told({"type": "tokens_revoked", "tokens": {"bot": [BOT_USER], "oauth": []}})),
    body(told({"type": "reaction_added", "user": "U1", "item": {}})),
    body({"type": "app_rate_limited", "team_id": "T1", "minute_rate_limited": 1_767_225_600}),
)

KIT = Kit(
    name="slack",
    make=lambda setup: make(
        SlackSettings(
            api_base="https://platform.example/api",
            bot_token_file="xoxb-1",
            way_in="webhook",
            signing_secret_file=SECRET,
        ),
        setup,
    ),
    sign=sign,
    message=message,
    fixtures=FIXTURES,
    part=Part(chat="D0DIRECT42", key="k-1", text="Good morning"),
    accepted=(lambda _request: httpx.Response(200, json=ANSWERED), "1767225601.000200"),
    problems={
        "too fast": Problem(
            answer=httpx.Response(200, json={"ok": False, "error": "ratelimited"}, headers={"retry-after": "7"}),
            means=SendProblem.RATE_LIMIT,
            retry_after_seconds=7.0,
        ),
        "revoked": Problem(answer=refused("token_revoked"), means=SendProblem.AUTH),
        "login page": Problem(answer=httpx.Response(200, html="<html>Sign in</html>"), means=SendProblem.AUTH),
        "archived": Problem(answer=refused("is_archived"), means=SendProblem.GONE),
        "forbidden": Problem(answer=refused("restricted_action"), means=SendProblem.BLOCKED),
        "too long": Problem(answer=refused("msg_too_long"), means=SendProblem.INVALID),
        "failed half-way": Problem(answer=refused("fatal_error"), means=SendProblem.UNKNOWN_OUTCOME),
    },
)
