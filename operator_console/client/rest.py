"""Ask the broker over REST: open sessions, one session, history, transcripts, files; each answer is typed."""

import asyncio
import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TypeVar
from urllib.parse import quote

import msgspec

from operator_console.client.address import Address
from operator_console.client.answer import (
    ANSWER_SECONDS,
    MAX_ANSWER_BYTES,
    OPERATORS,
    SESSIONS,
    read_answer,
    refusal_in,
)
from operator_console.client.errors import ClientError, not_reached, refused, words
from operator_console.client.http import httpx
from operator_console.client.moving import not_saved, opened, pieces_of, saved, unreadable, written
from server.wire.audit import AuditPage
from server.wire.codec import decode
from server.wire.errors import ErrorBody
from server.wire.history import ContactPage, ContactView, SearchPage
from server.wire.routing import WhyView
from server.wire.sanitize import clean_line
from server.wire.terms import ContactId, ConversationId, SessionId
from server.wire.translation import TranslationView
from server.wire.version import USER_AGENT
from server.wire.views import Digest, FileView, MessageView, MeView, OperatorView, Page, SessionView
from server.wire.wall import WallView

if TYPE_CHECKING:  # a question needs no commands and no frames: the short command line starts without them
    from operator_console.model.inputs import Told

T = TypeVar("T")

MESSAGES_PER_PAGE: Final = 200
LONGEST_QUERY: Final = 500
"""Characters of a search; the broker takes no more."""
_SESSION: Final = re.compile(r"(?i)h-\d{1,9}|s_\S+")
MAX_PAGE: Final = 200
"""The longest page of the history."""
MAX_PAGES: Final = 25
"""How many pages one search looks through."""
TRANSLATION_SECONDS: Final = 33.0
"""Longer than the broker may wait for its translator."""
FILE_SECONDS: Final = 60.0
"""A file that does not move for so long is given up."""
MAX_MESSAGES: Final = 20_000
"""The longest transcript read; more is left on the broker."""


class Health(msgspec.Struct, frozen=True):
    """What the broker says about itself without a token; unknown fields are left alone."""

    status: str = ""
    version: str = ""
    protocol: int = 0


