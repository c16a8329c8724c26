"""Be the Lambda function of an AWS Chime SIP media application: ask the desk what to do with each event.

Nothing to install. Set OPERATOR_DESK_URL (https://desk.example.com) and OPERATOR_RELAY_SECRET (whsec_..., the same as in the
broker's `[chime] relay_secret_file`). Chime waits 20 s for an answer.
"""

import base64
import hashlib
import hmac
import json
import os
import time
import urllib.request
import uuid
from typing import Any

SECONDS = 8.0
"""How long the desk may take."""
NOTHING: dict[str, Any] = {"SchemaVersion": "1.0", "Actions": []}
GOODBYE: dict[str, Any] = {
    "SchemaVersion": "1.0",
    "Actions": [{"Type": "Hangup", "Parameters": {"SipResponseCode": "480"}}],
}


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Return what the desk says; a new call is refused when it cannot be reached, any other goes on as it is."""
    try:
        with urllib.request.urlopen(signed(event), timeout=SECONDS) as answer:
            told: dict[str, Any] = json.load(answer)
            return told
    except OSError as error:  # also what the desk refuses: HTTPError is one
        print(f"the desk did not answer: {error}")
        return GOODBYE if event.get("InvocationEventType") == "NEW_INBOUND_CALL" else NOTHING


def signed(event: dict[str, Any]) -> urllib.request.Request:
    """Return the event as a request, signed in the way of Standard Webhooks."""
    body = json.dumps(event).encode()
    message_id, stamp = f"msg_{uuid.uuid4().hex}", str(int(time.time()))
    key = base64.b64decode(os.environ["OPERATOR_RELAY_SECRET"].removeprefix("whsec_"))
    digest = hmac.new(key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }
    url = os.environ["OPERATOR_DESK_URL"].rstrip("/") + "/v1/chime/events"
    return urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 - the address is configured
