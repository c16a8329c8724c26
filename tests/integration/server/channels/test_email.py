"""E-mail with a real mailbox (Dovecot) and a real mail server (aiosmtpd)."""

import asyncio
import dataclasses
import ssl
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import pytest

from server.broker.ports.channels import ChannelEvent, EventKind, Incoming, OutgoingFile, Part, SendError, SendProblem
from server.channel_settings.email import EmailSettings
from server.channels.email import EmailChannel, make
from server.channels.email_events import Mailbox as Names
from server.clock import ManualClock, SystemClock
from server.config_rules import ConfigError
from server.secret_files import SecretText
from server.wire.terms import Delivery
from tests import needs
from tests.contract.channel_kits.email import BOUNCE, CUSTOMER, mail, with_file
from tests.contract.channel_kits.kit import Wire, setup
from tests.fakes.mail_servers import ANSWERS_WITHIN_SECONDS, PASSWORD, USER, Mailbox, Taker, a_mailbox, taker

pytestmark = pytest.mark.integration

PART = Part(chat=f"{CUSTOMER} Order 42", key="k-1", text="It is on its way.\n\nGrüße", reply_to="<m1@customer.example>")
SETTINGS = EmailSettings(
    address=USER,
    sender_name="The Desk",
    password_file="password",
    imap_host="127.0.0.1",
    imap_port=9,
    imap_tls="none",
    smtp_host="127.0.0.1",
    smtp_port=9,
    smtp_tls="none",
    poll_seconds=1.0,
)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    needs.require(needs.DOVECOT)
    with a_mailbox() as box:
        yield box


@pytest.fixture
async def server() -> AsyncIterator[Taker]:
    async with taker() as box:
        yield box


def channel(password: str = PASSWORD, **changed: Any) -> EmailChannel:
    found = dataclasses.replace(setup(ManualClock(), Wire(), {"password": password}), clock=SystemClock())
    return make(msgspec.structs.replace(SETTINGS, **changed), found)


async def refusal(one: EmailChannel, part: Part = PART) -> SendError:
    with pytest.raises(SendError) as refused:
        await one.send(part)
    return refused.value


# Answers


async def test_an_answer_continues_the_customer_s_thread(server: Taker) -> None:
    one = channel(smtp_port=server.port)
    sent = await one.send(msgspec.structs.replace(PART, by_person=True))
    (taken,) = server.taken
    assert taken["Message-ID"] == sent == Names(USER).message_id("k-1")
    assert (taken["In-Reply-To"], taken["References"]) == ("<m1@customer.example>", "<m1@customer.example>")
    assert (taken["Subject"], taken["To"], taken["From"]) == ("Re: Order 42", CUSTOMER, f"The Desk <{USER}>")
    assert taken.get_content().replace("\r\n", "\n").strip() == PART.text
    assert taken["Auto-Submitted"] is None


async def test_the_ai_s_answer_says_that_a_machine_wrote_it(server: Taker) -> None:
    await channel(smtp_port=server.port).send(PART)
    assert server.taken[0]["Auto-Submitted"] == "auto-replied"


async def test_a_second_attempt_has_the_same_message_id(server: Taker) -> None:
    one = channel(smtp_port=server.port)
    assert await one.send(PART) == await one.send(PART)
    assert len({taken["Message-ID"] for taken in server.taken}) == 1


async def test_a_file_goes_with_its_words(server: Taker) -> None:
    file = OutgoingFile(name="Rechnung für Ana.pdf", media_type="application/pdf", content=b"%PDF\x00\xff")
    await channel(smtp_port=server.port).send(msgspec.structs.replace(PART, file=file))
    (attached,) = server.taken[0].iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == (file.name, "application/pdf")
    assert attached.get_content() == file.content


@pytest.mark.parametrize("subject", ["Order\r\nBcc: all@x.example", "Order\nX: y", "\x00\x1b[31mred", "x" * 3000])
async def test_no_subject_can_add_a_header(server: Taker, subject: str) -> None:
    await channel(smtp_port=server.port).send(msgspec.structs.replace(PART, chat=f"{CUSTOMER} {subject}"))
    (taken,) = server.taken
    assert taken["Bcc"] is None
    assert taken["X"] is None
    assert "\x1b" not in taken["Subject"]
    assert len(taken.get_all("To", [])) == 1


