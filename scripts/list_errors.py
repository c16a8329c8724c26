"""List every refusal of the API for docs/errors.md, read from the places in the code that make them."""

import ast
from collections import defaultdict
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PLACES: Final = (
    "server/wire",
    "server/core",
    "server/broker",
    "server/api",
    "server/media",
    "server/storage",
    "server/channels",
)
STATUS: Final = {
    "NotAuthenticatedError": "401",
    "NotAllowedError": "403",
    "NotFoundError": "404",
    "ConflictError": "409",
    "TooManyError": "429",
    "CallerError": "422",
    "ProviderError": "503",
    "ErrorBody": "",
}
"""What carries a code, and the HTTP status it is answered with (none: as said in the text of the protocol)."""

INTRODUCTION: Final = """\
# Refusals

This page is read from the code by `make docs`. Every refusal, on REST and on the sockets, has the same body: a `code`,
which is API and stays; a `message`, one sentence; a `hint`, what to do next; and sometimes `details`.

| code | status | message | hint |
| --- | --- | --- | --- |
"""


def page() -> str:
    """Return the text of docs/errors.md."""
    rows = []
    for code, found in sorted(refusals().items()):
        statuses = sorted({status for status, _, _ in found if status})
        _, message, hint = found[0]
        rows.append(f"| `{code}` | {', '.join(statuses) or 'socket'} | {message} | {hint} |")
    return INTRODUCTION + "\n".join(rows) + "\n"


def refusals() -> dict[str, list[tuple[str, str, str]]]:
    """Return (status, message, hint) of every place that makes a refusal, by code."""
    found: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for place in PLACES:
        for path in sorted((ROOT / place).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    _note(node, found)
    return dict(found)


def _note(call: ast.Call, found: dict[str, list[tuple[str, str, str]]]) -> None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name not in STATUS or not call.args:
        return
    code = call.args[0]
    if isinstance(code, ast.Constant) and isinstance(code.value, str):
        texts = [_text(argument) for argument in call.args[1:3]]
        message, hint = [*texts, "", ""][:2]
        found[code.value].append((STATUS[name], message, hint))


def _text(node: ast.expr) -> str:
    """Return a string as people read it; what is filled in at run time becomes an ellipsis."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.replace("|", "\\|")
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return "…"
