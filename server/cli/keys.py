"""Add, list and revoke the keys of AI assistants."""

import os
from typing import Annotated, Literal, cast

import typer

from server.cli.operators import ConfigOption, JsonOption
from server.cli.rest import Administrator
from server.cli.talk import errors_told, say, show, show_one
from server.config import load

app = typer.Typer(help="Keys of AI assistants.", no_args_is_help=True)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Which assistant it is for.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a key and print its token, this once."""
    with errors_told():
        made = Administrator(load(config, os.environ)).ask("POST", "/v1/keys", {"name": name})
        show_one(cast("dict[str, object]", made), as_json=as_json)
        say("The token is shown this once: put it into the assistant's secrets.")


@app.command(name="list")
def list_(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List all keys, revoked ones too."""
    with errors_told():
        rows = cast("list[dict[str, object]]", Administrator(load(config, os.environ)).ask("GET", "/v1/keys"))
        shown = rows if as_json else [{**row, "handoff": "on" if row.get("handoff", True) else "off"} for row in rows]
        show(shown, ("id", "name", "handoff", "created_at", "revoked_at"), as_json=as_json)


@app.command()
def handoff(
    key_id: Annotated[str, typer.Argument(help="Which; see `keys list`.")],
    wanted: Annotated[Literal["on", "off"], typer.Argument(help="Whether it may ask for people.")],
    config: ConfigOption = None,
) -> None:
    """Let an assistant ask for people, or not; handoffs that are open stay."""
    with errors_told():
        Administrator(load(config, os.environ)).ask("PATCH", f"/v1/keys/{key_id}", {"handoff": wanted == "on"})
        say(f"Handoff is {wanted}.")


@app.command()
def revoke(key_id: str, config: ConfigOption = None) -> None:
    """Revoke a key: it stops working and its event streams are closed."""
    with errors_told():
        Administrator(load(config, os.environ)).ask("DELETE", f"/v1/keys/{key_id}")
        say("Revoked.")
