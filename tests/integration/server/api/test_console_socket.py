"""The console socket over a real listener: greeting, orders, events, heartbeat, cut-off."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from server.bench.process import Running, running_broker
from server.wire.commands import Accept, AddNote, Answer, BackToAssistant, Decide, Say, SetPresence, Typing
from server.wire.events import MessageAdded, SessionActive, SessionAsked, SessionClosed, SessionEvent
from server.wire.frames import DEAD_AFTER_SECONDS, Batch, CustomerTyping, Goodbye, Reply, Snapshot
from server.wire.terms import Presence, SessionState
from tests.live import bearer, chat, closing_code, console, fresh, greeted, operator, rest

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def broker() -> AsyncIterator[Running]:
    async with running_broker('[desk]\nrouting = "pull"\nwrap_up_seconds = 0\n') as running:
        yield running


async def test_without_an_operators_token_the_handshake_is_refused(broker: Running) -> None:
    for token, status in (("op_guess", 401), (broker.key, 403)):
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{broker.socket_url}/v1/console", additional_headers=bearer(token), proxy=None)
        assert refused.value.response.status_code == status
        assert b'"code"' in refused.value.response.body


async def test_a_console_of_an_unknown_protocol_is_told_so(broker: Running) -> None:
    async with console(broker, protocol=999) as opened:
        goodbye = await opened.next(Goodbye)
        assert isinstance(goodbye, Goodbye)
        assert (goodbye.error.code, goodbye.retry) == ("protocol_not_spoken", False)


@pytest.mark.parametrize(
    "frame",
    ["{", '{"type":"hello"}', "[]", '{"type":"accept"}', "[" * 100, "x" * 70_000],
    ids=["cut off", "no protocol", "a list", "no hello", "too deep", "too large"],
)
async def test_a_malformed_first_frame_ends_the_socket_with_a_reason(broker: Running, frame: str) -> None:
    async with console(broker, silent=True) as opened:
        await opened.socket.send(frame)
        assert await closing_code(opened.socket, 8) in {1008, 1009}


async def test_an_order_with_unknown_fields_says_which(broker: Running) -> None:
    async with greeted(broker) as (opened, _):
        await opened.socket.send('{"type":"accept","id":"12345678","session_id":"s","epoch":0,"force":true}')
        goodbye = await opened.next(Goodbye)
        assert isinstance(goodbye, Goodbye)
        assert "force" in goodbye.error.message


async def test_accept_pressed_twice_is_one_accept(broker: Running) -> None:
    session = await chat(broker)
    async with greeted(broker) as (opened, snapshot):
        assert session["id"] in {one.id for one in snapshot.sessions}
        order = Accept(id=fresh(), session_id=session["id"], epoch=session["epoch"])
        first, again = await opened.order(order), await opened.order(order)
        assert (first.ok, again.ok) == (True, True)
        assert first.session is not None
        assert again.session is not None
        assert first.session.epoch == again.session.epoch == session["epoch"] + 1
        assert first.session.state is SessionState.ACTIVE


async def test_of_two_operators_one_wins_and_the_other_is_told_who(broker: Running) -> None:
    session = await chat(broker)
    rival = await operator(broker, "Rival")
    async with greeted(broker) as (mine, _), greeted(broker, rival) as (theirs, _):
        replies = await asyncio.gather(
            *(
                opened.order(Accept(id=fresh(), session_id=session["id"], epoch=session["epoch"]))
                for opened in (mine, theirs)
            )
        )
        lost = [one for one in replies if not one.ok]
        won = [one for one in replies if one.ok]
        assert (len(won), len(lost)) == (1, 1)
        assert lost[0].error is not None
        assert lost[0].error.code == "already_taken"
        assert lost[0].error.details["winner"] == won[0].session.operator_id


async def test_a_chat_goes_to_a_person_and_back_with_its_stretch(broker: Running) -> None:
    async with rest(broker) as client:
        conversation = (await client.post("/v1/conversations", json={"medium": "chat"})).json()
        path = f"/v1/conversations/{conversation['id']}"
        url = f"{broker.socket_url}/v1/assistant/events"
        async with (
            connect(url, additional_headers=bearer(broker.key), proxy=None) as stream,
            greeted(broker) as (
                opened,
                _,
            ),
        ):
            session = (await client.post(f"{path}/handoffs", json={"reason": "asked"})).json()
            taken = await opened.order(Accept(id=fresh(), session_id=session["id"], epoch=session["epoch"]))
            epoch = taken.session.epoch
            assert isinstance(await opened.until(SessionActive), SessionActive)
            said = await opened.order(Say(id=fresh(), session_id=session["id"], epoch=epoch, text="Hello, I am Bo."))
            assert said.message.text == "Hello, I am Bo."
            note = await opened.order(
                AddNote(id=fresh(), session_id=session["id"], epoch=epoch, text="Sounds upset; refund 12 euro.")
            )
            assert note.ok
            refused = await client.post(f"{path}/messages", json={"author": "assistant", "text": "me too"})
            assert (refused.status_code, refused.json()["code"]) == (409, "operator_owns")
            await client.post(f"{path}/messages", json={"author": "customer", "text": "Thank you!"})
            await opened.order(
                BackToAssistant(id=fresh(), session_id=session["id"], epoch=epoch, note="Refund agreed.")
            )
            closed = await opened.until(SessionClosed)
            assert closed.session.outcome == "returned"
            returned = ""
            while "conversation.returned" not in returned:
                returned = await asyncio.wait_for(stream.recv(), 5)
                assert "Sounds upset" not in returned, "an internal note left the house"
            assert "Hello, I am Bo." in returned
            assert "Thank you!" in returned
            assert "Refund agreed." in returned
        again = await client.post(f"{path}/messages", json={"author": "assistant", "text": "I am back."})
        assert again.status_code == 201


async def test_a_console_resumes_from_its_number(broker: Running) -> None:
    async with greeted(broker) as (_, snapshot):
        pass
    session = await chat(broker)
    async with console(broker, after=snapshot.seq, boot=snapshot.boot) as opened:
        first = await opened.next(Batch)
        assert isinstance(first, Batch)
        assert not any(isinstance(one, Snapshot) for one in opened.seen), "a console that can resume gets no snapshot"
        assert first.first == snapshot.seq + 1
        events = list(first.events)
        while not any(isinstance(one, SessionEvent) and one.session.id == session["id"] for one in events):
            batch = await opened.next(Batch)
            assert isinstance(batch, Batch)
            events.extend(batch.events)


async def test_a_number_of_another_brokers_life_gets_a_snapshot(broker: Running) -> None:
    async with greeted(broker) as (_, snapshot):
        pass
    async with console(broker, after=snapshot.seq, boot="boot_of_another_life") as opened:
        assert isinstance(await opened.next(), Snapshot)


async def test_a_number_from_the_future_gets_a_snapshot(broker: Running) -> None:
    async with greeted(broker) as (_, snapshot):
        pass
    async with console(broker, after=10**9, boot=snapshot.boot) as opened:
        assert isinstance(await opened.next(), Snapshot)


async def test_a_view_only_console_gives_no_orders(broker: Running) -> None:
    session = await chat(broker)
    async with console(broker, view_only=True) as opened:
        await opened.next(Snapshot)
        reply = await opened.order(Accept(id=fresh(), session_id=session["id"], epoch=session["epoch"]))
        assert not reply.ok
        assert reply.error.code == "view_only"


async def test_a_silent_console_is_treated_as_gone(broker: Running) -> None:
    token = await operator(broker, "Sleeper")
    async with greeted(broker, token) as (opened, snapshot), rest(broker, token) as client:
        assert (await client.get("/v1/me")).json()["operator"]["connected"] is True
        await closing_code(opened.socket, DEAD_AFTER_SECONDS * 4)  # reads, but never says anything
        for _ in range(100):
            if not (await client.get("/v1/me")).json()["operator"].get("connected"):
                break
            await asyncio.sleep(0.05)
        else:
            pytest.fail(f"{snapshot.me} is still shown as connected")


async def test_a_console_that_does_not_read_is_cut_off_while_others_are_served(broker: Running) -> None:
    async with greeted(broker) as (lively, _):
        stalled = await connect(
            f"{broker.socket_url}/v1/console", additional_headers=bearer(broker.operator), proxy=None, max_queue=1
        )
        await stalled.send('{"type":"hello","protocol":1}')
        stalled.transport.pause_reading()
        session = await chat(broker)
        taken = await lively.order(Accept(id=fresh(), session_id=session["id"], epoch=session["epoch"]))
        for turn in range(60):
            reply = await lively.order(
                Say(id=fresh(), session_id=session["id"], epoch=taken.session.epoch, text=f"{turn} " + "x" * 15_000)
            )
            assert reply.ok
        assert sum(isinstance(one, MessageAdded) for one in lively.events) >= 50, "the lively console was held up"
        stalled.transport.resume_reading()
        assert await closing_code(stalled, 10) in {1001, 1006, 1013}


async def test_a_question_is_answered_on_the_console_and_read_on_the_event_stream(broker: Running) -> None:
    async with rest(broker) as client:
        conversation = (await client.post("/v1/conversations", json={"medium": "chat"})).json()
        path = f"/v1/conversations/{conversation['id']}"
        url = f"{broker.socket_url}/v1/assistant/events"
        stream = await connect(url, additional_headers=bearer(broker.key), proxy=None)
        async with stream, greeted(broker) as (opened, _):
            body = {"kind": "assist", "reason": "May I refund 20?", "deadline_seconds": 600}
            asked = (await client.post(f"{path}/handoffs", json=body)).json()
            assert (asked["state"], asked["kind"], asked["reason"]) == ("asked", "assist", "May I refund 20?")
            body = {"kind": "approve", "reason": "Refund 500", "default_answer": "approve"}
            proposed = (await client.post(f"{path}/handoffs", json=body)).json()
            assert isinstance(await opened.until(SessionAsked), SessionAsked)
            taken = await opened.order(Accept(id=fresh(), session_id=asked["id"], epoch=asked["epoch"]))
            assert taken.error.code == "not_possible_now"
            order = Answer(id=fresh(), session_id=asked["id"], epoch=asked["epoch"], text="Yes, 20.")
            assert (await opened.order(order)).session.outcome == "answered"
            order = Decide(id=fresh(), session_id=proposed["id"], epoch=proposed["epoch"], approved=False, reason="no")
            assert (await opened.order(order)).session.outcome == "declined"
            told = ""
            while "approve.decided" not in told:
                told += await asyncio.wait_for(stream.recv(), 60)
            assert '"type":"assist.answered"' in told
            assert "Yes, 20." in told
        owner = (await client.get(path)).json()
        assert (owner.get("owner", "assistant"), owner.get("owner_epoch", 0)) == ("assistant", 0)
        bad = await client.post(f"{path}/handoffs", json={"kind": "approve", "reason": "x", "default_answer": "maybe"})
        assert (bad.status_code, bad.json()["code"]) == (422, "bad_default")


async def test_typing_reaches_the_other_side_and_is_kept_nowhere(broker: Running) -> None:
    session = await chat(broker)
    url = f"{broker.socket_url}/v1/assistant/events"
    async with (
        connect(url, additional_headers=bearer(broker.key), proxy=None) as stream,
        greeted(broker) as (opened, _),
    ):
        await opened.order(Accept(id=fresh(), session_id=session["id"], epoch=session["epoch"]))
        await opened.order(Typing(id=fresh(), session_id=session["id"], on=True))
        frame = ""
        while "operator.typing" not in frame:
            frame = await asyncio.wait_for(stream.recv(), 5)
        async with rest(broker) as client:
            path = f"/v1/conversations/{session['conversation_id']}/typing"
            assert (await client.post(path, json={"on": True})).status_code == 202
        typing = await opened.next(CustomerTyping)
        assert isinstance(typing, CustomerTyping)
        assert typing.conversation_id == session["conversation_id"]


async def test_orders_on_what_is_not_there_say_so(broker: Running) -> None:
    async with greeted(broker) as (opened, _):
        reply = await opened.order(Accept(id=fresh(), session_id="s_none", epoch=0))
        assert reply.error.code == "no_such_session"
        reply = await opened.order(SetPresence(id="short", presence=Presence.AVAILABLE))
        assert reply.error.code == "bad_command_id"
        assert isinstance(reply, Reply)


async def test_an_assistants_stream_refuses_what_is_not_a_number(broker: Running) -> None:
    for after, status in (("x", 422), ("-1", 422), ("999999999", 409)):
        with pytest.raises(InvalidStatus) as refused:
            await connect(
                f"{broker.socket_url}/v1/assistant/events?after={after}",
                additional_headers=bearer(broker.key),
                proxy=None,
            )
        assert refused.value.response.status_code == status
