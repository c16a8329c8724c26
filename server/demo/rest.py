"""Speak the desk's REST interface as an assistant platform does: typed, with keys that make a retry harmless.

A request that met a broker which is restarting is sent again with the same key, so a demo (and a real platform written
like this) gets over a restart without doubling anything.
"""

from typing import Final, TypeVar

import httpx
import msgspec

from server.clock import Clock
from server.wire.codec import encode
from server.wire.errors import ErrorBody
from server.wire.requests import (
    EndConversation,
    NewConversation,
    NewHandoff,
    NewLeg,
    NewMessage,
    PresenceChange,
    TypingChange,
)
from server.wire.terms import ConversationId, LegRole, Presence
from server.wire.version import USER_AGENT
from server.wire.views import ConversationView, MediaGrant, MessageView, Page, SessionView

MOST_ATTEMPTS: Final = 6
FIRST_PAUSE_SECONDS: Final = 0.2
"""Pause before the second attempt; it doubles with each further one."""
_AGAIN: Final = frozenset({502, 503, 504})

T = TypeVar("T")


class RefusedError(Exception):
    """The desk said no; `body` has its code, sentence and hint."""

    def __init__(self, status: int, body: ErrorBody) -> None:
        """Keep the refusal."""
        super().__init__(f"{status} {body.code}: {body.message} {body.hint}".strip())
        self.status = status
        self.body = body


class UnreachableError(Exception):
    """The desk did not answer, several times over."""


class DeskRest:
    """A client of one desk with one key (an assistant's) or token (an operator's)."""

    def __init__(
        self, base_url: str, secret: str, clock: Clock, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """Speak to the desk at `base_url` (http://host:port) with a bearer `secret`, by `transport` or the network."""
        self._clock: Final = clock
        self._http: Final = httpx.AsyncClient(
            base_url=base_url,
            headers={"Authorization": f"Bearer {secret}", "User-Agent": USER_AGENT},
            timeout=10.0,
            trust_env=False,
            transport=transport,
        )

    async def close(self) -> None:
        """Let the connections go."""
        await self._http.aclose()

    async def start_conversation(self, new: NewConversation) -> ConversationView:
        """Begin a conversation; the same external id gives the same one."""
        return await self._post("/v1/conversations", new, ConversationView)

    async def add_message(self, conversation: ConversationId, new: NewMessage) -> MessageView:
        """Append a turn; the same key gives the same turn."""
        return await self._post(f"/v1/conversations/{conversation}/messages", new, MessageView)

    async def typing(self, conversation: ConversationId, *, on: bool) -> None:
        """Show the operator that the customer writes, or stopped."""
        await self._reach("POST", f"/v1/conversations/{conversation}/typing", TypingChange(on=on))

    async def request_handoff(self, conversation: ConversationId, new: NewHandoff, key: str) -> SessionView:
        """Ask for a person; the same key asks once."""
        return await self._post(f"/v1/conversations/{conversation}/handoffs", new, SessionView, key)

    async def open_leg(self, conversation: ConversationId, role: LegRole, transport: str) -> MediaGrant:
        """Ask for a one-time media token."""
        leg = NewLeg(role=role, transport=transport)
        return await self._post(f"/v1/conversations/{conversation}/legs", leg, MediaGrant)

    async def end_conversation(self, conversation: ConversationId, reason: str) -> ConversationView:
        """Say that the customer left."""
        return await self._post(
            f"/v1/conversations/{conversation}/end", EndConversation(reason=reason), ConversationView
        )

    async def conversation(self, conversation: ConversationId) -> ConversationView:
        """Return a conversation as it is now."""
        return await self._send("GET", f"/v1/conversations/{conversation}", None, ConversationView, "")

    async def history(self) -> Page:
        """Return the newest closed sessions."""
        return await self._send("GET", "/v1/history", None, Page, "")

    async def open_sessions(self) -> list[SessionView]:
        """Return what waits and what is in hand."""
        return await self._send("GET", "/v1/sessions", None, list[SessionView], "")

    async def go_on_duty(self) -> None:
        """Let sessions ring at the operator of this token."""
        await self._reach("PUT", "/v1/me/presence", PresenceChange(presence=Presence.AVAILABLE))

    async def _post(self, path: str, body: msgspec.Struct, answer: type[T], key: str = "") -> T:
        return await self._send("POST", path, body, answer, key)

    async def _send(self, method: str, path: str, body: msgspec.Struct | None, answer: type[T], key: str) -> T:
        """Send, and return the typed answer."""
        response = await self._reach(method, path, body, key)
        return msgspec.json.decode(response.content, type=answer)

    async def _reach(self, method: str, path: str, body: msgspec.Struct | None, key: str = "") -> httpx.Response:
        """Send until the desk answers.

        Raises:
            RefusedError: the desk said no.
            UnreachableError: no answer after six attempts.
        """
        headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
        content = None if body is None else encode(body)
        for attempt in range(MOST_ATTEMPTS):
            if attempt:
                await self._clock.sleep(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
            try:
                response = await self._http.request(method, path, content=content, headers=headers)
            except httpx.TransportError:
                continue
            if response.status_code in _AGAIN:
                continue
            if not response.is_success:
                raise RefusedError(response.status_code, _refusal(response))
            return response
        raise UnreachableError(f"{method} {path} had no answer in {MOST_ATTEMPTS} attempts.")


def _refusal(response: httpx.Response) -> ErrorBody:
    """Return why the desk said no."""
    try:
        return msgspec.json.decode(response.content, type=ErrorBody)
    except msgspec.DecodeError:
        return ErrorBody("unreadable_answer", f"The desk answered {response.status_code} without a reason.")
