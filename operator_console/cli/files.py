"""Send a file to the customer, list the files of a conversation, and save them."""

from pathlib import Path
from typing import Annotated

import typer

from operator_console.cli import output
from operator_console.cli.failure import CommandError
from operator_console.cli.invocation import Invocation, new_id
from operator_console.cli.options import Json, Ref
from operator_console.cli.orders import accepted, told
from operator_console.cli.refs import find
from operator_console.model.clean import clean_file
from operator_console.model.wording import file_words
from server.wire.commands import Say
from server.wire.errors import ErrorBody
from server.wire.frames import Reply
from server.wire.terms import FileState
from server.wire.views import FileView


def add_to(app: typer.Typer) -> None:
    """Offer these commands."""
    app.command("file")(send_file)
    app.command()(files)
    app.command("save-file")(save_file)


def send_file(
    context: typer.Context, ref: Ref, path: Annotated[Path, typer.Argument(help="The file.")], *, as_json: Json = False
) -> None:
    """Send a file to the customer."""
    from operator_console.client.visit import visit  # noqa: PLC0415 - --help needs no network

    invocation = context.find_root().ensure_object(Invocation)

    async def send() -> Reply:
        socket = invocation.socket(brief=True)
        async with visit(socket) as snapshot, invocation.rest() as client:
            session = find(ref, snapshot.sessions)
            file = await client.upload(session.conversation_id, path.expanduser(), _Progress(path.name))
            order = Say(id=new_id(), session_id=session.id, epoch=session.epoch, text="", files=(file.id,))
            return await socket.send(order)

    told(accepted(invocation.run(send)), "Sent.", as_json=as_json)


def files(context: typer.Context, ref: Ref, *, as_json: Json = False) -> None:
    """List the files of a conversation, newest first."""
    found = _files(context.find_root().ensure_object(Invocation), ref)
    if as_json:
        output.data(found)
    else:
        output.lines([f"{number} {file_words(file)}" for number, file in enumerate(found, 1)])


def save_file(
    context: typer.Context,
    ref: Ref,
    number: Annotated[int, typer.Argument(min=1, help="Its number in `files`.")] = 1,
    *,
    folder: Annotated[Path, typer.Option("--to", help="The folder; nothing in it is overwritten.")] = Path(),
    as_json: Json = False,
) -> None:
    """Save a file of a conversation: the newest one, or another by its number."""
    invocation = context.find_root().ensure_object(Invocation)
    found = _files(invocation, ref)
    if number > len(found):
        raise CommandError(ErrorBody("no_such_file", f"There are {len(found)} files.", "See: operator-console files"))
    file = found[number - 1]
    if file.url:
        raise CommandError(ErrorBody("a_link", f"That is a link: {file.url}", "Open it in a browser if you trust it."))
    if file.state is not FileState.HERE:
        raise CommandError(
            ErrorBody("no_such_file", f"There is nothing to save: {file_words(file)}", "Ask for it again.")
        )
    path = invocation.ask(lambda client: client.download(file, folder.expanduser(), _Progress(file.name)))
    if as_json:
        output.data({"path": str(path), "size": file.size, "media_type": file.media_type})
    else:
        output.lines([str(path)])


def _files(invocation: Invocation, ref: str) -> tuple[FileView, ...]:
    async def ask() -> tuple[FileView, ...]:
        async with invocation.rest() as client:
            session = await client.session(ref)
            turns = await client.messages(session.conversation_id)
            return tuple(clean_file(file) for turn in reversed(turns) for file in turn.files)

    return invocation.run(ask)


class _Progress:
    """Tells how far a file is, each tenth once."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._told = 0

    def __call__(self, done: int, size: int) -> None:
        tenth = 10 * done // max(size, 1)
        if tenth > self._told and size > 1_000_000:
            self._told = tenth
            output.talk(f"{self._name}: {tenth}0 %")
