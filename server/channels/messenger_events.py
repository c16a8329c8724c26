"""Understand the webhooks of Messenger and Instagram, which share their shape.

Source: developers.facebook.com/docs/messenger-platform/webhooks and /docs/instagram-platform/webhooks. A person who
answers in Meta's own inbox shows as an echo without our app's id: the sign that somebody took the chat there. While
another app holds the thread, what is said comes as `standby`.

Before: a request. After: its events, the whole batch; what is not understood is UNKNOWN.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from server.broker.ports.channels import ChannelEvent, EventKind, Incoming, RemoteFile
from server.channels.messenger_words import files_of, words_of
from server.channels.meta_webhook import Item, batch
from server.channels.meta_words import is_object, milliseconds_at
from server.channels.reading import at, digest, is_set, list_at, number_at, text_at, unknown
from server.wire.terms import Delivery

INBOXES: Final = frozenset({"263902037430900", "1217981644879628"})
"""The app ids of Meta's own inbox for pages and for Instagram: who writes there is a person."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose events they are.

    Attributes:
        about: What the webhook's `object` is: `page` or `instagram`.
        account_id: Of the page or the Instagram professional account; entries of others are not ours.
        app_id: Of our app; empty: any app may be ours.
    """

    about: str
    account_id: str
    app_id: str = ""

    def is_ours(self, app_id: str) -> bool:
        """Tell whether an echo came from an app, and not from a person in Meta's inbox."""
        if not app_id or app_id in INBOXES:
            return False
        return not self.app_id or app_id == self.app_id


def events(incoming: Incoming, account: Owner) -> list[ChannelEvent]:
    """Return everything in a request."""
    found, strange = batch(incoming, account.about)
    told: list[ChannelEvent] = []
    for item in found:
        told += _standing_by(item, account) + _events_of(item, account)
    kept = {event.key: event for event in told + strange}  # a batch may tell several times who has a chat
    return list(kept.values())


def _standing_by(item: Item, account: Owner) -> list[ChannelEvent]:
    """Return, once in an hour, that another app has the chat which an item was only shown to us of."""
    customer = _person(item, "sender")
    shown = item.list_name == "standby" and item.account == account.account_id and customer != account.account_id
    if not shown or not text_at(item.value, "message", "mid"):
        return []
    hour = (number_at(item.value, "timestamp") or 0) // _HOUR_MS
    said = "[another app answers this customer now]"
    return [_event(item, EventKind.ECHO, f"standby:{customer}:{hour}", customer, text=said, by_person=True)]


def _events_of(item: Item, account: Owner) -> list[ChannelEvent]:
    """Return what one item tells; a read or delivery of several messages tells several things."""
    if item.account != account.account_id:
        return [unknown(item.value, f"For account {item.account}, not for {account.account_id}.")]
    for name, read in _READERS.items():
        value = at(item.value, name)
        if is_object(value):
            return read(item, value, account)
    return [unknown(item.value, f"A {item.list_name} item of a kind not known: {', '.join(sorted(item.value))}.")]


def _message(item: Item, message: object, account: Owner) -> list[ChannelEvent]:
    """Read what was said: by the customer, or in our name."""
    mid = text_at(message, "mid")
    if not mid:
        return [unknown(item.value, "A message without an id.")]
    if is_set(message, "is_echo"):
        return [_echo(item, message, account)]
    customer = _person(item, "sender")
    if not customer:
        return [unknown(item.value, "A message without a sender.")]
    if is_set(message, "is_deleted"):
        return [_event(item, EventKind.DELETED, f"deleted:{mid}", customer, message_id=mid)]
    said = _event(
        item,
        EventKind.MESSAGE,
        mid,
        customer,
        message_id=mid,
        text=words_of(message),
        files=files_of(message),
        reply_to=text_at(message, "reply_to", "mid"),
    )
    return [said]


def _echo(item: Item, message: object, account: Owner) -> ChannelEvent:
    """Read what was said in our name; the customer is the one it went to."""
    mid, files = text_at(message, "mid"), files_of(message)
    person = not account.is_ours(text_at(message, "app_id"))
    return _event(
        item,
        EventKind.ECHO,
        f"echo:{mid}",
        _person(item, "recipient"),
        message_id=mid,
        text=words_of(message) or "\n".join(f"[{one.name}]" for one in files),
        files=files,
        by_person=person,
    )


def _postback(item: Item, postback: object, _account: Owner) -> list[ChannelEvent]:
    """Read a button: the customer sees its title as their own words."""
    customer, mid = _person(item, "sender"), text_at(postback, "mid")
    key = mid or f"postback:{digest(item.value)}"
    words = text_at(postback, "title") or text_at(postback, "payload")
    if not customer or not words:
        return [unknown(item.value, "A button without a sender or words.")]
    return [_event(item, EventKind.MESSAGE, key, customer, message_id=mid, text=words)]


