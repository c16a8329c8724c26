"""A customer writes mails to a real mailbox (Dovecot), and is answered through a real mail server (aiosmtpd)."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Iterator
from email.message import EmailMessage
from typing import Any

import msgspec
import pytest

from server.channels.email import make
from server.clock import ManualClock, SystemClock
from server.core.errors import ConflictError
from server.wire import commands as c
from server.wire.terms import Author, Delivery, Medium, Owner
from server.wire.views import MessageView
from tests import needs
from tests.channel_world import ChannelWorld
from tests.contract.channel_kits.email import BOUNCE, CUSTOMER, OURS, mail
from tests.contract.channel_kits.kit import Wire, setup
from tests.fakes.mail_servers import ANSWERS_WITHIN_SECONDS, PASSWORD, USER, Mailbox, Taker, a_mailbox, taker
from tests.integration.server.channels.test_email import SETTINGS
from tests.world import Customer

pytestmark = [pytest.mark.integration, needs.dovecot]

CHAT = f"{CUSTOMER} Order 42"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with a_mailbox() as box:
        yield box


@pytest.fixture
async def server() -> AsyncIterator[Taker]:
    async with taker() as box:
        yield box


class MailWorld(ChannelWorld):
    """A desk whose customers write mails."""

    def __init__(self, mailbox: Mailbox, server: Taker) -> None:
        tools = dataclasses.replace(setup(ManualClock(), Wire(), {"password": PASSWORD}), clock=SystemClock())
        settings = msgspec.structs.replace(SETTINGS, imap_port=mailbox.port, smtp_port=server.port)
        super().__init__(channel=make(settings, tools))
        self.mailbox, self.server = mailbox, server

    async def eventually(self, done: Callable[[], Any]) -> None:
        """Let the real servers work until this is so."""
        until = asyncio.get_running_loop().time() + ANSWERS_WITHIN_SECONDS
        while not (found := done()) or (asyncio.iscoroutine(found) and not await found):
            assert asyncio.get_running_loop().time() < until, "it did not come about"
            await self.later(1)
            await asyncio.sleep(0.05)

    async def reads_from_now_on(self) -> None:
        async def begun() -> bool:
            return bool((await self.account_row()).cursor)

        await self.eventually(begun)

    async def account_row(self) -> Any:
        return await self.database.read(lambda unit: unit.channels.account(self.account.organisation_id, "mem"))

    async def arrives(self, message: EmailMessage | bytes, turns: int) -> None:
        """Put a mail into the mailbox, and wait until the conversation has so many turns."""
        raw = message if isinstance(message, bytes) else message.as_bytes()
        await asyncio.to_thread(self.mailbox.put, raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))

        async def there() -> bool:
            return len(await self.turns()) >= turns

        await self.eventually(there)

    async def turns(self) -> list[MessageView]:
        found = await self.conversation_of(CHAT)
        return await Customer(self, found.id, Medium.CHAT).messages() if found is not None else []

    async def here(self) -> Customer:
        found = await self.conversation_of(CHAT)
        assert found is not None
        return Customer(self, found.id, Medium.CHAT)


def words(message: EmailMessage) -> str:
    return str(message.get_content()).strip()


async def test_customer_assistant_person_assistant_in_one_thread(mailbox: Mailbox, server: Taker) -> None:
    async with MailWorld(mailbox, server) as desk:
        ann = await desk.operator("ann")
        await desk.reads_from_now_on()
        await desk.arrives(mail("Where is my order?", 1), 1)
        chat = await desk.here()
        await chat.assistant_says("Let me look.")
        await desk.eventually(lambda: len(server.taken) == 1)
        answer = server.taken[0]
        assert (words(answer), answer["In-Reply-To"], answer["Auto-Submitted"]) == (
            "Let me look.",
            "<m1@customer.example>",
            "auto-replied",
        )
        reply = mail(f"A person, please.\n\nOn Thu, Desk <{USER}> wrote:\n> Let me look.\n", 2, Subject="Re: Order 42")
        await desk.arrives(reply, 3)
        assert (await desk.turns())[-1].text == "A person, please."
        epoch = (await chat.conversation()).owner_epoch
        await chat.asks_for_a_person("asked for one")
        await ann.accept(chat)
        await ann.does(c.Say, chat, text="I am Ann.")
        await desk.eventually(lambda: "I am Ann." in [words(one) for one in server.taken])
        by_ann = server.taken[-1]
        assert (by_ann["Auto-Submitted"], by_ann["In-Reply-To"], by_ann["Subject"]) == (
            None,
            "<m2@customer.example>",
            "Re: Order 42",
        )
        with pytest.raises(ConflictError, match="operator is talking"):
            await chat.assistant_says("I talk over people.", epoch=epoch)
        await ann.does(c.Resolve, chat, note="found", disposition="delivery")
        await ann.does(c.FinishWrapUp, chat, disposition="delivery")
        assert (await chat.conversation()).owner is Owner.ASSISTANT
        await chat.assistant_says("Anything else?")
        await desk.eventually(lambda: words(server.taken[-1]) == "Anything else?")
        assert {one["To"] for one in server.taken} == {CUSTOMER}
        assert len({one["Message-ID"] for one in server.taken}) == len(server.taken)


async def test_a_bounce_fails_the_answer_and_a_vacation_note_changes_nothing(mailbox: Mailbox, server: Taker) -> None:
    async with MailWorld(mailbox, server) as desk:
        await desk.reads_from_now_on()
        await desk.arrives(mail("Where is my order?", 1), 1)
        chat = await desk.here()
        await chat.assistant_says("Let me look.")
        await desk.eventually(lambda: len(server.taken) == 1)
        away = mail("I am away", 3, Auto_Submitted="auto-replied")
        await asyncio.to_thread(mailbox.put, away.as_bytes())
        bounce = BOUNCE.replace(OURS, str(server.taken[0]["Message-ID"]))
        await asyncio.to_thread(mailbox.put, bounce.replace("\n", "\r\n").encode())

        async def failed() -> bool:
            return (await desk.turns())[-1].delivery is Delivery.FAILED

        await desk.eventually(failed)
        turns = await desk.turns()
        assert [turn.author for turn in turns] == [Author.CUSTOMER, Author.ASSISTANT]
        assert "550 5.1.1" in turns[-1].failure
