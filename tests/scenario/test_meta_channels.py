"""Whole days on Messenger, Instagram and WhatsApp: the real adapters, the real broker, Meta in memory, virtual time."""

from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any

import pytest

from server.broker.ports.channels import Incoming
from server.channels import messenger, whatsapp
from server.clock import ManualClock
from server.core.errors import ConflictError
from server.wire import commands as c
from server.wire.terms import Author, Delivery, FileState, Medium, Owner
from server.wire.views import MessageView
from tests.channel_world import ChannelWorld
from tests.contract.channel_kits import instagram as instagram_kit
from tests.contract.channel_kits import messenger as messenger_kit
from tests.contract.channel_kits import whatsapp as whatsapp_kit
from tests.contract.channel_kits.kit import Wire, body, setup
from tests.fakes.graph_platform import CUT, INBOX, GraphPlatform, GraphTransport
from tests.world import Customer

pytestmark = pytest.mark.scenario

KINDS = ("messenger", "instagram", "whatsapp", "no number")


class MetaWorld(ChannelWorld):
    """A desk with one account on one of Meta's platforms, and one customer there."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.graph = GraphPlatform(now=self.time)
        tools = replace(setup(ManualClock(), Wire()), transport=GraphTransport(self.graph))
        adapters: dict[str, Any] = {
            "messenger": lambda: messenger.make(messenger_kit.SETTINGS, tools),
            "instagram": lambda: messenger.make(instagram_kit.SETTINGS, tools),
        }
        super().__init__(channel=adapters.get(kind, lambda: whatsapp.make(whatsapp_kit.SETTINGS, tools))())
        self.chat = {"whatsapp": whatsapp_kit.CUSTOMER, "no number": whatsapp_kit.USER_ID}.get(kind, "42")
        self.mids = count(1)

    def time(self) -> datetime:
        """Tell the platform the time of the world."""
        return self.clock.now()

    @property
    def on_whatsapp(self) -> bool:
        return self.kind in {"whatsapp", "no number"}

    def message(self, text: str = "", **what: Any) -> dict[str, Any]:
        """Return the customer's message as it stands in a webhook."""
        number = next(self.mids)
        seconds = int(self.clock.now().timestamp())
        if self.on_whatsapp:
            user = whatsapp_kit.USER_ID if self.kind == "no number" else ""
            found = whatsapp_kit.item("text", number, "" if user else self.chat, user, text={"body": text}, **what)
            return found | {"timestamp": str(seconds)}
        said = messenger_kit.said(text, number, self.chat, **what)
        return said | {"timestamp": seconds * 1000}

    def posted(self, *items: Any, **more: Any) -> dict[str, Any]:
        if self.on_whatsapp:
            user = whatsapp_kit.USER_ID if self.kind == "no number" else ""
            who = whatsapp_kit.contact("" if user else self.chat, user)
            return whatsapp_kit.posted(whatsapp_kit.value(*items, contacts=[who]))
        return (messenger_kit if self.kind == "messenger" else instagram_kit).posted(*items, **more)

    async def webhook(self, what: dict[str, Any]) -> None:
        """Let Meta post this, signed."""
        raw = body(what)
        await self.posts(messenger_kit.sign(raw, self.clock.now()))

    async def writes(self, *texts: str) -> None:
        """Let the customer write; several at once come in one batch."""
        self.graph.heard_at[self.chat] = self.clock.now()
        await self.webhook(self.posted(*(self.message(text) for text in texts)))

    async def here(self) -> Customer:
        found = await self.conversation_of(self.chat)
        assert found is not None, "nothing has arrived"
        return Customer(self, found.id, Medium.CHAT)

    async def turns(self) -> list[MessageView]:
        return await (await self.here()).messages()

    async def hours(self, hours: float) -> None:
        """Let hours pass in one step."""
        await self.clock.leap(hours * 3600)
        await self.later(15)

    def got(self) -> list[str]:
        """Return what the customer got."""
        return self.graph.texts(self.chat)


