"""Say in words and files what a WhatsApp message holds, so that none is ever empty."""

from collections.abc import Callable, Mapping
from typing import Final

from server.broker.ports.channels import RemoteFile
from server.channels.meta_words import place
from server.channels.reading import at, list_at, text_at

_FILES: Final = ("image", "video", "audio", "voice", "document", "sticker")


def files_of(message: object) -> tuple[RemoteFile, ...]:
    """Return the file of a message, by the id under which it lies with Meta for some weeks."""
    kind = text_at(message, "type")
    media = at(message, kind) if kind in _FILES else None
    handle = text_at(media, "id")
    if not handle:
        return ()
    media_type = text_at(media, "mime_type").partition(";")[0].strip()
    return (RemoteFile(handle=handle, name=text_at(media, "filename") or kind, media_type=media_type),)


def words_of(message: object) -> str:
    """Return what a message says in plain words; empty only where it has a file."""
    said = _said(message)
    return said if said or files_of(message) else f"[an empty message of type {text_at(message, 'type')[:40] or '?'}]"


def _said(message: object) -> str:
    """Return the words of a message by its type."""
    kind = text_at(message, "type")
    inner = at(message, kind)
    if kind in _FILES:
        return text_at(inner, "caption")
    if kind == "contacts":
        return "\n".join(_contact(one) for one in list_at(message, "contacts"))
    if kind in {"unsupported", "unknown"}:
        title = text_at(at(message, "errors", 0), "title")
        return f"[a message that WhatsApp cannot hand over{f': {title}' if title else ''}]"
    return _READERS[kind](inner) if kind in _READERS else ""


def _text(inner: object) -> str:
    return text_at(inner, "body")


def _button(inner: object) -> str:
    return text_at(inner, "text") or text_at(inner, "payload")


def _interactive(inner: object) -> str:
    """Return what was chosen: the customer sees its title as their own words."""
    reply = at(inner, text_at(inner, "type"))
    about = text_at(reply, "description")
    title = text_at(reply, "title") or text_at(reply, "body") or text_at(reply, "id")
    return f"{title} ({about})" if title and about else title


def _location(inner: object) -> str:
    """Return a place in one line."""
    named = ", ".join(word for key in ("name", "address") if (word := text_at(inner, key)))
    return place(at(inner, "latitude"), at(inner, "longitude"), named)


def _contact(contact: object) -> str:
    """Return one card of a contact in one line."""
    name = text_at(contact, "name", "formatted_name") or "no name"
    numbers = [text_at(one, "phone") for one in list_at(contact, "phones")]
    mails = [text_at(one, "email") for one in list_at(contact, "emails")]
    return f"[contact: {', '.join([name, *(one for one in [*numbers, *mails] if one)])}]"


def _order(inner: object) -> str:
    """Return an order from a catalogue: the words with it, then a line for each product."""
    lines = [text_at(inner, "text")]
    for one in list_at(inner, "product_items"):
        price = " ".join(word for key in ("item_price", "currency") if (word := _price(one, key)))
        product, amount = text_at(one, "product_retailer_id"), text_at(one, "quantity")
        lines.append(f"[order: {amount or '?'} x {product or '?'}{f' at {price}' if price else ''}]")
    return "\n".join(line for line in lines if line)


def _price(product: object, key: str) -> str:
    """Return a price's number or its currency, as it was written."""
    found = at(product, key)
    return f"{found:g}" if isinstance(found, float) else text_at(product, key)


_READERS: Final[Mapping[str, Callable[[object], str]]] = {
    "text": _text,
    "button": _button,
    "interactive": _interactive,
    "location": _location,
    "order": _order,
}
"""What says a message of a type, from the object of that name."""
