"""Play the demo in a terminal: customers come over minutes, round after round, while a person works in the console.

Before: `server.demo.run` has started a desk. After: the console was closed; the customers' legs are hung up.
"""

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from server.demo.desk import DeskAddress
from server.demo.director import Director
from server.demo.stage import Stage

SOUND_SECONDS: Final = 4.0
CONSOLE_KILLED: Final = 1
"""Exit code when the console was ended by a signal."""
KEYS: Final = (
    "a accept",
    "m mute",
    "i reply",
    ". suggestion",
    "b back to AI",
    "r resolve",
    "x end",
    "d duty",
    "? help",
    "^q leave",
)


async def play_on_screen(
    stage: Stage, director: Director, address: DeskAddress, folder: Path, *, tour: bool = False
) -> int:
    """Let the customers come until the person closes the console; returns the console's exit code."""
    console = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "operator_console", *(["--guided"] if tour else [])),
        env=dict(os.environ) | console_environment(address, folder),
    )
    try:
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(stage.feed.run())
            playing = tasks.create_task(director.play_on())
            code = await console.wait()
            playing.cancel()
            following.cancel()
    finally:
        if console.returncode is None:
            console.terminate()
            await console.wait()
    return code if code >= 0 else CONSOLE_KILLED


def console_environment(address: DeskAddress, folder: Path) -> dict[str, str]:
    """Return what the console is told: the broker, the token, and a place for its own files.

    The person's own configuration (devices, theme) still counts.
    """
    return {
        "OPERATOR_SERVER": address.url,
        "OPERATOR_TOKEN": address.operator_token,
        "XDG_STATE_HOME": str(folder / "console"),
    }


@dataclass(frozen=True, slots=True)
class SoundCard:
    """What the console's audio found: the backend it would use, and what to do when that is only a file."""

    backend: str
    remedy: str = ""

    @property
    def audible(self) -> bool:
        """Whether a person can hear and speak."""
        return self.backend not in {"file", "null", ""}


class _Devices(msgspec.Struct):
    """The line that `python -m operator_console.audio --list` prints."""

    backend: str = ""
    remedy: str = ""


async def find_sound_card() -> SoundCard:
    """Ask the console's own audio what it can use, so that the answer is the one the console will give."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "operator_console.audio", "--list"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(SOUND_SECONDS):
            printed, _ = await process.communicate()
        found = msgspec.json.decode(printed, type=_Devices)
    except TimeoutError:
        return SoundCard("", "The sound library hangs; `operator-console doctor` says more.")
    except msgspec.DecodeError:
        return SoundCard("", "No sound library can be used; `operator-console doctor` says more.")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return SoundCard(found.backend, found.remedy)
