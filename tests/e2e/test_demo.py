"""The demo as a process: without a terminal it proves itself, fails when something is wrong, and leaves nothing."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests import needs
from tests.media_clients import until
from tests.terminal import terminal

pytestmark = pytest.mark.e2e

LONGEST_SECONDS = 120.0
CHECKS = ("history: 1 call(s)", "history: 1 chat(s)", "audio both ways", "mute", "chat both ways", "context")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for temporary files with a short name: sockets lie in it."""
    with tempfile.TemporaryDirectory(prefix="od-") as short:
        yield Path(short)


def demo(*options: str) -> list[str]:
    """Return the command that plays a demo with these fields of `DemoOptions`."""
    code = (
        "import sys; from pathlib import Path; from server.demo.options import DemoOptions; "
        f"from server.demo.run import run_demo; sys.exit(run_demo(DemoOptions({', '.join(options)})))"
    )
    return [sys.executable, "-c", code]


def environment(folder: Path) -> dict[str, str]:
    return dict(os.environ) | {"TMPDIR": str(folder)}


def play(folder: Path, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )


def nothing_left(folder: Path) -> bool:
    """Tell whether no data of a demo is left, no process names the folder, and no media worker listens in it.

    Sound libraries leave folders of their own there.
    """
    lines = [Path("/proc/net/unix").read_bytes()]
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            lines.append(path.read_bytes())
    return not list(folder.glob("operator-demo-*")) and not any(os.fsencode(folder) in line for line in lines)


async def test_without_a_terminal_a_call_and_a_chat_come_back_to_the_assistant(folder: Path) -> None:
    done = play(folder, demo("fast=True", "seed=1"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(f"ok   {check}" in done.stdout for check in CHECKS), done.stdout
    assert "FAIL" not in done.stdout
    assert done.stderr == ""
    await until(lambda: nothing_left(folder), "everything is cleaned up")


async def test_an_operator_who_takes_nobody_is_a_failure(folder: Path) -> None:
    done = play(folder, demo("fast=True", "accepts=False", "deadline_seconds=15"))
    assert done.returncode == 1, done.stdout + done.stderr
    for missing in ("no call returned", "no chat returned", "not finished within 15 s"):
        assert missing in done.stdout
    assert "The demo FAILED" in done.stdout
    await until(lambda: nothing_left(folder), "everything is cleaned up")


async def test_a_desk_that_does_not_start_is_told_with_its_last_words(folder: Path) -> None:
    kept, temporary = folder / "kept", folder / "temporary"
    kept.mkdir()
    temporary.mkdir()
    (kept / "data").write_text("a file where a folder should be")
    done = play(temporary, demo("fast=True", f"keep=Path({str(kept)!r})"))
    assert done.returncode == 1
    assert "could not start" in done.stdout
    assert "Traceback" not in done.stderr
    assert (kept / "broker.log").stat().st_size > 0


async def test_a_stopped_demo_takes_its_broker_and_its_folder_with_it(folder: Path) -> None:
    process = subprocess.Popen(
        demo("fast=True"), env=environment(folder), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout:
        line = next(line for line in process.stdout if "are up" in line)
        assert "http://127.0.0.1:" in line
        process.send_signal(signal.SIGTERM)
        assert process.wait(LONGEST_SECONDS) == 130
    await until(lambda: nothing_left(folder), "everything is cleaned up")


@needs.tmux
async def test_in_a_terminal_a_person_answers_a_chat_in_the_console_and_gives_it_back(folder: Path) -> None:
    places = {"TMPDIR": str(folder), "XDG_CONFIG_HOME": str(folder / "config")}
    command = [sys.executable, "-m", "server", "demo", "--seed", "1", "--speed", "4"]
    with terminal(command, columns=120, rows=40, environment=places) as screen:
        screen.wait("your keys", LONGEST_SECONDS)
        screen.wait("ON DUTY", LONGEST_SECONDS)
        screen.wait("Lena Fischer", LONGEST_SECONDS)
        screen.keys("a")
        screen.wait("thanks for jumping in", LONGEST_SECONDS)
        screen.keys("i")
        screen.type("What are the last four digits of your card?")
        screen.keys("Enter")
        screen.wait("it ends in 4417", LONGEST_SECONDS)
        screen.keys("Escape")  # alone: with a key right after it, terminals take both for Alt and the key
        screen.wait("b Back to AI", LONGEST_SECONDS)
        screen.keys("b")
        screen.wait("What was agreed", LONGEST_SECONDS)
        screen.keys("Enter")
        screen.wait("wrap-up", LONGEST_SECONDS)
        screen.keys("C-q")
        shown = screen.wait("its data is removed", LONGEST_SECONDS)
    assert "1 chat(s); 1 went back to the assistant" in shown
    await until(lambda: nothing_left(folder), "everything is cleaned up")


@needs.tmux
async def test_closing_the_terminal_ends_console_broker_and_calls(folder: Path) -> None:
    places = {"TMPDIR": str(folder), "XDG_CONFIG_HOME": str(folder / "config")}
    with terminal([sys.executable, "-m", "server", "demo"], columns=80, rows=24, environment=places) as screen:
        screen.wait("ON DUTY", LONGEST_SECONDS)
    await until(lambda: nothing_left(folder), "everything is cleaned up")
