"""Understand mail: customers' messages, bounces, receipts; what machines send by themselves is passed over.

A conversation is one customer's address and one subject: an answer keeps both. Sources: RFC 3834 (automatic answers),
RFC 3464 (bounces), RFC 8098 (receipts), RFC 5256 (a subject without its Re:).

Before: a mail. After: one event.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

from server.broker.ports.channels import ChannelEvent, EventKind, Incoming, RemoteFile
from server.channels.email_text import (
    MISREAD,
    Mail,
    addresses,
    content_of,
    file_name,
    files_in,
    header,
    mail_of,
    parts_of,
    plain_header,
    words_of,
)
from server.channels.reading import digest, unknown
from server.wire.sanitize import clean_line
from server.wire.terms import Delivery

PLACE: Final = "x-mailbox-place"
"""The header of an `Incoming` that says where the mail lies: `UIDVALIDITY/UID`."""
LONGEST_SUBJECT: Final = 120
_REPLY: Final = re.compile(
    r"^\s*(re|aw|antw|sv|vs|res|rif|odp|fwd?|wg|tr|enc|rv|i)\s*(\[\d+\])?\s*[:\uff1a]\s*", re.IGNORECASE
)
_PROGRAMS: Final = re.compile(
    r"^(mailer-daemon|postmaster|no-?reply|do-?not-?reply|noreply|bounces?)([+._-].*)?@", re.IGNORECASE
)
_BULK: Final = frozenset({"bulk", "junk", "list", "auto_reply"})
_ID: Final = re.compile(r"<[^<>\s]{1,240}>")
_DELIVERIES: Final = {"failed": Delivery.FAILED, "delivered": Delivery.DELIVERED}


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Whose mail it is: `address` in small letters."""

    address: str

    def message_id(self, key: str) -> str:
        """Return the Message-ID of a part: the same at each attempt."""
        domain = self.address.rpartition("@")[2]
        return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}.desk@{domain}>"

    def wrote(self, message_id: str) -> bool:
        """Tell whether a Message-ID is one of ours."""
        domain = re.escape(self.address.rpartition("@")[2])
        return re.fullmatch(rf"<[0-9a-f]{{32}}\.desk@{domain}>", message_id) is not None


def event_of(incoming: Incoming, mailbox: Mailbox) -> ChannelEvent:
    """Return what a mail tells."""
    try:
        return _read(mail_of(incoming.body), incoming, mailbox)
    except MISREAD as error:
        return unknown(incoming.body, f"A mail that cannot be read ({type(error).__name__}).")


def base_subject(subject: str) -> str:
    """Return a subject without Re:, Fwd: and their like."""
    cut = subject[:1000]
    while (found := _REPLY.match(cut)) is not None:
        cut = cut[found.end() :]
    return clean_line(cut.strip(), LONGEST_SUBJECT)


def chat_of(address: str, subject: str) -> str:
    """Return the name of a conversation: the address, and after a space the subject."""
    return f"{address} {base_subject(subject)}".strip()


def _read(mail: Mail, incoming: Incoming, mailbox: Mailbox) -> ChannelEvent:
    """Read a mail by its kind."""
    kind = _param(mail, "report-type") if mail.get_content_type() == "multipart/report" else ""
    if kind == "delivery-status":
        return _bounce(mail, mailbox)
    if kind == "disposition-notification":
        return _receipt(mail, mailbox)
    message_id = _id_in(plain_header(mail, "message-id"))
    if mailbox.wrote(message_id):
        return unknown(message_id, "A mail of ours that came back.")
    if addresses(mail, "from")[:1] and addresses(mail, "from")[0][1] == mailbox.address:
        return _own(mail, message_id)
    why = _automatic(mail)
    if why:
        return unknown([message_id, digest(incoming.body)], why)
    return _message(mail, incoming, message_id)


def _message(mail: Mail, incoming: Incoming, message_id: str) -> ChannelEvent:
    """Read what a customer wrote."""
    senders = addresses(mail, "reply-to")[:1] or addresses(mail, "from")[:1]
    if not senders or _PROGRAMS.match(senders[0][1]):
        return unknown(incoming.body, "A mail that nobody wants to be answered.")
    name, address = senders[0]
    subject, files = header(mail, "subject"), _files(mail, incoming)
    said = words_of(mail)
    return ChannelEvent(
        kind=EventKind.MESSAGE,
        key=f"{message_id or digest(incoming.body)} {address}",
        chat=chat_of(address, subject),
        message_id=message_id or f"digest:{digest(incoming.body)}",
        sender_ids=(f"email:{address}",),
        sender_name=name or (addresses(mail, "from") or [("", "")])[0][0],
        at=_at(mail, incoming),
        text=said if said or files else subject or "[an empty mail]",
        files=files,
        reply_to=_id_in(plain_header(mail, "in-reply-to")),
        language=plain_header(mail, "content-language").partition(",")[0][:20],
    )


