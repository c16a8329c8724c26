"""Be the broker for the screen: the socket for events and orders, REST for questions."""

import ssl
from collections.abc import AsyncIterator
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from operator_console.client.address import Address
from operator_console.client.pace import Pace
from operator_console.clock import Clock
from operator_console.model.inputs import DeskEvent, Told
from server.wire.audit import AuditView
from server.wire.commands import Command
from server.wire.frames import Look, Reply
from server.wire.history import ContactPage, SearchPage
from server.wire.routing import WhyView
from server.wire.terms import ContactId, ConversationId, SessionId
from server.wire.translation import TranslationView
from server.wire.views import Digest, FileView, MessageView, Page

if TYPE_CHECKING:
    from operator_console.client.rest import RestClient
    from operator_console.client.socket import ConsoleSocket


MOST_STEPS: Final = 200
"""So many of a session's newest steps are shown."""


class BrokerDesk:
    """The `Desk` port (operator_console.tui.ports) on a real broker; `close` it in the end."""

    def __init__(
        self,
        address: Address,
        token: str,
        *,
        tls: ssl.SSLContext | None = None,
        view_only: bool = False,
        clock: Clock | None = None,
        pace: Pace | None = None,
    ) -> None:
        """Keep what is needed to connect; `events` connects."""
        self._address: Final = address
        self._token: Final = token
        self._tls: Final = tls
        self._view_only: Final = view_only
        self._clock: Final = clock
        self._pace: Final = pace

    @cached_property
    def _socket(self) -> "ConsoleSocket":
        from operator_console.client.socket import ConsoleSocket  # noqa: PLC0415 - the first screen needs no network

        return ConsoleSocket(
            self._address, self._token, tls=self._tls, view_only=self._view_only, clock=self._clock, pace=self._pace
        )

    @cached_property
    def _rest(self) -> "RestClient":
        from operator_console.client.rest import RestClient  # noqa: PLC0415 - as above

        return RestClient(self._address, self._token, tls=self._tls)

    def load(self) -> None:
        """Load what the first question will need; takes some 50 ms, so call it in a thread beside the screen."""
        import_module("operator_console.client.rest")

    def events(self) -> AsyncIterator[DeskEvent]:
        """Connect, reconnect by itself, and yield what happens."""
        return self._socket.events()

    async def send(self, command: Command) -> Reply:
        """Give an order and return its answer; never raises."""
        return await self._socket.send(command)

    async def look(self, look: Look) -> None:
        """Tell what the operator looks at."""
        await self._socket.look(look)

    async def resync(self) -> None:
        """Ask for a fresh snapshot."""
        await self._socket.resync()

    async def transcript(self, conversation_id: ConversationId, after_position: int) -> tuple[MessageView, ...]:
        """Return all turns with a position over `after_position`, oldest first; `ClientError` when that fails."""
        return await self._rest.messages(conversation_id, after_position)

    async def history(self, query: str = "", before: str = "") -> Page:
        """Return one page of closed sessions, newest first; `ClientError` when that fails."""
        return await self._rest.history(query, before)

    async def audit(self, session_id: SessionId) -> tuple[AuditView, ...]:
        """Return what supervisors did in a session, oldest first; `ClientError` when that fails."""
        return (await self._rest.audit(session_id, limit=MOST_STEPS)).records[::-1]

    async def search(self, words: str, after: str = "") -> SearchPage:
        """Return one page of turns that hold these words; `ClientError` when that fails."""
        return await self._rest.search(words, after)

    async def follow_ups(self, after: str = "") -> Page:
        """Return one page of what is still to be done; `ClientError` when that fails."""
        return await self._rest.follow_ups(after)

    async def contact(self, contact_id: ContactId) -> ContactPage:
        """Return a contact's page; `ClientError` when that fails."""
        return await self._rest.contact(contact_id)

    async def contact_of(self, who: str) -> ContactPage:
        """Return the page of whoever is meant; `ClientError` when that fails."""
        return await self._rest.contact_of(who)

    async def upload(self, conversation_id: ConversationId, path: Path, told: Told) -> FileView:
        """Send a file's bytes; `ClientError` when that fails."""
        return await self._rest.upload(conversation_id, path, told)

    async def download(self, file: FileView, folder: Path, told: Told) -> Path:
        """Save a file in a folder and return where it is; `ClientError` when that fails."""
        return await self._rest.download(file, folder, told)

    async def translate(self, session_id: SessionId, text: str) -> TranslationView:
        """Return what a reply would say in the customer's language; `ClientError` when the broker refuses."""
        return await self._rest.translate(session_id, text)

    async def digest(self) -> Digest:
        """Return what happened since the operator was last on; `ClientError` when that fails."""
        return await self._rest.digest()

    async def why(self, ref: str) -> WhyView:
        """Return why a session rings where it rings; `ClientError` when that fails."""
        return await self._rest.why(ref)

    async def close(self) -> None:
        """Let go of the REST connections; the socket ends with its events."""
        if "_rest" in self.__dict__:
            await self._rest.close()