class RestClient:
    """Questions to one broker by one operator. Use as an async context manager."""

    def __init__(
        self,
        address: Address,
        token: str,
        *,
        tls: ssl.SSLContext | None = None,
        timeout_seconds: float = ANSWER_SECONDS,
    ) -> None:
        """Keep what is needed; a connection is opened by the first question."""
        self._address: Final = address
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._http: Final = httpx.AsyncClient(
            base_url=address.rest,
            headers=headers,
            timeout=timeout_seconds,
            verify=tls if tls is not None else address.secure,  # reading the authorities takes longer than asking
            follow_redirects=False,
            trust_env=not address.loopback,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def ask(self, path: str, kind: type[T]) -> T:
        """Return the answer to a GET of `path` as a `kind`."""
        return await self._ask(path, msgspec.json.Decoder(kind))

    async def sessions(self) -> tuple[SessionView, ...]:
        """Return the open sessions."""
        return await self._ask(SESSIONS, _sessions)

    async def session(self, ref: str) -> SessionView:
        """Return one session, open or closed, by id or by number (`H-0042`)."""
        return await self._ask(f"/v1/sessions/{quote(ref, safe='')}", _session)

    async def why(self, ref: str) -> WhyView:
        """Return why a session rings where it rings, by its id or number."""
        return await self._ask(f"/v1/sessions/{quote(ref, safe='')}/why", _why)

    async def history(self, query: str = "", before: str = "", limit: int = 50) -> Page:
        """Return one page of closed sessions, newest first; with words to find, the next page that holds some.

        At most `MAX_PAGES` pages are searched at a time; `next_before` reads on from there.
        """
        wanted_words = query.casefold().split()
        for _ in range(MAX_PAGES):
            wanted = {"limit": str(MAX_PAGE if wanted_words else limit), "before": before}
            page = await self._ask("/v1/history", _page, {key: value for key, value in wanted.items() if value})
            found = tuple(session for session in page.sessions if _matches(session, wanted_words))
            if found or not page.next_before or page.next_before == before:
                return Page(sessions=found, next_before=page.next_before)
            before = page.next_before
        return Page(next_before=before)

    async def search(self, words: str, after: str = "", *, newest: bool = False, limit: int = 50) -> SearchPage:
        """Return one page of turns that hold these words; `after` is the last page's `next_after`."""
        if len(words) > LONGEST_QUERY:
            told = f"A search has at most {LONGEST_QUERY} characters."
            raise ClientError(ErrorBody("query_too_long", told, "Use fewer words."), 422)
        sort = "newest" if newest else "relevance"
        return await self._ask(
            "/v1/search", _search_page, {"q": words, "sort": sort, "after": after, "limit": str(limit)}
        )

    async def follow_ups(self, after: str = "", limit: int = 200) -> Page:
        """Return ended sessions with something still to be done, the one due first at the top."""
        return await self._ask("/v1/follow-ups", _page, {"after": after, "limit": str(limit)})

    async def contact(self, contact_id: ContactId) -> ContactPage:
        """Return all that is known of a contact."""
        return await self._ask(f"/v1/contacts/{quote(contact_id, safe='')}", _contact_page)

    async def contact_of(self, who: str) -> ContactPage:
        """Return the page of the contact that a person means: a session's, or one looked up by number or name.

        Raises:
            ClientError: also `no_such_contact`, and `several_contacts` with their names.
        """
        if _SESSION.fullmatch(who.strip()):
            session = await self.session(who.strip())
            if session.contact_id is not None:
                return await self.contact(session.contact_id)
        found = await self._ask("/v1/contacts", _contacts, {"q": who[:200]})
        if not found:
            raise ClientError(
                ErrorBody("no_such_contact", "There is no such contact.", "Try a number, or how the name begins."), 404
            )
        if len(found) != 1:
            names = ", ".join(
                clean_line(f"{one.name} {' '.join(i.value for i in one.identities)}") for one in found[:9]
            )
            raise ClientError(ErrorBody("several_contacts", f"There are several: {names}.", "Write more of it."), 409)
        return await self.contact(found[0].id)

    async def messages(self, conversation_id: ConversationId, after_position: int = 0) -> tuple[MessageView, ...]:
        """Return all turns of a conversation after a position, oldest first."""
        path = f"/v1/conversations/{quote(conversation_id, safe='')}/messages"
        found: list[MessageView] = []
        while len(found) < MAX_MESSAGES:
            after = found[-1].position if found else after_position
            page = await self._ask(path, _messages, {"after": str(after), "limit": str(MESSAGES_PER_PAGE)})
            fresh = [message for message in page if message.position > after]
            found.extend(fresh)
            if not fresh or len(page) < MESSAGES_PER_PAGE:
                break
        return tuple(found)

    async def upload(self, conversation_id: ConversationId, path: Path, told: "Told") -> FileView:
        """Send a file's bytes and return the file that a message may carry; `told` hears how many are sent of how many.

        Raises:
            ClientError: `file_unreadable`, or the broker refused or can't be reached.
        """
        try:
            file, size = await asyncio.to_thread(opened, path)
        except OSError as error:
            raise ClientError(unreadable(path, error)) from error
        url = f"/v1/conversations/{quote(conversation_id, safe='')}/files"
        try:
            response = await self._http.post(
                url,
                params={"name": path.name},
                content=pieces_of(file, size, told),
                headers={"Content-Length": str(size), "Content-Type": "application/octet-stream"},
                timeout=httpx.Timeout(FILE_SECONDS),
            )
        except httpx.HTTPError as error:
            raise ClientError(not_reached(self._address.rest, _words(error))) from error
        except OSError as error:
            raise ClientError(unreadable(path, error)) from error
        finally:
            file.close()
        if response.status_code not in {200, 201}:
            raise ClientError(refused(response.status_code, refusal_in(response.content)), response.status_code)
        return decode(response.content, _file)

    async def download(self, file: FileView, folder: Path, told: "Told") -> Path:
        """Save a file in a folder under its own harmless name, never over another one, and return where it is.

        Raises:
            ClientError: `file_not_saved`, or the broker refused or can't be reached.
        """
        try:
            async with self._http.stream(
                "GET", f"/v1/files/{quote(file.id, safe='')}", timeout=httpx.Timeout(FILE_SECONDS)
            ) as response:
                if response.status_code != 200:
                    raw = await response.aread()
                    raise ClientError(refused(response.status_code, refusal_in(raw)), response.status_code)
                return await saved(response.aiter_bytes(), file, folder, told)
        except httpx.HTTPError as error:
            raise ClientError(not_reached(self._address.rest, _words(error))) from error
        except OSError as error:
            raise ClientError(not_saved(file, folder, error)) from error

    async def recording(self, session_id: SessionId, kind: str, path: Path) -> None:
        """Save the `recording` of a call, or the `voicemail`, in a new file of mode 600.

        Raises:
            ClientError: `file_not_saved`, or the broker refused or can't be reached.
        """
        address = f"/v1/sessions/{quote(session_id, safe='')}/{kind}"
        try:
            async with self._http.stream("GET", address, timeout=httpx.Timeout(FILE_SECONDS)) as response:
                if response.status_code != 200:
                    raw = await response.aread()
                    raise ClientError(refused(response.status_code, refusal_in(raw)), response.status_code)
                await written(response.aiter_bytes(), path)
        except httpx.HTTPError as error:
            raise ClientError(not_reached(self._address.rest, _words(error))) from error
        except OSError as error:
            raise ClientError(
                ErrorBody(
                    "file_not_saved", f"{path} was not saved: {error.strerror or error}.", "Choose another place."
                )
            ) from error

    async def translate(self, ref: str, text: str) -> TranslationView:
        """Return what a reply would say in the customer's language; nothing is sent.

        Raises:
            ClientError: the broker refused or can't be reached.
        """
        try:
            response = await self._http.post(
                f"/v1/sessions/{quote(ref, safe='')}/translations",
                json={"text": text},
                timeout=httpx.Timeout(TRANSLATION_SECONDS),
            )
        except httpx.HTTPError as error:
            raise ClientError(not_reached(self._address.rest, _words(error))) from error
        return read_answer(str(response.url), response.status_code, response.content, _translation)

    async def operators(self) -> tuple[OperatorView, ...]:
        """Return the roster."""
        return await self._ask(OPERATORS, _operators)

    async def digest(self, hours: float = 0.0) -> Digest:
        """Return what happened since the operator was last on, or within the last `hours`."""
        return await self._ask("/v1/me/digest", _digest, {"hours": f"{hours:g}"})

    async def wall(self) -> WallView:
        """Return how the queues stand; for supervisors."""
        return await self._ask("/v1/wall", _wall)

    async def audit(self, session: str = "", before: str = "", limit: int = 50) -> AuditPage:
        """Return one page of what supervisors did, newest first, in one session or in all; for supervisors."""
        wanted = {"session": session, "before": before, "limit": str(limit)}
        return await self._ask("/v1/audit", _audit, {key: value for key, value in wanted.items() if value})

    async def me(self) -> MeView:
        """Return whose token this is."""
        return await self._ask("/v1/me", _me)

    async def health(self) -> Health:
        """Return what the broker says about itself."""
        return await self._ask("/healthz", _health)

    async def _ask(self, path: str, decoder: msgspec.json.Decoder[T], query: Mapping[str, str] | None = None) -> T:
        """Return the answer to a GET.

        Raises:
            ClientError: the broker refused, can't be reached, or answered something else.
        """
        status, raw = await self._get(path, query or {})
        return read_answer(self._address.rest + path, status, raw, decoder, MAX_ANSWER_BYTES)

    async def _get(self, path: str, query: Mapping[str, str]) -> tuple[int, bytes]:
        """Read `path`; where the broker had just closed the kept connection, once more on a new one."""
        for last in (False, True):
            try:
                return await self._read(path, query)
            except httpx.HTTPError as error:
                closed = isinstance(error, httpx.RemoteProtocolError | httpx.ReadError | httpx.WriteError)
                if last or not closed:
                    raise ClientError(not_reached(self._address.rest, _words(error))) from error
        raise AssertionError("the second try returns or raises")

    async def _read(self, path: str, query: Mapping[str, str]) -> tuple[int, bytes]:
        async with self._http.stream("GET", path, params=dict(query)) as response:
            raw = bytearray()
            async for piece in response.aiter_bytes():
                raw += piece
                if len(raw) > MAX_ANSWER_BYTES:
                    break
            return response.status_code, bytes(raw)


def _matches(session: SessionView, words: list[str]) -> bool:
    """Tell whether all words stand somewhere in what people know a session by."""
    customer = session.customer
    parts = (session.number, customer.name, customer.handle, customer.channel, session.queue, session.reason)
    more = (session.context.topic, session.context.summary, session.outcome or "", session.disposition, session.note)
    known = " ".join((*parts, *more)).casefold()
    return all(word in known for word in words)


def _words(error: httpx.HTTPError) -> str:
    return "it takes too long" if isinstance(error, httpx.TimeoutException) else words(error)


_sessions: Final = msgspec.json.Decoder(tuple[SessionView, ...])
_session: Final = msgspec.json.Decoder(SessionView)
_why: Final = msgspec.json.Decoder(WhyView)
_page: Final = msgspec.json.Decoder(Page)
_messages: Final = msgspec.json.Decoder(tuple[MessageView, ...])
_search_page: Final = msgspec.json.Decoder(SearchPage)
_contact_page: Final = msgspec.json.Decoder(ContactPage)
_contacts: Final = msgspec.json.Decoder(tuple[ContactView, ...])
_operators: Final = msgspec.json.Decoder(tuple[OperatorView, ...])
_me: Final = msgspec.json.Decoder(MeView)
_translation: Final = msgspec.json.Decoder(TranslationView)
_file: Final = msgspec.json.Decoder(FileView)
_wall: Final = msgspec.json.Decoder(WallView)
_audit: Final = msgspec.json.Decoder(AuditPage)
_health: Final = msgspec.json.Decoder(Health)
_digest: Final = msgspec.json.Decoder(Digest)