async def last(desk: MetaWorld, author: Author = Author.OPERATOR) -> MessageView:
    return [turn for turn in await desk.turns() if turn.author is author][-1]


@pytest.mark.parametrize("kind", KINDS)
async def test_customer_assistant_person_assistant_and_once_more(kind: str) -> None:
    async with MetaWorld(kind) as desk:
        ann = await desk.operator("ann")
        await desk.writes("Where is my parcel?", "It is late.")
        chat = await desk.here()
        await chat.assistant_says("Let me look.")
        assert desk.got() == ["Let me look."]
        for round_ in (1, 2):
            epoch = (await chat.conversation()).owner_epoch
            await chat.asks_for_a_person("parcel lost")
            await ann.accept(chat)
            await desk.writes(f"Are you there? {round_}")
            await ann.does(c.Say, chat, text=f"I am Ann. {round_}")
            with pytest.raises(ConflictError, match="operator is talking"):
                await chat.assistant_says("I talk over people.", epoch=epoch)
            await ann.does(c.Resolve, chat, note="found", disposition="delivery")
            await ann.does(c.FinishWrapUp, chat, disposition="delivery")
            assert (await chat.conversation()).owner is Owner.ASSISTANT
            await chat.assistant_says(f"Anything else? {round_}")
            await desk.later(10)  # Meta wants a second between two messages to one person
        assert [text for text in desk.got() if text[-1] in "12"] == [
            "I am Ann. 1",
            "Anything else? 1",
            "I am Ann. 2",
            "Anything else? 2",
        ]
        said = [turn.text for turn in await desk.turns() if turn.author is Author.CUSTOMER]
        assert said == ["Where is my parcel?", "It is late.", "Are you there? 1", "Are you there? 2"]
        spoken = {Author.OPERATOR, Author.ASSISTANT, Author.SYSTEM}
        assert {turn.delivery for turn in await desk.turns() if turn.author in spoken} == {Delivery.SENT}


@pytest.mark.parametrize("kind", KINDS)
async def test_what_meta_tells_again_is_taken_once_and_a_broken_item_costs_nothing(kind: str) -> None:
    async with MetaWorld(kind) as desk:
        batch = desk.posted(desk.message("One"), None, {"type": 7}, desk.message("Two"))
        for _ in range(3):
            await desk.webhook(batch)
        assert [turn.text for turn in await desk.turns()] == ["One", "Two"]


@pytest.mark.parametrize("kind", ["messenger", "instagram"])
async def test_a_person_in_meta_s_inbox_silences_the_assistant_and_our_own_echo_does_not(kind: str) -> None:
    async with MetaWorld(kind) as desk:
        await desk.writes("Hello?")
        chat = await desk.here()
        await chat.assistant_says("I am the AI.")
        ours = {"mid": desk.graph.said[-1].id, "text": "I am the AI.", "is_echo": True}
        app = {"app_id": int(messenger_kit.APP)} if kind == "messenger" else {}
        await desk.webhook(desk.posted(messenger_kit.to_customer(desk.chat, message=ours | app)))
        await chat.assistant_says("Still here.")
        inbox = {"mid": "m_inbox", "text": "I take this one.", "is_echo": True}
        await desk.webhook(desk.posted(messenger_kit.to_customer(desk.chat, message=inbox)))
        with pytest.raises(ConflictError, match="own app"):
            await chat.assistant_says("I talk over people.")
        assert [turn.text for turn in await desk.turns() if turn.author is Author.OPERATOR] == ["I take this one."]
        await desk.hours(1)
        await chat.assistant_says("Back again.")
        assert desk.got()[-1] == "Back again."


