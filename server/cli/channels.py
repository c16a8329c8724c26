"""Show how the channels stand, ask for their health, connect them, and take again what could not be taken."""

import os
from typing import Annotated, cast

import typer

from server.cli.exits import Exit
from server.cli.operators import ConfigOption, JsonOption
from server.cli.rest import Administrator
from server.cli.talk import errors_told, say, show, show_one
from server.config import load

app = typer.Typer(help="Accounts on platforms where customers write.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Of the section: [channels.NAME].")]
COLUMNS = ("name", "kind", "problem", "paused", "waiting", "unknown", "failed", "not_taken")


@app.command(name="list")
def list_(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List all channels: what is wrong, what waits, what nobody knows."""
    with errors_told():
        rows = cast("list[dict[str, object]]", Administrator(load(config, os.environ)).ask("GET", "/v1/channels"))
        show([{name: row.get(name, "") for name in (*COLUMNS, *row)} for row in rows], COLUMNS, as_json=as_json)


@app.command()
def check(name: Name, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Ask the platform whether the account works; ends with 1 when it does not."""
    with errors_told():
        asked = Administrator(load(config, os.environ))
        found = cast("dict[str, object]", asked.ask("POST", f"/v1/channels/{name}/check"))
        failed = cast("list[dict[str, object]]", asked.ask("GET", f"/v1/channels/{name}/failed"))
        show_one({**found, "failed_requests": failed} if as_json else found, as_json=as_json)
        if failed and not as_json:
            say(f"{len(failed)} requests of the platform could not be taken:")
            show(failed, ("id", "at", "attempts", "error"), as_json=False)
    if found.get("problem"):
        raise typer.Exit(Exit.FAILED)


@app.command()
def connect(name: Name, config: ConfigOption = None) -> None:
    """Tell the platform our address, where a call can do that."""
    with errors_told():
        done = Administrator(load(config, os.environ)).ask("POST", f"/v1/channels/{name}/connect")
        say(str(cast("dict[str, object]", done)["done"]))


@app.command()
def replay(name: Name, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Take again what could not be taken; ends with 1 when something still cannot."""
    with errors_told():
        left = cast(
            "list[dict[str, object]]",
            Administrator(load(config, os.environ)).ask("POST", f"/v1/channels/{name}/replay"),
        )
        show(left, ("id", "at", "attempts", "error"), as_json=as_json)
        if not as_json:
            say("Everything is taken." if not left else f"{len(left)} requests still cannot be taken.")
    if left:
        raise typer.Exit(Exit.FAILED)
