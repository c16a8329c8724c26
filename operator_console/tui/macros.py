"""Run macros: one step after the other, each when the broker has answered the one before, up to the first that fails.

Before: a key or a command named a macro. After: all its steps were taken, or the operator reads at which one it
stopped and why.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec

from operator_console.model.clean import clean_error, line
from operator_console.model.command_line import Macro, Step
from operator_console.model.inputs import Input, Noticed, Tone
from operator_console.model.state import DeskModel
from server.wire.frames import Reply
from server.wire.terms import SessionId


class Runs(Protocol):
    """What macros need of the app."""

    model: DeskModel

    def dispatch(self, *inputs: Input) -> None:
        """Put inputs into the model."""
        ...


class Running(msgspec.Struct, dict=True):
    """A macro on its way: the next step, what the broker has not answered, and where the cursor was left."""

    macro: Macro
    at: int = 0
    waiting: set[str] = msgspec.field(default_factory=set[str])
    selected: SessionId | None = None


class Macros:
    """At most one macro at a time."""

    def __init__(self, host: Runs, take: Callable[[Step], str | None]) -> None:
        """Take the app, and what takes one step or says why not."""
        self._host = host
        self._take = take
        self._running: Running | None = None

    def run(self, id_: str) -> None:
        """Start a macro by its id."""
        macro = next((one for one in self._host.model.macros if one.id == id_), None)
        if macro is None:
            return
        if self._running is not None:
            self._tell(f"{self._running.macro.id} is still waiting for the broker: {id_} was not started.")
            return
        self._running = Running(macro, selected=self._host.model.selected)
        self._go_on()

    def answered(self, id_: str, reply: Reply) -> None:
        """Go on after the broker's yes to what the last step asked; stop after its no."""
        running = self._running
        if running is None or id_ not in running.waiting:
            return
        running.waiting.discard(id_)
        if not reply.ok:
            error = clean_error(reply.error)
            self._stop(running.at - 1, f"{error.message} {error.hint}".strip())
        elif not running.waiting:
            self._go_on()

    def _go_on(self) -> None:
        while (running := self._running) is not None and not running.waiting:
            if running.at == len(running.macro.steps):
                self._running = None
                return
            self._step(running, running.macro.steps[running.at])

    def _step(self, running: Running, step: Step) -> None:
        """Take one step, and wait for what it asked the broker."""
        if step.verb.on_session and self._host.model.selected != running.selected:
            self._stop(running.at, "another session was selected meanwhile.")
            return
        before = set(self._host.model.pending)
        reason = self._take(step)
        if reason is not None:
            self._stop(running.at, reason)
            return
        running.at += 1
        running.waiting = set(self._host.model.pending) - before
        running.selected = self._host.model.selected

    def _stop(self, at: int, reason: str) -> None:
        """Say at which step it stopped and why."""
        running, self._running = self._running, None
        if running is not None:
            lines = running.macro.lines
            self._tell(f"{running.macro.id} stopped at {at + 1} of {len(lines)}, {line(lines[at])[:40]}: {reason}")

    def _tell(self, text: str) -> None:
        self._host.dispatch(Noticed(text, Tone.WARNING))
