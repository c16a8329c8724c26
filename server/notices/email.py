"""Send notices as e-mail over SMTP, in plain text."""

from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

import aiosmtplib
from typing_extensions import override

from server.broker.ports.notices import Destination, Notice
from server.core.errors import ProviderError
from server.notices.calendar_file import calendar_of
from server.notices.content import body, headline
from server.secret_files import SecretText

SMTP_SECONDS: Final = 25.0
PERMANENT: Final = 500
"""Answers from here on are final (RFC 5321, section 4.2.1)."""


class Email(Destination):
    """One list of people who get notices by e-mail."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        sender: str,
        recipients: tuple[str, ...],
        tls: str,
        user: str = "",
        password: SecretText | None = None,
    ) -> None:
        """Send through the server at `host`:`port`.

        Args:
            host: Name or address of the SMTP server.
            port: Its TCP port.
            sender: An address, `desk@example.com`.
            recipients: The addresses of the people.
            tls: `starttls`, `tls` from the first byte, or `none`.
            user: To sign on with; empty: not at all.
            password: Of that user.

        Raises:
            ValueError: an address is none.
        """
        self._host: Final = host
        self._port: Final = port
        self._sender: Final = _address(sender)
        self._recipients: Final = tuple(_address(one) for one in recipients)
        self._tls: Final = tls
        self._user: Final = user
        self._password: Final = password

    @override
    async def send(self, notice: Notice) -> str:
        """Hand the message to the server; it is accepted when the server says so for every recipient."""
        try:
            refused, _ = await aiosmtplib.send(
                self._message(notice),
                hostname=self._host,
                port=self._port,
                timeout=SMTP_SECONDS,
                use_tls=self._tls == "tls",
                start_tls=self._tls == "starttls",
                username=self._user or None,
                password=self._password.reveal() if self._password else None,
            )
        except aiosmtplib.SMTPResponseException as error:
            final = error.code >= PERMANENT
            raise ProviderError("mail_refused", f"The mail server said {error.code}.", retryable=not final) from error
        except aiosmtplib.SMTPRecipientsRefused as error:
            final = all(one.code >= PERMANENT for one in error.recipients)
            raise ProviderError("mail_refused", "The mail server took no recipient.", retryable=not final) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise ProviderError(
                "mail_unreachable", f"The mail server cannot be used: {type(error).__name__}."
            ) from error
        if refused:
            raise ProviderError("mail_partly_refused", f"Refused for: {', '.join(sorted(refused))}.", retryable=False)
        return ""

    def _message(self, notice: Notice) -> EmailMessage:  # type: ignore[explicit-any]  # its policy, by default
        """Return the message; headers are single lines, whatever a customer is called."""
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = self._recipients
        message["Subject"] = " ".join(headline(notice).split())
        message["Date"] = format_datetime(notice.at)
        message["Message-ID"] = f"<{notice.id}.{int(notice.at.timestamp())}@{self._sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(body(notice))
        if (event := calendar_of(notice)) is not None:
            message.add_attachment(event, maintype="text", subtype="calendar", filename="follow-up.ics")
        return message


def _address(text: str) -> Address:
    """Return an address; of the form name@domain.

    Raises:
        ValueError: it is none.
    """
    try:
        address = Address(addr_spec=text)
    except (ValueError, IndexError, MessageError) as error:
        raise ValueError(f"{text!r} is no e-mail address.") from error
    if not address.username or not address.domain:
        raise ValueError(f"{text!r} is no e-mail address.")
    return address
