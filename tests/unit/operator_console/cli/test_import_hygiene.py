"""Rules of what a command loads."""

import subprocess
import sys
from pathlib import Path

import pytest

import operator_console.cli

pytestmark = pytest.mark.unit

HEAVY = (
    "typer",
    "textual",
    "rich",
    "httpx",
    "websockets",
    "numpy",
    "sounddevice",
    "miniaudio",
    "sqlalchemy",
    "litestar",
)


def loaded(code: str) -> set[str]:
    told = f"import sys; {code}; print(*sorted(name for name in {HEAVY!r} if name in sys.modules))"
    out = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return set(out.stdout.splitlines()[-1].split()) if out.stdout.strip() else set()


def test_the_command_line_starts_without_screen_network_and_sound() -> None:
    assert loaded("import operator_console.cli.app as app; app.build()") == {"typer"}


def test_no_command_loads_the_screen() -> None:
    package = Path(operator_console.cli.__file__).parent
    commands = sorted(file.stem for file in package.glob("*.py") if file.stem not in {"__init__", "screen"})
    imports = "; ".join(f"import operator_console.cli.{name}" for name in commands)
    assert "textual" not in loaded(f"{imports}; import operator_console.client.desk, operator_console.client.visit")


def test_a_question_that_ends_at_the_configuration_needs_no_network() -> None:
    code = "import operator_console.cli.app as app; app.run(['--server', 'x', '--version'])"
    assert loaded(code) == {"typer"}


def test_the_first_screen_stands_without_network_and_command_line() -> None:
    parts = ("cli.entry", "cli.opening", "cli.screen", "audio.client", "audio.headset", "client.desk", "tui.run")
    imports = "; ".join(f"import operator_console.{name}" for name in (*parts, "tui.settings"))
    desk = "from operator_console.client.address import parse_address as p; "
    desk += "operator_console.client.desk.BrokerDesk(p('http://127.0.0.1:1'), 'token')"
    assert loaded(f"{imports}; {desk}") == {"textual", "rich"}


def test_a_short_answer_searches_no_garbage_and_everything_else_does() -> None:
    code = (
        "import sys, gc, operator_console.__main__ as m; sys.argv = ['x', *{words!r}]; m.main(); print(gc.isenabled())"
    )
    for words, searches in ((["--server", "nonsense", "queue", "--json"], "False"), (["--version"], "True")):
        told = code.format(words=words)
        out = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
        assert out.stdout.splitlines()[-1] == searches


def test_the_quick_answer_loads_no_command_line_and_no_screen() -> None:
    code = "from operator_console.cli.swift import known; known(['--server', 'http://127.0.0.1:1', 'queue', '--json'])"
    assert loaded(code) == set()


def test_the_first_screen_defines_no_dataclass_of_ours() -> None:
    """Each takes half a millisecond to define, a struct takes a tenth of that, and there are sixty."""
    code = (
        "import sys; import operator_console.cli.entry, operator_console.cli.screen, operator_console.tui.run;"
        "import operator_console.client.desk, operator_console.audio.client, operator_console.audio.headset;"
        "ours = [module for name, module in sys.modules.items() if name.startswith('operator_console')];"
        "print(*sorted({kind.__qualname__ for module in ours for kind in vars(module).values()"
        " if isinstance(kind, type) and '__dataclass_fields__' in vars(kind)"
        " and kind.__module__.startswith('operator_console')}))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == []
