"""Understand the webhooks of WhatsApp Cloud: whole batches, customers without a telephone number, receipts.

Source: developers.facebook.com/docs/whatsapp/cloud-api/webhooks. Since 2026 a customer may be known by a
business-scoped user id (BSUID, `CO.1047...`) alone. Webhooks have had it since 31 March 2026, so a chat is named by it
where it is there, and by the number where it is not. What a person writes in the WhatsApp Business app comes as
`smb_message_echoes`.

Before: a request. After: its events, the whole batch; what is not understood is UNKNOWN.
"""

from collections.abc import Callable, Mapping
from typing import Final

from server.broker.ports.channels import ChannelEvent, EventKind, Incoming
from server.channels.graph import problem_of, reason
from server.channels.meta_webhook import Item, batch
from server.channels.meta_words import code_at
from server.channels.reading import at, digest, instant_at, list_at, text_at, unknown
from server.channels.whatsapp_words import files_of, words_of
from server.wire.terms import Delivery

ABOUT: Final = "whatsapp_business_account"
_DELIVERIES: Final[Mapping[str, Delivery]] = {
    "sent": Delivery.SENT,
    "delivered": Delivery.DELIVERED,
    "read": Delivery.READ,
    "played": Delivery.READ,
    "failed": Delivery.FAILED,
}
_SAID: Final = frozenset(
    {"text", "image", "video", "audio", "voice", "document", "sticker", "location", "contacts", "interactive", "button",
     "order", "unsupported", "unknown"}
)  # fmt: skip
"""Types of messages that a customer says; `unsupported` stands for what this interface cannot carry."""
_LOST: Final = frozenset({"DISABLED_UPDATE", "ACCOUNT_DELETED", "PARTNER_REMOVED", "ACCOUNT_RESTRICTION"})
"""What can happen to an account so that nothing goes out."""


def events(incoming: Incoming, phone_number_id: str) -> list[ChannelEvent]:
    """Return everything in a request.

    Args:
        incoming: The request.
        phone_number_id: Ours; what is for another number of the same business account is not ours.
    """
    found, strange = batch(incoming, ABOUT)
    told: list[ChannelEvent] = []
    for item in found:
        told += _events_of(item, phone_number_id)
    return told + strange


def _events_of(item: Item, phone_number_id: str) -> list[ChannelEvent]:
    """Return what one change tells."""
    if item.list_name == "account_update":
        return [_account(item)]
    number = text_at(item.value, "metadata", "phone_number_id")
    if item.list_name not in {"messages", "smb_message_echoes"}:
        return [unknown(item.value, f"A change of {item.list_name[:60]}.")]
    if number and number != phone_number_id:
        return [unknown(item.value, f"For number {number}, not for {phone_number_id}.")]
    told = [_one(value, item.value) for value in list_at(item.value, "messages")]
    told += [_echo(value, item.value) for value in list_at(item.value, "message_echoes")]
    told += [_status(value) for value in list_at(item.value, "statuses")]
    told += [_error(value) for value in list_at(item.value, "errors")]
    return told or [unknown(item.value, "A change without messages or statuses.")]


def _one(message: object, value: object) -> ChannelEvent:
    """Read one message of a customer."""
    mid, kind = text_at(message, "id"), text_at(message, "type")
    ids, name = _who(message, value)
    if not mid or not ids:
        return unknown(message, "A message without an id or a sender.")
    if text_at(message, "group_id"):
        return unknown(message, "A message in a group, which this channel does not serve.")
    if kind in _NOTED:
        return unknown(message, _NOTED[kind](message))
    if kind in _CHANGES:
        return _change(message, kind, ids)
    said = words_of(message) if kind in _SAID else f"[a message of type {kind[:40] or 'none'}]"
    return _about(message, EventKind.MESSAGE, mid, ids, message_id=mid, text=said, name=name)


def _change(message: object, kind: str, ids: tuple[str, ...]) -> ChannelEvent:
    """Read what a customer changed a message to, or that they took it back."""
    original = text_at(message, kind, "original_message_id")
    if not original:
        return unknown(message, f"A change of type {kind} of no message.")
    text = words_of(at(message, kind, "message")) if kind == "edit" else ""
    return _about(message, _CHANGES[kind], f"{kind}:{text_at(message, 'id')}", ids, message_id=original, text=text)


def _reaction(message: object) -> str:
    word = text_at(message, "reaction", "emoji") or "taken back"
    return f"A reaction {word} to {text_at(message, 'reaction', 'message_id')}."


def _system(message: object) -> str:
    return text_at(message, "system", "body") or "The customer opened the chat."


