"""Keep organisations, their plans, and what they use of them."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import bindparam, func, select, update

from server.broker.ports.organisations import Organisation
from server.storage.cells import Shape, as_number
from server.storage.line import Line
from server.storage.schema import conversations, credentials, operators, organisations, sessions
from server.storage.statement import Statement, condition
from server.wire.terms import ConversationId, Limited, OrganisationId

ORGANISATION: Final = Shape(Organisation, organisations)
"""How an organisation lies in its row."""

ALL: Final = Statement(select(*ORGANISATION.columns).order_by(organisations.c.id))
LOAD: Final = Statement(select(*ORGANISATION.columns).where(organisations.c.id == bindparam("id")))
SAVE: Final = Statement(update(organisations).where(organisations.c.id == bindparam("row_id")), fills=["name", "plan"])
_COUNTED: Final = {
    Limited.OPERATORS: Statement(
        select(func.count()).where(
            operators.c.organisation_id == bindparam("organisation_id"), operators.c.disabled_at.is_(None)
        )
    ),
    Limited.ASSISTANTS: Statement(
        select(func.count()).where(
            credentials.c.organisation_id == bindparam("organisation_id"),
            credentials.c.revoked_at.is_(None),
            condition("credentials.kind = 'assistant'"),
        )
    ),
    Limited.SESSIONS: Statement(
        select(func.count()).where(
            sessions.c.organisation_id == bindparam("organisation_id"), condition("sessions.state <> 'closed'")
        )
    ),
}
NO_HANDOFF: Final = Statement(
    select(credentials.c.id)
    .select_from(conversations)
    .join(
        credentials,
        (credentials.c.id == conversations.c.key_id)
        & (credentials.c.organisation_id == conversations.c.organisation_id),
    )
    .where(
        conversations.c.id == bindparam("id"),
        conversations.c.organisation_id == bindparam("organisation_id"),
        condition("credentials.handoff = 0"),
    )
)


class SqlOrganisations:
    """Organisations on one line."""

    def __init__(self, line: Line) -> None:
        """Work on this line."""
        self._line: Final = line

    def all(self) -> Sequence[Organisation]:
        """Return all, by id."""
        return [ORGANISATION.read(row) for row in self._line.rows(ALL, {})]

    def load(self, organisation_id: OrganisationId) -> Organisation | None:
        """Return one; None when there is none."""
        row = self._line.row(LOAD, {"id": organisation_id})
        return None if row is None else ORGANISATION.read(row)

    def save(self, organisation: Organisation) -> None:
        """Write an organisation's name and plan over it; one that is not there stays away."""
        self._line.change(SAVE, {"row_id": organisation.id, "name": organisation.name, "plan": organisation.plan})

    def used(self, organisation_id: OrganisationId, what: Limited) -> int:
        """Return how many there are; 0 for channels, which are in the configuration."""
        counted = _COUNTED.get(what)
        if counted is None:
            return 0
        row = self._line.row(counted, {"organisation_id": organisation_id})
        return 0 if row is None else as_number(row[0])

    def usage(self, organisation_id: OrganisationId) -> Mapping[Limited, int]:
        """Return how many there are of everything but channels."""
        return {what: self.used(organisation_id, what) for what in _COUNTED}

    def may_hand_off(self, organisation_id: OrganisationId, conversation_id: ConversationId) -> bool:
        """Tell whether the assistant whose conversation it is may ask for a person."""
        return self._line.row(NO_HANDOFF, {"id": conversation_id, "organisation_id": organisation_id}) is None
