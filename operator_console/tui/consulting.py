"""Answer what an assistant asks: open the box, and give the order that its answer is."""

from collections.abc import Callable
from typing import Final

from operator_console.model.drafts import Box, box_key
from operator_console.model.inputs import Drafted
from operator_console.model.select import selected_session
from operator_console.tui.dialogs import Asker, Texts
from operator_console.tui.screens.consult import NO_BECAUSE, YES, YES_BECAUSE, ProposalDialog, QuestionDialog
from operator_console.tui.screens.dialog import Field, Form
from server.wire.commands import Answer, Decide
from server.wire.terms import SessionKind
from server.wire.views import SessionView


class Consulting:
    """The deeds by id."""

    def __init__(self, asker: Asker) -> None:
        """Take the app."""
        self._asker: Final = asker

    def deeds(self) -> dict[str, Callable[[], None]]:
        """Return what each action does."""
        return {
            "consult.answer": self.open,
            "consult.approve": lambda: self._decide_selected(approved=True),
            "consult.decline": lambda: self._decide_selected(approved=False),
        }

    def open(self) -> None:
        """Open the box of the selected question or proposal."""
        session = selected_session(self._asker.model)
        if session is None:
            return
        if session.kind is SessionKind.APPROVE:
            dialog = ProposalDialog(session, lambda: self._asker.model)
            self._asker.ask(dialog, lambda answer: self._decided(session, answer))
            return
        key = box_key(session.id, Box.ANSWER)
        field = Field("text", "Your line to the AI", self._asker.model.drafts.get(key, ""), "the AI says it", key)

        def give(texts: Texts) -> None:
            if texts["text"]:
                self._asker.order(
                    Answer(id=self._asker.new_id(), session_id=session.id, epoch=session.epoch, text=texts["text"])
                )
                self._asker.dispatch(Drafted(key, ""))

        self._asker.ask(QuestionDialog(session, field, lambda: self._asker.model), give)

    def _decided(self, session: SessionView, answer: str) -> None:
        approved = answer in {YES, YES_BECAUSE}
        if answer not in {YES_BECAUSE, NO_BECAUSE}:
            self._decide(session, approved=approved)
            return
        word = "Approve" if approved else "Decline"
        form = Form(f"{word} {session.number}", [Field("text", "Reason, for the AI")], done=f"{word.lower()}s")
        self._asker.ask(form, lambda texts: self._decide(session, approved=approved, reason=texts["text"]))

    def _decide_selected(self, *, approved: bool) -> None:
        session = selected_session(self._asker.model)
        if session is not None:
            self._decide(session, approved=approved)

    def _decide(self, session: SessionView, *, approved: bool, reason: str = "") -> None:
        order = Decide(
            id=self._asker.new_id(), session_id=session.id, epoch=session.epoch, approved=approved, reason=reason
        )
        self._asker.order(order)