def _own(mail: Mail, message_id: str) -> ChannelEvent:
    """Read what a person wrote from the mailbox's own address, in another mail program."""
    to = [address for _, address in addresses(mail, "to")]
    if not to or not message_id:
        return unknown(message_id, "A mail from our own address to nobody.")
    return ChannelEvent(
        kind=EventKind.ECHO,
        key=f"echo:{message_id}",
        chat=chat_of(to[0], header(mail, "subject")),
        message_id=message_id,
        sender_ids=(f"email:{to[0]}",),
        text=words_of(mail),
        by_person=True,
    )


def _automatic(mail: Mail) -> str:
    """Return why a mail is a machine's own; empty for a person's."""
    submitted = plain_header(mail, "auto-submitted").lower().partition(";")[0].strip()
    if submitted not in {"", "no"}:
        return f"An automatic mail (Auto-Submitted: {submitted})."
    precedence = plain_header(mail, "precedence").lower()
    if precedence in _BULK:
        return f"An automatic mail (Precedence: {precedence})."
    for name in ("list-id", "x-autoreply", "x-autorespond"):
        if mail.get(name) is not None:
            return f"An automatic mail ({name})."
    return "A notice of a mail server." if plain_header(mail, "return-path") == "<>" else ""


def _bounce(mail: Mail, mailbox: Mailbox) -> ChannelEvent:
    """Read that a mail server could not deliver, or did."""
    original = _original(mail, mailbox)
    for group in _groups(mail, "message/delivery-status"):
        delivery = _DELIVERIES.get(plain_header(group, "action").lower())
        if delivery is not None and original:
            why = " ".join(one for one in (plain_header(group, "status"), header(group, "diagnostic-code")) if one)
            failure = (
                f"The mail server says: {why or 'it could not be delivered'}" if delivery is Delivery.FAILED else ""
            )
            return _report(f"bounce:{original}:{delivery}", original, delivery, clean_line(failure))
    return unknown(_id_in(plain_header(mail, "message-id")) or original, "A notice of a mail server.")


def _receipt(mail: Mail, mailbox: Mailbox) -> ChannelEvent:
    """Read that the customer has seen a mail."""
    for group in _groups(mail, "message/disposition-notification"):
        original = _id_in(plain_header(group, "original-message-id"))
        if mailbox.wrote(original) and "displayed" in plain_header(group, "disposition").lower():
            return _report(f"seen:{original}", original, Delivery.READ, "")
    return unknown(_id_in(plain_header(mail, "message-id")), "A receipt for no mail of ours.")


def _report(key: str, message_id: str, delivery: Delivery, failure: str) -> ChannelEvent:
    return ChannelEvent(kind=EventKind.DELIVERY, key=key, message_id=message_id, delivery=delivery, failure=failure)


def _groups(mail: Mail, content_type: str) -> list[Mail]:
    """Return the groups of fields of a report."""
    found: list[Mail] = []
    for part in mail.walk():
        if part.get_content_type() == content_type:
            found += parts_of(part) or [mail_of(content_of(part))]
    return found


def _original(mail: Mail, mailbox: Mailbox) -> str:
    """Return the Message-ID of the mail of ours that a report brings back; empty when it is none of ours."""
    for part in mail.walk():
        if part.get_content_type() in {"text/rfc822-headers", "message/rfc822-headers"}:
            found = _id_in(plain_header(mail_of(content_of(part)), "message-id"))
        else:
            found = _id_in(plain_header(part, "message-id")) if part is not mail else ""
        if mailbox.wrote(found):
            return found
    return ""


def _files(mail: Mail, incoming: Incoming) -> tuple[RemoteFile, ...]:
    """Return the files of a mail, which stay in the mailbox: named by the mail's place and their number."""
    place = incoming.headers.get(PLACE, "")
    return tuple(
        RemoteFile(
            handle=f"{place}/{number}",
            name=clean_line(file_name(part), 120) or part.get_content_type().replace("/", "."),
            media_type=part.get_content_type(),
            size=len(content_of(part)),
        )
        for number, part in enumerate(files_in(mail))
    )


def _at(mail: Mail, incoming: Incoming) -> datetime | None:
    """Return when the mail server got it, else what the mail itself says."""
    for found in (incoming.headers.get("date", ""), plain_header(mail, "date")):
        try:
            at = parsedate_to_datetime(found)
        except MISREAD:
            continue
        if at.tzinfo is not None:
            return at
    return None


def _param(mail: Mail, name: str) -> str:
    found = mail.get_param(name, "")
    return found.lower() if isinstance(found, str) else ""


def _id_in(text: str) -> str:
    found = _ID.search(text)
    return found.group() if found else ""
