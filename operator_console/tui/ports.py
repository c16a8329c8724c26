"""Say what the screen needs of the outside: a `Desk` (the broker) and a `Headset` (sound). No Textual here.

`operator_console.client` fulfils `Desk`, the audio child process's owner fulfils `Headset`; tests/fakes holds both in
memory. Neither ever raises into the screen except where said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:  # commands that need only `DeskError` start without the wire's frames
    from collections.abc import AsyncIterator
    from pathlib import Path

    from operator_console.model.inputs import DeskEvent, HeadsetEvent, MicFilters, Told
    from server.wire.audit import AuditView
    from server.wire.commands import Command
    from server.wire.errors import ErrorBody
    from server.wire.frames import Look, Reply
    from server.wire.history import ContactPage, SearchPage
    from server.wire.routing import WhyView
    from server.wire.terms import ContactId, ConversationId, SessionId
    from server.wire.translation import TranslationView
    from server.wire.views import Digest, FileView, MediaGrant, MessageView, Page


class DeskError(Exception):
    """A question to the broker got no answer; `body` says why and what to do."""

    def __init__(self, body: ErrorBody) -> None:
        """Keep the refusal as it will be shown."""
        super().__init__(body.message)
        self.body = body


class Desk(Protocol):
    """The broker, as one operator's console sees it."""

    def events(self) -> AsyncIterator[DeskEvent]:
        """Connect (and reconnect by itself) and yield what happens, until cancelled or `Disconnected(retry=False)`.

        The first frame of a connection is a `Snapshot`, or, when the broker could resume, the `Batch`es missed.
        Beats are not yielded: they become `Connected(rtt_ms)`, and their absence `Stale(since)`.
        """
        ...

    async def send(self, command: Command) -> Reply:
        """Give an order and return its answer; never raises.

        The same command (the same id) is repeated over a reconnect. When no answer came in time the reply has
        `ok=False` and code `connection_lost`: the order may or may not have been carried out.
        """
        ...

    async def look(self, look: Look) -> None:
        """Tell the others what the operator looks at and whether they write there; never raises, needs no answer."""
        ...

    async def resync(self) -> None:
        """Ask for a fresh snapshot: the model noticed a gap in the numbers."""
        ...

    async def transcript(self, conversation_id: ConversationId, after_position: int) -> tuple[MessageView, ...]:
        """Return all turns with a position over `after_position`, oldest first.

        Raises:
            DeskError: the broker refused or can't be reached.
        """
        ...

    async def search(self, words: str, after: str = "") -> SearchPage:
        """Return one page of turns that hold these words, what fits best first.

        Raises:
            DeskError: the broker refused or can't be reached.
        """
        ...

    async def follow_ups(self, after: str = "") -> Page:
        """Return one page of ended sessions with something still to be done, the one due first at the top.

        Raises:
            DeskError: the broker refused or can't be reached.
        """
        ...

    async def contact(self, contact_id: ContactId) -> ContactPage:
        """Return all that is known of a contact.

        Raises:
            DeskError: the broker refused or can't be reached.
        """
        ...

    async def contact_of(self, who: str) -> ContactPage:
        """Return the page of whoever a person means by a session's number, a telephone number or a name.

        Raises:
            DeskError: nobody or several are meant, or the broker refused or can't be reached.
        """
        ...

    async def history(self, query: str = "", before: str = "") -> Page:
        """Return one page of closed sessions, newest first; `before` is the last page's `next_before`.

        Raises:
            DeskError: the broker refused or can't be reached.
        """
        ...

    async def audit(self, session_id: SessionId) -> tuple[AuditView, ...]:
        """Return what supervisors did in a session, oldest first; for supervisors.

        Raises:
            DeskError: the broker refused or can't be reached.
        """
        ...

    async def upload(self, conversation_id: ConversationId, path: Path, told: Told) -> FileView:
        """Send a file's bytes and return the file that a message may carry; cancelling it sends nothing.

        Raises:
            DeskError: the file can't be read, or the broker refused or can't be reached.
        """
        ...

    async def download(self, file: FileView, folder: Path, told: Told) -> Path:
        """Save a file in a folder, never over another one, and return where it is.

        Raises:
            DeskError: the file can't be written, or the broker refused or can't be reached.
        """
        ...

    async def why(self, ref: str) -> WhyView:
        """Return why a session rings where it rings.

        Raises:
            DeskError: the broker refused or can't be reached.
        """
        ...

    async def translate(self, session_id: SessionId, text: str) -> TranslationView:
        """Return what a reply would say in the customer's language, or why none came; nothing is sent.

        Raises:
            DeskError: the broker refused or can't be reached.
        """
        ...

    async def digest(self) -> Digest:
        """Return what happened since the operator was last on.

        Raises:
            DeskError: the broker refused or can't be reached.
        """
        ...


