"""Read one folder of a mailbox over IMAP, from where it was left, and change nothing in it.

A cursor is `UIDVALIDITY:UID` of the last mail that was kept (RFC 3501, section 2.3.1.1). Python's own client waits in a
thread; every wait of it has an end.
"""

import asyncio
import imaplib
import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeVar, cast

from server.broker.ports.channels import SendError, SendProblem
from server.channel_settings.email import EmailSettings
from server.secret_files import SecretText

T = TypeVar("T")

ANSWER_SECONDS: Final = 30.0
LARGEST_BYTES: Final = 25_000_000
"""Of a larger mail only the beginning is read: its words come first."""
BEGINNING_BYTES: Final = 200_000
_WRONG_PASSWORD: Final = re.compile(
    r"authenticationfailed|authentication failed|invalid credentials|login failed", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Kept:
    """One mail in the folder: where it lies, when it came (RFC 2822 date), and its bytes."""

    uid: int
    date: str
    raw: bytes
    cut: bool = False


class Folder:
    """A folder of the mailbox, opened when it is needed and again when the connection was lost."""

    def __init__(self, settings: EmailSettings, password: SecretText, tls: ssl.SSLContext | None = None) -> None:
        """Read the folder that the settings name; `tls` is for servers with certificates of their own."""
        self._settings: Final = settings
        self._password: Final = password
        self._tls: Final = tls
        self._lock: Final = asyncio.Lock()
        self._client: imaplib.IMAP4 | None = None

    async def place(self) -> tuple[int, int]:
        """Return UIDVALIDITY and the UID that the next mail will have.

        Raises:
            SendError: RETRY, AUTH.
        """
        return await self._with(_place)

    async def after(self, uid: int) -> list[int]:
        """Return the UIDs of mails later than `uid`, in order.

        Raises:
            SendError: RETRY, AUTH.
        """
        return await self._with(lambda client: _after(client, uid))

    async def mail(self, uid: int) -> Kept | None:
        """Return one mail; None when it is not there any more.

        Raises:
            SendError: RETRY, AUTH.
        """
        return await self._with(lambda client: _mail(client, uid))

    async def close(self) -> None:
        """Let go of the connection, also while something waits for it."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(OSError, imaplib.IMAP4.error):
                client.shutdown()

    async def _with(self, work: Callable[[imaplib.IMAP4], T]) -> T:
        """Do something with the open folder; a connection that failed is not used again.

        Raises:
            SendError: RETRY, AUTH.
        """
        async with self._lock:
            try:
                if self._client is None:
                    self._client = await asyncio.to_thread(self._open)
                client = self._client
                return await asyncio.to_thread(lambda: _fresh(client, work))
            except asyncio.CancelledError:
                await self.close()  # its thread still waits: nobody may use that connection again
                raise
            except (OSError, imaplib.IMAP4.error, ValueError, IndexError) as error:
                await self.close()
                raise SendError(SendProblem.RETRY, f"The mailbox cannot be read ({type(error).__name__}).") from error

    def _open(self) -> imaplib.IMAP4:
        """Connect, sign on and open the folder, in a thread."""
        chosen = self._settings
        context = self._tls or ssl.create_default_context()
        if chosen.imap_tls == "tls":
            client: imaplib.IMAP4 = imaplib.IMAP4_SSL(
                chosen.imap_host, chosen.imap_port, ssl_context=context, timeout=ANSWER_SECONDS
            )
        else:
            client = imaplib.IMAP4(chosen.imap_host, chosen.imap_port, timeout=ANSWER_SECONDS)
            if chosen.imap_tls == "starttls":
                client.starttls(context)
        try:
            client.login(chosen.user or chosen.address, self._password.reveal())
        except imaplib.IMAP4.error as error:
            client.shutdown()
            if _WRONG_PASSWORD.search(str(error)):
                raise SendError(SendProblem.AUTH, "The mailbox does not take the user and password.") from error
            raise
        try:
            _open_folder(client, chosen.imap_folder)
        except (OSError, imaplib.IMAP4.error):
            client.shutdown()
            raise
        return client


def _open_folder(client: imaplib.IMAP4, folder: str) -> None:
    """Open a folder to read only; its name is encoded as IMAP wants it (RFC 3501, section 5.1.3).

    Raises:
        imaplib.IMAP4.error: there is none of this name.
    """
    quoted = folder.replace("\\", "\\\\").replace('"', '\\"')
    if not quoted.isascii():
        raise imaplib.IMAP4.error("the folder's name is not ASCII")
    answer, _ = client.select(f'"{quoted}"', readonly=True)
    if answer != "OK":
        raise imaplib.IMAP4.error("no such folder")


def _fresh(client: imaplib.IMAP4, work: Callable[[imaplib.IMAP4], T]) -> T:
    """Let the server say what is new, then work."""
    client.noop()
    return work(client)


def _place(client: imaplib.IMAP4) -> tuple[int, int]:
    return _number(client, "UIDVALIDITY"), _number(client, "UIDNEXT")


def _number(client: imaplib.IMAP4, name: str) -> int:
    """Return a number that the server said when the folder was opened.

    Raises:
        ValueError: it said none.
    """
    _, said = client.response(name)
    known = cast("dict[str, list[bytes]]", client.untagged_responses)
    if said and said[0] is not None:
        known[name] = [said[0]]  # `response` takes it away
        return int(said[0])
    raise ValueError(name)


def _after(client: imaplib.IMAP4, uid: int) -> list[int]:
    """Return later UIDs; a server answers with the last mail when there is none later."""
    _, found = client.uid("SEARCH", f"UID {uid + 1}:*")
    words = found[0].split() if found and isinstance(found[0], bytes) else []
    return sorted(number for number in map(int, words) if number > uid)


def _mail(client: imaplib.IMAP4, uid: int) -> Kept | None:
    """Read one mail without marking it as read."""
    _, sizes = client.uid("FETCH", str(uid), "(RFC822.SIZE)")
    size = re.search(rb"RFC822\.SIZE (\d+)", sizes[0]) if sizes and isinstance(sizes[0], bytes) else None
    if size is None:
        return None
    cut = int(size.group(1)) > LARGEST_BYTES
    wanted = f"BODY.PEEK[]<0.{BEGINNING_BYTES}>" if cut else "BODY.PEEK[]"
    _, parts = client.uid("FETCH", str(uid), f"(INTERNALDATE {wanted})")
    for part in cast("list[object]", parts):
        if isinstance(part, tuple):
            head, raw = cast("tuple[bytes, bytes]", part)
            told = re.search(rb'INTERNALDATE "([^"]*)"', head)
            return Kept(uid, _date(told.group(1).decode("ascii", "replace") if told else ""), raw, cut)
    return None


def _date(internal: str) -> str:
    """Return an INTERNALDATE (`21-Nov-2026 19:00:00 +0000`) as a mail's date is written."""
    return internal.strip().replace("-", " ", 2)
