"""Take the tour: a desk of one's own on this machine, with scripted customers, and steps on the screen."""

import importlib.util
import subprocess
import sys

import typer

from operator_console.cli.failure import CommandError
from operator_console.cli.screen import need_terminal
from server.wire.errors import ErrorBody


def add_to(app: typer.Typer) -> None:
    """Offer this command."""
    app.command()(tour)


def tour() -> None:
    """Learn the desk in two minutes, on a desk with scripted customers that ends with the tour."""
    raise typer.Exit(take_tour())


def take_tour() -> int:
    """Start the demo's desk with the tour on its screen, and return its exit code.

    Raises:
        CommandError: there is no terminal, or the broker is not installed here.
    """
    need_terminal()
    if importlib.util.find_spec("server") is None or importlib.util.find_spec("server.demo") is None:
        raise CommandError(
            ErrorBody("no_demo", "The tour plays on operator-server, which is not installed here.", "Install it too.")
        )
    return subprocess.call([sys.executable, "-m", "server", "demo", "--tour"])
