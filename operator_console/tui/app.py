"""Hold the model of the running desk, let inputs change it, and have the screens draw it; deeds are in `commands`.

Workers read the ports and post messages; nothing but this object's `dispatch` changes the model. When it is drawn is
decided in `frames`.
"""

from collections.abc import Awaitable, Callable
from typing import ClassVar, Final, TypeVar

from textual.app import App
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Input as Box
from typing_extensions import override

from operator_console import garbage
from operator_console.model.drafts import reply_key, unsent
from operator_console.model.inputs import (
    Connected,
    Drafted,
    Filtered,
    HeadsetState,
    Input,
    Selected,
    Sent,
    Tick,
)
from operator_console.model.state import DeskModel, LinkState, Tour
from operator_console.model.update import update
from operator_console.tui.arrangement import Arrangement
from operator_console.tui.attention import Attention
from operator_console.tui.commands import Commands
from operator_console.tui.dialogs import Dialogs
from operator_console.tui.doors import Doors
from operator_console.tui.draft_file import DraftFile
from operator_console.tui.file_moves import FileMoves
from operator_console.tui.frames import Frames
from operator_console.tui.fulfilment import Fulfilment
from operator_console.tui.headset_keeper import HeadsetKeeper
from operator_console.tui.keymap import bindings_everywhere
from operator_console.tui.messages import (
    DraftChanged,
    FromDesk,
    FromHeadset,
    Happened,
    Replied,
    ReplyWritten,
    RowClicked,
)
from operator_console.tui.palette import DeskCommands
from operator_console.tui.ports import Desk, Headset
from operator_console.tui.prompt import install_keys
from operator_console.tui.readers import Readers
from operator_console.tui.screens.desk import DeskScreen
from operator_console.tui.settings import ScreenSettings
from operator_console.tui.themes import dress
from operator_console.tui.window import WindowApp
from server.wire.commands import Command, OpenMedia, Say, SessionOrder
from server.wire.frames import Reply, Snapshot

TICK_SECONDS: Final = 1.0

T = TypeVar("T")


