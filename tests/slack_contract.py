"""Check calls of Slack's Web API against its published arguments: none unknown, none missing, none of another type."""

import json
import re
from collections.abc import Mapping
from typing import Any

from tests import needs

_FORMS = {
    "integer": re.compile(r"\d+"),
    "number": re.compile(r"\d+"),
    "boolean": re.compile(r"true|false|0|1"),
    "timestamp": re.compile(r"\d{10}\.\d{6}"),
    "channel": re.compile(r"[CDG][A-Z0-9]{2,}"),
    "file": re.compile(r"F[A-Z0-9]{2,}"),
    "user": re.compile(r"[UW][A-Z0-9]{2,}"),
}


def wrong(method: str, form: Mapping[str, str]) -> str:
    """Return what is wrong with a call by the reference of 2026 and the OpenAPI file of 2021; empty when nothing is."""
    folder = needs.data_folder()
    assert folder is not None
    reference = folder / "specs/slack/api-ref/methods" / f"{method}.json"
    if not reference.exists():
        return f"there is no reference of {method}"
    said: dict[str, Any] = json.loads(reference.read_text())
    args = said.get("args") or {}
    for name, value in form.items():
        if name not in args:
            return f"{method} knows no {name}"
        kind = args[name].get("type")
        if kind == "array":
            if not isinstance(json.loads(value), list):
                return f"{method}.{name} is no list"
        elif isinstance(kind, str) and kind in _FORMS and not _FORMS[kind].fullmatch(value):
            return f"{method}.{name} = {value!r} is no {kind}"
    missing = [name for name, arg in args.items() if arg.get("required") and not form.get(name)]
    return f"{method} needs {', '.join(missing)}" if missing else _wrong_by_openapi(method, form)


def _wrong_by_openapi(method: str, form: Mapping[str, str]) -> str:
    folder = needs.data_folder()
    assert folder is not None
    paths = json.loads((folder / "specs/slack/slack_web_trim.json").read_text())["paths"]
    operation = paths.get(f"/{method}", {})
    for parameter in next(iter(operation.values()), {}).get("parameters", []):
        name = parameter["name"]
        if parameter["in"] != "header" and parameter.get("required") and name not in form:
            return f"{method} needs {name} (OpenAPI)"
        if name in form and parameter["type"] == "boolean" and form[name] not in {"true", "false"}:
            return f"{method}.{name} is no boolean (OpenAPI)"
    return ""
