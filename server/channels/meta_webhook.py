r"""Know that a request is Meta's, for WhatsApp, Messenger and Instagram alike, and take its batches apart.

Source: developers.facebook.com/docs/graph-api/webhooks/getting-started. A POST carries `X-Hub-Signature-256`,
HMAC-SHA256 keyed with the app secret, over the body **as it was sent**: Meta writes what is not ASCII as `\u00e9` and
`/` as it likes, so a body that was parsed and written again no longer has that signature.

Before: a request of Meta. After: the items of all its entries, each with the time and the account it came under.
"""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from server.broker.ports.channels import Answer, ChannelEvent, Incoming
from server.channels.meta_words import is_object
from server.channels.reading import at, decoded, list_at, text_at, unknown
from server.core.errors import NotAuthenticatedError
from server.secret_files import SecretText

HEADER: Final = "x-hub-signature-256"
"""The header of the signature, by its lower-case name."""
_PREFIX: Final = "sha256="
_LONGEST_CHALLENGE: Final = 200


def challenge(incoming: Incoming, verify_token: SecretText) -> Answer | None:
    """Return what Meta wants to read when it asks whether the address is ours; None when it does not ask.

    Raises:
        NotAuthenticatedError: `bad_verify_token`.
    """
    if incoming.method != "GET":
        return None
    given = incoming.query.get("hub.verify_token", "").encode("utf-8", "surrogatepass")
    asks = incoming.query.get("hub.mode", "") == "subscribe"
    if not asks or not hmac.compare_digest(given, verify_token.reveal().encode()):
        raise NotAuthenticatedError(
            "bad_verify_token",
            "The verify token is not the one of this channel.",
            "Write the same verify token into Meta's webhook settings and into the channel's verify_token_file.",
        )
    said = incoming.query.get("hub.challenge", "")[:_LONGEST_CHALLENGE]
    return Answer(body=said.encode("utf-8", "replace"))


def sign(body: bytes, app_secret: SecretText) -> str:
    """Return the signature that Meta gives to `body`."""
    return _PREFIX + hmac.new(app_secret.reveal().encode(), body, hashlib.sha256).hexdigest()


def verify(incoming: Incoming, app_secret: SecretText) -> None:
    """Check that the app's owner alone can have sent it; the same request may come again, which its keys tell.

    Raises:
        NotAuthenticatedError: `bad_signature`.
    """
    given = incoming.headers.get(HEADER, "").strip().encode("utf-8", "surrogatepass")
    if not hmac.compare_digest(given, sign(incoming.body, app_secret).encode()):
        raise NotAuthenticatedError(
            "bad_signature", "The request is not signed by Meta.", "Check the app secret in app_secret_file."
        )


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of a batch.

    Attributes:
        account: The id of the page, the Instagram account or the WhatsApp business account it came under.
        list_name: `messaging`, `standby` or the `field` of a change.
        value: The thing itself.
    """

    account: str
    list_name: str
    value: dict[str, object]


def batch(incoming: Incoming, expected: str) -> tuple[list[Item], list[ChannelEvent]]:
    """Return the items of all entries of a request, and an UNKNOWN event for everything that is no item.

    Args:
        incoming: The request.
        expected: What its `object` must be: `page`, `instagram`, `whatsapp_business_account`.
    """
    body = decoded(incoming.body)
    if not is_object(body):
        return [], [unknown(incoming.body, "The body is no JSON object.")]
    about = text_at(body, "object")
    if about != expected:
        return [], [unknown(body, f"It is about {about or 'nothing named'}, not {expected}.")]
    found: list[Item] = []
    strange: list[ChannelEvent] = []
    for entry in list_at(body, "entry"):
        inside = list(_inside(entry))
        found += [one for one in inside if isinstance(one, Item)]
        strange += [one for one in inside if not isinstance(one, Item)]
        if not inside:
            strange.append(unknown(entry, "An entry without items."))
    return found, strange


def _inside(entry: object) -> Iterator[Item | ChannelEvent]:
    """Yield the items of one entry."""
    account = text_at(entry, "id")
    for name in ("messaging", "standby"):
        for value in list_at(entry, name):
            yield _item(account, name, value) or unknown(value, f"A {name} item is no object.")
    for change in list_at(entry, "changes"):
        value = at(change, "value")
        field = text_at(change, "field")
        yield _item(account, field, value) or unknown(change, "A change without a field or a value.")


def _item(account: str, name: str, value: object) -> Item | None:
    return Item(account, name, value) if name and is_object(value) else None
