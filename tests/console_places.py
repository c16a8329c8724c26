"""Give a console in a test places of its own: nothing of the user who runs the test, and no devices."""

import os
import sys
from pathlib import Path

CONSOLE = [sys.executable, "-m", "operator_console"]
WITHOUT_DEVICES = '[audio]\nbackend = "file"\n[attention]\nbell = false\nnotify = "off"\n'


def told(folder: Path, url: str, token: str, **more: str | None) -> dict[str, str]:
    """Return the environment of a console of this broker and token; `more` replaces or (None) takes away."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "config.toml"
    config.write_text(WITHOUT_DEVICES, encoding="utf-8")
    all_of_it: dict[str, str | None] = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "HOME": str(folder),
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
        "OPERATOR_SERVER": url,
        "OPERATOR_TOKEN": token,
        "OPERATOR_CONSOLE_CONFIG": str(config),
        "XDG_STATE_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        **more,
    }
    return {name: value for name, value in all_of_it.items() if value is not None}
