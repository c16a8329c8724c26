"""Say what the screen is told from outside: places, zone, looks, time."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import tzinfo
from pathlib import Path
from uuid import uuid4

import msgspec

from operator_console.clock import Clock, SystemClock
from operator_console.config import AttentionSettings
from operator_console.model.replies import CannedReply
from operator_console.tui.key_plan import KeyPlan


def random_id() -> str:
    """Return an id for a command: 32 hexadecimal digits."""
    return uuid4().hex


def kept_nowhere(_values: Mapping[str, str | float]) -> str:
    """Keep no choice of sound (tests)."""
    return ""


class SoundSettings(msgspec.Struct, frozen=True):
    """How the operator's sound is set, and how a change of it is remembered.

    Attributes:
        gain_db: How much louder (quieter) the microphone is made now.
        test_before_available: "required", "warn" or "off".
        keep: Writes settings of `[audio]` for the next time; returns what went wrong, or "".
    """

    gain_db: float = 0.0
    test_before_available: str = "off"
    keep: Callable[[Mapping[str, str | float]], str] = kept_nowhere


class ScreenSettings(msgspec.Struct, frozen=True):
    """What the screen needs besides its ports.

    Attributes:
        state_dir: Where unsent texts are kept; None keeps none (tests, `--readonly`).
        zone: Where the operator's clock stands; None is the machine's own zone.
        theme: A name of `operator_console.tui.themes`, or one of Textual's own.
        attention: How the operator is called.
        plan: The keys and macros of the configuration.
        canned: The replies that a slash in the composer finds.
        motion: Rows that want eyes may flash.
        downloads: Where files of customers are saved.
        sound: How the operator's sound is set.
        guided: Whether the tour leads through the desk.
        begin: Awaited once the first screen stands: what it does not need.
        clock: What time it is.
        new_id: Gives the id of each command.
    """

    state_dir: Path | None = None
    zone: tzinfo | None = None
    theme: str = "desk-dark"
    attention: AttentionSettings = msgspec.field(default_factory=AttentionSettings)
    plan: KeyPlan = msgspec.field(default_factory=KeyPlan)
    canned: tuple[CannedReply, ...] = ()
    motion: bool = True
    downloads: Path = Path("downloads")
    sound: SoundSettings = msgspec.field(default_factory=SoundSettings)
    guided: bool = False
    begin: Callable[[], Awaitable[None]] | None = None
    clock: Clock = msgspec.field(default_factory=SystemClock)
    new_id: Callable[[], str] = random_id
