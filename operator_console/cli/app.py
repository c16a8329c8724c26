"""Put the command line together; without a command it opens the screen."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from operator_console.cli import (
    accepting,
    bench,
    consulting,
    doctor,
    files,
    login,
    orders,
    past,
    people,
    playing,
    questions,
    setup,
    shift,
    sound,
    supervision,
    tour,
    transferring,
    translating,
    watching,
    why,
)
from operator_console.cli.ending import ended
from operator_console.cli.invocation import Invocation
from operator_console.exit_codes import ExitCode
from server.wire.version import VERSION

EXIT_CODES = (
    "Exit codes: 0 done, 1 refused, 2 wrong usage or configuration, 3 broker not reached, 4 not authorised, "
    "5 somebody was faster or it has moved on, 6 no such thing, 130 interrupted."
)


def build() -> typer.Typer:
    """Return the command line."""
    app = typer.Typer(
        name="operator-console",
        help="Take calls and chats that AI assistants hand over. Without a command: the screen.",
        epilog=EXIT_CODES,
        invoke_without_command=True,
        no_args_is_help=False,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(root)
    for part in (
        questions,
        accepting,
        orders,
        past,
        people,
        shift,
        supervision,
        why,
        watching,
        sound,
        doctor,
        files,
        login,
    ):
        part.add_to(app)
    for part in (consulting, translating, transferring, playing, setup, tour, bench):
        part.add_to(app)
    return app


def root(
    context: typer.Context,
    *,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Configuration file; else $OPERATOR_CONSOLE_CONFIG.")
    ] = None,
    server: Annotated[str, typer.Option("--server", "-s", help="The broker's address; else $OPERATOR_SERVER.")] = "",
    readonly: Annotated[
        bool, typer.Option("--readonly", help="The screen only looks on: no orders, no audio.")
    ] = False,
    guided: Annotated[bool, typer.Option("--guided", hidden=True, help="The screen with the tour's steps.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Take the options that all commands share."""
    if version:
        print(VERSION)
        raise typer.Exit
    context.obj = Invocation(config_path=config, server=server)
    if context.invoked_subcommand is None:
        from operator_console.cli.opening import open_or_set_up  # noqa: PLC0415 - loads Textual

        raise typer.Exit(open_or_set_up(context.obj, view_only=readonly, guided=guided))


def run(arguments: list[str] | None = None) -> int:
    """Run one command line and return its exit code; refusals are told on stderr, never as a traceback."""
    given = sys.argv[1:] if arguments is None else arguments

    def work() -> int:
        build()(args=given, prog_name="operator-console")
        return ExitCode.OK

    return ended(given, work)
