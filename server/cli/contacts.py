"""Find contacts, export all that is kept of one, and erase one with a proof."""

import os
import zipfile
from pathlib import Path
from typing import Annotated, cast

import msgspec
import typer

from server.cli.exits import Exit
from server.cli.operators import ConfigOption, JsonOption
from server.cli.rest import Administrator
from server.cli.talk import errors_told, say, show, show_one
from server.config import load
from server.core.errors import CallerError, HandoffError
from server.wire.privacy import ContactExport, Erasure

app = typer.Typer(help="People who wrote or called: what is kept of them, and its end.", no_args_is_help=True)
ContactArgument = Annotated[str, typer.Argument(metavar="ID", help="The contact's id; see `contacts find`.")]
Why = Annotated[str, typer.Option("--reason", help="Why, for the audit: for example the number of a request.")]


@app.command()
def find(
    words: Annotated[str, typer.Argument(help="A number, a mail address, channel:handle, or how a name begins.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find contacts; at most 50."""
    with errors_told():
        rows = cast("list[dict[str, object]]", _administrator(config).ask("GET", "/v1/contacts", query={"q": words}))
        shown = [{**row, "known_by": _known_by(row)} for row in rows] if not as_json else rows
        show(shown, ("id", "name", "created_at", "known_by"), as_json=as_json)


@app.command()
def export(
    contact_id: ContactArgument,
    to: Annotated[Path, typer.Option("--to", help="The zip file to write; it must not be there yet.")],
    reason: Why = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write all that is kept of a contact into a zip file that only you can read: words, files and recordings."""
    with errors_told():
        asked = _administrator(config)
        body: dict[str, object] = {"reason": reason}
        whole = msgspec.convert(asked.ask("POST", f"/v1/contacts/{contact_id}/export", body), ContactExport)
        missing = _write(to, asked, whole)
        told: dict[str, object] = {
            "file": str(to),
            "conversations": len(whole.conversations),
            "turns": sum(len(one.messages) for one in whole.conversations),
            "handoffs": sum(len(one.sessions) for one in whole.conversations),
            "files": sum(len(one.files) for one in whole.conversations),
            "recordings": sum(len(one.recorded) for one in whole.conversations),
            "missing": missing if as_json else ", ".join(missing) or "nothing",
        }
        show_one(told, as_json=as_json)


@app.command()
def erase(
    contact_id: ContactArgument,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: there is no way back.")] = False,
    reason: Why = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase a contact with all of theirs, and print the proof; ends with 1 when something of them is left elsewhere."""
    with errors_told():
        if not yes and not typer.confirm(f"Erase {contact_id}, every conversation, file and recording, for ever?"):
            raise typer.Exit(Exit.REFUSED)
        body: dict[str, object] = {"reason": reason}
        proof = msgspec.convert(_administrator(config).ask("POST", f"/v1/contacts/{contact_id}/erase", body), Erasure)
        if as_json:
            show_one(_plain(proof), as_json=True)
        else:
            _tell(proof)
    if proof.left:
        raise typer.Exit(Exit.FAILED)


def _tell(proof: Erasure) -> None:
    """Print the proof for people."""
    show_one({"contact": proof.contact_id, "at": proof.at, **_plain(proof.erased)}, as_json=False)
    places = len(proof.looked_in)
    print(f"Looked for {proof.looked_for} numbers, addresses, handles and ids of theirs in {places} places:")
    print(f"  {', '.join(proof.looked_in)}")
    if not proof.left:
        print("Nothing of them is left.")
        return
    for trace in proof.left:
        print(f"  {trace.rows} in {trace.place}")
    say("These stand in what belongs to others, for example in a note; look for them and edit or erase those.")


def _plain(view: msgspec.Struct) -> dict[str, object]:
    """Return all fields of a view, also those that are as they are by default."""
    return cast("dict[str, object]", msgspec.to_builtins(msgspec.structs.asdict(view)))


def _write(to: Path, asked: Administrator, whole: ContactExport) -> list[str]:
    """Write the zip file, and return what the broker named but does not have any more."""
    missing: list[str] = []
    try:
        handle = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise CallerError("cannot_write", f"{to} cannot be written: {error.strerror}.", "Name another file.") from error
    with os.fdopen(handle, "wb") as out, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("contact.json", msgspec.json.format(msgspec.json.encode(whole), indent=2))
        for conversation in whole.conversations:
            for file in conversation.files:
                _fetch(packed, f"files/{file.id}-{file.name}", asked, f"/v1/files/{file.id}", missing)
            for number in conversation.recorded:
                _fetch(packed, f"recordings/{number}.wav", asked, f"/v1/sessions/{number}/recording", missing)
    return missing


def _fetch(packed: zipfile.ZipFile, name: str, asked: Administrator, path: str, missing: list[str]) -> None:
    """Put one file of the broker into the zip file, or its name among the missing."""
    pieces = asked.fetch(path)
    try:
        piece = next(pieces, b"")
    except HandoffError:
        missing.append(name)
        return
    with packed.open(name, "w", force_zip64=True) as out:
        while piece:
            out.write(piece)
            piece = next(pieces, b"")


def _known_by(row: dict[str, object]) -> str:
    identities = cast("list[dict[str, str]]", row.get("identities") or [])
    return ", ".join(f"{one['kind']} {one['value']}" for one in identities)


def _administrator(config: Path | None) -> Administrator:
    return Administrator(load(config, os.environ))
