"""Google Chat by its HTTP endpoint."""

import json
from datetime import datetime
from functools import cache

import httpx
import pytest

from server.broker.ports.channels import Incoming, Part, SendProblem
from server.channels.google_chat import GoogleChat
from server.channels.http import Http
from server.channels.setup import Setup
from server.clock import ManualClock
from server.secret_files import SecretText
from tests import needs
from tests.contract.channel_kits.kit import Kit, Problem, body
from tests.fakes.google_words import DIRECT, PROJECT, ROOM, event, message_event

try:
    from server.channels.google_proof import Proof
    from server.channels.google_tokens import ServiceAccount
    from tests.fakes.google_platform import GOOGLE_KEY, GooglePlatform, proof, published
except (ImportError, pytest.skip.Exception):
    pass  # `KIT.needs` says so


@cache
def account() -> "ServiceAccount":
    """Return a service account with a token at hand; its key takes a while to read."""
    made = ServiceAccount(SecretText(GooglePlatform().service_account()), Http("https://none.example"), ManualClock())
    made._token, made._good_until = "ya29.1", 3600.0
    return made


@cache
def shown(at: datetime) -> str:
    """Return Google's proof at an instant."""
    return proof(at)


def make(setup: Setup) -> GoogleChat:
    """Return the adapter with Google's keys and a token at hand, as after the first call."""
    http = Http("https://platform.example/api", transport=setup.transport)
    known = Proof(http, PROJECT, setup.clock)
    known.take(published(g1=GOOGLE_KEY))
    return GoogleChat(http=http, account=account(), proof=known)


def message(chat: str, number: int, text: str) -> bytes:
    return body(message_event(text, number, space={**DIRECT, "name": f"spaces/DM{chat}"}))


def sign(raw: bytes, at: datetime) -> Incoming:
    return Incoming(headers={"authorization": f"Bearer {shown(at)}"}, body=raw)


def refused(status: int, word: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": status, "message": "No.", "status": word}})


UPLOADED = {"name": "spaces/DM1/messages/1/attachments/1", "contentName": "a.pdf", "contentType": "application/pdf"}
FILES = [
    {**UPLOADED, "attachmentDataRef": {"resourceName": "abc=="}, "source": "UPLOADED_CONTENT"},
    {**UPLOADED, "driveDataRef": {"driveFileId": "d1"}, "source": "DRIVE_FILE"},
]
FIXTURES = (
    message("42", 1, "Hello"),
    body(message_event("@Help Hello", 2, space=ROOM, argumentText=" Hello")),
    body(message_event("", 3, attachment=FILES)),
    body(event("ADDED_TO_SPACE", space=DIRECT)),
    body({**message_event("@Help hi", 4, space=ROOM), "type": "ADDED_TO_SPACE"}),
    body(event("REMOVED_FROM_SPACE", space=DIRECT)),
    body(event("CARD_CLICKED", space=ROOM, action={"actionMethodName": "x"})),
    body({"chat": {"messagePayload": {"message": {}}}, "commonEventObject": {}}),
)

KIT = Kit(
    name="google_chat",
    make=make,
    sign=sign,
    message=message,
    fixtures=FIXTURES,
    needs=(needs.PEERS,),
    covers_body=False,
    part=Part(chat="spaces/AAA/threads/T1", key="k-1", text="Good morning"),
    accepted=(
        lambda _request: httpx.Response(200, json={"name": "spaces/AAA/messages/client-k-1"}),
        "spaces/AAA/messages/client-k-1",
    ),
    problems={
        "too fast": Problem(
            answer=httpx.Response(429, content=json.dumps({"error": {}}), headers={"retry-after": "7"}),
            means=SendProblem.RATE_LIMIT,
            retry_after_seconds=7.0,
        ),
        "not in the space": Problem(answer=refused(403, "PERMISSION_DENIED"), means=SendProblem.BLOCKED),
        "login page": Problem(answer=httpx.Response(200, html="<html>Sign in</html>"), means=SendProblem.AUTH),
        "no space": Problem(answer=refused(404, "NOT_FOUND"), means=SendProblem.GONE),
        "too long": Problem(answer=refused(400, "INVALID_ARGUMENT"), means=SendProblem.INVALID),
    },
)
