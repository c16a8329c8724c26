"""Show how the channels stand, ask for their health, connect them, and take again what could not be taken."""

import os
from pathlib import Path
from typing import Annotated, cast

import msgspec
import typer

from server.cli.exits import Exit
from server.cli.operators import ConfigOption, JsonOption
from server.cli.rest import Administrator
from server.cli.talk import errors_told, say, show, show_one
from server.config import load
from server.wire.channels import ChannelView

app = typer.Typer(help="Accounts on platforms where customers write.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Of the section: [channels.NAME].")]
PLATFORM_SECONDS = 60.0
"""The broker waits for the platform for half of it."""
COLUMNS = ("name", "kind", "problem", "paused", "waiting", "unknown", "failed", "not_taken")


@app.command(name="list")
def list_(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List all channels: what is wrong, what waits, what nobody knows."""
    with errors_told():
        rows = cast("list[object]", _administrator(config).ask("GET", "/v1/channels"))
        show([_whole(row) for row in rows], COLUMNS, as_json=as_json)


@app.command()
def check(name: Name, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Ask the platform whether the account works; ends with 1 when it does not."""
    with errors_told():
        asked = _administrator(config)
        found = _whole(asked.ask("POST", f"/v1/channels/{name}/check"))
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
        done = _administrator(config).ask("POST", f"/v1/channels/{name}/connect")
        say(str(cast("dict[str, object]", done)["done"]))


@app.command()
def replay(name: Name, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Take again what could not be taken; ends with 1 when something still cannot."""
    with errors_told():
        left = cast(
            "list[dict[str, object]]",
            _administrator(config).ask("POST", f"/v1/channels/{name}/replay"),
        )
        show(left, ("id", "at", "attempts", "error"), as_json=as_json)
        if not as_json:
            say("Everything is taken." if not left else f"{len(left)} requests still cannot be taken.")
    if left:
        raise typer.Exit(Exit.FAILED)


def _administrator(config: Path | None) -> Administrator:
    return Administrator(load(config, os.environ), seconds=PLATFORM_SECONDS)


def _whole(row: object) -> dict[str, object]:
    """Return an account with what the answer leaves out because it is nothing."""
    view = msgspec.convert(row, ChannelView)
    return cast("dict[str, object]", msgspec.to_builtins(msgspec.structs.asdict(view)))
