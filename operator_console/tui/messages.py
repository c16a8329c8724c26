"""Carry what workers found out to the app: workers post these and never touch a widget."""

from textual.message import Message

from operator_console.model.inputs import DeskEvent, HeadsetEvent, Input
from server.wire.commands import Command
from server.wire.frames import Reply
from server.wire.terms import SessionId


class FromDesk(Message):
    """The broker, or the connection to it, said something."""

    def __init__(self, event: DeskEvent) -> None:
        """Carry one event."""
        super().__init__()
        self.event = event


class FromHeadset(Message):
    """The audio process said something."""

    def __init__(self, event: HeadsetEvent) -> None:
        """Carry one event."""
        super().__init__()
        self.event = event


class Replied(Message):
    """A command was answered."""

    def __init__(self, command: Command, reply: Reply) -> None:
        """Carry the command with its answer."""
        super().__init__()
        self.command = command
        self.reply = reply


class Happened(Message):
    """A widget or worker has an input for the model."""

    def __init__(self, event: Input) -> None:
        """Carry one input."""
        super().__init__()
        self.event = event


class RowClicked(Message):
    """The mouse picked a row of the queue."""

    def __init__(self, session_id: SessionId) -> None:
        """Carry the row's session."""
        super().__init__()
        self.session_id = session_id


class ReplyWritten(Message):
    """The operator pressed enter in the composer."""

    def __init__(self, text: str) -> None:
        """Carry the text."""
        super().__init__()
        self.text = text


class DraftChanged(Message):
    """The text of a box changed and is not sent."""

    def __init__(self, key: str, text: str) -> None:
        """Carry the box and its text."""
        super().__init__()
        self.key = key
        self.text = text