async def test_a_chat_that_the_inbox_took_is_silent_until_an_operator_takes_it_back() -> None:
    async with MetaWorld("messenger") as desk:
        ann = await desk.operator("ann")
        await desk.writes("Hello?")
        chat = await desk.here()
        desk.graph.owner[desk.chat] = INBOX
        taken = {"previous_owner_app_id": messenger_kit.APP, "new_owner_app_id": INBOX}
        await desk.webhook(desk.posted(messenger_kit.from_customer(desk.chat, take_thread_control=taken)))
        with pytest.raises(ConflictError, match="own app"):
            await chat.assistant_says("I talk over people.")
        await desk.webhook(desk.posted(desk.message("Are you there?"), name="standby"))
        assert (await last(desk, Author.CUSTOMER)).text == "Are you there?"
        await chat.asks_for_a_person("taken by hand")
        await ann.accept(chat)
        await ann.does(c.Say, chat, text="I have it now.")
        await desk.later(10)
        assert desk.got()[-1] == "I have it now."
        assert desk.graph.owner[desk.chat] == messenger_kit.APP


async def test_while_another_app_answers_the_assistant_is_silent() -> None:
    async with MetaWorld("messenger") as desk:
        await desk.webhook(desk.posted(desk.message("Said to another app"), name="standby"))
        chat = await desk.here()
        assert (await last(desk, Author.CUSTOMER)).text == "Said to another app"
        with pytest.raises(ConflictError, match="own app"):
            await chat.assistant_says("I talk over others.")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_day_later_a_person_or_a_template_may_and_the_rest_fails_visibly(kind: str) -> None:
    async with MetaWorld(kind) as desk:
        ann = await desk.operator("ann")
        await desk.writes("Where is my parcel?")
        chat = await desk.here()
        await chat.asks_for_a_person("parcel lost")
        await ann.accept(chat)
        await desk.hours(25)
        await ann.does(c.Say, chat, text="We found it.\nIt comes tomorrow.")
        await desk.later(10)
        if desk.on_whatsapp:
            assert (desk.got()[-1], desk.graph.said[-1].tag) == ("We found it. It comes tomorrow.", "template")
        else:
            assert (desk.got()[-1], desk.graph.said[-1].tag) == ("We found it.\nIt comes tomorrow.", "HUMAN_AGENT")
            await desk.hours(7 * 24)
            await ann.does(c.Say, chat, text="Too late.")
            await desk.later(10)
            message = await last(desk)
            assert (message.delivery, message.text) == (Delivery.FAILED, "Too late.")
            assert "7 days" in message.failure


@pytest.mark.parametrize("kind", ["whatsapp", "no number"])
async def test_receipts_of_whatsapp_come_in_any_order_under_either_id(kind: str) -> None:
    async with MetaWorld(kind) as desk:
        await desk.writes("Hello?")
        chat = await desk.here()
        await chat.assistant_says("Hello.")
        mid = desk.graph.said[-1].id
        for word in ("read", "sent", "delivered"):
            await desk.webhook(whatsapp_kit.posted(whatsapp_kit.value(statuses=[whatsapp_kit.status(word, mid)])))
        assert (await last(desk, Author.ASSISTANT)).delivery is Delivery.READ
        await chat.assistant_says("And?")
        await desk.later(10)
        failed = whatsapp_kit.status("failed", desk.graph.said[-1].id, errors=whatsapp_kit.FAILED)
        await desk.webhook(whatsapp_kit.posted(whatsapp_kit.value(statuses=[failed])))
        message = await last(desk, Author.ASSISTANT)
        assert (message.delivery, "131047" in message.failure) == (Delivery.FAILED, True)


async def test_messenger_tells_that_all_up_to_a_time_was_read() -> None:
    async with MetaWorld("messenger") as desk:
        await desk.writes("Hello?")
        chat = await desk.here()
        await chat.assistant_says("One.")
        await chat.assistant_says("Two.")
        await desk.later(10)
        watermark = int(desk.clock.now().timestamp() * 1000)
        await desk.webhook(desk.posted(messenger_kit.from_customer(desk.chat, read={"watermark": watermark})))
        ours = [turn for turn in await desk.turns() if turn.author is Author.ASSISTANT]
        assert [turn.delivery for turn in ours] == [Delivery.READ, Delivery.READ]


