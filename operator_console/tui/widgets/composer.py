"""Take what the operator writes to the customer: one box, a draft per conversation, the texts sent before.

While a conversation is shown the box itself holds the truth about its text; it tells every change, and takes a text
from outside only by `put` (a suggestion, or a reply that could not be sent).
"""

from collections.abc import Sequence
from typing import Final

from textual import events
from textual.widgets import Input
from typing_extensions import override

from operator_console.model.drafts import reply_key
from operator_console.model.keys import key_of
from operator_console.model.offers import Offer, in_composer
from operator_console.model.replies import CannedReply
from operator_console.model.select import is_mine, is_talking, selected_session
from operator_console.model.state import DeskModel
from operator_console.model.wording import who
from operator_console.tui.messages import DraftChanged, ReplyWritten
from operator_console.tui.slash import SLASH_COMMANDS
from operator_console.tui.widgets.completions import Completions
from operator_console.tui.widgets.offering_box import OfferingBox
from server.wire.terms import ConversationId, Medium
from server.wire.views import SessionView

MOST_CHARS: Final = 20_000
"""As much as a message may hold (`server.wire.requests.LongText`)."""
REMEMBERED: Final = 100
"""How many sent texts the arrows bring back."""


def writable(model: DeskModel) -> SessionView | None:
    """Return the selected session when it is a chat of mine, live."""
    session = selected_session(model)
    if session is None or session.medium is not Medium.CHAT:
        return None
    return session if is_mine(session, model.me) and is_talking(session) else None


class Composer(OfferingBox):
    """The box for replies; in view while the selected session is a chat of mine."""

    def __init__(self, canned: Sequence[CannedReply] = ()) -> None:
        """Start empty and hidden; `canned` are the replies that a slash finds."""
        super().__init__(id="composer", max_length=MOST_CHARS, select_on_focus=False)
        self.cursor_blink = False
        self.display = False
        self._conversation: ConversationId | None = None
        self._sent: list[str] = []
        self._at = 0
        self._model = DeskModel()
        self.canned = tuple(canned)
        self.completions = Completions(id="completions")
        self.offers = self._offers

    def _offers(self, written: str, cursor: int) -> tuple[Offer, ...]:
        return in_composer(written, cursor, SLASH_COMMANDS, self.canned, self._model)

    def show(self, model: DeskModel) -> None:
        """Show the box of the selected chat with its draft, or hide it."""
        self._model = model
        session = writable(model)
        conversation = session.conversation_id if session else None
        if conversation != self._conversation:
            self._tell()
            self._conversation = conversation
            self._replace("" if conversation is None else model.drafts.get(reply_key(conversation), ""))
            self._at = len(self._sent)
        self.display = session is not None
        if session is not None:
            self.placeholder = f"{key_of(model.keys, 'chat.reply', 'i')} writes to {who(session.customer)}"

    def put(self, text: str) -> None:
        """Show this text instead of what is in the box, and tell it as the draft."""
        self._replace(text)
        self._tell()

    def _replace(self, text: str) -> None:
        with self.prevent(Input.Changed):
            self.value = text
            self.cursor_position = len(text)

    def _tell(self) -> None:
        if self._conversation is not None:
            self.post_message(DraftChanged(reply_key(self._conversation), self.value))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell every change of the draft; one overtaken by another conversation's text is old news."""
        event.stop()
        if event.value == self.value:
            self._tell()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand the text over; it leaves the box only when it is on its way."""
        event.stop()
        text = event.value.strip()
        if text:
            self.post_message(ReplyWritten(text))

    def shows(self, conversation_id: ConversationId) -> bool:
        """Tell whether the box is this conversation's."""
        return conversation_id == self._conversation

    def restore(self, conversation_id: ConversationId, text: str) -> None:
        """Show a text that could not be sent, if its conversation is still the one in view."""
        if conversation_id == self._conversation:
            self._replace(text)

    def sent(self, text: str) -> None:
        """Empty the box, its text being on its way, and keep it for the arrows."""
        self._replace("")
        self._sent = [*self._sent, text][-REMEMBERED:]
        self._at = len(self._sent)

    @override
    def step(self, step: int) -> None:
        """Bring back a text sent before (or after that one); past the newest the box is empty."""
        if not self._sent:
            return
        self._at = min(max(self._at + step, 0), len(self._sent))
        self.put(self._sent[self._at] if self._at < len(self._sent) else "")

    @override
    def left(self) -> None:
        """Go back to the queue; the text stays."""
        self.screen.set_focus(self.screen.query_one("#queue"))

    @override
    def _on_paste(self, event: events.Paste) -> None:
        """Take all lines of a paste as one; Textual's own box keeps only the first."""
        self.insert_text_at_cursor(" ".join(event.text.split()))
        event.stop()
        event.prevent_default()
