"""Offer every action of the key table by name in the command palette, and say why one can't act."""

from collections.abc import Callable
from functools import partial
from typing import Protocol, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.markup import escape
from textual.widgets import Input
from typing_extensions import override

from operator_console.model.keys import shown
from operator_console.model.state import DeskModel
from operator_console.tui.keymap import ACTIONS, Action, keys_of


class Acts(Protocol):
    """What the palette needs of the app."""

    model: DeskModel

    def action_do(self, id_: str) -> None:
        """Carry an action out, or say why not."""
        ...


class DeskCommands(Provider):
    """The key table as commands."""

    @override
    async def startup(self) -> None:
        """Keep the palette's cursor from blinking."""
        for box in self.app.screen.query(Input):
            box.cursor_blink = False

    @override
    async def discover(self) -> Hits:
        """Offer what can act now, before anything is typed."""
        for text, id_, told in self._macros():
            yield DiscoveryHit(escape(text), self._deed(id_), text=id_, help=escape(told))
        for action in ACTIONS:
            if not action.id.startswith("move.") and action.why_not(self._acts.model) is None:
                yield DiscoveryHit(self._name(action), self._deed(action.id), text=action.id, help=escape(action.help))

    @override
    async def search(self, query: str) -> Hits:
        """Offer what matches the words, the reason beside what can't act."""
        matcher = self.matcher(query)
        for text, id_, told in self._macros():
            score = matcher.match(text)
            if score > 0:
                yield Hit(score, matcher.highlight(text), self._deed(id_), text=id_, help=escape(told))
        for action in ACTIONS:
            text = f"{self._name(action)} {action.id}"
            score = matcher.match(text)
            if score > 0:
                why_not = action.why_not(self._acts.model)
                told = f"Not now: {why_not}" if why_not else action.help
                yield Hit(score, matcher.highlight(text), self._deed(action.id), text=action.id, help=escape(told))

    def _macros(self) -> list[tuple[str, str, str]]:
        """Return name, id and commands of each macro."""
        return [
            (f"{macro.id} ({shown(macro.key)})" if macro.key else macro.id, macro.id, " · ".join(macro.lines))
            for macro in self._acts.model.macros
        ]

    def _name(self, action: Action) -> str:
        keys = keys_of(action, self._acts.model)
        return f"{action.label} ({shown(keys[0]) if keys else f':{action.id}'})"

    @property
    def _acts(self) -> Acts:
        return cast("Acts", self.app)

    def _deed(self, id_: str) -> Callable[[], None]:
        return partial(self._acts.action_do, id_)
