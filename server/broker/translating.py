"""Translate what customers and assistants say for the desk, and replies for the customer; never in the way of a send.

A turn is stored, shown and answered first. Its translation is written beside it afterwards, or a word that none came.
A reply is translated when its operator asks for it, and sent by an order of its own that waits for nobody.

Before: `server.broker.translation_jobs` wrote a job, or an operator asks what a reply would say. After: consoles are
told `message.changed`, or the operator sees what the customer would read.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

import msgspec

from server.broker.alarm import Alarm
from server.broker.discretion import shown_to
from server.broker.going_out import write
from server.broker.orders import check_in_charge, session_of
from server.broker.parts import Parts
from server.broker.plans import need_feature
from server.broker.ports.records import Conversation, Job, Principal
from server.broker.ports.store import Unit
from server.broker.ports.translator import Translator, TranslatorError
from server.broker.translated_text import LONGEST, translated_text
from server.broker.translation_jobs import TRANSLATE, TRANSLATED, TranslateJob, want_translation
from server.core.errors import CallerError
from server.core.session import Session
from server.log import get_log
from server.wire import commands as c
from server.wire.frames import Reply
from server.wire.sanitize import clean_text
from server.wire.terms import (
    Author,
    ConversationId,
    Feature,
    MessageId,
    OperatorId,
    OrganisationId,
    SessionId,
    Translating,
    TranslationState,
)
from server.wire.translation import TranslationView
from server.wire.views import MessageView, SessionView

MOST_TURNS: Final = 30
"""How many of the newest turns are translated."""
HEARD_TURNS: Final = 5
"""From so many of the customer's newest turns their language is told."""
AT_ONCE: Final = 8
"""Conversations, and replies, that are translated at the same time."""
NO_LANGUAGE: Final = "the customer's language is not known yet"
_IDLE_SECONDS: Final = 5.0
_log = get_log(__name__)


