"""Looking back by keys and by commands, at a whole broker: from a live card and from the history, without a mouse."""

import asyncio
from pathlib import Path

import pytest

from server.bench.process import Running, running_broker
from server.wire.commands import Accept, FollowUp, Resolve
from server.wire.terms import SessionId
from tests.console_places import CONSOLE, told
from tests.live import fresh, greeted, rest
from tests.raw_terminal import RawTerminal, raw_terminal

pytestmark = pytest.mark.e2e

BROKER = '[desk]\nrouting = "pull"\nwrap_up_seconds = 0\n'
NO_CARRIER = "No carrier that can dial is configured."


async def asked(broker: Running, said: str) -> str:
    """Have Zoë say something in a new chat and ask for a person; return the session's id."""
    async with rest(broker) as client:
        start = {"medium": "chat", "customer_name": "Zoe Adler", "customer_handle": "+1 555 0142"}
        conversation = (await client.post("/v1/conversations", json=start)).json()["id"]
        turn = {"author": "customer", "text": said}
        assert (await client.post(f"/v1/conversations/{conversation}/messages", json=turn)).is_success
        made = await client.post(f"/v1/conversations/{conversation}/handoffs", json={"reason": "asked for a person"})
        return str(made.raise_for_status().json()["id"])


async def resolved(broker: Running, session: str) -> None:
    """Take the session, resolve it, and write down what is still to be done."""
    async with greeted(broker) as (console, snapshot):
        view = next(one for one in snapshot.sessions if one.id == session)
        taken = await console.order(Accept(id=fresh(), session_id=view.id, epoch=view.epoch))
        assert taken.session is not None, taken
        epoch = taken.session.epoch
        done = await console.order(Resolve(id=fresh(), session_id=SessionId(session), epoch=epoch, note="Sent anew."))
        assert done.session is not None, done
        due = FollowUp(id=fresh(), session_id=SessionId(session), epoch=done.session.epoch, text="ask the warehouse")
        assert (await console.order(due)).ok


async def leaves(screen: RawTerminal, *gone: str) -> None:
    """Go back with escape."""
    screen.type("\x1b")
    await screen.until(lambda it: not any(word in it.text for word in gone), f"{gone} left")
    await asyncio.sleep(0.15)  # a terminal's escape and the next key would be one key with alt


async def test_contact_history_search_and_pending_are_reached_by_keys_and_commands(tmp_path: Path) -> None:
    async with running_broker(BROKER) as broker:
        await resolved(broker, await asked(broker, "My durian has not come."))
        await asked(broker, "It is me again.")
        async with raw_terminal(CONSOLE, told(tmp_path, broker.url, broker.operator)) as screen:
            await screen.shows("Zoe Adler", "H-0002", "It is me again.")
            screen.type(";")
            await screen.shows("Contact Zoe Adler", "H-0001", "Known by +15550142", "It is me again.")
            screen.type("j")
            await screen.shows("To do", "ask the warehouse", "My durian has not come.")
            screen.type("R")
            await screen.shows(NO_CARRIER, "Contact Zoe Adler")
            await leaves(screen, "H-0001")

            screen.type("H")
            await screen.shows("History", "H-0001", "resolved", "Sent anew.", "My durian")
            screen.type("R")
            await screen.shows(NO_CARRIER, "History")
            screen.type(";")
            await screen.shows("Contact Zoe Adler", "H-0002")
            await leaves(screen, "Contact Zoe")
            await screen.shows("History", "H-0001")
            await leaves(screen, "H-0001")

            screen.type(",durian\r")
            await screen.shows("Search", "My durian has not come.")
            await leaves(screen, "Search")
            screen.type(":search again\r")
            await screen.shows("Search", "It is me again.")
            await leaves(screen, "Search")
            screen.type(":contact +1 555 0142\r")
            await screen.shows("Contact Zoe Adler", "H-0001", "H-0002")
            await leaves(screen, "Contact Zoe")

            screen.type("J")
            await screen.shows("Still to be done", "H-0001", "ask the warehouse")
            screen.type("M")
            await screen.shows("Still to be done", "Sent anew.")
            await leaves(screen, "Still to be done")
            screen.type(":followups\r")
            await screen.shows("Nothing is pending.")
            assert "Traceback" not in screen.received
