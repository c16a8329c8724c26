"""Talk with customers by e-mail: read a mailbox over IMAP, answer over SMTP.

Before: a mail of a customer in the mailbox. After: an answer of ours in the customer's thread, with a Message-ID made
of the part's key: the same at each attempt.
"""

import hashlib
import hmac
import ssl
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

import msgspec

from server.broker.ports.channels import (
    Answer,
    ChannelEvent,
    EventKind,
    Incoming,
    Limits,
    Part,
    RemoteFile,
    SendError,
    SendProblem,
)
from server.channel_settings.email import EmailSettings
from server.channels.email_events import PLACE, Mailbox, event_of
from server.channels.email_sending import Outgoing, hand_over, mail_for, what_is_wrong
from server.channels.email_text import content_of, files_in, mail_of
from server.channels.imap import Folder, Kept
from server.channels.reading import unknown
from server.channels.setup import Setup
from server.clock import Clock
from server.config_rules import is_loopback
from server.core.errors import NotAuthenticatedError
from server.secret_files import SecretText

LIMITS: Final = Limits(longest=100_000, files=True, per_account_a_second=5.0)
PROOF: Final = "x-mailbox-proof"
CUT: Final = "x-mailbox-cut"
"""The header of an `Incoming` whose mail was too large to be read whole."""
PAUSES_SECONDS: Final = (1.0, 5.0, 15.0, 60.0)
"""Between attempts to reach a mailbox."""


def make(settings: EmailSettings, setup: Setup) -> "EmailChannel":
    """Return the channel of one section.

    Raises:
        ConfigError: the address, a server or the password is missing.
    """
    user, _, domain = settings.address.rpartition("@")
    if not user or not domain or not settings.address.isascii() or " " in settings.address:
        raise setup.wrong("address", "is no e-mail address, such as desk@example.com")
    for name, value in (("imap_host", settings.imap_host), ("smtp_host", settings.smtp_host)):
        if not value:
            raise setup.wrong(name, "is missing: name the mail server")
    for name, host, protection in (
        ("imap_tls", settings.imap_host, settings.imap_tls),
        ("smtp_tls", settings.smtp_host, settings.smtp_tls),
    ):
        if protection == "none" and not is_loopback(host):
            raise setup.wrong(name, "must not be none: the password and all mail would cross the network in the clear")
    password = setup.secret("password_file", settings.password_file, "the mailbox is read and answered with it")
    return EmailChannel(settings, password, setup.clock)


class EmailChannel:
    """One mailbox."""

    def __init__(
        self, settings: EmailSettings, password: SecretText, clock: Clock, tls: ssl.SSLContext | None = None
    ) -> None:
        """Serve a mailbox; `tls` is for servers with certificates of their own."""
        self._settings: Final = settings
        self._password: Final = password
        self._clock: Final = clock
        self._mailbox: Final = Mailbox(settings.address.lower())
        self._outgoing: Final = Outgoing(settings, password, tls)
        self._folder: Final = Folder(settings, password, tls)

    @property
    def limits(self) -> Limits:
        """What mail allows."""
        return LIMITS

    def challenge(self, incoming: Incoming) -> Answer | None:
        """Nobody asks."""
        return None

    def verify(self, incoming: Incoming, now: datetime) -> None:
        """Take only what this program read from the mailbox: mail has no webhook.

        Raises:
            NotAuthenticatedError: `bad_signature`.
        """
        shown = incoming.headers.get(PROOF, "").encode("utf-8", "surrogatepass")
        if not hmac.compare_digest(shown, proof(incoming.body, self._password).encode()):
            raise NotAuthenticatedError(
                "bad_signature", "E-mail has no webhook.", "Mail is read from the mailbox by the broker itself."
            )

    def parse(self, incoming: Incoming) -> list[ChannelEvent]:
        """Return what a mail tells."""
        if not incoming.body:
            return [unknown(dict(incoming.headers), "The mailbox is read from here on.")]
        event = event_of(incoming, self._mailbox)
        if incoming.headers.get(CUT) and event.kind is EventKind.MESSAGE:
            note = "[a very large mail: see the mailbox for the rest and its files]"
            event = msgspec.structs.replace(event, text=f"{event.text}\n{note}", files=())
        return [event]

    async def send(self, part: Part) -> str:
        """Send one part as a mail and return its Message-ID.

        Raises:
            SendError: what the mail server said.
        """
        mail = mail_for(part, self._mailbox, self._settings.sender_name)
        await hand_over(mail, self._outgoing)
        return self._mailbox.message_id(part.key)

    async def fetch(self, file: RemoteFile) -> AsyncIterator[bytes]:
        """Yield a file's bytes, from the mail in the mailbox.

        Raises:
            SendError: RETRY, AUTH; GONE: the mail is not in the mailbox any more.
        """
        validity, _, rest = file.handle.partition("/")
        uid, _, number = rest.partition("/")
        gone = SendError(SendProblem.GONE, "The mail with the file is not in the mailbox any more.")
        if not (uid.isdecimal() and number.isdecimal()):
            raise gone
        known, _ = await self._folder.place()
        kept = await self._folder.mail(int(uid)) if str(known) == validity else None
        parts = files_in(mail_of(kept.raw)) if kept is not None else []
        if int(number) >= len(parts):
            raise gone
        yield content_of(parts[int(number)])

    async def listen(self, cursor: str) -> AsyncIterator[tuple[Incoming, str]]:
        """Yield mails as they come, beginning with those that come from now on; for ever.

        At the very first an empty frame keeps the cursor, so that nothing is missed that comes before the first mail.

        Raises:
            SendError: AUTH.
        """
        failures = 0
        while True:
            try:
                validity, last = await self._start(cursor)
                if not cursor:
                    yield self._incoming(Kept(last, "", b""), validity), f"{validity}:{last}"
                cursor = f"{validity}:{last}"
                for uid in await self._folder.after(last):
                    kept = await self._folder.mail(uid)
                    cursor = f"{validity}:{uid}"
                    if kept is not None:
                        yield self._incoming(kept, validity), cursor
                failures = 0
                await self._clock.sleep(self._settings.poll_seconds)
            except SendError as error:
                if error.problem is SendProblem.AUTH:
                    raise
                await self._clock.sleep(PAUSES_SECONDS[min(failures, len(PAUSES_SECONDS) - 1)])
                failures += 1

    async def health(self) -> str:
        """Return what is wrong with either server."""
        try:
            await self._folder.place()
        except SendError as error:
            return error.message
        return await what_is_wrong(self._outgoing)

    async def close(self) -> None:
        """Let go of the mailbox."""
        await self._folder.close()

    async def _start(self, cursor: str) -> tuple[int, int]:
        """Return where to go on; a folder that was made anew is read whole: what is known is taken once."""
        validity, following = await self._folder.place()
        known, _, uid = cursor.partition(":")
        if not cursor:
            return validity, following - 1
        return validity, int(uid) if known == str(validity) and uid.isdecimal() else 0

    def _incoming(self, kept: Kept, validity: int) -> Incoming:
        headers = {PLACE: f"{validity}/{kept.uid}", PROOF: proof(kept.raw, self._password), "date": kept.date}
        if kept.cut:
            headers[CUT] = "yes"
        return Incoming(headers=headers, body=kept.raw)


def proof(raw: bytes, password: SecretText) -> str:
    """Return what shows that a mail was read from the mailbox by whoever has its password."""
    return hmac.new(password.reveal().encode(), raw, hashlib.sha256).hexdigest()
