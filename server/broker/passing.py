"""Pass on what is kept nowhere: that somebody writes, and that a credential was revoked."""

from collections.abc import Callable
from dataclasses import dataclass

from server.wire.terms import ConversationId, OrganisationId


@dataclass(frozen=True, slots=True, eq=False)
class Listener:
    """One open socket: whose it is, and how to reach it.

    Attributes:
        subject_id: The operator's or the key's id.
        console: A console, else an assistant's stream.
        tell: Takes one encoded frame; must not block.
        close: Closes the socket because its credential was revoked.
    """

    organisation_id: OrganisationId
    subject_id: str
    console: bool
    tell: Callable[[bytes], None]
    close: Callable[[], None]


class Passing:
    """All open sockets of this broker."""

    def __init__(self) -> None:
        """Start with none."""
        self._listeners: set[Listener] = set()
        self._pages: dict[ConversationId, set[Callable[[bytes], None]]] = {}

    def add(self, listener: Listener) -> None:
        """Count a socket in."""
        self._listeners.add(listener)

    def remove(self, listener: Listener) -> None:
        """Count a socket out."""
        self._listeners.discard(listener)

    def to_consoles(self, organisation_id: OrganisationId, frame: bytes) -> None:
        """Tell every console of an organisation."""
        for listener in tuple(self._listeners):
            if listener.console and listener.organisation_id == organisation_id:
                listener.tell(frame)

    def to_assistant(self, key_id: str, frame: bytes) -> None:
        """Tell the event streams of one assistant's key."""
        for listener in tuple(self._listeners):
            if not listener.console and listener.subject_id == key_id:
                listener.tell(frame)

    def revoke(self, subject_id: str) -> None:
        """Close every socket of a revoked credential."""
        for listener in tuple(self._listeners):
            if listener.subject_id == subject_id:
                listener.close()

    def to_pages(self, conversation_id: ConversationId, frame: bytes) -> None:
        """Tell the web pages of one conversation."""
        for tell in tuple(self._pages.get(conversation_id, ())):
            tell(frame)

    def add_page(self, conversation_id: ConversationId, tell: Callable[[bytes], None]) -> None:
        """Count a web page in that shows this conversation."""
        self._pages.setdefault(conversation_id, set()).add(tell)

    def remove_page(self, conversation_id: ConversationId, tell: Callable[[bytes], None]) -> None:
        """Count it out."""
        pages = self._pages.get(conversation_id, set())
        pages.discard(tell)
        if not pages:
            self._pages.pop(conversation_id, None)
