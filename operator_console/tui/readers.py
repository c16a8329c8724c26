"""Wait for the outside on behalf of the screen: these coroutines post messages and never touch a widget."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import tzinfo

from textual.message import Message

from operator_console.model.clean import clean_error
from operator_console.model.inputs import Noticed, Tone, TranscriptLoaded
from operator_console.model.shift import clean_digest, summary
from operator_console.model.wants import TurnsWant
from operator_console.tui.draft_file import DraftFile
from operator_console.tui.messages import FromDesk, FromHeadset, Happened, Replied
from operator_console.tui.ports import Desk, DeskError, Headset
from server.wire.commands import Command


class Readers:
    """The screen's workers."""

    def __init__(
        self,
        desk: Desk,
        headset: Headset,
        drafts: DraftFile | None,
        post: Callable[[Message], bool],
        zone: tzinfo | None = None,
    ) -> None:
        """Take the ports, the file of drafts, where messages go, and where the operator's clock stands."""
        self._zone = zone
        self._desk = desk
        self._headset = headset
        self._drafts = drafts
        self._post = post
        self._texts: Mapping[str, str] = {}
        self._texts_changed = asyncio.Event()
        self._failed = False

    async def desk(self) -> None:
        """Pass on what the broker says."""
        async for event in self._desk.events():
            self._post(FromDesk(event))

    async def headset(self) -> None:
        """Pass on what the audio process says."""
        async for event in self._headset.events():
            self._post(FromHeadset(event))

    async def send(self, command: Command) -> None:
        """Send a command and pass its answer on."""
        self._post(Replied(command, await self._desk.send(command)))

    async def send_only(self, command: Command) -> None:
        """Send a command whose answer nobody needs."""
        await self._desk.send(command)

    async def digest(self) -> None:
        """Tell in one line what happened since the operator was last on."""
        try:
            digest = clean_digest(await self._desk.digest())
        except DeskError as error:
            told = clean_error(error.body)
            self._post(Happened(Noticed(f"Digest: {told.message}", Tone.WARNING)))
        else:
            self._post(Happened(Noticed(f"{summary(digest, self._zone)} :digest shows it.", Tone.WARNING)))

    async def turns(self, want: TurnsWant) -> None:
        """Fetch turns that are missing on the screen."""
        try:
            messages = await self._desk.transcript(want.conversation_id, want.after_position)
        except DeskError as error:
            told = clean_error(error.body)
            self._post(Happened(Noticed(f"Transcript: {told.message} {told.hint}".strip(), Tone.WARNING)))
        else:
            self._post(Happened(TranscriptLoaded(want.conversation_id, messages)))

    def keep(self, texts: Mapping[str, str]) -> None:
        """Have these texts written; returns at once."""
        if texts != self._texts:
            self._texts = texts
            self._texts_changed.set()

    async def drafts(self) -> None:
        """Write the newest texts whenever they changed, off the event loop."""
        while True:
            await self._texts_changed.wait()
            self._texts_changed.clear()
            problem = await asyncio.to_thread(self.write_drafts, self._texts)
            if problem and not self._failed:
                self._post(Happened(Noticed(f"Unsent texts can't be kept on disk: {problem}", Tone.ERROR)))
            self._failed = bool(problem)

    def write_drafts(self, texts: Mapping[str, str]) -> str:
        """Write the texts now; return what went wrong, if anything did."""
        if self._drafts is None:
            return ""
        try:
            self._drafts.write(texts)
        except OSError as error:
            return error.strerror or "the disk refused"
        return ""
