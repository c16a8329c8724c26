"""Write an answer as a mail and hand it to the mail server, so that it is known whether it was taken.

Only a connection that breaks while the mail itself is handed over leaves the outcome unknown; before that, nothing went
out. Codes as in RFC 5321, section 4.2.1: 4xx is for now, 5xx is final.
"""

import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from typing import Final

import aiosmtplib

from server.broker.ports.channels import Part, SendError, SendProblem
from server.channel_settings.email import EmailSettings
from server.channels.email_events import Mailbox
from server.secret_files import SecretText
from server.wire.sanitize import clean_line

ANSWER_SECONDS: Final = 25.0
FINAL: Final = 500
_NO_MAILBOX: Final = frozenset({550, 551, 553})
_SIGN_ON: Final = frozenset({530, 534, 535, 538})
_NO_SUBJECT: Final = "Your message"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """The server that takes answers, and who signs on there."""

    settings: EmailSettings
    password: SecretText
    tls: ssl.SSLContext | None = None

    def connection(self) -> aiosmtplib.SMTP:
        """Return a connection that is not open yet."""
        chosen = self.settings
        signs_on = chosen.smtp_sign_on
        return aiosmtplib.SMTP(
            hostname=chosen.smtp_host,
            port=chosen.smtp_port,
            timeout=ANSWER_SECONDS,
            use_tls=chosen.smtp_tls == "tls",
            start_tls=chosen.smtp_tls == "starttls",
            tls_context=self.tls,
            local_hostname=chosen.address.rpartition("@")[2],
            username=(chosen.user or chosen.address) if signs_on else None,
            password=self.password.reveal() if signs_on else None,
        )


def mail_for(part: Part, mailbox: Mailbox, sender_name: str) -> EmailMessage:  # type: ignore[explicit-any]  # its policy
    """Return a part as a mail that continues the customer's thread.

    Raises:
        SendError: INVALID: the chat names no address that a mail can go to.
    """
    address, _, subject = part.chat.partition(" ")
    message = EmailMessage(policy=SMTP_POLICY)
    try:
        message["To"] = Address(addr_spec=address)
        message["From"] = Address(clean_line(sender_name, 80), addr_spec=mailbox.address)
    except (ValueError, IndexError, MessageError) as error:
        raise SendError(SendProblem.INVALID, "The chat names no e-mail address.") from error
    line = clean_line(subject, 200)
    message["Subject"] = f"Re: {line}" if line else _NO_SUBJECT
    message["Message-ID"] = mailbox.message_id(part.key)
    if part.reply_to.startswith("<"):
        reply_to = clean_line(part.reply_to, 250)
        message["In-Reply-To"] = reply_to
        message["References"] = reply_to
    message["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    if not part.by_person:
        message["Auto-Submitted"] = "auto-replied"
    message.set_content(part.text)
    if part.file is not None:
        main, _, sub = part.file.media_type.partition("/")
        message.add_attachment(
            part.file.content, maintype=main or "application", subtype=sub or "octet-stream", filename=part.file.name
        )
    return message


async def hand_over(mail: EmailMessage, outgoing: Outgoing) -> None:  # type: ignore[explicit-any]  # its policy
    """Give a mail to the server.

    Raises:
        SendError: AUTH: the server does not let us; GONE: no such mailbox; BLOCKED, INVALID: it refuses this mail;
            RETRY: not now; UNKNOWN_OUTCOME: the connection broke while it was handed over.
    """
    connection = outgoing.connection()
    handing_over = False
    try:
        await connection.connect()
        await connection.mail(outgoing.settings.address)
        await connection.rcpt(str(mail["To"]))
        handing_over = True
        await connection.data(mail.as_bytes())
    except aiosmtplib.SMTPResponseException as error:
        raise _refusal(error) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        problem = SendProblem.UNKNOWN_OUTCOME if handing_over else SendProblem.RETRY
        raise SendError(problem, f"The mail server cannot be used ({type(error).__name__}).") from error
    else:
        with suppress(aiosmtplib.SMTPException, OSError):  # it was taken: how they part is nothing
            await connection.quit()
    finally:
        connection.close()


async def what_is_wrong(outgoing: Outgoing) -> str:
    """Sign on and off again; return what was wrong, empty when nothing was."""
    connection = outgoing.connection()
    try:
        await connection.connect()
        await connection.quit()
    except aiosmtplib.SMTPResponseException as error:
        return f"The mail server for answers said {error.code}."
    except (aiosmtplib.SMTPException, OSError) as error:
        return f"The mail server for answers cannot be reached ({type(error).__name__})."
    finally:
        connection.close()
    return ""


def _refusal(error: aiosmtplib.SMTPResponseException) -> SendError:
    """Return what an answer of the server means, by its code and by what it was the answer to."""
    said = f"The mail server said {error.code}: {clean_line(error.message, 160)}"
    if error.code in _SIGN_ON or isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return SendError(SendProblem.AUTH, said)
    if error.code < FINAL:
        return SendError(SendProblem.RETRY, said)
    if isinstance(error, aiosmtplib.SMTPSenderRefused):
        return SendError(SendProblem.AUTH, said)
    if isinstance(error, aiosmtplib.SMTPRecipientRefused):
        return SendError(SendProblem.GONE if error.code in _NO_MAILBOX else SendProblem.BLOCKED, said)
    return SendError(SendProblem.INVALID, said)
