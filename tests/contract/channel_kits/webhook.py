"""The house's own channel, signed as Standard Webhooks."""

from datetime import datetime

import httpx

from server.broker.ports.channels import Incoming, SendProblem
from server.channel_settings.webhook import WebhookSettings
from server.channels.webhook import make
from server.notices.signed_post import key_of, sign
from server.secret_files import SecretText
from tests.contract.channel_kits import memory
from tests.contract.channel_kits.kit import Kit, Problem

SECRET = "whsec_" + "c2VjcmV0LW9mLXRoZS1jb250cmFjdC1zdWl0ZQ=="


def signed(raw: bytes, at: datetime) -> Incoming:
    stamp = str(int(at.timestamp()))
    headers = {
        "content-type": "application/json",
        "webhook-id": "msg_1",
        "webhook-timestamp": stamp,
        "webhook-signature": sign(key_of(SecretText(SECRET)), "msg_1", stamp, raw),
    }
    return Incoming(headers=headers, body=raw)


KIT = Kit(
    name="webhook",
    make=lambda setup: make(WebhookSettings(api_base="https://platform.example/api", secret_file=SECRET), setup),
    sign=signed,
    message=memory.message,
    fixtures=memory.FIXTURES,
    batch=memory.KIT.batch,
    accepted=(lambda _request: httpx.Response(200, json={"message_id": "p7"}), "p7"),
    problems={
        "unauthorised": Problem(answer=httpx.Response(401), means=SendProblem.AUTH),
        "gone": Problem(answer=httpx.Response(410), means=SendProblem.GONE),
        "named": Problem(answer=httpx.Response(422, json={"problem": "window"}), means=SendProblem.WINDOW),
        "refused": Problem(answer=httpx.Response(400), means=SendProblem.INVALID),
    },
)
