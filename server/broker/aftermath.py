"""Turn what operators say after a talk into facts: what is still to be done, and the tickets of other systems."""

from datetime import UTC, datetime

from server.core import inputs
from server.core.errors import CallerError
from server.wire import commands as c
from server.wire.sanitize import clean_line
from server.wire.terms import OperatorId
from server.wire.views import Ticket


def aftermath_fact(command: c.FollowUp | c.FollowUpDone | c.LinkTicket, operator_id: OperatorId) -> inputs.Input:
    """Return the fact that an order after a talk is.

    Raises:
        CallerError: `no_such_ticket` without system or reference, `date_without_zone`.
    """
    match command:
        case c.FollowUp(epoch=epoch, text=text, at=at):
            return inputs.FollowUpSet(operator_id, epoch, clean_line(text, 400).strip(), _instant(at))
        case c.FollowUpDone():
            return inputs.FollowUpFinished(operator_id)
        case c.LinkTicket(system=system, reference=reference, remove=remove):
            ticket = Ticket(system=clean_line(system, 40).strip(), reference=clean_line(reference, 300).strip())
            if not ticket.system or not ticket.reference:
                raise CallerError(
                    "no_such_ticket", "A ticket has a system and a number or address.", "Write for example: jira OPS-17"
                )
            return inputs.TicketLinked(ticket, remove)


def _instant(at: datetime | None) -> datetime | None:
    if at is None:
        return None
    if at.tzinfo is None:
        raise CallerError("date_without_zone", "The date has no time zone.", "End it with Z or an offset like +01:00.")
    return at.astimezone(UTC)
