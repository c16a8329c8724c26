"""The short way round the command line: what it takes, what it leaves, and what it does not load."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from operator_console.cli.swift import known
from tests.architecture.source_tree import ROOT

pytestmark = pytest.mark.unit

HEAVY = {"httpx", "asyncio", "typer", "click", "pydantic", "rich", "pygments", "textual", "websockets"}
UNUSED = {"operator_console.model.state", "server.wire.commands", "server.wire.frames"}
MOST_MODULES = 230
"""Python's own, those of HTTP and JSON, and some thirty of ours; the whole command line loads about 480."""


@pytest.mark.parametrize("words", [["queue"], ["queue", "--json"], ["team", "--json"], [], ["--readonly"]])
@pytest.mark.parametrize("before", [[], ["--server", "http://127.0.0.1:9"], ["-c", "a.toml", "-s", "http://[::1]:9"]])
def test_what_is_understood_to_the_last_word_goes_the_short_way(words: list[str], before: list[str]) -> None:
    found = known([*before, *words])
    assert found is not None
    assert found.command == (words[0] if words and words[0].isalpha() else "")
    assert found.flag is any(word in {"--json", "--readonly"} for word in words)
    assert found.invocation.server == (before[-1] if before else "")
    assert found.invocation.config_path == (Path("a.toml") if "-c" in before else None)


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["queue", "--help"],
        ["queue", "--jsn"],
        ["queue", "--json", "--json"],
        ["queue", "--readonly"],
        ["queue", "H-0042"],
        ["--json", "queue"],
        ["--json"],
        ["--server"],
        ["--server", "--json"],
        ["--server=http://x", "queue"],
        ["show", "H-0042"],
        ["que"],
        ["--version"],
    ],
)
def test_everything_else_is_left_to_the_whole_command_line(words: list[str]) -> None:
    assert known(words) is None


def test_the_queue_as_json_loads_little() -> None:
    loaded = modules_loaded("queue", "--json")
    assert not {name.split(".")[0] for name in loaded} & HEAVY
    assert not loaded & UNUSED
    assert len(loaded) < MOST_MODULES


def modules_loaded(*words: str) -> set[str]:
    """Run a command line against a port nobody listens on, and return what it had loaded in the end."""
    code = (
        "import json, sys; from operator_console.cli.entry import run;"
        f"ended = run({['--server', 'http://127.0.0.1:9', *words]!r});"
        "print(json.dumps([ended, sorted(sys.modules)]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "OPERATOR_TOKEN": "t" * 40, "HOME": "/nonexistent"},
        check=True,
        capture_output=True,
        text=True,
    )
    ended, loaded = json.loads(done.stdout.splitlines()[-1])
    assert ended == 3, done.stderr  # the broker was not reached: it got as far as asking
    return set(loaded)
