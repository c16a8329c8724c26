"""Add, list and remove the people of the desk."""

import os
from pathlib import Path
from typing import Annotated, cast

import typer

from server.cli.rest import Administrator
from server.cli.talk import errors_told, say, show, show_one
from server.config import load
from server.core.errors import CallerError
from server.wire.terms import Role

app = typer.Typer(help="The people of the desk.", no_args_is_help=True)

ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="Configuration file.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="How colleagues see them.")],
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.OPERATOR,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a person and print their token, this once."""
    with errors_told():
        made = Administrator(load(config, os.environ)).ask("POST", "/v1/operators", {"name": name, "role": role.value})
        show_one(cast("dict[str, object]", made), as_json=as_json)
        say("The token is shown this once: give it to them; `operator-console login` takes it.")


@app.command()
def skills(
    operator_id: Annotated[str, typer.Argument(help="Whose; see `operators list`.")],
    named: Annotated[
        list[str] | None, typer.Argument(help="All their skills: billing=3 german. None: no skill.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a person can do, each with a level from 1 to 9 (1 where none is given)."""
    with errors_told():
        wanted = [_skill(text) for text in named or ()]
        path = f"/v1/operators/{operator_id}"
        changed = Administrator(load(config, os.environ)).ask("PATCH", path, {"skills": wanted})
        show_one(cast("dict[str, object]", changed), as_json=as_json)


@app.command()
def capacity(
    operator_id: Annotated[str, typer.Argument(help="Whose; see `operators list`.")],
    calls: Annotated[int | None, typer.Option(min=0, max=1, help="Calls at once.")] = None,
    chats: Annotated[int | None, typer.Option(min=0, max=100, help="Chats at once.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say how much a person takes at once."""
    with errors_told():
        given = {"capacity_voice": calls, "capacity_chat": chats}
        wanted: dict[str, object] = {name: value for name, value in given.items() if value is not None}
        changed = Administrator(load(config, os.environ)).ask("PATCH", f"/v1/operators/{operator_id}", wanted)
        show_one(cast("dict[str, object]", changed), as_json=as_json)


def _skill(text: str) -> dict[str, object]:
    name, _, level = text.partition("=")
    if level and not level.isdecimal():
        raise CallerError("bad_skill", f"{text!r} is no skill.", "Write a name and a level from 1 to 9: billing=3")
    return {"name": name.strip().lower(), "level": int(level or 1)}


@app.command(name="list")
def list_(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List everybody, with presence and work in hand."""
    with errors_told():
        rows = cast("list[dict[str, object]]", Administrator(load(config, os.environ)).ask("GET", "/v1/operators"))
        show(rows, ("id", "name", "role", "presence", "connected", "since", "skills"), as_json=as_json)


@app.command()
def remove(operator_id: str, config: ConfigOption = None) -> None:
    """Disable a person: their tokens stop working and their consoles are closed."""
    with errors_told():
        Administrator(load(config, os.environ)).ask("DELETE", f"/v1/operators/{operator_id}")
        say("Removed.")
