"""Show a reply as the customer would read it before it is sent; never in the way of sending it.

Enter asks for the translation, enter again sends it. When it does not come in time, fails, or enter is pressed before
it came, the reply goes out as it was written, and the screen says so.

Before: the operator pressed enter in a conversation that is translated. After: one order `say` is on its way.
"""

import asyncio
from collections.abc import Awaitable
from typing import Final, Protocol

from operator_console.model.clean import clean_error, clean_translation
from operator_console.model.drafts import reply_key
from operator_console.model.inputs import Drafted, Input, Noticed, Rendered, Tone
from operator_console.model.select import selected_session
from operator_console.model.state import DeskModel
from operator_console.model.translations import may_say_to, may_switch, translates
from operator_console.tui.ports import Desk, DeskError
from operator_console.tui.widgets.composer import Composer
from server.wire.commands import Command, Say, Translate
from server.wire.terms import SessionId, Translating, TranslationState
from server.wire.translation import TranslationView
from server.wire.views import SessionView

MOST_SECONDS: Final = 35.0
"""Longer than any broker waits for its translator; then the reply goes out as it was written."""


class Sender(Protocol):
    """What sending a translated reply needs of the app."""

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

    def background(self, group: str, work: Awaitable[None]) -> None:
        """Do work beside the screen, ending the group's older work."""
        ...


class Translations:
    """The way of a reply into the customer's language."""

    def __init__(self, host: Sender, desk: Desk, composer: Composer) -> None:
        """Take the app, the broker, and the box that replies are written in."""
        self._host = host
        self._desk = desk
        self._composer = composer

    def asks(self, session: SessionView, box: str, written: str) -> bool:
        """Ask what the customer would read, and return True; False when the reply is to be sent now."""
        known = self._host.model.renderings.get(session.conversation_id)
        if not translates(session) or (known is not None and known.written == written):
            return False
        self._host.dispatch(Rendered(session.conversation_id, box, written))
        self._host.background(f"translate-{session.conversation_id}", self._ask(session.id, box, written))
        return True

    def say(self, session: SessionView, written: str) -> None:
        """Send a reply: as the customer reads it where that is on the screen, else as it was written."""
        known = self._host.model.renderings.get(session.conversation_id)
        mine = known is not None and known.written == written
        if known is not None:
            self._host.dispatch(Rendered(session.conversation_id))
        if known is not None and mine and known.text:
            self._order(session, known.text, written=written)
            return
        self._order(session, written, untranslated=mine)
        if mine:
            self._host.dispatch(Noticed("Sent as you wrote it: no translation had come yet.", Tone.WARNING))

    def switch(self, text: str = "") -> str | None:
        """Have the selected conversation translated, or no more; return why that cannot be."""
        model = self._host.model
        session = selected_session(model)
        reason = may_switch(model)
        if reason is None and session is not None:
            on = session.translation is not Translating.ON if not text else text == "on"
            self._host.order(Translate(id=self._host.new_id(), session_id=session.id, epoch=session.epoch, on=on))
        return reason

    def toggle(self) -> None:
        """Have the selected conversation translated when it is not, and no more when it is."""
        self.switch()

    async def _ask(self, session_id: SessionId, box: str, written: str) -> None:
        """Wait for the translation; when none comes the reply goes out as it was written."""
        try:
            async with asyncio.timeout(MOST_SECONDS):
                view = clean_translation(await self._desk.translate(session_id, written))
        except DeskError as error:
            view = TranslationView(state=TranslationState.FAILED, failure=clean_error(error.body).message)
        except TimeoutError:
            view = TranslationView(state=TranslationState.FAILED, failure="it took too long")
        self._came(session_id, box, written, view)

    def _came(self, session_id: SessionId, box: str, written: str, view: TranslationView) -> None:
        model = self._host.model
        session = model.sessions.get(session_id)
        known = model.renderings.get(session.conversation_id) if session else None
        if session is None or known is None or known.written != written:
            return  # it was sent, or changed, meanwhile
        if view.state is TranslationState.READY and view.text:
            self._host.dispatch(Rendered(session.conversation_id, box, written, view.text, view.language))
            return
        self._host.dispatch(Rendered(session.conversation_id))
        reason = may_say_to(model, session)
        if reason is not None:
            self._host.dispatch(Noticed(f"{reason} Your text stays.", Tone.WARNING))
            return
        if self._composer.shows(session.conversation_id) and self._composer.value.strip() == box:
            self._composer.sent(box)
        self._host.dispatch(Drafted(reply_key(session.conversation_id), ""))
        unneeded = view.state is TranslationState.UNNEEDED
        self._order(session, written, untranslated=not unneeded)
        if not unneeded:
            why = f" ({view.failure})" if view.failure else ""
            self._host.dispatch(Noticed(f"No translation came{why}: sent as you wrote it.", Tone.WARNING))

    def _order(self, session: SessionView, text: str, *, written: str = "", untranslated: bool = False) -> None:
        self._host.order(
            Say(
                id=self._host.new_id(),
                session_id=session.id,
                epoch=session.epoch,
                text=text,
                written=written,
                untranslated=untranslated,
            )
        )