_CHANGES: Final = {"edit": EventKind.EDITED, "revoke": EventKind.DELETED}
_NOTED: Final[Mapping[str, Callable[[object], str]]] = {
    "reaction": _reaction,
    "system": _system,
    "request_welcome": _system,
}
"""Types that are only kept, each with what says so."""


def _who(message: object, value: object) -> tuple[tuple[str, ...], str]:
    """Return every id of a message's sender, the most lasting first, and the name they chose."""
    number, user = text_at(message, "from"), text_at(message, "from_user_id")
    contacts = list_at(value, "contacts")
    mine = [
        one
        for one in contacts
        if (user and text_at(one, "user_id") == user) or (number and text_at(one, "wa_id") == number)
    ]
    contact = mine[0] if mine else contacts[0] if len(contacts) == 1 and not (user or number) else None
    user = user or text_at(contact, "user_id")
    number = number or text_at(contact, "wa_id")
    parent = text_at(message, "from_parent_user_id") or text_at(contact, "parent_user_id")
    profile = at(contact, "profile")
    return _ids(user, number, parent), text_at(profile, "name") or text_at(profile, "username")


def _ids(user: str, number: str, parent: str = "") -> tuple[str, ...]:
    """Return ids as the broker keeps them: the first is the chat."""
    phone = f"phone:+{number.removeprefix('+')}" if number else ""
    return tuple(one for one in (user, phone, parent) if one)


def _echo(message: object, value: object) -> ChannelEvent:
    """Read what a person wrote in the WhatsApp Business app: they took the chat."""
    mid, kind = text_at(message, "id"), text_at(message, "type")
    number = text_at(message, "to")
    known = [one for one in list_at(value, "contacts") if number and text_at(one, "wa_id") == number]
    ids = _ids(text_at(message, "to_user_id") or (text_at(known[0], "user_id") if known else ""), number)
    if not mid or not ids:
        return unknown(message, "An echo without an id or a customer.")
    if kind in {"edit", "revoke", "reaction"}:
        return unknown(message, f"A {kind} in the WhatsApp Business app.")
    said = words_of(message) or "\n".join(f"[{one.name}]" for one in files_of(message))
    return _about(message, EventKind.ECHO, f"echo:{mid}", ids, message_id=mid, text=said, by_person=True)


def _status(status: object) -> ChannelEvent:
    """Read what became of a message of ours; may come twice and out of order.

    The chat is left out: a status may name the customer by another id than the one that was written to, and a
    message's id is WhatsApp's own for ever.
    """
    mid, word = text_at(status, "id"), text_at(status, "status")
    if not mid or word not in _DELIVERIES:
        return unknown(status, f"A status {word[:40] or 'without a word'}.")
    errors = list_at(status, "errors")
    failure = _failure(errors[0]) if errors else ""
    return ChannelEvent(
        kind=EventKind.DELIVERY,
        key=f"{mid}:{word}",
        message_id=mid,
        at=instant_at(status, "timestamp"),
        delivery=_DELIVERIES[word],
        failure=failure or ("WhatsApp did not say why." if word == "failed" else ""),
        part_key=text_at(status, "biz_opaque_callback_data"),
    )


def _failure(error: object) -> str:
    """Return why a message did not arrive."""
    return reason(error, problem_of(code_at(error, "code"), 0))


def _error(error: object) -> ChannelEvent:
    """Read an error that belongs to no message."""
    return unknown(error, _failure(error))


def _account(item: Item) -> ChannelEvent:
    """Read what became of the business account."""
    event = text_at(item.value, "event")
    if event not in _LOST:
        return unknown(item.value, f"An account update {event[:60]}.")
    key = f"account:{digest(item.value)}"
    return ChannelEvent(kind=EventKind.ACCOUNT, key=key, failure=f"WhatsApp says of the account: {event}")


def _about(
    of: object,
    kind: EventKind,
    key: str,
    ids: tuple[str, ...],
    *,
    message_id: str,
    text: str = "",
    name: str = "",
    by_person: bool = False,
) -> ChannelEvent:
    """Return an event with what all share."""
    return ChannelEvent(
        kind=kind,
        key=key,
        chat=ids[0].removeprefix("phone:+") if ids else "",
        message_id=message_id,
        sender_ids=ids,
        sender_name=name,
        at=instant_at(of, "timestamp"),
        text=text,
        files=files_of(of) if kind in {EventKind.MESSAGE, EventKind.ECHO} else (),
        reply_to=text_at(of, "context", "id"),
        by_person=by_person,
    )
