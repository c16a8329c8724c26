"""E-mail as a real mail server receives it (aiosmtpd)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from icalendar import Calendar

from server.core.errors import ProviderError
from server.notices.email import Email
from server.wire.terms import Outcome, SessionState
from tests.integration.server.notices.test_webhook import notice

pytestmark = pytest.mark.integration


@dataclass
class Mailbox:
    """Keeps what arrives; answers what it is told for each recipient."""

    answers: dict[str, str] = field(default_factory=dict[str, str])
    taken: list[EmailMessage] = field(default_factory=list[EmailMessage])
    port: int = 0

    async def handle_RCPT(  # noqa: N802 - the server calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        answer = self.answers.get(address, "250 fine")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        del server, session
        assert isinstance(envelope.content, bytes)
        found = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(found, EmailMessage)
        self.taken.append(found)
        return self.answers.get("data", "250 fine")


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    box = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, hostname="mail.example.com", loop=loop), "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    async with server:
        yield box


def email(box: Mailbox, *recipients: str) -> Email:
    to = recipients or ("ops@example.com",)
    return Email(host="127.0.0.1", port=box.port, sender="desk@example.com", recipients=to, tls="none")


async def test_a_waiting_customer_is_told_in_plain_text_with_clean_headers(mailbox: Mailbox) -> None:
    await email(mailbox, "ops@example.com", "boss@example.com").send(notice())
    (message,) = mailbox.taken
    assert message["subject"] == "H-0042 waits: Zoë X-Evil: yes (chat, queue billing, 1 min 15 s)"
    assert message["x-evil"] is None
    assert message["to"] == "ops@example.com, boss@example.com"
    assert (message["from"], message["auto-submitted"]) == ("desk@example.com", "auto-generated")
    text = message.get_content()
    assert "Reason:     wants a refund" in text
    assert "Summary:    Charged twice." in text
    assert message["message-id"].startswith("<notice_7.")


async def test_the_outcome_is_told_with_what_was_written_up(mailbox: Mailbox) -> None:
    ended = notice(
        "Ann", state=SessionState.CLOSED, outcome=Outcome.RESOLVED, note="paid back", follow_up="call on Monday"
    )
    await email(mailbox).send(ended)
    (message,) = mailbox.taken
    assert message["subject"] == "H-0042 resolved: Ann (chat, queue billing)"
    assert "Note:       paid back" in message.get_content()
    assert "Next step:  call on Monday" in message.get_content()


@pytest.mark.parametrize(
    ("where", "answer", "retryable"),
    [
        ("ops@example.com", "550 no such user", False),
        ("ops@example.com", "450 later", True),
        ("data", "554 no", False),
        ("data", "451 later", True),
    ],
)
async def test_refusals_are_final_or_not_as_the_server_says(
    mailbox: Mailbox, where: str, answer: str, retryable: bool
) -> None:
    mailbox.answers[where] = answer
    with pytest.raises(ProviderError) as refusal:
        await email(mailbox).send(notice())
    assert (refusal.value.code, refusal.value.retryable) == ("mail_refused", retryable)


async def test_one_recipient_of_two_refused_is_said_and_not_repeated(mailbox: Mailbox) -> None:
    mailbox.answers["boss@example.com"] = "550 no such user"
    with pytest.raises(ProviderError) as refusal:
        await email(mailbox, "ops@example.com", "boss@example.com").send(notice())
    assert (refusal.value.code, refusal.value.retryable) == ("mail_partly_refused", False)
    assert len(mailbox.taken) == 1, "the other one has it"


async def test_no_server_is_worth_another_try() -> None:
    nobody = Email(host="127.0.0.1", port=9, sender="desk@example.com", recipients=("a@b.example",), tls="none")
    with pytest.raises(ProviderError) as refusal:
        await nobody.send(notice())
    assert (refusal.value.code, refusal.value.retryable) == ("mail_unreachable", True)


@pytest.mark.parametrize("address", ["", "desk", "@example.com", "desk@", "a b@example.com", "x@y\r\nBcc: z@w"])
def test_what_is_no_address_is_refused_when_it_is_configured(address: str) -> None:
    with pytest.raises(ValueError, match="no e-mail address"):
        Email(host="127.0.0.1", port=25, sender=address, recipients=("a@b.example",), tls="none")


async def test_a_follow_up_comes_as_a_calendar_file_that_a_calendar_reads(mailbox: Mailbox) -> None:
    due = datetime(2026, 3, 9, 9, 30, tzinfo=UTC)
    to_do = "call back; bring ümläute, \\ and\r\nEND:VEVENT " + "long " * 40
    ended = notice("Zoë", state=SessionState.CLOSED, outcome=Outcome.RESOLVED, follow_up=to_do, follow_up_at=due)
    await email(mailbox).send(ended)
    (message,) = mailbox.taken
    (attached,) = message.iter_attachments()
    assert (attached.get_content_type(), attached.get_filename()) == ("text/calendar", "follow-up.ics")
    raw = attached.get_payload(decode=True)
    assert isinstance(raw, bytes)
    assert max(len(line) for line in raw.split(b"\r\n")) <= 75
    (event,) = Calendar.from_ical(raw).walk("VEVENT")
    assert event.decoded("DTSTART") == due
    assert str(event["SUMMARY"]) == "H-0042: " + to_do.replace("\r\n", "\n")
    assert "wants a refund" in str(event["DESCRIPTION"])
    await email(mailbox).send(notice("Ann", state=SessionState.CLOSED, outcome=Outcome.RESOLVED))
    assert list(mailbox.taken[1].iter_attachments()) == [], "nothing to do, no file"