class AudioDevice(msgspec.Struct, frozen=True):
    """One device the operator can choose; `id` is what `Headset.choose` takes."""

    id: str
    name: str
    microphone: bool
    speaker: bool
    chosen_microphone: bool = False
    chosen_speaker: bool = False
    chosen_alert: bool = False


class AudioSetup(msgspec.Struct, frozen=True):
    """What sound there is: the backend in use and its devices.

    Attributes:
        backend: For example "sounddevice", "miniaudio", "file".
        note: One sentence when it could be better, for example the package that would bring a sound card in.
    """

    backend: str
    devices: tuple[AudioDevice, ...] = ()
    note: str = ""


class MicVerdict(msgspec.Struct, frozen=True):
    """What a microphone test found: amplitudes 0..1 (RMS, peak), a sentence, and the remedy when it is not good."""

    ok: bool
    level: float
    peak: float
    message: str
    remedy: str = ""


class Headset(Protocol):
    """The operator's sound: one leg at a time. Methods return when the child process took the order; never raise."""

    def events(self) -> AsyncIterator[HeadsetEvent]:
        """Yield states, levels, line quality and problems until cancelled.

        CLOSED and RECONNECTING are told of the newest leg only, never of one that `open` replaced.
        """
        ...

    async def open(self, grant: MediaGrant, *, muted: bool) -> None:
        """Open the leg with a one-time grant, closing an older leg first; `muted` from the first frame on."""
        ...

    async def mute(self, *, on: bool) -> None:
        """Stop (or start) sending the microphone; in effect for the next frame."""
        ...

    async def close(self) -> None:
        """Close the leg with a goodbye; no harm when none is open."""
        ...

    async def setup(self) -> AudioSetup:
        """Return the devices as they are now (hot-plug included)."""
        ...

    async def choose(self, *, microphone: str = "", speaker: str = "", alert: str | None = None) -> AudioSetup:
        """Use other devices from now on, also in a live call; an empty id keeps the one in use.

        `alert` is the speaker that alerts sound on; "" is none, None keeps.
        """
        ...

    async def gain(self, decibels: float) -> None:
        """Make the microphone louder (quieter) from now on; never so much that it distorts."""
        ...

    async def filter(self, *, echo: bool | None = None, noise: bool | None = None) -> MicFilters:
        """Switch filters of the microphone on or off (None leaves one as it is); return which are on then.

        Without their library none is, and an `AudioProblem` says what to install.
        """
        ...

    async def meter(self, *, on: bool) -> None:
        """Send `Levels` of the microphone also outside calls, or stop that."""
        ...

    async def alert(self, *, urgent: bool, loud: bool, on: bool = True) -> None:
        """Call the operator on the alert speaker, once, or end that; an `AudioProblem` says when it is not heard."""
        ...

    async def test_microphone(self, seconds: float) -> MicVerdict:
        """Record for `seconds`, play it back, and judge it."""
        ...