@pytest.mark.parametrize("kind", KINDS)
async def test_an_unknown_outcome_is_shown_sent_once_and_cleared_by_what_meta_tells(kind: str) -> None:
    async with MetaWorld(kind) as desk:
        await desk.writes("Hello?")
        chat = await desk.here()
        desk.graph.faults.append(CUT)
        await chat.assistant_says("Once.")
        await desk.later(120)
        assert desk.got() == ["Once."]
        assert (await last(desk, Author.ASSISTANT)).delivery is Delivery.UNKNOWN
        taken = desk.graph.said[-1]
        if desk.on_whatsapp:
            told = whatsapp_kit.status("delivered", taken.id, biz_opaque_callback_data=taken.key)
            await desk.webhook(whatsapp_kit.posted(whatsapp_kit.value(statuses=[told])))
        else:
            echo = {"mid": taken.id, "text": "Once.", "is_echo": True}
            await desk.webhook(desk.posted(messenger_kit.to_customer(desk.chat, message=echo)))
        assert (await last(desk, Author.ASSISTANT)).delivery in {Delivery.SENT, Delivery.DELIVERED}
        assert [turn.author for turn in await desk.turns()] == [Author.CUSTOMER, Author.ASSISTANT]


async def test_a_key_that_is_told_back_names_no_part_of_another_message() -> None:
    async with MetaWorld("whatsapp") as desk:
        await desk.writes("Hello?")
        desk.graph.faults.append(CUT)
        await (await desk.here()).assistant_says("Once.")
        key = desk.graph.said[-1].key
        for forged in (
            "",
            "m_1-1",
            "-1",
            "x-" + key.rpartition("-")[2],
            key.rpartition("-")[0] + "-99",
            "a-" + "9" * 40,
        ):
            told = whatsapp_kit.status("read", "wamid.else" + forged, biz_opaque_callback_data=forged)
            await desk.webhook(whatsapp_kit.posted(whatsapp_kit.value(statuses=[told])))
            await desk.later(300)
        assert (await last(desk, Author.ASSISTANT)).delivery is Delivery.UNKNOWN


async def test_a_customer_who_no_longer_shows_a_number_stays_in_one_conversation() -> None:
    async with MetaWorld("no number") as desk:
        both = whatsapp_kit.contact(user=whatsapp_kit.USER_ID)
        first = whatsapp_kit.item("text", 50, user=whatsapp_kit.USER_ID, text={"body": "With a number"})
        await desk.webhook(whatsapp_kit.posted(whatsapp_kit.value(first, contacts=[both])))
        await desk.writes("Without one")
        assert [turn.text for turn in await desk.turns()] == ["With a number", "Without one"]


async def test_a_picture_is_shown_first_and_fetched_after() -> None:
    async with MetaWorld("whatsapp") as desk:
        desk.graph.media["900"] = ("image/png", b"\x89PNG\r\n\x1a\n" + b"0" * 64)
        picture = {"id": "900", "mime_type": "image/png", "caption": "Look"}
        found = whatsapp_kit.item("image", 1, desk.chat, image=picture)
        await desk.webhook(desk.posted(found))
        await desk.later(10)
        (turn,) = await desk.turns()
        assert (turn.text, [file.state for file in turn.files]) == ("Look", [FileState.HERE])


async def test_a_revoked_token_stops_sending_and_loses_nothing() -> None:
    async with MetaWorld("whatsapp") as desk:
        await desk.writes("Hello?")
        chat = await desk.here()
        desk.graph.revoked = True
        await chat.assistant_says("Once.")
        await desk.later(30)
        assert desk.got() == []
        assert "190" in (await desk.view()).problem
        desk.graph.revoked = False
        await desk.later(120)
        assert desk.got() == ["Once."]


async def test_a_forged_webhook_changes_nothing() -> None:
    async with MetaWorld("messenger") as desk:
        raw = body(desk.posted(desk.message("Hello?")))
        forged = Incoming(headers={"x-hub-signature-256": "sha256=" + "0" * 64}, body=raw)
        with pytest.raises(Exception, match="not signed by Meta"):
            await desk.posts(forged)
        assert await desk.conversation_of(desk.chat) is None
