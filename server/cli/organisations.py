"""Add and list organisations, and say which plan each has."""

import os
from typing import Annotated, cast

import typer

from server.cli.operators import ConfigOption, JsonOption
from server.cli.rest import Administrator
from server.cli.talk import errors_told, say, show, show_one
from server.config import load

app = typer.Typer(help="The organisations of this installation.", no_args_is_help=True)

Row = dict[str, object]


@app.command()
def add(
    organisation: Annotated[str, typer.Argument(help="A short id: small letters, digits, - and _.")],
    name: Annotated[str, typer.Option(help="How people know it.")] = "",
    plan: Annotated[str, typer.Option(help="One of [plans.NAME]; none: nothing is limited.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add an organisation."""
    with errors_told():
        body: Row = {"id": organisation, "name": name, "plan": plan}
        made = cast("Row", Administrator(load(config, os.environ)).ask("POST", "/v1/organisations", body))
        show_one(made if as_json else _line(made), as_json=as_json)
        say(f"Add its people: operator-server --organisation={organisation} operators add NAME")


@app.command(name="list")
def list_(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List all organisations with what they use of their plans."""
    with errors_told():
        rows = cast("list[Row]", Administrator(load(config, os.environ)).ask("GET", "/v1/organisations"))
        shown = rows if as_json else [_line(row) for row in rows]
        columns = ("id", "name", "plan", "operators", "assistants", "sessions", "channels", "features")
        show(shown, columns, as_json=as_json)


@app.command()
def plan(
    organisation: Annotated[str, typer.Argument(help="Whose; see `organisations list`.")],
    named: Annotated[str, typer.Argument(help="One of [plans.NAME]; - for none.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give an organisation a plan; one that is too small for what is there is refused."""
    with errors_told():
        body: Row = {"plan": "" if named == "-" else named}
        made = Administrator(load(config, os.environ)).ask("PATCH", f"/v1/organisations/{organisation}", body)
        row = cast("Row", made)
        show_one(row if as_json else _line(row), as_json=as_json)


def _line(row: Row) -> Row:
    """Return an organisation with each use as one word: `3 of 5`, or `3`."""
    used = cast("dict[str, dict[str, int]]", row.get("used", {}))
    uses = {
        what: f"{one['used']} of {one['most']}" if "most" in one else str(one["used"]) for what, one in used.items()
    }
    features = ", ".join(cast("list[str]", row.get("features", []))) or "text chats alone"
    return {"id": row["id"], "name": row["name"], "plan": row.get("plan", "-"), **uses, "features": features}
