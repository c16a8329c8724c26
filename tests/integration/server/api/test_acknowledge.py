"""The page behind a notice's link over HTTP: a GET takes nothing, nothing said is markup, programs get JSON."""

import httpx
import pytest
from litestar import Litestar

from server.api import errors
from server.api.acknowledge import acknowledge_routes
from server.core.errors import HandoffError
from server.core.policy import Notify, PolicyStep
from tests.scenario.test_notices_answered import Room, told, world
from tests.world import World

pytestmark = pytest.mark.integration


def client(desk: World) -> httpx.AsyncClient:
    app = Litestar(
        acknowledge_routes(desk.broker), exception_handlers={HandoffError: errors.handoff_error}, logging_config=None
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://desk.example.com")


async def test_only_the_button_takes_it_and_the_page_says_who_has_it() -> None:
    async with world(PolicyStep(5, Notify(("ops",)))) as desk, client(desk) as browser:
        ops = Room(desk)
        told(desk, ops=ops)
        chat = await desk.chat("Zoë <script>")
        await chat.asks_for_a_person("a <b>reason</b> nobody else may read")
        await desk.later(6)
        path = f"/v1/notices/{ops.token}"
        for _ in range(3):  # a mail scanner, a preview, and the person
            shown = await browser.get(path)
            assert (shown.status_code, shown.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "I take it" in shown.text
        assert "Your name" in shown.text, "a room's link does not know who reads it"
        assert "Zoë" not in shown.text
        assert "reason" not in shown.text
        assert shown.headers["cache-control"] == "no-store"
        assert shown.headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in shown.headers["content-security-policy"]
        assert (await chat.session()).acknowledged_by == ""
        taken = await browser.post(path, data={"name": "<script>Ben"})
        assert "Acknowledged by &lt;script&gt;Ben" in taken.text
        assert "<script>" not in taken.text
        assert (await chat.session()).acknowledged_by == "<script>Ben"
        assert "I take it" not in (await browser.get(path)).text
        program = await browser.post(path, headers={"accept": "application/json"})
        assert program.json() == {"number": "H-0001", "acknowledged_by": "<script>Ben"}


async def test_a_link_that_is_none_says_so() -> None:
    async with world() as desk, client(desk) as browser:
        for answer in (await browser.get("/v1/notices/none"), await browser.post("/v1/notices/none")):
            assert answer.status_code == 404
            assert "Too late" in answer.text
        refused = await browser.post("/v1/notices/none", headers={"accept": "application/json"})
        assert refused.json()["code"] == "no_such_notice"
