"""Say how a demo is to be played, as the command line understood it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

PLAIN_DEADLINE_SECONDS: Final = 150.0
FAST_DEADLINE_SECONDS: Final = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """One demo.

    Attributes:
        plain: Lines and a scripted operator instead of the console; also chosen when there is no terminal.
        fast: Fewer customers and shorter waits, for automatic checks; implies `plain`.
        speed: How fast people think and type; 2 halves every pause. Speech takes its own time.
        seed: Chooses the telephone numbers; None: others every time.
        keep: Folder for data and logs, kept afterwards; None: a temporary one, removed at the end.
        calls: How many callers the plain mode plays.
        chats: How many chats the plain mode plays.
        deadline_seconds: The plain mode fails when it has not finished by then; None: a sensible time.
        tour: The screen leads through the desk, and one caller and one chat come at once.
        accepts: False leaves the scripted operator idle, to see the checks fail.
    """

    plain: bool = False
    fast: bool = False
    speed: float = 1.0
    seed: int | None = None
    keep: Path | None = None
    calls: int = 2
    chats: int = 2
    deadline_seconds: float | None = None
    accepts: bool = True
    tour: bool = False

    @property
    def allowed_seconds(self) -> float:
        """How long the plain mode may take."""
        return self.deadline_seconds or (FAST_DEADLINE_SECONDS if self.fast else PLAIN_DEADLINE_SECONDS)

    @property
    def talk_speed(self) -> float:
        """How fast people think and type in this demo."""
        return self.speed * (5.0 if self.fast else 1.0)
