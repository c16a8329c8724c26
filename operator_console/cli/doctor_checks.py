"""Judge what the doctor can see on this machine alone: Python, configuration, token, terminal."""

import locale
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from operator_console.config import ConsoleConfig
from operator_console.credentials import Token
from server.wire.errors import ErrorBody

OLDEST_PYTHON: Final = (3, 11)
LEAST_SIZE: Final = (80, 24)
"""Columns and rows below which the screen does not fit."""


class Health(StrEnum):
    """What a finding means for work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(msgspec.Struct, frozen=True):
    """One line of the doctor: what was looked at, how it is, what was found, what to do."""

    name: str
    health: Health
    detail: str
    remedy: str = ""


def failed(name: str, body: ErrorBody) -> Finding:
    """Return the finding for a refusal."""
    return Finding(name, Health.FAIL, body.message, body.hint)


def python_finding(version: tuple[int, ...] = tuple(sys.version_info[:3])) -> Finding:
    """Return whether this Python is new enough."""
    words = ".".join(map(str, version))
    if version[:2] < OLDEST_PYTHON:
        return Finding("python", Health.FAIL, words, "Install Python 3.11 or newer.")
    return Finding("python", Health.OK, words)


def config_finding(config: ConsoleConfig) -> Finding:
    """Return where the configuration comes from; it is right if it could be loaded."""
    words = str(config.path) if config.path.exists() else f"{config.path} does not exist: the defaults hold"
    return Finding("configuration", Health.OK, f"{words}; broker {config.settings.server.url}")


def keys_finding(remapped: int, macros: int) -> Finding:
    """Return how many keys are the person's own; no two clash if a plan could be made of them."""
    return Finding("keys", Health.OK, f"no clashes; {remapped} actions with keys of your own, {macros} macros")


def token_finding(token: Token) -> Finding:
    """Return where the token comes from; its file is private if it could be read."""
    return Finding("token", Health.OK, f"from {token.source}")


def tmux_passthrough() -> str:
    """Return tmux's `allow-passthrough`, or nothing when tmux can't say."""
    tmux = shutil.which("tmux")
    if tmux is None:
        return ""
    try:
        asked = subprocess.run(  # noqa: S603 - a fixed command line, found on PATH
            [tmux, "show-options", "-gv", "allow-passthrough"], capture_output=True, text=True, timeout=3, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout.strip()


def terminal_findings(
    environment: Mapping[str, str] = os.environ,
    *,
    is_terminal: bool | None = None,
    size: tuple[int, int] | None = None,
    encoding: str = "",
    passthrough: Callable[[], str] = tmux_passthrough,
) -> list[Finding]:
    """Return how fit the terminal is for the screen; what is not given is looked up."""
    here = sys.stdout.isatty() if is_terminal is None else is_terminal
    if not here:
        detail = "stdout is not a terminal: the screen can't open here, all commands can"
        return [Finding("terminal", Health.WARN, detail, "Run the doctor in the terminal you work in.")]
    columns, rows = size or tuple(shutil.get_terminal_size())
    findings = [
        _size(columns, rows),
        _kind(environment.get("TERM", "")),
        _colours(environment),
        _encoding(encoding or locale.getpreferredencoding(do_setlocale=False)),
    ]
    return [*findings, _tmux(passthrough())] if environment.get("TMUX") else findings


def _size(columns: int, rows: int) -> Finding:
    words = f"{columns} columns, {rows} rows"
    if columns < LEAST_SIZE[0] or rows < LEAST_SIZE[1]:
        return Finding("terminal size", Health.WARN, words, "Make it 80x24 or larger; 120x34 shows everything.")
    return Finding("terminal size", Health.OK, words)


def _kind(term: str) -> Finding:
    if term in {"", "dumb", "unknown"}:
        detail = f"TERM is {term or 'not set'}: the screen can't be drawn"
        return Finding("terminal kind", Health.FAIL, detail, "Use another terminal, or operator-console watch --plain.")
    return Finding("terminal kind", Health.OK, f"TERM is {term}")


def _colours(environment: Mapping[str, str]) -> Finding:
    if "NO_COLOR" in environment:
        return Finding("colours", Health.OK, "none, as NO_COLOR asks; every colour has a word beside it")
    if environment.get("COLORTERM", "").lower() in {"truecolor", "24bit"}:
        return Finding("colours", Health.OK, "16 million")
    if "256color" in environment.get("TERM", ""):
        return Finding("colours", Health.OK, "256")
    return Finding(
        "colours",
        Health.WARN,
        "16 at most: the screen takes the terminal's own",
        "Set COLORTERM=truecolor if yours can show more.",
    )


def _encoding(encoding: str) -> Finding:
    if encoding.lower().replace("-", "") != "utf8":
        return Finding(
            "encoding", Health.FAIL, f"the locale's is {encoding}", "Set LANG=C.UTF-8 or another UTF-8 locale."
        )
    return Finding("encoding", Health.OK, "UTF-8")


def _tmux(passthrough: str) -> Finding:
    if passthrough in {"on", "all"}:
        return Finding("tmux", Health.OK, "passes notifications through")
    detail = "does not pass desktop notifications through"
    return Finding("tmux", Health.WARN, detail, "Put `set -g allow-passthrough on` into ~/.tmux.conf.")
