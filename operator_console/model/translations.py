"""Show what stands beside a turn in another language, and what the customer would read of a reply. Pure."""

from typing import Final

from msgspec.structs import replace

from operator_console.model import allowed
from operator_console.model.drafts import conversation_of
from operator_console.model.inputs import Rendered
from operator_console.model.select import is_mine, is_pending, is_talking, selected_session
from operator_console.model.state import DeskModel
from server.wire.commands import Translate
from server.wire.languages import language_name
from server.wire.terms import Author, Translating, TranslationState
from server.wire.views import MessageView, SessionView

SIGN: Final = "↳"
"""Begins a line that stands beside what was said."""


def rendered(model: DeskModel, event: Rendered) -> DeskModel:
    """Return the model with a reply's translation asked for, come, or forgotten."""
    renderings = {key: one for key, one in model.renderings.items() if key != event.conversation_id}
    if event.written:
        renderings[event.conversation_id] = event
    return replace(model, renderings=renderings)


def after_writing(model: DeskModel, key: str, text: str) -> DeskModel:
    """Return the model after a box changed: a translation of another text is forgotten."""
    conversation_id = conversation_of(key)
    known = model.renderings.get(conversation_id) if conversation_id else None
    if conversation_id is None or known is None or known.box == text.strip():
        return model
    return rendered(model, Rendered(conversation_id))


def may_say_to(model: DeskModel, session: SessionView) -> str | None:
    """Say why nothing can be sent to a session's customer now."""
    blocked = allowed.may_send(model)
    if blocked or (is_mine(session, model.me) and is_talking(session)):
        return blocked
    return f"{session.number} is not your chat any more."


def may_switch(model: DeskModel) -> str | None:
    """Have the selected chat translated, or no more."""
    blocked = allowed.reply(model)
    session = selected_session(model)
    if blocked or session is None:
        return blocked
    return "Already asked: waiting for the broker." if is_pending(model, Translate, session.id) else None


def translates(session: SessionView) -> bool:
    """Tell whether replies are shown as the customer reads them before they are sent."""
    return session.translation is Translating.ON and bool(session.language)


def state_of_translation(session: SessionView) -> str:
    """Return in words whether a conversation is translated; empty where nobody needs it."""
    name = language_name(session.language)
    match session.translation:
        case Translating.ON:
            return f"translating {name}" if name else "translation on"
        case Translating.OFF:
            return f"{name}, not translated" if name else "translation off"
        case Translating.NONE:
            return f"{name}: :translate on" if name else ""


def beside_words(message: MessageView) -> str:
    """Return what stands beside a turn, in words; empty when nothing does."""
    view = message.translation
    if view is None or message.deleted_at is not None:
        return ""
    match view.state:
        case TranslationState.READY:
            return f"{SIGN} {language_name(view.language)}: {view.text}"
        case TranslationState.WRITTEN:
            return f"{SIGN} you wrote: {view.text}" if message.author is Author.OPERATOR else f"{SIGN} {view.text}"
        case TranslationState.FAILED:
            sent = "sent as written, " if message.author is Author.OPERATOR else ""
            why = f": {view.failure}" if view.failure else ""
            return f"{SIGN} {sent}no translation came{why}"
        case TranslationState.UNNEEDED:
            return ""


def rendering_words(rendering: Rendered) -> str:
    """Return what becomes of a reply that is to be sent as the customer reads it."""
    if not rendering.text:
        return "Translating … enter again sends it as you wrote it."
    name = language_name(rendering.language)
    return f"They will read ({name}): {rendering.text}\nEnter sends this; change your text for another one."
