"""Know the keys of a keyboard by name: what a person may write, what the terminal sends, what is shown.

Names are Textual's (`f6`, `ctrl+t`, `pagedown`, `question_mark`); a single character may be written as it is (`?`).
"""

import difflib
import string
import unicodedata
from collections.abc import Mapping
from typing import Final

_NAMED: Final = (
    "up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete",
    "backspace", "enter", "escape", "tab", "space", *(f"f{n}" for n in range(1, 25)),
)  # fmt: skip
_OTHERWISE: Final = {
    "pgup": "pageup", "pgdn": "pagedown", "page_up": "pageup", "page_down": "pagedown", "del": "delete",
    "ins": "insert", "return": "enter", "esc": "escape",
}  # fmt: skip
_MODIFIERS: Final = ("alt", "ctrl", "shift")
_FRIENDLY: Final = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
"""Where Textual's name of a character is not Unicode's."""
_SAME: Final = {
    "ctrl+i": "tab",
    "ctrl+m": "enter",
    "ctrl+h": "backspace",
    "ctrl+left_square_bracket": "escape",
    "shift+space": "space",
}
"""Keys that terminals send as others."""


def _name_of(character: str) -> str:
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return _FRIENDLY.get(name, name)


_PUNCTUATION: Final = {_name_of(character): character for character in string.punctuation}
KEY_NAMES: Final = (*_NAMED, *_PUNCTUATION)
"""Every key with a name of its own; letters and digits are named by themselves."""
_SHOWN: Final = {
    **_PUNCTUATION, "pagedown": "PgDn", "pageup": "PgUp", **{f"f{n}": f"F{n}" for n in range(1, 25)},
}  # fmt: skip


def key_named(written: str) -> str | None:
    """Return the name under which the terminal's key arrives, or None when there is no such key."""
    before, last = _parts(written)
    modifiers = sorted({modifier.strip().lower() for modifier in before})
    base = _base(last if len(last) == 1 else last.strip())
    if base is None or any(modifier not in _MODIFIERS for modifier in modifiers):
        return None
    if modifiers and not base.isascii():
        return None
    if len(base) == 1 and "ctrl" in modifiers:
        base = base.lower()
    elif len(base) == 1 and "shift" in modifiers:
        base = base.upper()
        modifiers.remove("shift")
    key = "+".join((*modifiers, base))
    return _SAME.get(key, key)


def _parts(written: str) -> tuple[list[str], str]:
    """Return what stands before the key, and the key; `+` is a key too."""
    if written.endswith("++"):
        return written[:-2].split("+"), "+"
    *before, last = written.split("+") if len(written) > 1 else (written,)
    return before, last


def _base(written: str) -> str | None:
    if len(written) == 1:
        if written.isalnum():
            return written
        return "space" if written == " " else _name_of(written) or None
    name = _OTHERWISE.get(written.lower(), written.lower())
    return name if name in KEY_NAMES else None


def nearest_key(written: str) -> str:
    """Return the known key that is most like what was written, or nothing."""
    *before, last = written.split("+")
    near = last if len(last) == 1 else nearest(last.lower(), (*KEY_NAMES, *_OTHERWISE))
    kept = [found for part in before if (found := nearest(part.strip().lower(), _MODIFIERS))]
    return key_named("+".join((*kept, near or last))) or ""


def nearest(word: str, known: tuple[str, ...]) -> str:
    """Return the known word that is most like this one, or nothing."""
    return next(iter(difflib.get_close_matches(word[:64], known, n=1, cutoff=0.5)), "")


def is_printable(key: str) -> bool:
    """Tell whether a key writes a character, so that it is text wherever one can write."""
    return "+" not in key and (key == "space" or key not in _NAMED)


def shown(key: str) -> str:
    """Return a key as people read it on a keyboard."""
    modifiers, plus, base = key.rpartition("+")
    if modifiers == "ctrl":
        return f"^{_SHOWN.get(base, base)}"
    return f"{modifiers}{plus}{_SHOWN.get(base, base)}"


def key_of(keys: Mapping[str, tuple[str, ...]], id_: str, default: str) -> str:
    """Return an action's first key in force as people read it; `:id` when it has none.

    Args:
        keys: What the configuration gives other keys than the table's (`DeskModel.keys`).
        id_: The action.
        default: Its key in the table.
    """
    own = keys.get(id_, (default,))
    return shown(own[0]) if own else f":{id_}"
