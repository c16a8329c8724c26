"""Take over a call that runs on a carrier without us: have the carrier bring its audio once an operator has accepted.

Until then the caller talks with the AI on its own stream. The carrier is asked once. When it refuses, nothing has
happened to the caller; when the audio does not come, the operator's lease ends and the session queues at its place.

Before: an operator accepted a call of which we have no audio. After: the caller's audio is on its way to us.
"""

import asyncio
from typing import Final, Protocol

from server.broker.parts import Parts
from server.broker.ports.carrier import BringsBySip, Carrier, MovedCall, Moves
from server.broker.ports.records import Conversation
from server.core.dialling import is_dialling
from server.core.errors import ProviderError
from server.core.session import Session
from server.log import get_log
from server.tasks import spawn
from server.wire.terms import ConversationId, LegRole, SessionState
from server.wire.views import MediaGrant

_log = get_log(__name__)


class Admit(Protocol):
    """Registers a one-time token for a leg of a call and returns it; see `Calls.admit`."""

    async def __call__(
        self, call_id: ConversationId, role: LegRole, transport: str, *, external_id: str = ""
    ) -> MediaGrant:
        """Return the token.

        Raises:
            ProviderError: the media worker cannot be reached.
        """
        ...


class Moving:
    """Calls that are taken over from a carrier."""

    def __init__(self, parts: Parts, admit: Admit) -> None:
        """Work on these parts; `admit` makes the token that a call brings."""
        self._parts: Final = parts
        self._admit: Final = admit
        self._moving: Final = set[asyncio.Task[None]]()

    async def bring(self, session: Session) -> None:
        """Have the caller's audio brought to us, if it is elsewhere and the carrier can; does not wait for it."""
        if session.state is not SessionState.CONNECTING or is_dialling(session):
            return
        conversation = await self._parts.database.read(
            lambda unit: unit.conversations.load(session.organisation_id, session.conversation_id)
        )
        if conversation is None or conversation.caller_connected or not conversation.external_id:
            return
        carrier = self._parts.carriers.of(conversation.channel)
        if carrier is not None and isinstance(carrier, Moves):
            task = spawn("move_call", self._move(carrier, carrier, conversation))
            self._moving.add(task)
            task.add_done_callback(self._moving.discard)

    async def _move(self, carrier: Carrier, moves: Moves, conversation: Conversation) -> None:
        """Ask the carrier once."""
        call_id = conversation.external_id
        bound = "" if isinstance(carrier, BringsBySip) else call_id  # our SIP line does not know the carrier's id
        try:
            grant = await self._admit(conversation.id, LegRole.CALLER, carrier.transport, external_id=bound)
            await moves.move(
                MovedCall(
                    conversation_id=conversation.id,
                    external_id=call_id,
                    media_url=grant.url,
                    media_token=grant.token,
                )
            )
        except ProviderError as error:
            _log.warning("call_not_moved", carrier=carrier.channel, code=error.code, conversation_id=conversation.id)
