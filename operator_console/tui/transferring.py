"""Bring my caller to somebody outside: ask whom and how, and give the orders of a transfer."""

from collections.abc import Callable
from typing import Final, Protocol

from operator_console.model.select import my_call
from operator_console.model.state import DeskModel
from operator_console.model.transfers import begin
from operator_console.tui.dialogs import Asker, Texts
from operator_console.tui.screens.dialog import Choice, Choose, Field, Form
from server.wire.commands import Command, SteerTransfer, Transfer
from server.wire.terms import TransferKind, TransferStep


class Orders(Protocol):
    """What an order needs of the app."""

    model: DeskModel

    def order(self, command: Command) -> None:
        """Send a command."""
        ...

    def new_id(self) -> str:
        """Return an id for a command."""
        ...


class Transferring:
    """The deeds by id."""

    def __init__(self, asker: Asker) -> None:
        """Take the app."""
        self._asker: Final = asker

    def deeds(self) -> dict[str, Callable[[], None]]:
        """Return what each action does."""
        return {
            "transfer.to": self.ask,
            "transfer.swap": lambda: self._steer(TransferStep.SWAP),
            "transfer.merge": lambda: self._steer(TransferStep.MERGE),
            "transfer.complete": lambda: self._steer(TransferStep.COMPLETE),
            "transfer.back": lambda: self._steer(TransferStep.BACK),
        }

    def ask(self) -> None:
        """Ask for the destination, then how."""
        call = my_call(self._asker.model)
        if call is None:
            return
        field = Field("text", "To", "", "a name of the phonebook, +4930123456, sip:name@host")
        self._asker.ask(Form(f"Transfer {call.number}", [field], done="goes on"), self._ask_how)

    def _ask_how(self, texts: Texts) -> None:
        to = texts["text"].strip()
        if not to:
            return
        choices = [
            Choice("w", "Warm", TransferKind.WARM, "you speak with them first, the caller waits"),
            Choice("c", "Cold", TransferKind.COLD, "they get the caller as soon as they answer"),
            Choice("3", "Conference", TransferKind.CONFERENCE, "they come into your talk"),
        ]
        self._asker.ask(Choose(f"Transfer to {to}", choices), lambda how: _give(self._asker, to, TransferKind(how)))

    def _steer(self, step: TransferStep) -> None:
        call = my_call(self._asker.model)
        if call is not None:
            order = SteerTransfer(id=self._asker.new_id(), session_id=call.id, epoch=call.epoch, step=step)
            self._asker.order(order)


def transfer_named(host: Orders, text: str) -> str | None:
    """Transfer my call to whom was written, after how if that comes first: "cold billing"; or say why not."""
    word, _, rest = text.partition(" ")
    how, to = (TransferKind(word), rest.strip()) if word in set(TransferKind) else (TransferKind.WARM, text)
    if not to:
        return "Write whom to call: transfer.to cold +4930123456."
    reason = begin(host.model)
    if reason is None:
        _give(host, to, how)
    return reason


def _give(host: Orders, to: str, how: TransferKind) -> None:
    """Order the transfer of my call."""
    call = my_call(host.model)
    if call is not None:
        host.order(Transfer(id=host.new_id(), session_id=call.id, epoch=call.epoch, to=to, how=how))