class TranslationDesk:
    """The broker's way to the translator."""

    def __init__(self, parts: Parts) -> None:
        """Work on these parts; `loop` runs for ever where there is a translator."""
        self._parts: Final = parts
        self._alarm: Final = Alarm(parts.clock)
        self._one_at_a_time: Final = asyncio.Lock()
        self._replies: Final = asyncio.Semaphore(AT_ONCE)

    @property
    def on(self) -> bool:
        """Whether anybody translates."""
        return self._parts.translator is not None

    def wake(self) -> None:
        """Look at the outbox now."""
        self._alarm.ring()

    async def close(self) -> None:
        """Let go of the translator."""
        if self._parts.translator is not None:
            await self._parts.translator.close()

    async def loop(self) -> None:
        """Translate turns as they are wanted, for ever."""
        while True:
            await self.run_due()
            await self._alarm.wait(_IDLE_SECONDS)

    async def run_due(self) -> int:
        """Look at every conversation that waits, several at once, and return how many were."""
        translator = self._parts.translator
        tried = 0
        async with self._one_at_a_time:
            while translator is not None and (jobs := await self._parts.database.read(self._due)):
                await asyncio.gather(*(self._carry_out(translator, job) for job in jobs))
                tried += len(jobs)
        return tried

    def _due(self, unit: Unit) -> list[Job]:
        return list(unit.ledger.due_jobs(TRANSLATE, self._parts.clock.now(), AT_ONCE))

    async def _carry_out(self, translator: Translator, job: Job) -> None:
        wanted = msgspec.json.decode(job.body, type=TranslateJob)
        await self._conversation(translator, job.organisation_id, wanted)
        await self._parts.database.run(lambda unit: unit.ledger.finish_job(job.id))

    async def _conversation(self, translator: Translator, organisation_id: OrganisationId, job: TranslateJob) -> None:
        """Translate the newest turns that are in another language; after a failure the others of it are not asked."""

        def read(unit: Unit) -> tuple[Conversation | None, Sequence[MessageView]]:
            found = unit.conversations.load(organisation_id, job.conversation_id)
            return found, unit.views.latest_messages(organisation_id, job.conversation_id, MOST_TURNS)

        conversation, turns = await self._parts.database.read(read)
        if conversation is None or conversation.session_id is None or conversation.translation is Translating.OFF:
            return
        language = _language(translator, conversation, turns)
        on = conversation.translation is Translating.ON or (bool(language) and translator.automatic)
        if (language, on) != (conversation.language, conversation.translation is Translating.ON):
            await self._parts.database.run(
                lambda unit: self._learn(unit, organisation_id, conversation.id, language, on=on)
            )
        await self._turns(translator, organisation_id, turns if on else (), language, again=job.again)

    async def _turns(
        self,
        translator: Translator,
        organisation_id: OrganisationId,
        turns: Sequence[MessageView],
        language: str,
        *,
        again: bool,
    ) -> None:
        """Write beside each turn what it says for the desk."""
        failure: TranslatorError | None = None
        for turn in turns:
            source = _foreign(translator, turn, language, again=again)
            if source is None:
                continue
            view, failure = await self._view(translator, organisation_id, turn.text, source, failure)
            await self._parts.database.run(partial(_put, organisation_id=organisation_id, turn=turn, view=view))

    async def _view(
        self,
        translator: Translator,
        organisation_id: OrganisationId,
        text: str,
        source: str,
        failure: TranslatorError | None,
    ) -> tuple[TranslationView, TranslatorError | None]:
        """Return what stands beside a turn; where the translator failed before, it is not asked again."""
        if failure is None:
            try:
                told = await self._ask(translator, organisation_id, text, source, translator.languages[0])
            except TranslatorError as error:
                _log.warning("translation_failed", code=error.code)
                failure = error
            else:
                ready = TranslationState.READY
                return TranslationView(state=ready, text=told, language=translator.languages[0], source=source), None
        return TranslationView(state=TranslationState.FAILED, source=source, failure=failure.words), failure

    async def _ask(
        self, translator: Translator, organisation_id: OrganisationId, text: str, source: str, target: str
    ) -> str:
        """Return a text in another language, fit to be kept and shown.

        Raises:
            TranslatorError: No translation came, not in time, or what came is no translation.
        """
        if len(text) > LONGEST:
            raise TranslatorError("text_too_long", f"the text has more than {LONGEST} characters")
        try:
            async with asyncio.timeout(translator.timeout_seconds):
                answer = await translator.translate(text, source, target)
        except TimeoutError as error:
            words = f"the translator did not answer within {translator.timeout_seconds:g} s"
            raise TranslatorError("translator_timeout", words) from error
        return translated_text(self._parts, organisation_id, text, answer)

    def _learn(
        self, unit: Unit, organisation_id: OrganisationId, conversation_id: ConversationId, language: str, *, on: bool
    ) -> None:
        """Keep which language the customer writes, and that the conversation is translated."""
        now = unit.conversations.load(organisation_id, conversation_id)
        if now is None or now.translation is Translating.OFF:
            return
        mode = Translating.ON if on else now.translation
        _save(unit, msgspec.structs.replace(now, language=language, translation=mode))

    async def order(self, principal: Principal, operator_id: OperatorId, command: c.Translate) -> Reply:
        """Have the conversation in an operator's hands translated, or no more.

        Raises:
            NotFoundError: `no_such_session`.
            ConflictError: `not_yours`, `stale_epoch`.
            CallerError: `no_translator`.
            NotAllowedError: `not_in_plan`.
        """

        def work(unit: Unit) -> SessionView | None:
            session = session_of(unit, principal.organisation_id, command.session_id)
            check_in_charge(session, operator_id, command.epoch)
            self._switch(unit, session, on=command.on)
            return unit.views.session(principal.organisation_id, session.id)

        view = await self._parts.database.run(work)
        return Reply(id=command.id, ok=True, session=view and shown_to(principal, view, self._parts.rules))

    def _switch(self, unit: Unit, session: Session, *, on: bool) -> None:
        if on and self._parts.translator is None:
            raise _no_translator()
        if on:
            need_feature(unit, self._parts, session.organisation_id, Feature.TRANSLATION)
        conversation = unit.conversations.load(session.organisation_id, session.conversation_id)
        if conversation is None:
            return
        mode = Translating.ON if on else Translating.OFF
        _save(unit, msgspec.structs.replace(conversation, translation=mode))
        if on:
            want_translation(unit, self._parts, session.organisation_id, conversation.id, again=True)

    async def reply(self, principal: Principal, session_id: SessionId, text: str) -> TranslationView:
        """Return what a reply would say in the customer's language, or why it cannot be said; nothing is sent.

        Raises:
            NotFoundError: `no_such_session`.
            CallerError: `no_translator`, `empty_text`.
        """
        translator = self._parts.translator
        if translator is None:
            raise _no_translator()
        organisation_id = principal.organisation_id
        said = self._parts.redactor.redact(organisation_id, clean_text(text).strip())
        if not said:
            raise CallerError("empty_text", "There is nothing to translate.", "Write something first.")
        language = await self._parts.database.read(lambda unit: _customers_language(unit, organisation_id, session_id))
        source = translator.language_of(said) or translator.languages[0]
        if not language or source == language:
            failure = "" if language else NO_LANGUAGE
            return TranslationView(state=TranslationState.UNNEEDED, language=language, source=source, failure=failure)
        try:
            async with self._replies:
                told = await self._ask(translator, organisation_id, said, source, language)
        except TranslatorError as error:
            _log.warning("reply_not_translated", code=error.code)
            return TranslationView(state=TranslationState.FAILED, language=language, source=source, failure=error.words)
        return TranslationView(state=TranslationState.READY, text=told, language=language, source=source)


