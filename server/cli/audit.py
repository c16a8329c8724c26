"""Check that the audit was only ever added to."""

import os
from typing import Annotated

import msgspec
import typer

from server.cli.exits import Exit
from server.cli.operators import ConfigOption, JsonOption
from server.cli.rest import Administrator
from server.cli.talk import errors_told, show_one
from server.config import load
from server.core.errors import CallerError
from server.wire.audit import AuditCheck

app = typer.Typer(help="What supervisors and administrators did.", no_args_is_help=True)


@app.command()
def verify(
    expect: Annotated[
        str, typer.Option("--expect", metavar="RECORD:HASH", help="A newest record that was noted earlier.")
    ] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Go through the whole chain and print its newest hash, to be noted elsewhere; ends with 1 when it is broken."""
    with errors_told():
        entry, sha256 = _noted(expect)
        query = {"entry": entry, "sha256": sha256} if expect else {}
        asked = Administrator(load(config, os.environ)).ask("GET", "/v1/audit/check", query=query)
        found = msgspec.convert(asked, AuditCheck)
        if as_json:
            show_one(msgspec.structs.asdict(found), as_json=True)
        else:
            show_one({"records": found.records, "reasons erased": found.erased_reasons}, as_json=False)
            print(f"note    {found.records}:{found.head}")
            print("\n".join(found.broken) or "Every record follows from the one before it.")
    if found.broken:
        raise typer.Exit(Exit.FAILED)


def _noted(expect: str) -> tuple[str, str]:
    entry, colon, sha256 = expect.partition(":")
    if expect and not (colon and entry.isascii() and entry.isdecimal() and sha256):
        raise CallerError("bad_note", f"{expect!r} is no note.", "Pass on what `audit verify` printed: 42:9f86d0...")
    return entry, sha256
