"""Write docs/keys.md: the key table, how to change keys, macros, and the commands that take a text."""

from typing import Final

from operator_console.model.keys import KEY_NAMES, shown
from operator_console.tui.key_plan import RESERVED
from operator_console.tui.keymap import ACTIONS, Group
from operator_console.tui.language import PROMPT_ONLY, command_rows

SAMPLE: Final = """\
[keys]
call.mute = ["m", "f6"]   # these keys instead of the action's own
call.cough = []           # no key; the palette and the prompt still do it
note.write = "c"

[macros]
refunded = { key = "f8", do = ["call.mute on", "note.write refunded", "call.back refund agreed with {name}"] }
thanks = { key = "f9", do = ["chat.say Thank you, {name}. This is {me}.", "call.back refund agreed"] }
"""
"""What the page shows of a configuration; a test reads it."""

_PAGE: Final = """\
## Your own keys and macros

In the console's configuration file (`operator-console doctor` says where it is) `[keys]` gives an action other keys
than the table's, by its id, and `[macros]` puts commands under one name and, if wanted, one key:

```toml
{sample}```

A macro takes its commands in order, each when the broker has said yes to the one before. It stops with the reason at
the first that can't act, and when another session was selected meanwhile. What opens a question or a screen can only
come last. A command without its text does what the key does: `call.mute` turns the microphone off *and on*, so say
`call.mute on`. `{{name}}`, `{{number}}` and `{{me}}` stand for the customer, the session and you; without a value
nothing is sent.

A key is a character (`x`, `X`, `?`) or a name, if wanted after `ctrl+`, `alt+` or `shift+`: {names}. Not every
terminal sends every key.

One key for two things is refused at start, and by `operator-console doctor`, with the names of both. These keys belong
to boxes and dialogs: {reserved}. Letters are text wherever one can write: there only `palette.open`, `desk.quit` and
keys that write nothing act, so those two can't have a letter.

## Commands

`:` opens a line for one command. Every id above is a command, and so is `macro.` with the name of a macro. Tab
completes, the arrows bring back earlier lines, esc leaves. These take a text after them, or are known by another name:

| command | takes | other names |
| --- | --- | --- |
{rows}

{own}
"""


def keys_markdown() -> str:
    """Return the tables of docs/keys.md."""
    lines = [
        "# Keys",
        "",
        "This page is written from the key table in `operator_console/tui/keymap.py` by `make docs`.",
    ]
    for group in Group:
        lines += ["", f"## {group.value}", "", "| keys | action | what it does | id |", "| --- | --- | --- | --- |"]
        for action in ACTIONS:
            if action.group is group:
                keys = " ".join(f"`{shown(key)}`" for key in action.keys)
                lines.append(f"| {keys} | {action.label} | {action.help} | `{action.id}` |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """Return docs/keys.md."""
    names = ", ".join(f"`{name}`" for name in KEY_NAMES)
    rows = "\n".join(
        f"| `{id_}` | {_code(usage.replace('|', ' or '))} | {', '.join(map(_code, filter(None, others.split(', '))))} |"
        for id_, usage, others in command_rows()
    )
    own = "\n".join(f"- `{id_}`: {told}" for id_, told in PROMPT_ONLY.items())
    reserved = ", ".join(f"`{key}`" for key in RESERVED)
    return f"{keys_markdown()}\n{_PAGE.format(sample=SAMPLE, names=names, reserved=reserved, rows=rows, own=own)}"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""
