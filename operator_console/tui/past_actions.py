"""Hold the rows of the key table that come after a talk: follow-ups, tickets, ring back, and what was."""

from typing import Final

from operator_console.model import allowed
from operator_console.model.select import my_call, selected_session
from operator_console.model.state import DeskModel


def ring_back(model: DeskModel) -> str | None:
    """Call a customer: one pair of ears takes one call."""
    call = my_call(model)
    busy = f"You are in a call ({call.number}): end it or give it back first." if call is not None else None
    return allowed.may_send(model) or busy


def selected(model: DeskModel) -> str | None:
    """Explain a session: one must be selected."""
    return None if selected_session(model) is not None else "Nothing is selected."


FINISHING: Final = (
    ("after.write_up", "", "Write up", "Say what a closed one was about, where that is missing.", allowed.may_send),
    ("after.done", "M", "Done", "What was still to be done is done: it counts as resolved.", allowed.may_send),
    ("after.link", "ampersand", "Ticket", "Link a ticket of another system.", allowed.may_send),
    ("after.ring_back", "R", "Ring back", "Call the customer; the call is yours from the first ring.", ring_back),
)
LOOKING_BACK: Final = (
    ("search.open", "comma", "Words", "Search everything that was ever said.", allowed.always),
    ("contact.open", "semicolon", "Contact", "All that is known of this contact.", allowed.always),
    ("session.why", "Q", "Why", "Why it rings where it rings, and what comes by itself.", selected),
    ("followups.open", "J", "Pending", "What is still to be done, by when it is due.", allowed.always),
)
"""Id, key, label, sentence, and why it can't act now."""
