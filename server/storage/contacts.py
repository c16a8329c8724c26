"""Keep contacts: recognise them by their identities, and gather everything that belongs to one."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, bindparam, delete, insert, literal_column, select, update

from server.broker.ports.records import Contact
from server.core.search import words_of
from server.storage import shown
from server.storage.cells import Row, Shape, as_text
from server.storage.conversations import CONVERSATION, MESSAGE_VIEW
from server.storage.line import Line
from server.storage.past_schema import contacts, identities
from server.storage.schema import conversations, messages, sessions
from server.storage.statement import Statement, any_of, unsought
from server.wire.history import MOST_SHOWN, ContactPage, ContactView, Identity
from server.wire.terms import ContactId, IdentityKind, OrganisationId

CONTACT: Final = Shape(Contact, contacts)
"""How a contact lies in its row."""

_k, _i, _c, _m, _s = contacts.c, identities.c, conversations.c, messages.c, sessions.c
_OURS = unsought(_k.organisation_id) == bindparam("organisation_id")
_THEIRS = _c.contact_id == bindparam("contact")
_BELONGS = unsought(_c.organisation_id) == bindparam("organisation_id")
_MOST: Final[ColumnElement[int]] = literal_column(str(MOST_SHOWN))

OWNER: Final = Statement(
    select(_i.contact_id).where(
        _i.organisation_id == bindparam("organisation_id"), _i.kind == bindparam("kind"), _i.value == bindparam("value")
    )
)
INSERT: Final = Statement(insert(contacts), fills=[*CONTACT.names, "folded"])
ADD_IDENTITY: Final = Statement(insert(identities), fills=["organisation_id", "kind", "value", "contact_id"])
NAME: Final = Statement(
    update(contacts).where(
        _k.id == bindparam("row_id"), _k.organisation_id == bindparam("row_organisation"), _k.name == ""
    ),
    fills=["name", "folded"],
)
DROP_IDENTITY: Final = Statement(
    delete(identities).where(
        _i.organisation_id == bindparam("organisation_id"), _i.kind == bindparam("kind"), _i.value == bindparam("value")
    )
)
GIVE_IDENTITIES: Final = Statement(
    update(identities).where(
        _i.contact_id == bindparam("row_contact"), _i.organisation_id == bindparam("row_organisation")
    ),
    fills=["contact_id"],
)
GIVE_CONVERSATIONS: Final = Statement(
    update(conversations).where(
        _c.contact_id == bindparam("row_contact"), _c.organisation_id == bindparam("row_organisation")
    ),
    fills=["contact_id"],
)
DROP: Final = Statement(
    delete(contacts).where(_k.id == bindparam("id"), _k.organisation_id == bindparam("organisation_id"))
)
LOAD: Final = Statement(select(*CONTACT.columns).where(_k.id == bindparam("id"), _OURS))
IDENTITIES: Final = Statement(
    select(_i.contact_id, _i.kind, _i.value).where(
        any_of(_i.contact_id, "ids"), unsought(_i.organisation_id) == bindparam("organisation_id")
    )
)
CONVERSATIONS: Final = Statement(
    select(*CONVERSATION.columns).where(_THEIRS, _BELONGS).order_by(_c.created_at.desc()).limit(_MOST)
)
SESSIONS: Final = Statement(shown.shown_sessions(_THEIRS, _BELONGS).order_by(_s.number.desc()).limit(_MOST))
NOTES: Final = Statement(
    select(*MESSAGE_VIEW.columns)
    .select_from(conversations.join(messages, _m.conversation_id == _c.id))
    .where(_THEIRS, _BELONGS, _m.author == "note")
    .order_by(_m.at.desc(), _m.position.desc())
    .limit(_MOST)
)
BY_NAME: Final = Statement(
    select(*CONTACT.columns)
    .where(
        _k.organisation_id == bindparam("organisation_id"),
        _k.folded >= bindparam("least"),
        _k.folded < bindparam("below"),
    )
    .order_by(_k.folded, _k.id)
    .limit(bindparam("most"))
)


class SqlContacts:
    """Contacts on one line."""

    def __init__(self, line: Line) -> None:
        """Work on this line."""
        self._line: Final = line

    def find(self, organisation_id: OrganisationId, identities: Sequence[Identity]) -> ContactId | None:
        """Return whose the first of these identities is that anybody has."""
        for identity in identities:
            row = self._line.row(OWNER, _identity_cells(organisation_id, identity))
            if row is not None:
                return ContactId(as_text(row[0]))
        return None

    def insert(self, contact: Contact) -> None:
        """Add a contact."""
        self._line.change(INSERT, {**CONTACT.cells(contact), "folded": folded(contact.name)})

    def name(self, organisation_id: OrganisationId, contact_id: ContactId, name: str) -> None:
        """Name a contact that has no name yet."""
        if name:
            row = {"row_id": contact_id, "row_organisation": organisation_id}
            self._line.change(NAME, {**row, "name": name, "folded": folded(name)})

    def add_identity(self, organisation_id: OrganisationId, contact_id: ContactId, identity: Identity) -> None:
        """Let a contact be recognised by this too; one that another contact has stays theirs."""
        cells = _identity_cells(organisation_id, identity)
        if self._line.row(OWNER, cells) is None:
            self._line.change(ADD_IDENTITY, {**cells, "contact_id": contact_id})

    def identities(self, organisation_id: OrganisationId, contact_id: ContactId) -> Sequence[Identity]:
        """Return by what a contact is recognised."""
        wanted = {"organisation_id": organisation_id, "ids": self._line.ids([contact_id])}
        rows = self._line.rows(IDENTITIES, wanted)
        return [Identity(kind=IdentityKind(as_text(kind)), value=as_text(value)) for _, kind, value in rows]

    def pass_on(self, organisation_id: OrganisationId, identity: Identity, contact_id: ContactId) -> None:
        """Let a contact be recognised by this, and nobody else any more."""
        cells = _identity_cells(organisation_id, identity)
        self._line.change(DROP_IDENTITY, cells)
        self._line.change(ADD_IDENTITY, {**cells, "contact_id": contact_id})

    def merge(self, organisation_id: OrganisationId, contact_id: ContactId, into: ContactId) -> None:
        """Give all that a contact has to another, and drop it."""
        row = self._line.row(LOAD, {"id": contact_id, "organisation_id": organisation_id})
        if row is None or contact_id == into:
            return
        whose = {"row_contact": contact_id, "row_organisation": organisation_id, "contact_id": into}
        self._line.change(GIVE_IDENTITIES, whose)
        self._line.change(GIVE_CONVERSATIONS, whose)
        self.name(organisation_id, into, CONTACT.read(row).name)
        self._line.change(DROP, {"id": contact_id, "organisation_id": organisation_id})

    def page(self, organisation_id: OrganisationId, contact_id: ContactId) -> ContactPage | None:
        """Return all that is known of a contact."""
        row = self._line.row(LOAD, {"id": contact_id, "organisation_id": organisation_id})
        if row is None:
            return None
        theirs = {"contact": contact_id, "organisation_id": organisation_id}
        found = self._line.rows(SESSIONS, theirs)
        return ContactPage(
            contact=self._views(organisation_id, [row])[0],
            conversations=tuple(
                shown.conversation_view(CONVERSATION.read(one)) for one in self._line.rows(CONVERSATIONS, theirs)
            ),
            sessions=tuple(shown.sessions_by_rows(self._line, organisation_id, found)),
            notes=tuple(MESSAGE_VIEW.read(one) for one in self._line.rows(NOTES, theirs)),
        )

    def look_up(
        self, organisation_id: OrganisationId, name: str, identities: Sequence[Identity], limit: int
    ) -> Sequence[ContactView]:
        """Return contacts recognised by one of these identities, then those whose name begins with `name`."""
        ours = {"organisation_id": organisation_id}
        owners = [owner for one in identities if (owner := self.find(organisation_id, [one])) is not None]
        known = [row for owner in owners if (row := self._line.row(LOAD, {**ours, "id": owner})) is not None]
        least = folded(name)
        if least:
            known += self._line.rows(BY_NAME, {**ours, "least": least, "below": f"{least}\U0010ffff", "most": limit})
        rows = {as_text(row[0]): row for row in known}
        return self._views(organisation_id, list(rows.values())[:limit])

    def _views(self, organisation_id: OrganisationId, rows: Sequence[Row]) -> list[ContactView]:
        """Return contacts with what they are recognised by."""
        found = [CONTACT.read(row) for row in rows]
        ids = self._line.ids([contact.id for contact in found])
        known: dict[str, list[Identity]] = {}
        for owner, kind, value in self._line.rows(IDENTITIES, {"organisation_id": organisation_id, "ids": ids}):
            identity = Identity(kind=IdentityKind(as_text(kind)), value=as_text(value))
            known.setdefault(as_text(owner), []).append(identity)
        return [
            ContactView(
                id=contact.id,
                name=contact.name,
                created_at=contact.created_at,
                identities=tuple(sorted(known.get(contact.id, ()), key=lambda one: (one.kind, one.value))),
            )
            for contact in found
        ]


def _identity_cells(organisation_id: OrganisationId, identity: Identity) -> dict[str, str]:
    return {"organisation_id": organisation_id, "kind": identity.kind.value, "value": identity.value}


def folded(name: str) -> str:
    """Return a name without case, accents and signs."""
    return " ".join(words_of(name))
