"""Say which fact each order of an operator in charge is for the machine; texts are filtered and bounded here."""

from server.broker.aftermath import aftermath_fact
from server.core import inputs
from server.core.consult_inputs import ConsultAnswered
from server.wire import commands as c
from server.wire.sanitize import clean_line, clean_text
from server.wire.terms import OperatorId

OperatorChange = (
    c.Accept
    | c.Decline
    | c.Answer
    | c.Decide
    | c.Mute
    | c.Hold
    | c.BackToAssistant
    | c.Resolve
    | c.End
    | c.PauseRecording
    | c.SetConsent
    | c.Requeue
    | c.SteerTransfer
    | c.FollowUp
    | c.FollowUpDone
    | c.LinkTicket
    | c.FinishWrapUp
)
"""Orders of operators that are a fact for the session machine."""


def fact_of(command: OperatorChange, operator_id: OperatorId) -> inputs.Input:
    """Return the fact that an operator's order is for the session."""
    match command:
        case c.Accept() | c.Decline():
            return _taking(command, operator_id)
        case c.Answer() | c.Decide():
            return _answer(command, operator_id)
        case c.BackToAssistant() | c.Resolve() | c.End() | c.FinishWrapUp():
            return _ending(command, operator_id)
        case c.FollowUp() | c.FollowUpDone() | c.LinkTicket():
            return aftermath_fact(command, operator_id)
        case _:
            return _in_talk(command, operator_id)


def _taking(command: c.Accept | c.Decline, operator_id: OperatorId) -> inputs.Input:
    """Return the fact that taking a session, or letting it pass, is."""
    if isinstance(command, c.Decline):
        return inputs.OfferDeclined(operator_id)
    return inputs.OperatorAccepted(operator_id, command.epoch)


def _answer(command: c.Answer | c.Decide, operator_id: OperatorId) -> inputs.Input:
    """Return the fact that an answer to an assistant is."""
    if isinstance(command, c.Decide):
        return ConsultAnswered(operator_id, command.epoch, clean_line(command.reason, 500), command.approved)
    return ConsultAnswered(operator_id, command.epoch, clean_line(command.text, 500))


def _in_talk(
    command: c.Mute | c.Hold | c.PauseRecording | c.SetConsent | c.Requeue | c.SteerTransfer, operator_id: OperatorId
) -> inputs.Input:
    """Return the fact that an order during a talk is."""
    match command:
        case c.Mute(epoch=epoch, on=on):
            return inputs.OperatorMuted(operator_id, epoch, on)
        case c.Hold(epoch=epoch, on=on):
            return inputs.OperatorHeld(operator_id, epoch, on)
        case c.PauseRecording(epoch=epoch, on=on):
            return inputs.RecordingPaused(operator_id, epoch, on)
        case c.SetConsent(epoch=epoch, consent=consent):
            return inputs.ConsentNoted(operator_id, epoch, consent)
        case c.SteerTransfer(epoch=epoch, step=step):
            return inputs.TransferSteered(operator_id, epoch, step)
        case c.Requeue(epoch=epoch, queue=queue, note=note):
            return inputs.OperatorRequeued(operator_id, epoch, clean_line(queue, 64), clean_text(note, 2000))


def _ending(command: c.BackToAssistant | c.Resolve | c.End | c.FinishWrapUp, operator_id: OperatorId) -> inputs.Input:
    """Return the fact that one of the endings is."""
    match command:
        case c.BackToAssistant(epoch=epoch, note=note):
            return inputs.OperatorReturned(operator_id, epoch, clean_text(note, 2000))
        case c.Resolve(epoch=epoch, note=note, disposition=disposition, hang_up=hang_up):
            return inputs.OperatorResolved(
                operator_id, epoch, clean_text(note, 2000), clean_line(disposition, 80), hang_up
            )
        case c.End(epoch=epoch):
            return inputs.OperatorEnded(operator_id, epoch)
        case c.FinishWrapUp(epoch=epoch, disposition=disposition, note=note):
            return inputs.WrapUpFinished(operator_id, epoch, clean_line(disposition, 80), clean_text(note, 2000))
