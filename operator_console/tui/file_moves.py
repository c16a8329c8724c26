"""Send files to the customer and save theirs: one at a time, with its progress shown, and cancelled on a key.

Before: the operator named a path, or picked a file of the conversation. After: a message that carries the file is on
its way, or the file lies in the operator's folder, or they read why not; nothing half done stays.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, Protocol, TypeVar

from textual.screen import Screen

from operator_console.model.clean import clean_error, line
from operator_console.model.inputs import FileMoved, Input, Moving, Noticed, Tone
from operator_console.model.select import files_of, selected_session
from operator_console.model.state import DeskModel
from operator_console.model.wording import file_words, size_words
from operator_console.tui.ports import Desk, DeskError
from operator_console.tui.screens.dialog import Choice, Choose, Field, Form
from server.wire.commands import Command, Say
from server.wire.terms import FileState
from server.wire.views import FileView, SessionView

T = TypeVar("T")
HARMLESS: Final = ("image/", "audio/", "video/", "application/pdf", "text/plain")
"""Kinds of files that are opened by the desktop; others are only saved."""
MOST_SHOWN: Final = 9


class Mover(Protocol):
    """What moving files needs of the app."""

    model: DeskModel

    def dispatch(self, *inputs: Input) -> None:
        """Put inputs into the model."""
        ...

    def order(self, command: Command) -> None:
        """Send a command."""
        ...

    def new_id(self) -> str:
        """Return an id for a command."""
        ...

    def ask(self, screen: Screen[T], then: Callable[[T], None]) -> None:
        """Open a dialog and go on with its answer, if it gives one."""
        ...

    def copy_to_clipboard(self, text: str) -> None:
        """Ask the terminal to put a text into the clipboard."""
        ...


class FileMoves:
    """The way of files in and out."""

    def __init__(self, app: Mover, desk: Desk, start: Callable[[str, Awaitable[None]], None], folder: Path) -> None:
        """Take the app, the broker, the way to start work, and the folder that files are saved in."""
        self._app = app
        self._desk = desk
        self._start = start
        self._folder = folder
        self._task: asyncio.Task[None] | None = None

    def ask_path(self) -> None:
        """Ask for a path, then send the file."""
        session = selected_session(self._app.model)
        if session is None:
            return
        form = Form(f"Send a file · {session.number}", [Field("text", "Path", "", "for example ~/invoice.pdf")])
        self._app.ask(form, lambda texts: self._told(self.send(texts["text"])))

    def send(self, written: str) -> str | None:
        """Send the file at a path, or return why that can't begin."""
        session = selected_session(self._app.model)
        if session is None or not written.strip():
            return "Name the file: /file PATH."
        if self._app.model.moving is not None:
            return "Another file is on its way: wait, or cancel it first."
        path = path_of(written)
        self._start("file", self._watched(self._send(session, path)))
        return None

    def look(self) -> None:
        """Show the files of the conversation, newest first: a key saves one, then it can be opened."""
        session = selected_session(self._app.model)
        files = files_of(self._app.model, session)[:MOST_SHOWN] if session else ()
        choices = [Choice(str(n), line(file_words(file)), str(n - 1)) for n, file in enumerate(files, 1)]
        if choices:
            self._app.ask(Choose("Files", choices), lambda answer: self._picked(files[int(answer)]))

    def _picked(self, file: FileView) -> None:
        if file.url:
            self._app.copy_to_clipboard(file.url)
            self._told(f"Copied, not opened: {file.url}", Tone.INFO)
            return
        if file.state is not FileState.HERE:
            self._told(f"There is nothing to save: {line(file_words(file))}")
            return
        choices = [Choice("s", f"Save in {self._folder}", "save")]
        if file.media_type.startswith(HARMLESS):
            choices.append(Choice("o", "Save and open it", "open", "with the desktop's own program"))
        title = line(file_words(file))
        self._app.ask(Choose(title, choices), lambda answer: self._save_it(file, opens=answer == "open"))

    def _save_it(self, file: FileView, *, opens: bool) -> None:
        if self._app.model.moving is not None:
            self._told("Another file is on its way: wait, or cancel it first.")
            return
        self._start("file", self._watched(self._save(file, opens=opens)))

    def cancel(self) -> None:
        """Stop the file that is on its way."""
        if self._task is not None:
            self._task.cancel()

    async def _watched(self, work: Awaitable[None]) -> None:
        """Do the work; whatever becomes of it, nothing is on its way afterwards."""
        self._task = asyncio.current_task()
        try:
            await work
        except DeskError as error:
            told = clean_error(error.body)
            self._told(f"{told.message} {told.hint}".strip(), Tone.ERROR)
        except asyncio.CancelledError:
            self._told("Cancelled: the file was not moved.")
            raise
        finally:
            self._task = None
            self._app.dispatch(FileMoved(None))

    async def _send(self, session: SessionView, path: Path) -> None:
        name = line(path.name)
        file = await self._desk.upload(session.conversation_id, path, self._progress(name, outwards=True))
        now = self._app.model.sessions.get(session.id, session)
        self._app.order(Say(id=self._app.new_id(), session_id=now.id, epoch=now.epoch, text="", files=(file.id,)))

    async def _save(self, file: FileView, *, opens: bool) -> None:
        path = await self._desk.download(file, self._folder, self._progress(file.name, outwards=False))
        problem = open_with_desktop(path) if opens else None
        told = f"Saved: {path} ({size_words(file.size)})."
        self._told(f"{told} {problem}" if problem else told, Tone.WARNING if problem else Tone.INFO)

    def _progress(self, name: str, *, outwards: bool) -> Callable[[int, int], None]:
        """Return who hears how far it is, and tells the model at each hundredth."""
        told = -1

        def moved(done: int, size: int) -> None:
            nonlocal told
            percent = 100 * done // max(size, 1)
            if percent != told:
                told = percent
                self._app.dispatch(FileMoved(Moving(name, done, size, outwards)))

        return moved

    def _told(self, text: str | None, tone: Tone = Tone.WARNING) -> None:
        if text:
            self._app.dispatch(Noticed(text, tone))


def path_of(written: str) -> Path:
    """Return the path a person means: with quotes around it, a `~`, or `file://` as a terminal drops it."""
    bare = written.strip()
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "'\"":
        bare = bare[1:-1]
    return Path(bare.removeprefix("file://").replace("\\ ", " ")).expanduser()


def open_with_desktop(path: Path) -> str | None:
    """Open a file with the desktop's own program, or return why that can't be done."""
    if sys.platform == "darwin":
        program = "open"
    elif os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        program = "xdg-open"
    else:
        return "It was not opened: there is no desktop here."
    found = shutil.which(program)
    if found is None:
        return f"It was not opened: {program} is not installed."
    try:
        _ = subprocess.Popen(  # noqa: S603 - the path is one that we made
            [found, str(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        return f"It was not opened: {error.strerror}."
    return None