@pytest.mark.parametrize("chat", ["", "nobody", "a@b@c x", "<x>@y.example", "ana@customer.example\r\nRCPT TO:<e@x> s"])
async def test_a_chat_without_an_address_is_refused(server: Taker, chat: str) -> None:
    error = await refusal(channel(smtp_port=server.port), msgspec.structs.replace(PART, chat=chat))
    assert error.problem is SendProblem.INVALID
    assert server.taken == []


@pytest.mark.parametrize(
    ("place", "answer", "problem"),
    [
        (CUSTOMER, "550 5.1.1 no such user", SendProblem.GONE),
        (CUSTOMER, "450 4.2.0 greylisted", SendProblem.RETRY),
        (CUSTOMER, "554 5.7.1 we take nothing from you", SendProblem.BLOCKED),
        ("mail", "553 5.7.1 not your address", SendProblem.AUTH),
        ("mail", "451 later", SendProblem.RETRY),
        ("data", "552 5.3.4 too large", SendProblem.INVALID),
        ("data", "451 4.3.0 later", SendProblem.RETRY),
    ],
)
async def test_each_refusal_means_what_it_says(server: Taker, place: str, answer: str, problem: SendProblem) -> None:
    server.answers[place] = answer
    error = await refusal(channel(smtp_port=server.port))
    assert error.problem is problem
    assert answer.split(maxsplit=1)[0] in error.message
    assert server.taken == []


async def test_a_wrong_password_stops_everything_and_a_silent_server_nothing(server: Taker) -> None:
    assert (await refusal(channel("wrong", smtp_port=server.port))).problem is SendProblem.AUTH
    assert (await refusal(channel())).problem is SendProblem.RETRY


async def test_a_line_that_breaks_after_the_mail_leaves_the_outcome_unknown(server: Taker) -> None:
    server.hangs_up = True
    assert (await refusal(channel(smtp_port=server.port))).problem is SendProblem.UNKNOWN_OUTCOME
    assert len(server.taken) == 1


async def test_a_line_that_breaks_after_the_answer_is_nothing(server: Taker) -> None:
    server.hangs_up_after = True
    assert await channel(smtp_port=server.port).send(PART) == Names(USER).message_id("k-1")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("address", "nobody"),
        ("imap_host", ""),
        ("smtp_host", ""),
        ("imap_host", "mail.example.com"),
        ("password_file", ""),
    ],
)
def test_a_setting_that_is_missing_or_unsafe_is_named(setting: str, value: str) -> None:
    named = "imap_tls" if value == "mail.example.com" else setting
    with pytest.raises(ConfigError, match=rf"\[channels.tried\] {named}"):
        channel(**{setting: value})


# The mailbox


class Reader:
    """Takes what a channel hears, as the broker does: the next is asked for once the last is kept."""

    def __init__(self, one: EmailChannel, cursor: str = "") -> None:
        self.channel, self.cursor = one, cursor
        self._frames = one.listen(cursor)

    async def frame(self) -> Incoming:
        incoming, self.cursor = await asyncio.wait_for(anext(self._frames), ANSWERS_WITHIN_SECONDS)
        return incoming

    async def event(self) -> ChannelEvent:
        (event,) = self.channel.parse(await self.frame())
        return event

    async def close(self) -> None:
        await self._frames.aclose()  # type: ignore[attr-defined]
        await self.channel.close()


async def test_mail_is_read_from_now_on_in_order_and_nothing_in_the_mailbox_changes(mailbox: Mailbox) -> None:
    await asyncio.to_thread(mailbox.put, mail("Before the desk", 1).as_bytes())
    reader = Reader(channel(imap_port=mailbox.port))
    assert (await reader.event()).note == "The mailbox is read from here on."
    for number in (2, 3):
        await asyncio.to_thread(mailbox.put, mail(f"Number {number}", number).as_bytes())
    assert [(await reader.event()).text for _ in range(2)] == ["Number 2", "Number 3"]
    flags = await asyncio.to_thread(mailbox.flags)
    assert len(flags) == 3
    assert all(b"Seen" not in one for one in flags)
    await reader.close()


async def test_what_came_while_nobody_read_is_read_from_the_cursor(mailbox: Mailbox) -> None:
    first = Reader(channel(imap_port=mailbox.port))
    await first.event()
    await first.close()
    for number in (1, 2, 3):
        await asyncio.to_thread(mailbox.put, mail(f"Number {number}", number).as_bytes())
    second = Reader(channel(imap_port=mailbox.port), first.cursor)
    assert (await second.event()).text == "Number 1"
    await second.close()
    third = Reader(channel(imap_port=mailbox.port), second.cursor)
    assert [(await third.event()).text for _ in range(2)] == ["Number 2", "Number 3"]
    await third.close()


