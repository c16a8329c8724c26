"""A desk app on fakes, for pilot tests and pictures."""

import itertools
from collections.abc import Callable
from datetime import UTC
from pathlib import Path

from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen

from operator_console.model.inputs import Connected
from operator_console.model.replies import CannedReply
from operator_console.tui.app import DeskApp
from operator_console.tui.key_plan import KeyPlan
from operator_console.tui.settings import ScreenSettings, SoundSettings
from server.wire.commands import Accept, Command, OpenMedia
from server.wire.frames import Reply, Snapshot
from tests.fakes.console_data import grant
from tests.fakes.desk import FakeDesk
from tests.fakes.headset import FakeHeadset
from tests.fakes.still_clock import StillClock


def granting(command: Command) -> Reply:
    """Say yes to everything; orders that open audio get a grant."""
    opens = isinstance(command, Accept | OpenMedia)
    return Reply(id=command.id, ok=True, media=grant(command.epoch) if opens else None)  # type: ignore[union-attr]


def build(
    *,
    answer: Callable[[Command], Reply | None] = granting,
    state_dir: Path | None = None,
    theme: str = "desk-dark",
    headset: FakeHeadset | None = None,
    plan: KeyPlan | None = None,
    canned: tuple[CannedReply, ...] = (),
    guided: bool = False,
    motion: bool = True,
    sound: SoundSettings | None = None,
) -> tuple[DeskApp, FakeDesk, FakeHeadset]:
    ids = itertools.count(1)
    desk = FakeDesk(answer)
    ear = headset or FakeHeadset()
    settings = ScreenSettings(
        state_dir=state_dir,
        zone=UTC,
        theme=theme,
        plan=plan or KeyPlan(),
        canned=canned,
        guided=guided,
        motion=motion,
        sound=sound or SoundSettings(),
        clock=StillClock(),
        new_id=lambda: f"order-{next(ids):04}",
    )
    return DeskApp(desk, ear, settings), desk, ear


QUIET_ROUNDS = 3
ROUND_SECONDS = 0.02
MOST_ROUNDS = 3_000


async def settled(pilot: Pilot[int]) -> None:
    """Wait until nothing is on its way to the screen, however slow the machine is."""
    quiet = 0
    for _ in range(MOST_ROUNDS):
        await pilot.pause(ROUND_SECONDS)
        quiet = quiet + 1 if nothing_due(pilot.app) else 0
        if quiet == QUIET_ROUNDS:
            return
    raise AssertionError("the screen does not come to rest")


def nothing_due(app: App[int]) -> bool:
    """Tell whether no change waits to be drawn, and no part of any screen in view waits to be laid out or painted."""
    drawn = not (isinstance(app, DeskApp) and app.frames.due)
    return drawn and not any(_unpainted(screen) for screen in app.screen_stack if screen.is_current)


def _unpainted(screen: Screen[object]) -> bool:
    """Textual says of a screen under another one that it is to be painted for as long as it stays there."""
    due = ["_callbacks", "_layout_required", "_scroll_required", "_recompose_required", "_dirty_widgets"]
    if screen.is_active:
        due.append("_repaint_required")
    waiting = any(part.message_queue_size for part in screen.walk_children(with_self=True))
    return waiting or any(getattr(screen, name) for name in due)


async def opened(pilot: Pilot[int], desk: FakeDesk, snapshot: Snapshot) -> None:
    """Play the first frame of a connection."""
    desk.play(Connected(23.0), snapshot)
    await settled(pilot)
