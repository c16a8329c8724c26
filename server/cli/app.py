"""Offer the broker's commands: run, operators, keys, channels, policy, contacts, migrate, fsck, demo and others."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from server.cli import (
    assistants,
    audit,
    bench,
    channels,
    check,
    contacts,
    keys,
    on_call,
    operators,
    organisations,
    policy,
    recordings,
    triggers,
)
from server.cli.exits import Exit
from server.cli.report import report
from server.cli.rest import ORGANISATION_VARIABLE
from server.cli.talk import errors_told, say
from server.wire.version import VERSION

app = typer.Typer(
    name="operator-server",
    help="The broker: queues, routes and bridges handoffs between AI assistants and operators.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(report)
app.add_typer(operators.app, name="operators")
app.add_typer(keys.app, name="keys")
app.add_typer(organisations.app, name="organisations")
app.add_typer(channels.app, name="channels")
app.add_typer(assistants.app, name="assistants")
app.add_typer(policy.app, name="policy")
app.add_typer(contacts.app, name="contacts")
app.add_typer(audit.app, name="audit")
app.add_typer(on_call.app, name="on-call")
app.add_typer(bench.app, name="bench")
app.add_typer(check.app, name="check")
app.add_typer(triggers.app, name="triggers")
app.add_typer(recordings.app, name="recordings")

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="Configuration file; else $OPERATOR_CONFIG; else the defaults.")
]


def _version(wanted: bool) -> None:
    """Print the version and leave."""
    if wanted:
        print(VERSION)
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    organisation: Annotated[
        str, typer.Option(envvar=ORGANISATION_VARIABLE, help="The organisation that the command is about.")
    ] = "",
) -> None:
    """Take the options that all commands share."""
    if organisation:
        os.environ[ORGANISATION_VARIABLE] = organisation


@app.command()
def run(
    config: ConfigOption = None,
    end_calls: Annotated[
        bool,
        typer.Option("--end-calls", help="End live calls when stopped, instead of leaving them to the next broker."),
    ] = False,
) -> None:
    """Run the broker in the foreground."""
    from server.config import load  # noqa: PLC0415 - the other commands start without the web framework
    from server.log import configure  # noqa: PLC0415
    from server.secret_files import restrict_new_files  # noqa: PLC0415
    from server.serve import serve  # noqa: PLC0415

    with errors_told():
        loaded = load(config, os.environ)
        restrict_new_files()
        log = loaded.settings.log
        configure(level=log.level, line_format=log.format, personal=log.personal)
        say(f"operator-server {VERSION}: data in {loaded.data_dir}")
        serve(loaded, end_calls=end_calls)


@app.command("eval")
def evaluate(
    name: Annotated[str, typer.Argument(help="What to measure: guard, topics, sentiment, ...")],
    data: Annotated[Path, typer.Option("--data", help="Labelled file; docs/understanding.md has the fields.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure one piece of the built-in understanding on a labelled file."""
    from server.cli.eval import measure  # noqa: PLC0415 - the other commands start without the understanding

    with errors_told():
        measure(name, data, as_json=as_json)


@app.command()
def migrate(config: ConfigOption = None) -> None:
    """Bring the database to this version's schema; refuses while a broker runs."""
    from server.config import load  # noqa: PLC0415 - the other commands start without the database
    from server.storage.migrate import migrate as bring_up  # noqa: PLC0415

    with errors_told():
        loaded = load(config, os.environ)
        bring_up(loaded.database_url.reveal())
        print("The database is up to date.")


@app.command()
def fsck(
    config: ConfigOption = None, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """Check the database against its promises; refuses while a broker runs. Ends with 1 when one is broken."""
    from server.config import load  # noqa: PLC0415 - the other commands start without the database
    from server.storage.fsck import run as check  # noqa: PLC0415

    with errors_told():
        broken = check(load(config, os.environ).database_url.reveal())
        if as_json:
            print(json.dumps(broken))
        else:
            print("\n".join(broken) if broken else "Every promise holds.")
    if broken:
        raise typer.Exit(Exit.FAILED)


@app.command()
def demo(
    plain: Annotated[
        bool,
        typer.Option("--plain", help="Lines and a scripted operator; so without a terminal."),
    ] = False,
    fast: Annotated[bool, typer.Option("--fast", help="Fewer customers, shorter waits; implies --plain.")] = False,
    speed: Annotated[float, typer.Option(min=0.1, max=20, help="How fast people think and type.")] = 1.0,
    seed: Annotated[int | None, typer.Option(help="Choose the telephone numbers; else others every time.")] = None,
    keep: Annotated[Path | None, typer.Option(help="Folder for data and logs, kept afterwards.")] = None,
    *,
    tour: Annotated[bool, typer.Option("--tour", help="The screen leads through the desk in two minutes.")] = False,
) -> None:
    """Play the main job on this machine: a broker, scripted callers and chats, and the console."""
    from server.demo.options import DemoOptions  # noqa: PLC0415 - the other commands start without the demo
    from server.demo.run import run_demo  # noqa: PLC0415

    raise typer.Exit(run_demo(DemoOptions(plain=plain, fast=fast, speed=speed, seed=seed, keep=keep, tour=tour)))


if __name__ == "__main__":
    app(sys.argv[1:])
