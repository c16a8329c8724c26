"""Do what comes after a talk: follow-ups with a date, tickets, ring back, and the screens that look back.

The order is about the row under the cursor where a screen of the past is open, else about the session at hand. Before:
an action was asked for. After: an order is on its way, a screen is open, or a reason tells why not.
"""

from collections.abc import Callable
from datetime import tzinfo
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from textual.screen import Screen

from operator_console.model import allowed
from operator_console.model.drafts import Box, box_key
from operator_console.model.inputs import Drafted, Input, Noticed, Tone
from operator_console.model.past import Sheet, contact_sheet, found_entry, session_entry
from operator_console.model.select import selected_session
from operator_console.model.state import DeskModel
from operator_console.model.when import FORMS, read_when
from operator_console.tui.keymap import BY_ID, keys_shown
from operator_console.tui.ports import Desk
from operator_console.tui.screens.dialog import Field, Form
from operator_console.tui.screens.history import HistoryScreen
from operator_console.tui.screens.past import Asked, PastScreen
from server.wire.commands import Command, FinishWrapUp, FollowUp, FollowUpDone, LinkTicket, RingBack
from server.wire.terms import NOT_GIVEN, ContactId, SessionState
from server.wire.views import SessionView

if TYPE_CHECKING:
    from operator_console.tui.screens.resolve import Resolution

T = TypeVar("T")
Reason = str | None
NO_ROW: Final = "Select a session first; in a search or on a contact's page, a row with a number."
_ROW_IDS: Final = ("after.done", "after.ring_back", "after.follow_up", "after.link", "contact.open")


class Rooms(Protocol):
    """What these deeds need of the app."""

    model: DeskModel

    @property
    def screen(self) -> Screen[object]:
        """The screen on top."""
        ...

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
        """Open a screen and go on with its answer, if it gives one."""
        ...


