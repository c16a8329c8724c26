"""Check an installation before customers come."""

import os
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from server.cli.exits import Exit
from server.cli.talk import errors_told, say, show

app = typer.Typer(help="Check an installation before customers come.", no_args_is_help=True)


@app.callback()
def root() -> None:
    """Group the checks."""


@app.command()
def rollout(
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Configuration file; else $OPERATOR_CONFIG; else the defaults."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Each promise to customers with its setting, its state and what proves it. Ends with 1 when one is not met."""
    from server.config import load  # noqa: PLC0415 - the other commands start without it
    from server.policies import lines_of  # noqa: PLC0415
    from server.rollout import State, promises  # noqa: PLC0415

    with errors_told():
        loaded = load(config, os.environ)
        lines_of(loaded.settings)  # refuses a policy with a hole before anything is said of it
        found = promises(loaded)
    rows = [msgspec.to_builtins(one) for one in found]
    if as_json:
        show(rows, (), as_json=True)
    else:
        show(rows, ("state", "name", "found", "setting", "proof"), as_json=False)
    short = [one for one in found if one.state is not State.MET]
    for one in short:
        say(f"{one.state}: {one.name}: {one.promise}. {one.mend[:1].upper()}{one.mend[1:]}.")
    if short:
        say(f"{len(short)} of {len(found)} promises are not met.")
        raise typer.Exit(Exit.FAILED)
    say(f"All {len(found)} promises are met.")
