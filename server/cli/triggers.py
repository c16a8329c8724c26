"""Explain what the triggers make of a transcript: what fires when, and why."""

from pathlib import Path
from typing import Annotated

import typer

from server.cli.talk import errors_told, say, show

app = typer.Typer(help="Look at what calls a person.", no_args_is_help=True)


@app.callback()
def root() -> None:
    """Group what concerns triggers."""


@app.command()
def explain(
    file: Annotated[Path, typer.Argument(help="Transcript: a JSON object a line, with role, text and perhaps when.")],
    triggers: Annotated[Path | None, typer.Option("--triggers", help="Settings; else those that ship.")] = None,
    facts: Annotated[str, typer.Option("--facts", help='Facts as JSON: {"tier": "gold"}.')] = "{}",
    no_model: Annotated[bool, typer.Option("--no-model", help="Rules and small models alone.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run a transcript through and say after which turn what fires, and why."""
    from server.understanding.explain import explained  # noqa: PLC0415 - the other commands start without models

    with errors_told():
        rows = explained(file, triggers, facts, model=not no_model)
    show(rows, ("turn", "trigger", "reason", "words", "score", "queue", "priority"), as_json=as_json)
    if not rows:
        say("Nothing fires.")
