"""Keep what an assistant tried to say while the conversation was not its own: counted, logged, and in the audit.

The words themselves are not kept. Before: ownership refused a message, in a transaction that stored nothing. After: a
supervisor reads it beside what else was done in the session.
"""

from typing import Final

import msgspec

from server.broker.parts import Parts
from server.broker.ports.records import AuditRecord, Conversation, Principal
from server.broker.ports.store import Unit
from server.log import get_log
from server.wire.terms import AuditAction, ConversationId, OperatorId

CODES: Final = frozenset({"operator_owns", "stale_ownership", "person_elsewhere"})
"""The refusals that are about ownership."""
MOST_RECORDS: Final = 20
"""Records of one conversation; an assistant that insists is counted on and recorded no more."""
_WORDS: Final = {
    "operator_owns": "tried to speak while an operator has the customer",
    "stale_ownership": "tried to say what was meant for an earlier stretch",
    "person_elsewhere": "tried to speak while a person answers in the platform's own app",
}
_log = get_log(__name__)


async def refused(parts: Parts, principal: Principal, conversation_id: ConversationId, code: str) -> None:
    """Write one refusal down."""

    def work(unit: Unit) -> None:
        conversation = unit.conversations.load(principal.organisation_id, conversation_id)
        if conversation is not None:
            note_refused(unit, parts, principal, conversation, code)

    await parts.database.run(work)


def note_refused(unit: Unit, parts: Parts, principal: Principal, conversation: Conversation, code: str) -> None:
    """Write one refusal down in the caller's transaction."""
    count = conversation.refused_sends + 1
    unit.conversations.save(msgspec.structs.replace(conversation, refused_sends=count))
    _log.warning("assistant_send_refused", assistant=principal.name, code=code, count=count)
    talks = unit.views.talks(principal.organisation_id, conversation.id, 1)
    session_id = conversation.session_id or (talks[-1].id if talks else None)
    if session_id is None or count > MOST_RECORDS:
        return
    session = unit.sessions.load(principal.organisation_id, session_id)
    unit.audit.add(
        AuditRecord(
            id=parts.new_id("au"),
            organisation_id=principal.organisation_id,
            at=parts.clock.now(),
            action=AuditAction.REFUSED_SEND,
            actor_id=OperatorId(principal.id),
            session_id=session_id,
            subject_id=session.operator_id if session is not None else None,
            reason=f"{principal.name} {_WORDS[code]}",
        )
    )
