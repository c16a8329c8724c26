"""Carry out the card's own keys: a next step by its number, and its facts into the clipboard.

A step only ever writes into the composer or shows its words: it sends nothing and orders nothing, whoever wrote it.
"""

from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

from operator_console.model.allowed import STEPS, step_id
from operator_console.model.inputs import Input, Noticed, Tone
from operator_console.model.select import selected_session
from operator_console.model.state import DeskModel
from operator_console.tui.screens.desk import DeskScreen
from operator_console.tui.widgets.composer import writable
from server.wire.terms import SessionId
from server.wire.views import NextAction


class CardHost(Protocol):
    """What these deeds need of the app."""

    @property
    def model(self) -> DeskModel:
        """What the screen shows."""
        ...

    @property
    def desk_screen(self) -> DeskScreen:
        """The desk."""
        ...

    def dispatch(self, *inputs: Input) -> None:
        """Put inputs into the model."""
        ...

    def copy_to_clipboard(self, text: str) -> None:
        """Put a text into the terminal's clipboard (OSC 52)."""
        ...


class CardDeeds:
    """The deeds by id."""

    def __init__(self, host: CardHost) -> None:
        """Take the app."""
        self._host: Final = host
        self._copied: tuple[SessionId, int] | None = None

    def deeds(self) -> dict[str, Callable[[], None]]:
        """Return what each of the card's actions does."""
        steps = {step_id(number): partial(self._step, number) for number in STEPS}
        return {**steps, "card.copy": self._copy, "card.copy_all": self._copy_all}

    def _step(self, number: int) -> None:
        session = selected_session(self._host.model)
        if session is None or number > len(session.context.next_actions):
            return
        step = session.context.next_actions[number - 1]
        if writable(self._host.model) is session and step.say:
            self._write(step, [other.say for other in session.context.next_actions])
        else:
            words = f"{step.label}: say “{step.say}”" if step.say else f"{step.label}: do this in your own system."
            self._host.dispatch(Noticed(words))

    def _write(self, step: NextAction, suggested: list[str]) -> None:
        composer = self._host.desk_screen.composer
        if composer.value and composer.value not in suggested:
            self._host.dispatch(Noticed("The box holds your own text: send or empty it first.", Tone.WARNING))
            return
        composer.put(step.say)

    def _copy(self) -> None:
        """Copy one fact; again copies the one after."""
        session = selected_session(self._host.model)
        facts = session.context.facts if session else ()
        if session is None or not facts:
            return
        again = self._copied is not None and self._copied[0] == session.id
        at = (self._copied[1] + 1) % len(facts) if again and self._copied else 0
        self._copied = (session.id, at)
        self._host.copy_to_clipboard(facts[at].value)
        self._host.dispatch(Noticed(f"Copied {facts[at].name} {facts[at].value} ({at + 1} of {len(facts)})."))

    def _copy_all(self) -> None:
        session = selected_session(self._host.model)
        facts = session.context.facts if session else ()
        if facts:
            self._host.copy_to_clipboard("\n".join(f"{fact.name}: {fact.value}" for fact in facts))
            self._host.dispatch(Noticed(f"Copied all {len(facts)} facts."))
