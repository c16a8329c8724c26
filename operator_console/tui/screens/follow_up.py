"""Ask what is still to be done, and by when; a date that can't be read is told at once, and the dialog stays."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input
from typing_extensions import override

from operator_console.model.when import FORMS, read_when
from operator_console.tui.screens.dialog import Field, Form, FormInput


class FollowUpDialog(Form):
    """A form that shows how the date is understood while it is written."""

    def __init__(self, number: str, fields: Sequence[Field], now: datetime, zone: tzinfo | None) -> None:
        """Take the session's number, the boxes `text` and `when`, and the operator's clock."""
        super().__init__(f"Follow-up of {number}", fields, done="saves")
        self._now = now
        self._zone = zone

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what the date means."""
        if event.input.id == "when":
            self._tell(event.value)

    def _tell(self, text: str) -> bool:
        """Say what the date means; tell whether it can be read."""
        due = read_when(text, self._now, self._zone) if text.strip() else self._now
        box = self.query_one(".box", Vertical)
        if due is None:
            box.border_subtitle = Content(f"no date: {FORMS}")
            return False
        told = due.astimezone(self._zone).strftime("%a %d %b %Y %H:%M")
        box.border_subtitle = Content(f"due {told} · enter saves · esc leaves")
        return True

    @override
    def go_on(self, done: FormInput) -> None:
        """Go on, but never hand over a date that can't be read."""
        if done.id != "when" or self._tell(done.value):
            super().go_on(done)
