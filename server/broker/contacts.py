"""Attach each new conversation to whoever it is with."""

from server.broker.parts import Parts
from server.broker.ports.records import Contact, Conversation
from server.broker.ports.store import Unit
from server.core.contacts import identities_of
from server.wire.terms import ContactId


def recognised(unit: Unit, parts: Parts, conversation: Conversation, customer_id: str) -> ContactId:
    """Return the contact of a new conversation, a new one when nobody is known by any of its identities.

    Identities that nobody has yet become the contact's; those of two contacts never merge them.
    """
    organisation_id = conversation.organisation_id
    identities = identities_of(conversation.channel, conversation.customer_handle, customer_id)
    known = unit.contacts.find(organisation_id, identities)
    if known is None:
        known = ContactId(parts.new_id("p"))
        unit.contacts.insert(
            Contact(
                id=known,
                organisation_id=organisation_id,
                name=conversation.customer_name,
                created_at=conversation.created_at,
            )
        )
    else:
        unit.contacts.name(organisation_id, known, conversation.customer_name)
    for identity in identities:
        unit.contacts.add_identity(organisation_id, known, identity)
    return known