def _delivery(item: Item, delivery: object, _account: Owner) -> list[ChannelEvent]:
    """Read that messages reached the customer: each one named, or all up to a time."""
    return _receipts(item, delivery, Delivery.DELIVERED, list_at(delivery, "mids"))


def _read(item: Item, read: object, _account: Owner) -> list[ChannelEvent]:
    """Read that the customer saw messages: Instagram names one, Messenger all up to a time."""
    return _receipts(item, read, Delivery.READ, [text_at(read, "mid")])


def _receipts(item: Item, value: object, delivery: Delivery, mids: list[object]) -> list[ChannelEvent]:
    """Return one event for each message named; without names one for the chat, up to the watermark."""
    customer = _person(item, "sender")
    named = [mid for mid in (text_at(one) for one in mids) if mid]
    watermark = milliseconds_at(value, "watermark")
    if not customer or (not named and watermark is None):
        return [unknown(item.value, "A receipt that names no message.")]
    if not named:
        key = f"{delivery}:{customer}:{text_at(value, 'watermark')}"
        told = ChannelEvent(
            kind=EventKind.DELIVERY, key=key, chat=customer, sender_ids=(customer,), at=watermark, delivery=delivery
        )
        return [told]
    return [
        _event(item, EventKind.DELIVERY, f"{delivery}:{mid}", customer, message_id=mid, delivery=delivery)
        for mid in named
    ]


def _edit(item: Item, edit: object, _account: Owner) -> list[ChannelEvent]:
    """Read what the customer changed a message to."""
    customer, mid = _person(item, "sender"), text_at(edit, "mid")
    if not customer or not mid:
        return [unknown(item.value, "An edit of no message.")]
    key = f"edit:{mid}:{text_at(edit, 'num_edit') or digest(item.value)}"
    return [_event(item, EventKind.EDITED, key, customer, message_id=mid, text=text_at(edit, "text"))]


def _policy(item: Item, policy: object, _account: Owner) -> list[ChannelEvent]:
    """Read that Meta blocked the account, or no longer does."""
    if text_at(policy, "action") != "block":
        return [unknown(item.value, "Meta no longer blocks the account.")]
    why = text_at(policy, "reason") or "no reason given"
    key = f"policy:{digest(item.value)}"
    return [ChannelEvent(kind=EventKind.ACCOUNT, key=key, failure=f"Meta blocked the account: {why}")]


def _handed(item: Item, handed: object, account: Owner) -> list[ChannelEvent]:
    """Read that the thread went from one app to another: away from us is a take-over, whoever took it."""
    customer = _person(item, "sender")
    before, after = text_at(handed, "previous_owner_app_id"), text_at(handed, "new_owner_app_id")
    if not customer or not account.app_id or after == account.app_id or before != account.app_id:
        return [unknown(item.value, f"The thread went from app {before or '?'} to app {after or '?'}.")]
    key = f"handed:{digest(item.value)}"
    who = "Meta's inbox" if after in INBOXES else f"App {after or '?'}"
    return [_event(item, EventKind.ECHO, key, customer, text=f"[{who} took this chat]", by_person=True)]


def _noted(note: str) -> "_Reader":
    """Return a reader of what is only kept."""

    def read(item: Item, value: object, _account: Owner) -> list[ChannelEvent]:
        word = text_at(value, "emoji") or text_at(value, "reaction")
        about = text_at(value, "mid")
        return [unknown(item.value, f"{note}{f' {word}' if word else ''}{f' to {about}' if about else ''}."[:200])]

    return read


_HOUR_MS: Final = 3_600_000
_Reader = Callable[[Item, object, Owner], list[ChannelEvent]]
_READERS: Final[Mapping[str, _Reader]] = {
    "message": _message,
    "message_edit": _edit,
    "postback": _postback,
    "delivery": _delivery,
    "read": _read,
    "take_thread_control": _handed,
    "pass_thread_control": _handed,
    "policy_enforcement": _policy,
    "request_thread_control": _noted("Another app asks for the thread"),
    "app_roles": _noted("The roles of apps changed"),
    "reaction": _noted("A reaction"),
    "referral": _noted("The customer came by a link"),
    "optin": _noted("The customer agreed to something"),
    "account_linking": _noted("The customer linked or unlinked an account"),
}
"""What an item is about, by the name of its object; the first that is there."""


def _person(item: Item, role: str) -> str:
    """Return the id of the customer in an item."""
    return text_at(item.value, role, "id")


def _event(
    item: Item,
    kind: EventKind,
    key: str,
    customer: str,
    *,
    message_id: str = "",
    text: str = "",
    files: tuple[RemoteFile, ...] = (),
    reply_to: str = "",
    delivery: Delivery | None = None,
    by_person: bool = False,
) -> ChannelEvent:
    """Return an event with what all share."""
    return ChannelEvent(
        kind=kind,
        key=key,
        chat=customer,
        message_id=message_id,
        sender_ids=(customer,) if customer else (),
        at=milliseconds_at(item.value, "timestamp"),
        text=text,
        files=files,
        reply_to=reply_to,
        delivery=delivery,
        by_person=by_person,
    )
