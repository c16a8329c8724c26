"""E-mail, for one mailbox. Bounces are as Postfix writes them, receipts as Thunderbird does."""

from datetime import datetime
from email.message import EmailMessage

from server.broker.ports.channels import Incoming, Part
from server.channel_settings.email import EmailSettings
from server.channels.email import PROOF, make, proof
from server.channels.email_events import Mailbox
from server.secret_files import SecretText
from tests.contract.channel_kits.kit import Kit

ADDRESS, PASSWORD, CUSTOMER = "desk@example.com", "mailbox-password", "ana@customer.example"
SETTINGS = EmailSettings(
    address=ADDRESS, password_file=PASSWORD, imap_host="127.0.0.1", smtp_host="127.0.0.1", smtp_port=9, imap_port=9
)
OURS = Mailbox(ADDRESS).message_id("k-1")


def sign(raw: bytes, _at: datetime) -> Incoming:
    return Incoming(headers={PROOF: proof(raw, SecretText(PASSWORD))}, body=raw)


def mail(text: str = "Where is my order?", number: int = 1, sender: str = CUSTOMER, **headers: str) -> EmailMessage:
    """Return a customer's mail; `Auto_Submitted` is the header Auto-Submitted."""
    message = EmailMessage()
    message["From"] = f"Ana Fields <{sender}>"
    message["To"] = ADDRESS
    message["Date"] = "Thu, 01 Jan 2026 00:00:00 +0000"
    message["Message-ID"] = f"<m{number}@customer.example>"
    for name, value in ({"Subject": "Order 42"} | headers).items():
        del message[name.replace("_", "-")]
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def message(chat: str, number: int, text: str) -> bytes:
    return mail(text, number, f"c{chat}@customer.example").as_bytes()


def with_file() -> bytes:
    found = mail("See the picture", 2)
    found.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="Rechnung für Ana.png")
    return found.as_bytes()


def only_html() -> bytes:
    found = mail("", 3)
    found.set_content("<p>Hello <b>there</b></p><script>alert(1)</script>", subtype="html")
    return found.as_bytes()


BOUNCE = f"""\
Return-Path: <>
From: MAILER-DAEMON@mail.example.com (Mail Delivery System)
To: {ADDRESS}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Message-ID: <20260101.A1@mail.example.com>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.com
Arrival-Date: Thu,  1 Jan 2026 00:00:00 +0000 (UTC)

Final-Recipient: rfc822; {CUSTOMER}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <{CUSTOMER}>: Recipient address rejected: User unknown

--b
Content-Type: message/rfc822

From: {ADDRESS}
To: {CUSTOMER}
Subject: Re: Order 42
Message-ID: {OURS}

Good morning
--b--
"""
SEEN = f"""\
From: Ana Fields <{CUSTOMER}>
To: {ADDRESS}
Subject: Read: Order 42
Message-ID: <r1@customer.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=disposition-notification; boundary="b"

--b
Content-Type: text/plain

This is a receipt.
--b
Content-Type: message/disposition-notification

Final-Recipient: rfc822;{CUSTOMER}
Original-Message-ID: {OURS}
Disposition: manual-action/MDN-sent-manually; displayed

--b--
"""
FIXTURES = (
    mail().as_bytes(),
    with_file(),
    only_html(),
    mail("Out of the office", 4, Auto_Submitted="auto-replied").as_bytes(),
    mail("News", 5, Precedence="bulk").as_bytes(),
    mail("To the list", 6, List_Id="<talk.example.org>").as_bytes(),
    mail("An answer of ours", 7, ADDRESS).as_bytes(),
    BOUNCE.encode(),
    BOUNCE.replace("Action: failed", "Action: delayed").encode(),
    SEEN.encode(),
    b"",
)

KIT = Kit(
    name="email",
    make=lambda setup: make(SETTINGS, setup),
    sign=sign,
    message=message,
    fixtures=FIXTURES,
    covers_time=False,
    part=Part(chat=f"{CUSTOMER} Order 42", key="k-1", text="Good morning"),
)
