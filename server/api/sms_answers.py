"""Take answers to notices by SMS: the code, from the number that the notice went to.

Before: `[notices.NAME]` with Twilio, whose number's messaging webhook is `POST /v1/sms/NAME`. After: the session shows
who sees to it, and an SMS says so.
"""

import re
from collections.abc import Mapping
from html import escape
from typing import Final

from litestar import MediaType, Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from server.api.errors import AnyRequest
from server.broker.broker import Broker
from server.core.errors import NotAllowedError, NotFoundError
from server.secret_files import SecretText
from server.telephony.twilio_signature import validate

_CODE: Final = re.compile(r"(?<![0-9])[0-9]{6}(?![0-9])")


def sms_routes(broker: Broker, tokens: Mapping[str, SecretText], public_url: str) -> list[HTTPRouteHandler]:
    """Return the webhook; `tokens` are the auth tokens of destinations at Twilio, by name."""

    @post("/v1/sms/{name:str}", include_in_schema=False, status_code=200, media_type=MediaType.XML)
    async def answer(name: FromPath[str], request: AnyRequest) -> Response[str]:
        """Read one SMS, signed by Twilio."""
        form = await request.form()
        params = {str(field): str(value) for field, value in form.items()}
        token = tokens.get(name)
        url = f"{public_url.rstrip('/')}{request.url.path}"
        signature = request.headers.get("x-twilio-signature", "")
        if token is None or not validate(url, params, signature, token.reveal()):
            raise NotAllowedError(
                "bad_signature", "The request is not signed by Twilio.", "Check public_url and the auth token."
            )
        found = _CODE.search(params.get("Body", ""))
        if found is None:
            return _say("Answer with the six digits of the notice.")
        try:
            standing = await broker.acknowledging.take_by_code(params.get("From", ""), found[0])
        except NotFoundError:
            return _say("This code is not known for your number, or it is too old.")
        if standing.by:
            return _say(f"{standing.number}: acknowledged by {standing.by}.")
        return _say(f"{standing.number}: this wait is over.")

    return [answer] if tokens else []


def _say(text: str) -> Response[str]:
    body = f'<?xml version="1.0" encoding="UTF-8"?><Response><Message>{escape(text)}</Message></Response>'
    return Response(body, media_type=MediaType.XML)