async def test_a_server_that_goes_away_is_asked_again(mailbox: Mailbox) -> None:
    reader = Reader(channel(imap_port=mailbox.port))
    await reader.event()
    await asyncio.to_thread(mailbox.stop)
    waiting = asyncio.ensure_future(reader.event())
    await asyncio.to_thread(mailbox.start)
    await asyncio.to_thread(mailbox.put, mail("After the break", 1).as_bytes())
    assert (await waiting).text == "After the break"
    await reader.close()


async def test_a_mailbox_that_was_made_anew_is_read_whole_and_its_mails_keep_their_keys(mailbox: Mailbox) -> None:
    reader = Reader(channel(imap_port=mailbox.port))
    await reader.event()
    await asyncio.to_thread(mailbox.put, mail("Once", 1).as_bytes())
    before = await reader.event()
    await reader.close()
    last = reader.cursor.rpartition(":")[2]
    again = Reader(channel(imap_port=mailbox.port), f"1:{last}")
    assert (await again.event()).key == before.key
    await again.close()


async def test_a_file_is_read_from_the_mailbox_until_the_mail_is_gone(mailbox: Mailbox) -> None:
    one = channel(imap_port=mailbox.port)
    reader = Reader(one)
    await reader.event()
    await asyncio.to_thread(mailbox.put, with_file())
    (file,) = (await reader.event()).files
    assert b"".join([piece async for piece in one.fetch(file)]) == b"\x89PNG"
    await asyncio.to_thread(mailbox.remove_all)
    with pytest.raises(SendError) as refused:
        async for _ in one.fetch(file):
            pass
    assert refused.value.problem is SendProblem.GONE
    await reader.close()


async def test_a_bounce_in_the_mailbox_fails_the_answer(mailbox: Mailbox) -> None:
    reader = Reader(channel(imap_port=mailbox.port))
    await reader.event()
    await asyncio.to_thread(mailbox.put, BOUNCE.replace("\n", "\r\n").encode())
    event = await reader.event()
    assert (event.kind, event.delivery) == (EventKind.DELIVERY, Delivery.FAILED)
    await reader.close()


async def test_a_wrong_password_ends_listening_and_a_wrong_folder_does_not(mailbox: Mailbox) -> None:
    wrong = channel("wrong", imap_port=mailbox.port)
    with pytest.raises(SendError) as refused:
        await anext(wrong.listen(""))  # type: ignore[call-overload]
    assert refused.value.problem is SendProblem.AUTH
    assert "password" in await wrong.health()
    elsewhere = channel(imap_port=mailbox.port, imap_folder="Nowhere")
    assert "cannot be read" in await elsewhere.health()
    await elsewhere.close()


async def test_health_is_good_when_both_servers_answer(mailbox: Mailbox, server: Taker) -> None:
    one = channel(imap_port=mailbox.port, smtp_port=server.port)
    assert await one.health() == ""
    await one.close()
    assert "for answers cannot be reached" in await channel(imap_port=mailbox.port).health()


async def test_a_mailbox_over_tls_is_read_when_its_certificate_is_good_and_else_not() -> None:
    needs.require(needs.DOVECOT, needs.OPENSSL)
    with a_mailbox(tls=True) as box:
        secure = msgspec.structs.replace(SETTINGS, imap_port=box.tls_port, imap_tls="tls")
        known = ssl.create_default_context(cafile=str(box.certificate))
        one = EmailChannel(secure, SecretText(PASSWORD), SystemClock(), known)
        reader = Reader(one)
        assert (await reader.event()).note == "The mailbox is read from here on."
        await reader.close()
        stranger = EmailChannel(secure, SecretText(PASSWORD), SystemClock())
        assert "SSLCertVerificationError" in await stranger.health()
        upgraded = msgspec.structs.replace(SETTINGS, imap_port=box.port, imap_tls="starttls")
        other = Reader(EmailChannel(upgraded, SecretText(PASSWORD), SystemClock(), known))
        await other.event()
        await other.close()


async def test_only_what_was_read_from_the_mailbox_is_believed(mailbox: Mailbox) -> None:
    one = channel(imap_port=mailbox.port)
    reader = Reader(one)
    frame = await reader.frame()
    one.verify(frame, SystemClock().now())
    await reader.close()
