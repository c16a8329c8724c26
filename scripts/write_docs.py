"""Write the documents that are made from the code, or check (`--check`) that they are up to date.

docs/configuration.md and config.example.toml from the configuration's types, docs/errors.md from the places that
refuse, docs/keys.md from the console's key table, docs/states.md from the table of the session machine,
docs/metrics.md from the catalogue of metrics.
"""

import sys
from collections.abc import Callable
from difflib import unified_diff
from pathlib import Path
from typing import Final

from operator_console.tui import keys_page
from scripts import draw_states, list_errors
from server import config_reference
from server.metrics import reference

ROOT = Path(__file__).resolve().parent.parent


DOCUMENTS: Final[dict[str, Callable[[], str]]] = {
    "config.example.toml": config_reference.example,
    "docs/configuration.md": config_reference.page,
    "docs/keys.md": keys_page.page,
    "docs/errors.md": list_errors.page,
    "docs/states.md": draw_states.page,
    "docs/metrics.md": reference.page,
}


def stale() -> dict[str, str]:
    """Return the documents that differ from what the code says, each with the difference."""
    found: dict[str, str] = {}
    for name, write in DOCUMENTS.items():
        path = ROOT / name
        old, new = path.read_text(encoding="utf-8") if path.exists() else "", write()
        if old != new:
            found[name] = "\n".join(unified_diff(old.splitlines(), new.splitlines(), name, "new", n=1, lineterm=""))
    return found


def main() -> int:
    """Write what is stale; with --check only say so, and exit 1."""
    found = stale()
    for name, difference in found.items():
        if "--check" in sys.argv:
            print(difference)
        else:
            (ROOT / name).write_text(DOCUMENTS[name](), encoding="utf-8")
            print(f"wrote {name}")
    if found and "--check" in sys.argv:
        print(f"Out of date: {', '.join(found)}. Run: make docs")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
