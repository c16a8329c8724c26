"""Answers by SMS over HTTP, signed by Twilio's own library: the code takes the session, from its own number alone."""

import httpx
import pytest
from litestar import Litestar
from twilio.request_validator import RequestValidator

from server.api import errors
from server.api.sms_answers import sms_routes
from server.core.errors import HandoffError
from server.core.policy import Notify, PolicyStep
from server.secret_files import SecretText
from tests.scenario.test_notices_answered import Room, told, world

pytestmark = pytest.mark.integration

HOME = "https://desk.example.com"
PHONE = "+4917612345678"


async def test_a_signed_code_from_the_right_number_takes_it() -> None:
    async with world(PolicyStep(5, Notify(("ops",)))) as desk:
        ops = Room(desk, phone=PHONE)
        told(desk, ops=ops)
        app = Litestar(
            sms_routes(desk.broker, {"ops": SecretText("hush")}, HOME),
            exception_handlers={HandoffError: errors.handoff_error},
            logging_config=None,
        )

        async def answers(text: str, number: str = PHONE, token: str = "hush", name: str = "ops") -> httpx.Response:
            form = {"From": number, "Body": text, "MessageSid": "SM1"}
            url = f"{HOME}/v1/sms/{name}"
            signature = RequestValidator(token).compute_signature(url, form)  # type: ignore[no-untyped-call]
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=HOME) as twilio:
                return await twilio.post(f"/v1/sms/{name}", data=form, headers={"x-twilio-signature": signature})

        chat = await desk.chat()
        await chat.asks_for_a_person()
        await desk.later(6)
        code = ops.sent[0][1].accept_code
        assert (await answers(code, token="guess")).status_code == 403
        assert (await answers(code, name="other")).status_code == 403
        assert "six digits" in (await answers("yes please")).text
        assert "not known for your number" in (await answers(code, number="+4917612345679")).text
        assert (await chat.session()).acknowledged_by == ""
        taken = await answers(f" I'm on it, {code}!")
        assert f"<Message>H-0001: acknowledged by {PHONE}.</Message>" in taken.text
        assert (await chat.session()).acknowledged_by == PHONE
