"""Be the broker: all use cases on one set of parts, started and stopped together.

Where a handoff walks: intake → assignment → desk (accept) → calls → desk (say, mute, hold) → desk (back, resolve, end).
"""

from server.broker.acknowledging import Acknowledging
from server.broker.assignment import Assignment
from server.broker.assisting import Assisting
from server.broker.callbacks import Callbacks
from server.broker.calls import Calls
from server.broker.cards import Cards
from server.broker.carry_out import Effects
from server.broker.channels.desk import Channels
from server.broker.desk import Desk
from server.broker.feed import Feed
from server.broker.files import Files
from server.broker.housekeeping import Housekeeping
from server.broker.intake import Intake
from server.broker.listening import Listening
from server.broker.messages import Messages
from server.broker.minding import Minding
from server.broker.notifying import Notifying
from server.broker.page_feed import PageFeed
from server.broker.parts import Parts
from server.broker.passing import Passing
from server.broker.past import Past
from server.broker.plans import take_in_configured
from server.broker.privacy import Privacy
from server.broker.replying import Replies
from server.broker.road import BOOK_CALLBACK, PLACE_CALL, PLACE_DIAL
from server.broker.roster import Attendance
from server.broker.seats import Seats
from server.broker.supervising import Supervising
from server.broker.telephone import Telephone
from server.broker.ticketing import Ticketing
from server.broker.timers import Timers
from server.broker.transcribing import Transcribing
from server.broker.translating import TranslationDesk
from server.broker.walls import Walls
from server.broker.why import Why
from server.tasks import TaskRunner
from server.wire.terms import OrganisationId


class Broker:
    """One broker process, without its listeners."""

    def __init__(self, parts: Parts, *, end_calls: bool = False) -> None:
        """Put the use cases together; nothing runs until `start`. With `end_calls`, `stop` ends live calls."""
        self.parts = parts
        self._end_calls = end_calls
        self.boot = parts.new_id("boot")
        self._runner = TaskRunner(parts.clock)
        self.messages = Messages(parts)
        self.effects = Effects(parts, self.messages)
        self.assignment = Assignment(parts)
        self.timers = Timers(parts, self.effects, self.assignment)
        self.files = Files(parts)
        self.acknowledging = Acknowledging(parts)
        self.notifying = Notifying(parts, self._runner)
        self.ticketing = Ticketing(parts)
        self.housekeeping = Housekeeping(parts, self.files)
        self.feed = Feed(parts, self._runner)
        self.attendance = Attendance(parts)
        self.calls = Calls(parts)
        self.supervising = Supervising(parts)
        self.walls = Walls(parts)
        self.passing = Passing()
        self.cards = Cards(parts, self._runner)
        self.seats = Seats(self.passing, parts.clock)
        self.minding = Minding(parts)
        self.channels = Channels(
            parts,
            self.boot,
            passing=self.passing,
            messages=self.messages,
            cards=self.cards,
            minding=self.minding,
            files=self.files,
        )
        self.calls.spoken = Transcribing(parts, self.cards, self.minding).take_in
        self.intake = Intake(parts, self.calls, self.passing, self.cards, self.minding)
        self.assisting = Assisting(parts, self._runner, Replies(parts, self.intake, self.cards, self.minding))
        self.translation = TranslationDesk(parts)
        self.desk = Desk(
            parts,
            self.attendance,
            self.calls,
            self.effects,
            self.passing,
            messages=self.messages,
            seats=self.seats,
            shown_typing=self.channels.typing,
            translation=self.translation,
        )
        self.callbacks = Callbacks(parts, self.desk.ring_backs)
        self.effects.handlers |= {
            PLACE_CALL: self.desk.transfers.place,
            PLACE_DIAL: self.callbacks.place,
            BOOK_CALLBACK: self.callbacks.book_waiting,
        }
        self.telephone = (
            None
            if parts.sip is None or parts.line is None
            else Telephone(
                parts, parts.sip, parts.line, intake=self.intake, calls=self.calls, placed=self.desk.ring_backs
            )
        )
        self.past = Past(parts)
        self.listening = Listening(parts)
        self.privacy = Privacy(parts, self.files)
        self.housekeeping.also(self.privacy.sweep)
        self.pages = PageFeed(parts, self.feed, self._runner)
        self.why = Why(parts, self.assignment)
        self.ready = False

    async def start(self) -> None:
        """Open the store, take up what a former broker left, and begin.

        Raises:
            CallerError: `database_locked`, `schema_outdated`.
            ProviderError: the database or the media worker cannot be reached.
        """
        await self.parts.database.open()
        self.parts.database.on_commit(self._committed)
        await take_in_configured(self.parts)
        await self.attendance.start()
        await self.supervising.start()
        live = await self.parts.media.start(self.calls.on_fact)
        await self.calls.take_up(live)
        for session in await self.parts.database.read(lambda unit: list(unit.sessions.open_calls())):
            await self.effects.hurry(session)
        self._runner.keep("timers", self.timers.loop)
        self._runner.keep("effects", self.effects.loop)
        self._runner.keep("seats", self.seats.loop)
        self._runner.keep("notices", self.notifying.loop)
        if self.ticketing.on:
            self._runner.keep("tickets", self.ticketing.loop)
        self._runner.keep("walls", self.walls.loop)
        self._runner.keep("housekeeping", self.housekeeping.loop)
        self._runner.keep("cards", self.cards.loop)
        if self.translation.on:
            self._runner.keep("translation", self.translation.loop)
        if self.assisting.on:
            await self.assisting.start()
            self._runner.keep("assistants", self.assisting.loop)
        for organisation_id in await self._organisations():
            await self.cards.take_up(OrganisationId(organisation_id))
        if self.minding.on:
            await self.minding.start()
            self._runner.keep("minding", self.minding.loop)
        self.timers.wake(dict.fromkeys(await self._organisations(), 0))
        self.channels.start()
        if self.telephone is not None:
            await self.telephone.start()
        self.ready = True

    async def stop(self) -> None:
        """Stop the loops, let go of the media worker (which bridges on unless told to end) and close the store."""
        self.ready = False
        if self.telephone is not None:
            await self.telephone.stop(end_calls=self._end_calls)
        await self.channels.stop()
        await self._runner.stop()
        await self.parts.cards.close()
        await self.translation.close()
        await self.assisting.stop()
        await self.minding.stop()
        await self.ticketing.stop()
        await self.parts.media.stop(end_calls=self._end_calls)
        await self.parts.database.close()

    async def _organisations(self) -> list[str]:
        """Return every organisation's id."""
        return await self.parts.database.read(lambda unit: [str(one) for one in unit.roster.organisations()])

    def _committed(self, seqs: dict[str, int]) -> None:
        """Let everybody look who may have something to do now."""
        self.feed.wake(seqs)
        self.walls.wake(seqs)
        self.timers.wake(seqs)
        self.effects.wake()
        self.notifying.wake()
        self.ticketing.wake()
        self.assisting.wake()
        self.translation.wake()
        self.channels.wake()