class Aftermath:
    """One method for each deed."""

    def __init__(self, rooms: Rooms, desk: Desk, zone: tzinfo | None) -> None:
        """Take the app, the broker to ask, and where the operator's clock stands."""
        self._rooms = rooms
        self._desk = desk
        self._zone = zone

    def deeds(self) -> dict[str, Callable[[], None]]:
        """Return what the keys do, by the action's id."""
        return {
            "after.follow_up": self.follow_up,
            "after.done": self._done,
            "after.write_up": lambda: self._with(self._write_up),
            "after.link": self._link,
            "after.ring_back": self._ring_back,
            "contact.open": self._contact,
            "search.open": lambda: self.search(""),
            "followups.open": self._follow_ups,
        }

    def spoken(self) -> dict[str, Callable[[str], Reason]]:
        """Return what a text after the command does, by the action's id."""
        return {
            "after.follow_up": self._say_follow_up,
            "after.link": self._say_link,
            "contact.open": self._say_contact,
            "search.open": self._say_search,
        }

    def subject(self) -> SessionView | None:
        """Return the session that an order is about."""
        screen = self._rooms.screen
        if isinstance(screen, PastScreen):
            return screen.entry.session if screen.entry is not None else None
        if isinstance(screen, HistoryScreen):
            return screen.session
        return allowed.target(self._rooms.model) or selected_session(self._rooms.model)

    def _with(self, deed: Callable[[SessionView], None]) -> None:
        session = self.subject()
        if session is None:
            self._rooms.dispatch(Noticed(NO_ROW, Tone.WARNING))
        else:
            deed(session)

    def follow_up(self) -> None:
        """Ask what is still to be done, and by when."""

        def asked(session: SessionView) -> None:
            key = box_key(session.id, Box.FOLLOW_UP)
            text = self._rooms.model.drafts.get(key, session.follow_up)
            due = session.follow_up_at.astimezone(self._zone).strftime("%Y-%m-%d %H:%M") if session.follow_up_at else ""
            fields = [
                Field("text", "Still to be done", text, "empty: nothing is pending", key),
                Field("when", "When", due, f"empty: now · {FORMS}"),
            ]
            from operator_console.tui.screens.follow_up import FollowUpDialog  # noqa: PLC0415 - loaded when it is opened

            dialog = FollowUpDialog(session.number, fields, self._rooms.model.now, self._zone)
            self._rooms.ask(dialog, lambda texts: self._keep(session, texts["text"], texts["when"]))

        self._with(asked)

    def _keep(self, session: SessionView, text: str, when: str) -> None:
        at = read_when(when, self._rooms.model.now, self._zone) if when and text else None
        self._rooms.order(
            FollowUp(id=self._rooms.new_id(), session_id=session.id, epoch=session.epoch, text=text, at=at)
        )
        self._rooms.dispatch(Drafted(box_key(session.id, Box.FOLLOW_UP), ""))

    def _say_follow_up(self, text: str) -> Reason:
        session = self.subject()
        blocked = allowed.may_send(self._rooms.model) or (None if session else NO_ROW)
        if blocked or session is None:
            return blocked
        said, at, when = text.rpartition(" @ ")
        if at and read_when(when, self._rooms.model.now, self._zone) is None:
            return f"{when[:40]} is no date. Write {FORMS}."
        self._keep(session, said.strip() if at else text, when if at else "")
        return None

    def _done(self) -> None:
        self._with(lambda one: self._give(FollowUpDone(id=self._rooms.new_id(), session_id=one.id, epoch=one.epoch)))

    def _write_up(self, session: SessionView) -> None:
        """Ask what a closed session was about, where its wrap-up ended without saying it."""
        if session.state is not SessionState.CLOSED or session.disposition != NOT_GIVEN:
            self._rooms.dispatch(Noticed(f"{session.number} lacks no disposition.", Tone.WARNING))
            return
        from operator_console.tui.screens.resolve import ResolveDialog  # noqa: PLC0415 - loaded when it is opened

        key = box_key(session.id, Box.RESOLVE)
        note = self._rooms.model.drafts.get(key, session.note)
        queue = self._rooms.model.queues.get(session.queue)
        dialog = ResolveDialog(session, queue, disposition="", note=note, note_draft=key)

        def give(said: "Resolution") -> None:
            self._give(
                FinishWrapUp(
                    id=self._rooms.new_id(),
                    session_id=session.id,
                    epoch=session.epoch,
                    disposition=said.disposition,
                    note=said.note,
                )
            )
            self._rooms.dispatch(Drafted(key, ""))

        self._rooms.ask(dialog, give)

    def _ring_back(self) -> None:
        self._with(lambda one: self._give(RingBack(id=self._rooms.new_id(), session_id=one.id, epoch=one.epoch)))

    def _give(self, command: Command) -> None:
        self._rooms.order(command)

    def _link(self) -> None:
        def asked(session: SessionView) -> None:
            fields = [
                Field("system", "System", "", "for example jira"),
                Field("reference", "Number or address", "", "OPS-17, or https://…"),
            ]
            form = Form(f"Link a ticket to {session.number}", fields, done="goes on, then links")
            self._rooms.ask(form, lambda texts: self._linked(session, texts["system"], texts["reference"]))

        self._with(asked)

    def _linked(self, session: SessionView, system: str, reference: str) -> None:
        self._give(
            LinkTicket(
                id=self._rooms.new_id(), session_id=session.id, epoch=session.epoch, system=system, reference=reference
            )
        )

    def _say_link(self, text: str) -> Reason:
        session = self.subject()
        system, _, reference = text.partition(" ")
        blocked = allowed.may_send(self._rooms.model) or (None if session else NO_ROW)
        if blocked or session is None:
            return blocked
        if not reference.strip():
            return "Write the system, then the ticket: after.link jira OPS-17"
        self._linked(session, system, reference.strip())
        return None

    def search(self, words: str) -> None:
        """Open the search, with words or asking for them."""

        async def read(wanted: str, after: str) -> Sheet:
            page = await self._desk.search(wanted, after)
            return Sheet(entries=tuple(map(found_entry, page.found)), next_after=page.next_after)

        hints = f"/ words · {self._hints(('contact.open',))}"
        self._open(Asked("Search", read, hints, "Nothing was found.", words, wants_words=True))

    def _say_search(self, text: str) -> Reason:
        self.search(text)
        return None

    def _follow_ups(self) -> None:
        async def read(_words: str, after: str) -> Sheet:
            page = await self._desk.follow_ups(after)
            return Sheet(entries=tuple(map(session_entry, page.sessions)), next_after=page.next_before)

        self._open(Asked("Still to be done", read, self._hints(_ROW_IDS), "Nothing is pending."))

    def _contact(self) -> None:
        screen = self._rooms.screen
        entry = screen.entry if isinstance(screen, PastScreen) else None
        session = self.subject()
        contact_id = entry.contact_id if entry is not None else session.contact_id if session is not None else None
        if contact_id is None:
            self._rooms.dispatch(Noticed("No contact is known here; :contact finds one by number or name."))
            return
        self._open_contact(contact_id)

    def _open_contact(self, contact_id: ContactId) -> None:
        async def read(_words: str, _after: str) -> Sheet:
            return contact_sheet(await self._desk.contact(contact_id))

        self._open(Asked("Contact", read, self._hints(_ROW_IDS), "Nothing was said yet."))

    def _say_contact(self, who: str) -> Reason:
        async def read(_words: str, _after: str) -> Sheet:
            return contact_sheet(await self._desk.contact_of(who))

        self._open(Asked("Contact", read, self._hints(_ROW_IDS), "Nothing was said yet."))
        return None

    def _hints(self, ids: tuple[str, ...]) -> str:
        """Return what keys do, with the keys that are in force."""
        model = self._rooms.model
        return " · ".join([f"{keys_shown(BY_ID[id_], model)} {BY_ID[id_].label.lower()}" for id_ in ids] + ["esc back"])

    def _open(self, asked: Asked) -> None:
        self._rooms.ask(PastScreen(self._desk, self._rooms.model, self._zone, asked), _nothing)

    def answered(self, session: SessionView | None) -> None:
        """Show on a screen of the past what an order changed."""
        screen = self._rooms.screen
        if session is not None and isinstance(screen, PastScreen):
            screen.changed(session)


def _nothing(_answer: None) -> None:
    """The screen gives no answer."""
