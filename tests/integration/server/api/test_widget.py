"""The widget over a real listener: a visit from the first word to the score, and everything that is refused."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from server.bench.process import Running, running_broker
from server.wire.commands import Accept, EditMessage, Resolve, Say, Typing
from server.wire.events import SessionQueued
from server.wire.frames import CustomerTyping
from server.wire.terms import Author
from tests.live import Console, closing_code, fresh, greeted, rest
from tests.web_page import SECRET, Page, identity, settings

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    secret = tmp_path_factory.mktemp("site") / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    section = settings(identity_secret_file=str(secret), calls="queue")
    section += '[desk]\nrouting = "pull"\nwrap_up_seconds = 0\n[files]\nmost_bytes = 2000\n'
    server = 'behind_proxy = true\npublic_url = "http://127.0.0.1:8080"'
    media = 'port = 0\npublic_url = "wss://media.example.com"'
    async with running_broker(section, server=server, media=media) as running:
        yield running


def page(broker: Running, token: str = "", **known: object) -> Page:
    """Return a page at an address of its own, so that no test uses up another's pace."""
    return Page(
        broker, token, **{"address": f"10.{uuid4().int % 250}.{uuid4().int % 250}.{uuid4().int % 250}", **known}
    )


async def queued(console: Console, conversation_id: str) -> SessionQueued:
    while True:
        event = await console.until(SessionQueued)
        assert isinstance(event, SessionQueued)
        if event.session.conversation_id == conversation_id:
            return event


async def test_a_whole_visit_both_sides_see_everything(broker: Running) -> None:
    shop = page(broker)
    assert (await shop.visits(language="de"))["chat"] == {}
    async with greeted(broker) as (ann, _), shop.live():
        first = (await shop.says("My <b>order</b> is late")).json()
        assert (await shop.turn("My <b>order</b> is late"))["author"] == Author.CUSTOMER
        chat = (await shop.stage("assistant"))["conversation_id"]
        async with rest(broker) as assistant:
            told = {"author": "assistant", "text": "Let me look."}
            (await assistant.post(f"/v1/conversations/{chat}/messages", json=told)).raise_for_status()
            await shop.turn("Let me look.")
            await assistant.post(f"/v1/conversations/{chat}/typing", json={"on": True, "assistant": True})
            await shop.sees(lambda page: {"type": "typing", "on": True} in page.frames)
        asked = await shop.post("/person", {"key": str(uuid4()), "words": "Talk to a person"})
        assert asked.json()["stage"] == "waiting"
        assert (await shop.stage("waiting"))["position"] >= 1
        session = (await queued(ann, chat)).session
        assert [turn.text for turn in session.last_turns][-1] == "Talk to a person"
        assert session.customer.channel == "widget"
        accepted = await ann.order(Accept(id=fresh(), session_id=session.id, epoch=session.epoch))
        assert accepted.session is not None
        epoch = accepted.session.epoch
        assert (await shop.stage("operator"))["operator"] == "Bench"
        notice = await shop.turn("A person has joined the conversation.")
        assert notice["notice"] == "operator_joined"

        shop.frames = [frame for frame in shop.frames if frame["type"] != "typing"]
        await ann.order(Typing(id=fresh(), session_id=session.id, on=True))
        await shop.sees(lambda page: {"type": "typing", "on": True} in page.frames)
        said = (await ann.order(Say(id=fresh(), session_id=session.id, epoch=epoch, text="Hello"))).message
        assert said is not None
        assert said.delivery == "pending"
        assert (await shop.turn("Hello"))["name"] == "Bench"
        for delivery in ("delivered", "read"):
            await shop.tell(type="receipts", ids=[said.id, first["id"], "m_nobodys"], delivery=delivery)
            await shop.sees(lambda page, wanted=delivery: page.turns[said.id]["delivery"] == wanted)
        edit = EditMessage(id=fresh(), session_id=session.id, epoch=epoch, message_id=said.id, text="Hello Zoe")
        assert (await ann.order(edit)).ok
        assert (await shop.turn("Hello Zoe"))["edited"] is True

        await shop.tell(type="typing", on=True)
        await ann.next(CustomerTyping)
        changed = await shop.ask("PUT", f"/messages/{first['id']}", json={"text": "My order 17 is late"})
        assert changed.json()["edited"] is True
        gone = await shop.ask("PUT", f"/messages/{first['id']}", json={"text": ""})
        assert gone.json()["deleted"] is True

        assert (await ann.order(Resolve(id=fresh(), session_id=session.id, epoch=epoch))).ok
        state = await shop.sees(lambda page: page.chat if page.chat.get("scores") else None)
        assert state["scores"] == session.id
        score = {"session_id": session.id, "score": 4, "comment": "card 4111 1111 1111 1111"}
        assert (await shop.post("/score", score)).status_code == 204
        await shop.sees(lambda page: not page.chat.get("scores"))
    async with rest(broker, broker.operator) as client:
        history = (await client.get("/v1/history")).json()["sessions"]
        kept = next(one for one in history if one["id"] == session.id)
        assert kept["score"] == 4
        assert "4111 1111 1111 1111" not in kept["score_comment"]


