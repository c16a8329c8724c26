"""Turn Slack's markup into plain text and plain text into what Slack shows unchanged.

Source: https://docs.slack.dev/messaging/formatting-message-text: `&`, `<` and `>` are escaped; what stands between `<`
and `>` is a link, a person, a channel or a call to everybody.
"""

import re
from typing import Final

_TAG: Final = re.compile(r"<([^<>\s][^<>]*)>")
_BROADCASTS: Final = {"!here": "@here", "!channel": "@channel", "!everyone": "@everyone"}


def plain(marked: str) -> str:
    """Return what a person reads: links as their words and address, people and channels as `@name` and `#name`."""
    return _unescaped(_TAG.sub(_read, marked))


def escaped(said: str) -> str:
    """Return a text that Slack shows as it is, and in which nothing calls anybody."""
    return said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _read(found: re.Match[str]) -> str:
    target, _, label = found[1].partition("|")
    if target.startswith("@"):
        return f"@{label.removeprefix('@') or target[1:]}"
    if target.startswith("#"):
        return f"#{label.removeprefix('#') or target[1:]}"
    if target.startswith("!"):
        return _BROADCASTS.get(target) or label or f"@{target.rpartition('^')[2].removeprefix('!')}"
    address = target.removeprefix("mailto:").removeprefix("tel:")
    bare = address.removeprefix("https://").removeprefix("http://")
    return address if label in {"", address, bare} else f"{label} ({address})"


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
