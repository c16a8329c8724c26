"""Find the conversation of a chat, or begin one, with the contact whose chat it is.

A contact is a set of ids. What a platform names together belongs to one person, with one exception: a number or a mail
address whose owner has another lasting id on the same account has passed on to somebody else.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from server.broker.answering import answering_key
from server.broker.parts import Parts
from server.broker.ports.channel_store import Chat
from server.broker.ports.channels import Account, ChannelEvent
from server.broker.ports.records import Contact, Conversation
from server.broker.ports.store import Unit
from server.core.contacts import SamePerson, platform_identities, same_person
from server.log import get_log
from server.wire.history import Identity
from server.wire.sanitize import clean_line
from server.wire.terms import ContactId, ConversationId, Medium, OrganisationId

_log = get_log(__name__)


def open_conversation(unit: Unit, parts: Parts, account: Account, event: ChannelEvent) -> Conversation:
    """Return the conversation in an event's chat, a new one when there is none that goes on.

    Raises:
        CallerError: `no_assistant`: nobody owns the conversations of this account.
    """
    known = unit.conversations.find_chat(account.organisation_id, account.name, event.chat)
    identities = platform_identities(account.name, event.sender_ids)
    if known is not None:
        if known.contact_id is not None and not event.shared:
            _recognise(unit, account.organisation_id, known.contact_id, identities)
        return known
    owner = answering_key(unit, account.organisation_id, account.assistant, f"channels.{account.name}")
    now = parts.clock.now()
    name = clean_line(event.sender_name, 120)
    contact = recognised(unit, parts, account.organisation_id, identities, name)
    conversation = Conversation(
        id=ConversationId(parts.new_id("c")),
        organisation_id=account.organisation_id,
        key_id=owner.id,
        medium=Medium.CHAT,
        channel=account.name,
        customer_name=name,
        customer_handle=clean_line(_handle(event), 120),
        external_id=event.chat,
        created_at=now,
        contact_id=contact,
        account=account.name,
        attributes={"language": clean_line(event.language, 20)} if event.language else {},
    )
    unit.conversations.insert(conversation)
    unit.ledger.tell_conversation(account.organisation_id, "conversation.changed", conversation.id)
    return conversation


def heard(unit: Unit, account: Account, event: ChannelEvent, now: datetime) -> None:
    """Remember the customer's newest message: what can be answered, and for how long."""
    at = min(event.at or now, now)
    known = unit.channels.chat(account.organisation_id, account.name, event.chat)
    if known is None or known.heard_at is None or at >= known.heard_at:
        unit.channels.save_chat(
            Chat(
                organisation_id=account.organisation_id,
                account=account.name,
                chat=event.chat,
                heard_at=at,
                heard_id=event.message_id,
            )
        )


def recognised(
    unit: Unit,
    parts: Parts,
    organisation_id: OrganisationId,
    identities: Sequence[Identity],
    name: str,
) -> ContactId:
    """Return whose ids these are, a new contact when they are nobody's."""
    owners = _owners(unit, organisation_id, identities)
    found = same_person(identities, owners, _known_of(unit, organisation_id, owners))
    contact = found.contact
    if contact is None:
        contact = ContactId(parts.new_id("p"))
        unit.contacts.insert(
            Contact(id=contact, organisation_id=organisation_id, name=name, created_at=parts.clock.now())
        )
    else:
        unit.contacts.name(organisation_id, contact, name)
    _bring_together(unit, organisation_id, contact, found, identities)
    return contact


def _recognise(unit: Unit, organisation_id: OrganisationId, contact: ContactId, identities: Sequence[Identity]) -> None:
    """Let the contact of a conversation that goes on be recognised by ids that are new."""
    owners = _owners(unit, organisation_id, identities)
    if all(owners.get(one) == contact for one in identities):
        return
    found = same_person(identities, owners, _known_of(unit, organisation_id, owners))
    _bring_together(unit, organisation_id, contact, found, identities)


def _bring_together(
    unit: Unit,
    organisation_id: OrganisationId,
    contact: ContactId,
    found: SamePerson,
    identities: Sequence[Identity],
) -> None:
    named = [found.contact, *found.others] if found.contact is not None else []
    for other in named:
        if other == contact:
            continue
        _log.info("contacts_merged", kept=contact, merged=other)
        unit.contacts.merge(organisation_id, other, contact)
    for identity in found.passed_on:
        unit.contacts.pass_on(organisation_id, identity, contact)
    for identity in identities:
        unit.contacts.add_identity(organisation_id, contact, identity)


def _owners(
    unit: Unit, organisation_id: OrganisationId, identities: Sequence[Identity]
) -> Mapping[Identity, ContactId | None]:
    return {one: unit.contacts.find(organisation_id, [one]) for one in identities}


def _known_of(
    unit: Unit, organisation_id: OrganisationId, owners: Mapping[Identity, ContactId | None]
) -> Mapping[ContactId, Sequence[Identity]]:
    """Return by what each of these contacts is recognised."""
    contacts = {one for one in owners.values() if one is not None}
    return {one: unit.contacts.identities(organisation_id, one) for one in contacts}


def _handle(event: ChannelEvent) -> str:
    """Return what people know a customer by: a number, an address, else the first id."""
    for prefix in ("phone:", "email:"):
        for one in event.sender_ids:
            if one.startswith(prefix):
                return one.removeprefix(prefix)
    return event.sender_ids[0] if event.sender_ids else event.chat
