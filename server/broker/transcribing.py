"""Take in what caller and operator said aloud: a turn of the conversation like any other, redacted before it is kept.

Spoken card digits pause the recording of the call, until its operator lets it go on.

Before: `server.broker.calls` has the media worker's fact. After: the turn is on the consoles, the card is completed
from it, and the triggers look at it.
"""

from typing import Final

from server.broker import road
from server.broker.cards import Cards
from server.broker.going_out import say
from server.broker.minding import Minding
from server.broker.parts import Parts
from server.broker.ports.media import Spoken
from server.broker.ports.records import Conversation, Message
from server.broker.ports.store import Unit
from server.broker.redacting import redacted_turn
from server.core import inputs
from server.core.session import Session
from server.wire.sanitize import clean_text
from server.wire.terms import Author, LegRole, MessageId, OrganisationId, Recording
from server.wire.views import MessageView

CARD_MARKS: Final = ("[card", "[security code]")
"""What stands in the place of a card's digits; a recording that has them must not be kept."""


class Transcribing:
    """Who takes in live transcripts."""

    def __init__(self, parts: Parts, cards: Cards, minding: Minding) -> None:
        """Work on these parts; `cards` and `minding` read along."""
        self._parts: Final = parts
        self._cards: Final = cards
        self._minding: Final = minding

    async def take_in(self, organisation_id: OrganisationId, fact: Spoken) -> None:
        """Append what was said, once; what comes after its talk is dropped, but for the last words of a message."""
        clean = clean_text(fact.text).strip()
        if not clean:
            return
        text = await redacted_turn(self._parts, organisation_id, fact.call_id, clean)
        secret = text != clean and any(mark in text for mark in CARD_MARKS)
        view = await self._parts.database.run(lambda unit: self._append(unit, organisation_id, fact, text, secret))
        if view is not None:
            self._cards.heard(view)
            self._minding.noticed(organisation_id, fact.call_id)

    def _append(
        self,
        unit: Unit,
        organisation_id: OrganisationId,
        fact: Spoken,
        text: str,
        secret: bool,  # noqa: FBT001 - private, one caller
    ) -> MessageView | None:
        conversation = unit.conversations.load(organisation_id, fact.call_id)
        if conversation is not None and fact.voicemail:
            session = unit.sessions.load(organisation_id, fact.voicemail)
            if session is None or session.voicemail_at is None or session.conversation_id != fact.call_id:
                return None
            return say(unit, self._parts, self._message(unit, conversation, session, fact, text), None)
        if conversation is None or conversation.ended_at is not None or conversation.session_id is None:
            return None
        session = unit.sessions.load(organisation_id, conversation.session_id)
        if session is None or session.epoch != fact.epoch or session.operator_id is None:
            return None
        if secret and session.recording is Recording.ON:
            pause = inputs.RecordingPaused(session.operator_id, session.epoch, on=True)
            road.apply(unit, self._parts, organisation_id, session.id, pause)
        return say(unit, self._parts, self._message(unit, conversation, session, fact, text), None)

    def _message(self, unit: Unit, conversation: Conversation, session: Session, fact: Spoken, text: str) -> Message:
        operator = fact.role is LegRole.OPERATOR
        who = session.operator_id if operator else None
        speaker = unit.roster.load(session.organisation_id, who) if who is not None else None
        return Message(
            id=MessageId(self._parts.new_id("m")),
            organisation_id=session.organisation_id,
            conversation_id=conversation.id,
            author=Author.OPERATOR if operator else Author.CUSTOMER,
            text=text,
            at=self._parts.clock.now(),
            author_name=(speaker.name if speaker is not None else "") if operator else conversation.customer_name,
            session_id=session.id,
            operator_id=who,
            key=fact.key,
        )