async def test_a_page_that_comes_back_finds_its_chat_and_what_it_missed(broker: Running) -> None:
    shop = page(broker)
    await shop.visits()
    for number in range(3):
        assert (await shop.says(f"turn {number}")).status_code == 201
    again = page(broker, shop.token)
    assert (await again.visits())["chat"]["stage"] == "assistant"
    async with again.live():
        await again.turn("turn 2")
        whole = next(frame for frame in again.frames if frame["type"] == "turns")
        assert [one["position"] for one in whole["messages"]] == [1, 2, 3]
        assert whole["whole"] is True
    earlier = (await again.ask("GET", "/messages", params={"before": 3})).json()
    assert [one["position"] for one in earlier["messages"]] == [1, 2]


async def test_the_same_key_is_the_same_message_also_after_the_end(broker: Running) -> None:
    shop = page(broker)
    await shop.visits()
    body = {"key": str(uuid4()), "text": "once"}
    first, second = await shop.post("/messages", body), await shop.post("/messages", body)
    assert first.json()["id"] == second.json()["id"]
    assert (await shop.post("/end")).status_code == 204
    assert (await shop.post("/messages", body)).json()["id"] == first.json()["id"]
    other = await shop.says("a new chat")
    assert other.json()["position"] == 1


async def test_a_page_of_another_site_gets_nothing(broker: Running) -> None:
    for origin in ("https://evil.example.com", "null", "http://shop.example.com", None):
        stranger = page(broker, origin=origin)
        answer = await stranger.post("/visits")
        assert answer.status_code == 403, origin
        assert answer.json()["code"] == "origin_refused"
        assert "access-control-allow-origin" not in answer.headers
    with pytest.raises(Exception, match="403"):
        async with page(broker, origin="https://evil.example.com").opened():
            pass
    asked = await page(broker).ask("OPTIONS", "/messages")
    assert asked.headers["access-control-allow-origin"] == "https://shop.example.com"
    assert "Authorization" in asked.headers["access-control-allow-headers"]
    refused = await page(broker, "wv_wrong").says("hello")
    assert (refused.status_code, refused.json()["code"]) == (401, "no_visit")
    assert refused.headers["access-control-allow-origin"] == "https://shop.example.com"


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (identity("another secret that is long enough, too"), "bad_identity"),
        (identity(alg="none"), "bad_identity"),
        (identity(alg="HS512"), "bad_identity"),
        (identity().rpartition(".")[0] + ".", "bad_identity"),
        (identity().replace(".", "x.", 1), "bad_identity"),
        ("a.b.c", "bad_identity"),
        ("ü", "bad_identity"),
        (identity(sub=" "), "bad_identity"),
        (identity(sub=7), "bad_identity"),
        (identity(seconds=-1), "identity_expired"),
        (identity(seconds=48 * 3600), "identity_expired"),
    ],
    ids=[
        "another secret",
        "no algorithm",
        "another algorithm",
        "no signature",
        "another head",
        "no token",
        "not ASCII",
        "nobody",
        "a number",
        "over",
        "too long",
    ],
)
async def test_a_forged_or_stale_identity_is_refused(broker: Running, token: str, code: str) -> None:
    answer = await page(broker).post("/visits", {"identity": token})
    assert (answer.status_code, answer.json()["code"]) == (401, code)


async def test_a_signed_visitor_finds_their_chat_on_another_device_and_nobody_else_does(broker: Running) -> None:
    who = {"sub": f"u-{uuid4()}", "name": "Zoe Hill"}
    phone = page(broker)
    assert (await phone.visits(identity=identity(**who)))["name"] == "Zoe Hill"
    await phone.says("from the phone")
    laptop = page(broker)
    assert (await laptop.visits(identity=identity(**who)))["chat"]["stage"] == "assistant"
    for next_one in ({}, {"identity": identity(sub="u-other")}):
        shared = page(broker, phone.token)
        came = await shared.visits(**next_one)
        assert came["token"] not in {"", phone.token}
        assert came["chat"] == {}
    async with rest(broker, broker.operator) as client:
        (found,) = (await client.get("/v1/contacts", params={"q": who["sub"]})).json()
        assert found["name"] == "Zoe Hill"


