"""Ask the broker one question and print the answer: what the commands share with the way round the command line."""

from operator_console.cli import output
from operator_console.cli.invocation import Invocation
from operator_console.client.answer import OPERATORS, SESSIONS
from server.wire.views import OperatorView, SessionView


def queue(invocation: Invocation, as_json: bool) -> None:
    """Print the open sessions."""
    sessions = invocation.ask_once(SESSIONS, tuple[SessionView, ...])
    if as_json:
        output.data(sessions)
        return
    from operator_console.cli import pages  # noqa: PLC0415 - JSON needs no lay-out
    from operator_console.clock import SystemClock  # noqa: PLC0415

    operators = invocation.ask_once(OPERATORS, tuple[OperatorView, ...])
    output.lines(pages.queue_lines(sessions, operators, SystemClock().now()))
    if not sessions:
        output.talk("Nobody waits.")


def team(invocation: Invocation, as_json: bool) -> None:
    """Print the roster."""
    operators = invocation.ask_once(OPERATORS, tuple[OperatorView, ...])
    if as_json:
        output.data(operators)
        return
    from operator_console.cli import pages  # noqa: PLC0415 - JSON needs no lay-out
    from operator_console.clock import SystemClock  # noqa: PLC0415

    output.lines(pages.team_lines(operators, SystemClock().now()))