def _language(translator: Translator, conversation: Conversation, turns: Sequence[MessageView]) -> str:
    """Return the customer's language where the desk does not read it; what cannot be told stays as it was."""
    theirs = [turn.text for turn in turns if turn.author is Author.CUSTOMER and turn.text][-HEARD_TURNS:]
    found = translator.language_of(" ".join(theirs))
    if not found:
        return conversation.language
    return "" if found in translator.languages else found


def _foreign(translator: Translator, turn: MessageView, language: str, *, again: bool) -> str | None:
    """Return the language of a turn that is to be translated; None when it is not.

    A turn too short to tell is taken for the customer's language, once that is known.
    """
    known = turn.translation
    if known is not None and not (again and known.state is TranslationState.FAILED):
        return None
    if turn.author not in TRANSLATED or not turn.text.strip() or turn.deleted_at is not None:
        return None
    found = translator.language_of(turn.text) or language
    return None if not found or found in translator.languages else found


def _put(unit: Unit, *, organisation_id: OrganisationId, turn: MessageView, view: TranslationView) -> None:
    """Write a translation beside its turn, unless the turn says something else by now."""
    now = unit.conversations.message(organisation_id, MessageId(turn.id))
    if now is not None and now.text == turn.text and now.translation == turn.translation:
        write(unit, organisation_id, msgspec.structs.replace(now, translation=view))


def _save(unit: Unit, conversation: Conversation) -> None:
    """Write a conversation, and tell consoles of its session."""
    unit.conversations.save(conversation)
    organisation_id = conversation.organisation_id
    session = unit.sessions.load(organisation_id, conversation.session_id) if conversation.session_id else None
    if session is not None:
        unit.ledger.tell_session(organisation_id, "session.updated", session)


def _no_translator() -> CallerError:
    return CallerError("no_translator", "Nobody translates here.", "An administrator can configure [translation].")


def _customers_language(unit: Unit, organisation_id: OrganisationId, session_id: SessionId) -> str:
    session = session_of(unit, organisation_id, session_id)
    conversation = unit.conversations.load(organisation_id, session.conversation_id)
    return conversation.language if conversation is not None else ""


def beside(command: c.Say | c.AddNote) -> TranslationView | None:
    """Return what stands beside an operator's words: what they wrote, or that no translation came."""
    if isinstance(command, c.AddNote):
        return None
    if written := clean_text(command.written).strip():
        return TranslationView(state=TranslationState.WRITTEN, text=written)
    return TranslationView(state=TranslationState.FAILED) if command.untranslated else None
