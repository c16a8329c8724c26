"""Keep tickets in any system behind a webhook of the house: signed posts (Standard Webhooks) that are answered.

    {"type": "ticket.create", "data": {"key": ..., "title": ..., "text": ...}}  →  {"id": "17", "reference": "T-17"}
    {"type": "ticket.update", "data": {"id": "17", "text": ..., "move": "none"}} →  any 2xx; 404 or 410: it is gone

`webhook-id` is the same at each attempt, so that the receiver makes no second ticket.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import httpx
import msgspec
from typing_extensions import override

from server.broker.ports.tickets import (
    TicketDraft,
    TicketError,
    TicketGoneError,
    TicketRef,
    TicketSystem,
    TicketUpdate,
)
from server.clock import Clock
from server.core.errors import ProviderError
from server.notices.signed_post import SignedPost
from server.secret_files import SecretText

MOST_BYTES: Final = 10_000
_encoder: Final = msgspec.json.Encoder()


class Created(msgspec.Struct, frozen=True, kw_only=True):
    """What is posted for a new ticket."""

    type: str
    data: TicketDraft


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """What is added to a ticket."""

    id: str
    reference: str
    text: str
    move: str


class Updated(msgspec.Struct, frozen=True, kw_only=True):
    """What is posted for an update."""

    type: str
    data: Added


class WebhookTickets(TicketSystem):
    """A system behind one address."""

    def __init__(
        self,
        url: str,
        secret: SecretText,
        clock: Clock,
        *,
        allow_private: bool = False,
        transport: Callable[[], httpx.AsyncBaseTransport | None] = lambda: None,
    ) -> None:
        """Post to `url` as `SignedPost` does.

        Raises:
            ValueError: the secret cannot be used; the sentence says how to make one.
        """
        self._post: Final = SignedPost(url, secret, clock, allow_private=allow_private, transport=transport)

    @override
    async def find(self, key: str) -> TicketRef | None:
        """Return None: the receiver tells repeats by `webhook-id`, and answers with the same ticket."""
        del key
        return None

    @override
    async def create(self, draft: TicketDraft) -> TicketRef:
        status, content = await self._send(draft.key, _encoder.encode(Created(type="ticket.create", data=draft)))
        _refuse(status)
        try:
            made = msgspec.json.decode(content, type=TicketRef)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise TicketError(
                "ticket_answer_unreadable",
                f"The webhook answered {status} without a ticket.",
                'It has to answer {"id": "17", "reference": "T-17", "url": "https://…"}.',
            ) from error
        if not made.id or not made.reference:
            raise TicketError("ticket_answer_unreadable", "The webhook named a ticket without id or reference.")
        return made

    @override
    async def add(self, ticket: TicketRef, update: TicketUpdate) -> None:
        data = Added(id=ticket.id, reference=ticket.reference, text=update.text, move=update.move)
        status, _ = await self._send(update.key, _encoder.encode(Updated(type="ticket.update", data=data)))
        if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            raise TicketGoneError(f"Ticket {ticket.reference} is not there any more.")
        _refuse(status)

    @override
    async def close(self) -> None:
        """Nothing is kept open."""

    async def _send(self, message_id: str, content: bytes) -> tuple[int, bytes]:
        try:
            return await self._post.post(message_id, content, most_bytes=MOST_BYTES)
        except ProviderError as error:
            raise TicketError(error.code, error.message, error.hint, retryable=error.retryable) from error


def _refuse(status: int) -> None:
    if not httpx.codes.is_success(status):
        again = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in {
            HTTPStatus.TOO_MANY_REQUESTS,
            HTTPStatus.UNAUTHORIZED,
            HTTPStatus.FORBIDDEN,
        }
        raise TicketError("ticket_refused", f"The webhook answered {status}.", retryable=again)
