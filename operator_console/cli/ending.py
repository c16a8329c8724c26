"""End one run of the command line with its documented exit code; refusals are told, never shown as a traceback."""

from collections.abc import Callable, Sequence

from operator_console.cli import output
from operator_console.cli.failure import CommandError
from operator_console.exit_codes import ExitCode, exit_code_of


def ended(given: Sequence[str], work: Callable[[], int]) -> int:
    """Return the exit code of `work`, or that of its refusal, told on stderr."""
    try:
        return work()
    except SystemExit as ended_by:
        return ended_by.code if isinstance(ended_by.code, int) else ExitCode.OK
    except CommandError as failure:
        output.refusal(failure.body, as_json="--json" in given)
        return exit_code_of(failure.body.code, failure.status)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
