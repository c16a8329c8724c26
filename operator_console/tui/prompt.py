"""Open the prompt, remember its lines, and pass what is written on; macros run from here too.

Before: the operator asked for the prompt, or for a macro. After: a step was taken, or the reason stands on the line
of notices.
"""

from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from textual.app import App
from textual.screen import Screen

from operator_console.model.command_line import Refused, Step, Verb, read
from operator_console.model.inputs import Answered, Noticed, Tone
from operator_console.model.state import DeskModel
from operator_console.tui.keymap import BY_ID, NO_KEY
from operator_console.tui.language import PROMPT_ONLY, verbs_with
from operator_console.tui.macros import Macros
from operator_console.tui.screens.prompt import PromptScreen
from operator_console.tui.spoken import Speaker, Spoken
from operator_console.tui.staff import Staff
from server.wire.commands import Command
from server.wire.frames import Reply
from server.wire.terms import SessionId

T = TypeVar("T")
REMEMBERED: Final = 100
"""How many lines the arrows bring back."""


class Prompting(Speaker, Protocol):
    """What the prompt needs of the app."""

    def ask(self, screen: Screen[T], then: Callable[[T], None]) -> None:
        """Open a screen and go on with its answer, if it gives one."""
        ...


class Prompt:
    """The way from a written line to a deed."""

    def __init__(
        self, host: Prompting, run: Callable[[str], None], take: Callable[[SessionId], None], staff: Staff
    ) -> None:
        """Take the app, what a key does by its action's id, how a session is accepted, and the orders about people."""
        self._host = host
        self.spoken: Final = Spoken(host, run, take, staff)
        self._macros = Macros(host, self.spoken.take)
        self._history: list[str] = []

    def open(self) -> None:
        """Show the prompt."""
        model = self._host.model
        numbers = tuple(session.number for session in model.sessions.values())
        themes = tuple(sorted(self._host.available_themes))
        words = {"session.show": numbers, "call.accept": numbers, "desk.theme": themes}
        names = tuple(sorted(person.name for person in model.operators.values()))
        words["call.transfer"] = (*sorted(model.queues), *(f"@{name}" for name in names))
        words["transfer.to"] = tuple(one.name for one in model.policy.phonebook)
        words.update(
            {"shift.handover": names, "break.grant": names, "break.deny": names, "break.ask": model.policy.away_reasons}
        )
        screen = PromptScreen(verbs_with(model.macros), words, self._history, self._explained)
        self._host.ask(screen, self.written)

    def written(self, text: str) -> None:
        """Take what was written; tell why when it can't be done."""
        if self._history[-1:] != [text]:
            self._history[:] = [*self._history, text][-REMEMBERED:]
        step = read(text, verbs_with(self._host.model.macros))
        reason = step.reason if isinstance(step, Refused) else self._taken(step)
        if reason is not None:
            self._host.dispatch(Noticed(reason, Tone.WARNING))

    def _taken(self, step: Step) -> str | None:
        if step.verb.id.startswith("macro."):
            self._macros.run(step.verb.id)
            return None
        return self.spoken.take(step)

    def run_macro(self, id_: str) -> None:
        """Start a macro by its id."""
        self._macros.run(id_)

    def answered(self, command: Command, reply: Reply) -> None:
        """Put an answer into the model and let the macro that waited for it go on."""
        self._host.dispatch(Answered(command, reply))
        self._macros.answered(command.id, reply)

    def _explained(self, verb: Verb) -> str:
        """Return why a command can't act now, else what it does."""
        model = self._host.model
        macro = next((one for one in model.macros if one.id == verb.id), None)
        if macro is not None:
            return " · ".join(macro.lines)
        action = BY_ID.get(verb.id)
        if action is None:
            return PROMPT_ONLY[verb.id]
        why_not = action.why_not(model)
        return f"Not now: {why_not}" if why_not else action.help


def install_keys(app: App[int], model: DeskModel) -> None:
    """Put the keys of the configuration in force."""
    app.set_keymap({id_: ",".join(keys) or NO_KEY for id_, keys in model.keys.items()})
    for macro in model.macros:
        if macro.key:
            app.bind(macro.key, f"app.do('{macro.id}')", show=False)
