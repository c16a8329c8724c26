"""Give a supervisor's orders: the steps of the ladder, taking over, ending a wrap-up; ask why where that is due.

Before: an action of the wall or the desk was asked for. After: the order is on its way, or a dialog asks.
"""

from operator_console.model.inputs import Noticed, Tone
from operator_console.model.select import selected_session
from operator_console.model.supervising import my_supervised
from operator_console.model.wording import name_of, who
from operator_console.tui.dialogs import Asker
from operator_console.tui.screens.dialog import Field, Form
from server.wire.commands import ForceWrapUp, ShowWall, Supervise, TakeOver
from server.wire.terms import Supervision
from server.wire.views import SessionView


class Supervisor:
    """One method for each order."""

    def __init__(self, asker: Asker) -> None:
        """Take the app."""
        self._asker = asker

    def step_to(self, mode: Supervision) -> None:
        """Go to a step of the ladder in the selected session."""
        session = selected_session(self._asker.model)
        if session is not None:
            self._supervise(session, mode)

    def stop(self) -> None:
        """Leave the session that I supervise."""
        session = my_supervised(self._asker.model)
        if session is not None:
            self._supervise(session, Supervision.NONE)

    def _supervise(self, session: SessionView, mode: Supervision) -> None:
        id_ = self._asker.new_id()
        self._asker.order(Supervise(id=id_, session_id=session.id, epoch=session.epoch, mode=mode))

    def take_over(self) -> None:
        """Ask why, then take the selected session over."""
        session = selected_session(self._asker.model)
        if session is None:
            return
        operator = name_of(self._asker.model, session.operator_id)
        field = Field("text", "Reason", "", "may be empty; it is recorded")
        form = Form(f"Take {session.number} ({who(session.customer)}) over from {operator}", [field], done="takes over")

        def give(texts: dict[str, str]) -> None:
            id_ = self._asker.new_id()
            self._asker.order(TakeOver(id=id_, session_id=session.id, epoch=session.epoch, reason=texts["text"]))

        self._asker.ask(form, give)

    def force_wrap_up(self) -> None:
        """Ask why, then end the wrap-up of the selected session."""
        session = selected_session(self._asker.model)
        if session is None:
            return
        operator = name_of(self._asker.model, session.operator_id)
        field = Field("text", "Reason", "", "must be given; it is recorded")
        form = Form(f"End {operator}'s wrap-up of {session.number}", [field], done="ends it")
        self._asker.ask(form, lambda texts: self._force_wrap_up(session, texts["text"]))

    def _force_wrap_up(self, session: SessionView, reason: str) -> None:
        if not reason.strip():
            self._asker.dispatch(Noticed("Ending somebody's wrap-up needs a reason. Nothing was done.", Tone.WARNING))
            return
        order = ForceWrapUp(id=self._asker.new_id(), session_id=session.id, epoch=session.epoch, reason=reason)
        self._asker.order(order)

    def show_wall(self, *, on: bool) -> None:
        """Ask for the figures of the queues, or for no more of them."""
        self._asker.order(ShowWall(id=self._asker.new_id(), on=on))
