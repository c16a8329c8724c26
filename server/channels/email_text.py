"""Read a mail's headers and parts, however they are encoded: nothing in here raises."""

import email.policy
from collections.abc import Iterator
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.utils import getaddresses
from typing import Final, TypeAlias, cast

from server.channels.email_html import text_of_html
from server.channels.email_quotes import own_words

Mail: TypeAlias = "Message[str, str]"
"""A parsed mail; read with the oldest policy, which takes everything."""
MISREAD: Final = (MessageError, LookupError, ValueError, TypeError, AttributeError, AssertionError, RecursionError)
"""What Python's own reader is known to raise on mail that was made to harm it."""
_MOST_PARTS: Final = 200


def mail_of(raw: bytes) -> Mail:
    """Return a mail's structure."""
    return BytesParser(policy=email.policy.compat32).parsebytes(raw)


def header(mail: Mail, name: str) -> str:
    """Return a header as one line, decoded; empty when there is none."""
    return _line(plain_header(mail, name))


def plain_header(mail: Mail, name: str) -> str:
    """Return a header as it stands, in one line: for ids and addresses, which are never encoded."""
    for one, value in mail.raw_items():
        if one.lower() == name.lower():
            return " ".join(str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace").split())
    return ""


def addresses(mail: Mail, name: str) -> list[tuple[str, str]]:
    """Return (name, address) of everybody in a header, addresses in small letters."""
    try:
        found = getaddresses([plain_header(mail, name)])
    except MISREAD:
        return []
    return [(_line(one), address.lower()) for one, address in found if _is_address(address)]


def words_of(mail: Mail) -> str:
    """Return what a mail says, without what it quotes: its plain text, else its HTML."""
    texts = [part for part in _leaves(mail) if _is_text(part) and not file_name(part)]
    plain = "\n".join(_text(part) for part in texts if part.get_content_subtype() != "html").strip()
    if plain:
        return own_words(plain)
    return own_words(text_of_html("\n".join(_text(part) for part in texts if part.get_content_subtype() == "html")))


def _is_text(part: Mail) -> bool:
    """Tell whether a part is text; one that says it has parts, and has none, is."""
    return part.get_content_maintype() in {"text", "multipart"}


def files_in(mail: Mail) -> list[Mail]:
    """Return the parts that are files: those with a name, and whatever is no text."""
    return [part for part in _leaves(mail) if file_name(part) or not _is_text(part)]


def file_name(part: Mail) -> str:
    """Return the name of a part that is a file; empty for one that is text to read."""
    try:
        disposition, name = part.get_content_disposition() or "", part.get_filename("")
    except MISREAD:
        return "attachment"
    if name or disposition == "attachment":
        return _line(name) or "attachment"
    return ""


def content_of(part: Mail) -> bytes:
    """Return a part's bytes."""
    try:
        if part.get_content_type() == "message/rfc822":
            inner = parts_of(part)
            return inner[0].as_bytes() if inner else b""
        found = part.get_payload(decode=True)
    except MISREAD:
        return b""
    return found if isinstance(found, bytes) else b""


def parts_of(mail: Mail) -> list[Mail]:
    """Return the parts right within a mail or a part of one; none for a part that has bytes."""
    inner = mail.get_payload()
    parts = cast("list[object]", inner) if isinstance(inner, list) else []
    return [cast("Mail", one) for one in parts if isinstance(one, Message)]


def _leaves(mail: Mail) -> Iterator[Mail]:
    """Yield the parts that have no parts; a mail within a mail is one of them."""
    left: list[Mail] = [mail]
    count = 0
    while left and count < _MOST_PARTS:
        part = left.pop(0)
        count += 1
        if part.is_multipart() and part.get_content_maintype() == "multipart":
            left = parts_of(part) + left
        else:
            yield part


def _text(part: Mail) -> str:
    """Return the text of a part in the charset it names, else in the likeliest."""
    raw = content_of(part)
    try:
        named = part.get_content_charset("") or ""
    except MISREAD:
        named = ""
    return _decoded(raw, named)


def _decoded(raw: bytes, charset: str | None) -> str:
    """Return text from bytes: as named, else UTF-8, else what Windows writes."""
    for name in (charset, "utf-8"):
        try:
            return raw.decode(name) if name else raw.decode()
        except (LookupError, ValueError):
            continue
    return raw.decode("windows-1252", "replace")


def _line(encoded: str) -> str:
    """Return what a header or a name within one says, decoded (RFC 2047), in one line."""
    try:
        pieces = decode_header(encoded)
        words = "".join(_decoded(piece, charset) if isinstance(piece, bytes) else piece for piece, charset in pieces)
    except MISREAD:
        words = encoded
    return " ".join(words.encode("utf-8", "replace").decode().split())


def _is_address(text: str) -> bool:
    user, _, domain = text.rpartition("@")
    return bool(user and domain) and text.isascii() and not any(one.isspace() or one in '<>,;"()[]\\' for one in text)
