"""Ask the operator what the assistant asks: one line, or yes and no, with the time that is left counting down."""

from collections.abc import Callable
from typing import Final

from textual.content import Content
from textual.widgets import Label
from typing_extensions import override

from operator_console.model.consults import clock_words
from operator_console.model.state import DeskModel
from operator_console.tui.screens.dialog import Choice, Choose, Field, Form
from server.wire.views import SessionView

TICK_SECONDS: Final = 0.5
YES, NO, YES_BECAUSE, NO_BECAUSE = "approve", "decline", "approve-because", "decline-because"
_CHOICES: Final = (
    Choice("y", "Approve", YES, "the AI does it"),
    Choice("n", "Decline", NO, "the AI does not"),
    Choice("Y", "Approve, and say why", YES_BECAUSE, ""),
    Choice("N", "Decline, and say why", NO_BECAUSE, ""),
)


def detail(session: SessionView, model: DeskModel) -> str:
    """Return what stands in the box above the answer."""
    return f"{session.reason}\n\n{clock_words(model, session)}"


class QuestionDialog(Form):
    """One line that goes back to the assistant; enter sends it, esc leaves, the text stays."""

    def __init__(self, session: SessionView, field: Field, model: Callable[[], DeskModel]) -> None:
        """Take the question, the box for the answer, and how to see the desk."""
        super().__init__(
            f"{session.number} · ASSIST · the AI asks", [field], detail=detail(session, model()), done="answers"
        )
        self._session = session
        self._model = model

    @override
    def on_mount(self) -> None:
        """Start in the box, with the clock running."""
        super().on_mount()
        self.set_interval(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        self.query_one(".detail", Label).update(Content(detail(self._session, self._model())))


class ProposalDialog(Choose):
    """Yes or no to what the assistant wants to do."""

    def __init__(self, session: SessionView, model: Callable[[], DeskModel]) -> None:
        """Take the proposal, and how to see the desk."""
        super().__init__(f"{session.number} · APPROVE · may the AI do this?", _CHOICES, detail=detail(session, model()))
        self._session = session
        self._model = model

    def on_mount(self) -> None:
        """Let the clock run."""
        self.set_interval(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        self.query_one(".detail", Label).update(Content(detail(self._session, self._model())))
