"""Open the screen, or, for somebody who has never been here, the set-up before it."""

import os
import sys

from operator_console import garbage
from operator_console.cli.invocation import Invocation
from operator_console.credentials import TOKEN_VARIABLE, token_path


def open_or_set_up(invocation: Invocation, *, view_only: bool, guided: bool = False) -> int:
    """Show the desk, or the set-up when there is no token yet; return the exit code.

    Raises:
        CommandError: there is no terminal, or the configuration or the token can't be used.
    """
    if not view_only and is_first_run(invocation):
        from operator_console.cli.setup import set_up_and_open  # noqa: PLC0415 - the desk starts without it

        garbage.put_aside()
        return set_up_and_open(invocation)
    from operator_console.cli.screen import open_screen  # noqa: PLC0415 - loads Textual

    return open_screen(invocation, view_only=view_only, guided=guided)


def is_first_run(invocation: Invocation) -> bool:
    """Tell whether there is no token yet, anywhere, and a person at a terminal who can be asked."""
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    return terminal and not os.environ.get(TOKEN_VARIABLE) and not token_path(invocation.config).exists()