class DeskApp(WindowApp, inherit_bindings=False):
    """The console's screen."""

    CSS_PATH = "theme.tcss"
    TITLE = "Desk"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_everywhere()]
    COMMANDS = App.COMMANDS | {DeskCommands}

    def __init__(self, desk: Desk, headset: Headset, settings: ScreenSettings) -> None:
        """Take the two ports; nothing is started before `run`."""
        super().__init__()
        self.animation_level = "none"
        dress(self, settings.theme)
        self.clock: Final = settings.clock
        self.desk_screen: Final = DeskScreen(settings.zone, settings.canned, motion=settings.motion)
        tour = Tour() if settings.guided else None
        empty = DeskModel(keys=settings.plan.keys, macros=settings.plan.macros, tour=tour)
        self.model = update(empty, Tick(settings.clock.now()))
        self._settings: Final = settings
        self._desk: Final = desk
        self._drafts: Final = DraftFile(settings.state_dir) if settings.state_dir else None
        self.arrangement: Final = Arrangement(self, settings.state_dir)
        self._readers: Final = Readers(desk, headset, self._drafts, self.post_message, settings.zone)
        self._keeper: Final = HeadsetKeeper(headset, self.ask_media, settings.clock, settings.new_id)
        self._fulfilment: Final = Fulfilment(desk, self._readers, self._keeper, settings.clock, self.background)
        self.files: Final = FileMoves(self, desk, self.background, settings.downloads)
        self._doors: Final = Doors(self, desk, headset, settings)
        self._commands: Final = Commands(self, Dialogs(self), self._doors)
        self.attention: Final = Attention(self, headset, settings.attention, settings.clock)
        self.frames: Final = Frames(self.later, self.flush, settings.clock.monotonic)

    def wear(self, theme: str) -> None:
        """Put on a look by its name."""
        self.theme = theme

    @override
    def get_default_screen(self) -> Screen[None]:
        """Begin with the desk: Textual's own first screen would be laid out and painted for nothing."""
        return self.desk_screen

    def on_mount(self) -> None:
        """Show the desk; what it shows comes when it stands."""
        install_keys(self, self.model)
        self.arrangement.restore()
        for key, text in (self._drafts.read() if self._drafts else {}).items():
            self.dispatch(Drafted(key, text))
        self.set_interval(TICK_SECONDS, lambda: self.dispatch(Tick(self.clock.now())))
        self.desk_screen.call_after_refresh(self._start_workers)

    def _start_workers(self) -> None:
        """Let the outside in: the first screen stands, and waits for none of it."""
        garbage.put_aside()
        readers = self._readers
        for work in (readers.desk(), readers.headset(), readers.drafts(), self._keeper.run()):
            self.run_worker(work)
        if self._settings.begin is not None:
            self.run_worker(self._settings.begin())

    def dispatch(self, *inputs: Input) -> None:
        """Put inputs into the model, act on what it wants, and draw it soon."""
        before = self.model
        for event in inputs:
            self.model = update(self.model, event)
        self.attention.follow(before, self.model)
        self._fulfilment.follow(self.model)
        self.frames.want(inputs)

    def flush(self) -> None:
        """Draw what changed since the last time."""
        everything = self.frames.draw(self.model, self.screen_stack, self.desk_screen)
        if everything and self._drafts is not None:
            self._readers.keep(unsent(self.model))

    def background(self, group: str, work: Awaitable[None]) -> None:
        """Do work beside the screen, ending the group's older work."""
        self.run_worker(work, group=group, exclusive=True)

    def order(self, command: Command) -> None:
        """Send a command; its answer comes as a `Replied`."""
        if not self._doors.sound.lets(command):
            return
        self.dispatch(Sent(command))
        self.run_worker(self._readers.send(command), group="orders")

    def whisper(self, command: Command) -> None:
        """Send a command whose answer nobody needs."""
        self.run_worker(self._readers.send_only(command), group="orders")

    async def ask_media(self, command: OpenMedia) -> Reply:
        """Send the keeper's question for a grant; a refusal is told like any other."""
        reply = await self._desk.send(command)
        if not reply.ok:
            self.post_message(Replied(command, reply))
        return reply

    def new_id(self) -> str:
        """Return an id for a command."""
        return self._settings.new_id()

    def later(self, seconds: float, deed: Callable[[], None]) -> None:
        """Do something after a while."""
        self.set_timer(seconds, deed)

    def ask(self, screen: Screen[T], then: Callable[[T], None]) -> None:
        """Open a dialog and go on with its answer, if it gives one."""

        def answered(answer: T | None) -> None:
            if answer is not None:
                then(answer)

        _ = self.push_screen(screen, answered)

    def on_from_desk(self, message: FromDesk) -> None:
        """Take an event of the broker; after a lost connection tell it what it missed."""
        was_lost = self.model.link.state is LinkState.LOST
        self.dispatch(Tick(self.clock.now()), message.event)
        if isinstance(message.event, Snapshot):
            garbage.put_aside()
        if was_lost and isinstance(message.event, Connected):
            self._commands.remind_mute()

    def on_from_headset(self, message: FromHeadset) -> None:
        """Take an event of the audio process."""
        if isinstance(message.event, HeadsetState):
            self._keeper.heard(message.event)
        self.dispatch(message.event)

    def on_replied(self, message: Replied) -> None:
        """Take an answer: the grant to the headset, the refused text back into the box."""
        command, reply = message.command, message.reply
        if reply.media is not None and isinstance(command, SessionOrder):
            self._keeper.offer(reply.session.id if reply.session else command.session_id, reply.media)
        self._commands.answered(command, reply)
        session = self.model.sessions.get(command.session_id) if isinstance(command, Say) else None
        if session is not None and not reply.ok:
            key = reply_key(session.conversation_id)
            self.desk_screen.composer.restore(session.conversation_id, self.model.drafts.get(key, ""))

    def on_happened(self, message: Happened) -> None:
        """Take an input that a worker made."""
        self.dispatch(message.event)

    def on_row_clicked(self, message: RowClicked) -> None:
        """Put the cursor where the mouse was."""
        self.dispatch(Selected(message.session_id))

    def on_reply_written(self, message: ReplyWritten) -> None:
        """Send a reply."""
        self._commands.say(message.text)

    def on_draft_changed(self, message: DraftChanged) -> None:
        """Keep a text that is not sent."""
        self.dispatch(Drafted(message.key, message.text))
        self._fulfilment.gaze.wrote(message.text)
        self._commands.writing(message.key, message.text)

    def on_input_changed(self, event: Box.Changed) -> None:
        """Filter while the words are typed."""
        if event.input.id == "find":
            self.dispatch(Filtered(event.value))

    def action_do(self, id_: str) -> None:
        """Carry out an action of the key table."""
        self._commands.run(id_)
        self.flush()

    def action_leave(self) -> None:
        """Leave the filter, the zoom, or a pane, in this order."""
        if self.desk_screen.leave():
            self.dispatch(Filtered(""))

    def take_audio(self) -> None:
        """Open the call's audio here."""
        self._keeper.again()

    def leave_desk(self) -> None:
        """End the program, unsent texts kept."""
        self._readers.write_drafts(unsent(self.model))
        self.exit(0)

    @override
    async def action_quit(self) -> None:
        """Textual's own way to quit takes ours."""
        self._doors.quit()
