"""Bring a session of mine to somebody else: ask where, whom and how, and give the orders of a transfer."""

from collections.abc import Callable
from typing import Final, Protocol

from operator_console.model.allowed import target
from operator_console.model.destinations import Destination, Where, destinations, operator_of
from operator_console.model.drafts import Box, box_key
from operator_console.model.inputs import Drafted
from operator_console.model.select import my_call
from operator_console.model.state import DeskModel
from operator_console.model.transfers import (
    STEP_LETTERS,
    STEP_NAMES,
    begin,
    step_words,
    steps,
    transfer_words,
    under_way,
)
from operator_console.tui.dialogs import Asker, Texts
from operator_console.tui.screens.dialog import Choice, Choose, Field, Form
from server.wire.commands import Command, Requeue, SteerTransfer, Transfer
from server.wire.terms import Medium, TransferKind, TransferStep
from server.wire.views import SessionView


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
            "call.transfer": self.pass_on,
            "transfer.to": lambda: self._ask_where(my_call(self._asker.model), outside_only=True),
            "transfer.swap": lambda: self._steer(TransferStep.SWAP),
            "transfer.merge": lambda: self._steer(TransferStep.MERGE),
            "transfer.complete": lambda: self._steer(TransferStep.COMPLETE),
            "transfer.back": lambda: self._steer(TransferStep.BACK),
        }

    def pass_on(self) -> None:
        """Ask where the session is to go; while a target of my call is called, what is to become of that."""
        call = my_call(self._asker.model)
        if call is not None and under_way(call) is not None:
            self._ask_step(call)
        else:
            self._ask_where(target(self._asker.model), outside_only=False)

    def _ask_step(self, call: SessionView) -> None:
        model = self._asker.model
        choices = [
            Choice(STEP_LETTERS[step], STEP_NAMES[step], step.value, step_words(model, step)) for step in steps(model)
        ]
        dialog = Choose(f"Transfer of {call.number}", choices, detail=f"Now: {transfer_words(model, call)}.")
        self._asker.ask(dialog, lambda step: self._steer(TransferStep(step)))

    def _ask_where(self, session: SessionView | None, *, outside_only: bool) -> None:
        if session is None:
            return
        from operator_console.tui.screens.destination import DestinationDialog  # noqa: PLC0415 - loaded when opened

        voice = session.medium is Medium.VOICE
        inside = "a queue, a colleague" if not outside_only else ""
        outside = "the phonebook, +4930123456, sip:name@host" if voice else ""
        dialog = DestinationDialog(
            f"Bring {session.number} to",
            ", ".join(filter(None, (inside, outside))),
            lambda written: destinations(self._asker.model, session, written, outside_only=outside_only),
        )
        self._asker.ask(dialog, lambda chosen: self._chosen(session, chosen))

    def _chosen(self, session: SessionView, chosen: Destination) -> None:
        if chosen.where in {Where.OUTSIDE, Where.DIALLED}:
            self._ask_how(chosen)
        else:
            self._ask_note(session, chosen)

    def _ask_note(self, session: SessionView, chosen: Destination) -> None:
        """Ask for a note, then put the session into its queue, and ring the colleague if one was chosen."""
        key = box_key(session.id, Box.REQUEUE)
        field = Field("text", "Note for whoever takes it", self._asker.model.drafts.get(key, ""), "may be empty", key)
        colleague = operator_of(chosen)

        def give(texts: Texts) -> None:
            self._asker.order(
                Requeue(
                    id=self._asker.new_id(),
                    session_id=session.id,
                    epoch=session.epoch,
                    queue="" if colleague else chosen.value,
                    note=texts["text"],
                    to=colleague,
                )
            )
            self._asker.dispatch(Drafted(key, ""))

        where = f"to {chosen.name}" if colleague else f"into {chosen.name}"
        detail = "It rings there first; let pass, it waits at its place." if colleague else ""
        done = "rings there" if colleague else "puts it there"
        self._asker.ask(Form(f"{session.number} {where}", [field], detail=detail, done=done), give)

    def _ask_how(self, chosen: Destination) -> None:
        cold = Choice("c", "Cold", TransferKind.COLD, "they get the caller as soon as they answer")
        choices = [
            Choice("w", "Warm", TransferKind.WARM, "you speak with them first, the caller waits"),
            *([] if chosen.warm_only else [cold]),
            Choice("3", "Conference", TransferKind.CONFERENCE, "they come into your talk"),
        ]
        detail = f"{chosen.name} wants to hear from you before the caller comes." if chosen.warm_only else ""
        dialog = Choose(f"Transfer to {chosen.name}", choices, detail=detail)
        self._asker.ask(dialog, lambda how: _give(self._asker, chosen.value, TransferKind(how)))

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