async def test_files_go_both_ways_and_only_within_the_chat(broker: Running) -> None:
    shop, other = page(broker), page(broker)
    await shop.visits()
    await other.visits()
    made = await shop.ask("POST", "/files", params={"name": "../a.txt"}, content=b"one line\n")
    assert made.status_code == 201, made.text
    file = made.json()
    assert (await shop.says("", files=[file["id"]])).json()["files"][0]["name"] == "a.txt"
    got = await shop.ask("GET", f"/files/{file['id']}")
    assert got.content == b"one line\n"
    assert got.headers["content-disposition"].startswith("attachment")
    await other.says("mine")
    for stranger in (other, page(broker, "wv_no")):
        assert (await stranger.ask("GET", f"/files/{file['id']}")).status_code in {401, 404}
    assert (await other.says("", files=[file["id"]])).status_code == 404
    assert (await shop.ask("POST", "/files", content=b"x" * 3000)).json()["code"] == "file_too_large"
    assert (await shop.ask("POST", "/files", content=b"\x7fELF\x02")).json()["code"] == "file_type_refused"


async def test_a_visitor_can_touch_nothing_but_their_own(broker: Running) -> None:
    shop, other = page(broker), page(broker)
    await shop.visits()
    await other.visits()
    mine = (await shop.says("mine")).json()
    await other.says("theirs")
    assert (await other.ask("PUT", f"/messages/{mine['id']}", json={"text": "x"})).status_code == 404
    async with shop.live():
        chat = (await shop.stage("assistant"))["conversation_id"]
    async with rest(broker) as assistant:
        path = f"/v1/conversations/{chat}/messages"
        answer = (await assistant.post(path, json={"author": "assistant", "text": "Hi"})).json()
    assert (await shop.ask("PUT", f"/messages/{answer['id']}", json={"text": "x"})).status_code == 404
    score = {"session_id": "s_other", "score": 1}
    assert (await shop.post("/score", score)).status_code == 404
    async with rest(broker, shop.token) as client:
        assert (await client.get("/v1/me")).status_code == 401
    async with rest(broker) as assistant:
        answer = await assistant.post("/v1/widget/messages", json={"key": str(uuid4()), "text": "x"})
        assert answer.status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {"key": "not-a-uuid", "text": "x"},
        {"key": str(uuid4()), "text": "x" * 4_001},
        {"key": str(uuid4()), "text": "x", "author": "operator"},
        {"key": str(uuid4()), "text": " \n "},
        {"key": str(uuid4())},
    ],
)
async def test_what_is_no_message_is_refused(broker: Running, body: dict[str, object]) -> None:
    shop = page(broker)
    await shop.visits()
    assert (await shop.post("/messages", body)).status_code in {400, 422}
    assert (await shop.ask("POST", "/messages", content=b"{" * 40_000)).status_code in {400, 413}


async def test_too_much_at_once_is_refused_with_the_time_to_wait(broker: Running) -> None:
    shop = page(broker)
    await shop.visits()
    answers = await asyncio.gather(*(shop.says(f"{number}") for number in range(30)))
    refused = [one for one in answers if one.status_code == 429]
    assert refused
    assert len([one for one in answers if one.status_code == 201]) >= 12
    assert refused[0].json()["code"] == "too_many_requests"
    assert int(refused[0].headers["retry-after"]) >= 1
    neighbour = page(broker)
    await neighbour.visits()
    assert (await neighbour.says("hello")).status_code == 201
    comers = await asyncio.gather(*(Page(broker, address="192.0.2.9").post("/visits") for _ in range(30)))
    assert {one.status_code for one in comers} == {200, 429}
    assert (await Page(broker, address="8.8.8.8, 192.0.2.9").post("/visits")).status_code == 429, "by the last hop"


async def test_a_hostile_frame_harms_nobody(broker: Running) -> None:
    shop = page(broker)
    await shop.visits()
    async with shop.live():
        assert shop.socket is not None
        for bad in ("{}", "[" * 5_000, "x" * 20_000, '{"type":"receipts","ids":[],"delivery":"sent"}', "\udcff"):
            await shop.socket.send(bad if bad != "\udcff" else '{"type":"typing","on":"\\udcff"}')
        await shop.tell(type="ping")
        await shop.sees(lambda page: {"type": "pong"} in page.frames)
    for first in ('{"type":"ping"}', "nonsense", b"\x00\xff"):
        async with page(broker).opened() as socket:
            await socket.send(first)
            assert await closing_code(socket, 30) == 1008


async def test_a_revoked_or_unclear_key_is_said_plainly(broker: Running) -> None:
    async with running_broker(settings(assistant="nobody")) as other:
        answer = await Page(other).post("/visits")
        assert (answer.status_code, answer.json()["code"]) == (422, "widget_unavailable")
    async with running_broker() as off:
        assert (await Page(off).post("/visits")).status_code == 404
        async with rest(off, "") as client:
            assert (await client.get("/widget.js")).status_code == 404
