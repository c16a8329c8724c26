"""Collect many changes to the desk and hand back one new model: one copy per batch, not one per event.

A `Ledger` lives inside one call of `update`; it copies each mapping at most once and never touches the old model's.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from operator_console.model.clean import clean_message, clean_operator, clean_session
from operator_console.model.inputs import Tone
from operator_console.model.layered import Changing
from operator_console.model.listing import ListKey, Seen, Sort, lets_through
from operator_console.model.mentions import means, unseen
from operator_console.model.news import (
    News,
    change_news,
    closing_news,
    delivery_news,
    mention_news,
    person_news,
    rings,
)
from operator_console.model.select import accept_pending, is_mine, listed_key, my_call, order_key, visible_order
from operator_console.model.state import DeskModel, Notice, OrderKey
from operator_console.model.turns import Turns
from server.wire.terms import ConversationId, OperatorId, SessionId, SessionState
from server.wire.views import MessageView, OperatorView, SessionView

Key = TypeVar("Key", OrderKey, ListKey, OrderKey | ListKey)


def notified(model: DeskModel, news: News) -> DeskModel:
    """Return the model with a new notice."""
    serial = model.notice.serial + 1 if model.notice else 1
    return replace(model, notice=Notice(serial, news[0], news[1], model.now))


class Ledger:
    """The changes of one batch (or snapshot, or reply) on top of a model."""

    def __init__(self, model: DeskModel) -> None:
        """Start from a model, with nothing changed."""
        self._model = model
        self._sessions = Changing(model.sessions)
        self._order: list[OrderKey] | None = None
        self._listed: list[ListKey] | None = None
        self._found: list[OrderKey | ListKey] | None = None
        self._seen = Seen(model.me, model.now, is_mine)
        self._operators = model.operators
        self._changed_operators: dict[OperatorId, OperatorView] | None = None
        self._turns = model.turns
        self._changed_turns: dict[ConversationId, Turns] | None = None
        self._typing = set(model.typing)
        self._mentions = model.mentions
        self._noted: set[ConversationId] = set()
        self._news: News | None = None
        self._rings = 0
        self._wanted = accept_pending(model)

    def put_session(self, session: SessionView) -> None:
        """Take a session as it is now; an older version than the known one changes nothing."""
        session = clean_session(session)
        before = self._sessions.get(session.id)
        if before is not None and session.version < before.version:
            return
        if session.state is SessionState.CLOSED:
            self._close(session, before)
            return
        me = self._model.me
        self._tell(change_news(before, session, me, self._wanted))
        self._rings += rings(before, session, self._operators.get(me))
        self._place(before, session)
        self._sessions[session.id] = session
        self._keep_turns(session)

    def settle_session(self, session: SessionView) -> None:
        """Take a session from a reply: only one that is known, so that a late reply brings nothing back.

        A closed one stays known, without a place in the list, until its event came: older events must not revive it.
        """
        before = self._sessions.get(session.id)
        if before is None or session.version < before.version:
            return
        if session.state is not SessionState.CLOSED:
            self.put_session(session)
            return
        self._tell(closing_news(before, session, self._model.me, None))
        self._place(before, None)
        self._sessions[session.id] = clean_session(session)

    def _close(self, session: SessionView, before: SessionView | None) -> None:
        if before is None:
            return
        if before.state is not SessionState.CLOSED:
            self._tell(closing_news(before, session, self._model.me, self._wanted))
        self._place(before, None)
        del self._sessions[session.id]
        conversation = session.conversation_id
        if not any(other.conversation_id == conversation for other in self._sessions.values()):
            self._own_turns().pop(conversation, None)
            self._mentions = {known: count for known, count in self._mentions.items() if known != conversation}
            self._typing.discard(conversation)

    def _place(self, before: SessionView | None, session: SessionView | None) -> None:
        """Move a session to where it stands now (None: nowhere); where it stays, the lists are left as they are."""
        me, sort = self._model.me, self._model.sort
        before = None if before is None or before.state is SessionState.CLOSED else before
        old = order_key(before, me) if before else None
        new = order_key(session, me) if session else None
        if old != new:
            self._order = _moved(self._model.order if self._order is None else self._order, old, new)
        if sort is Sort.PROMISE:
            self._find(old, new, session)
            return
        was = listed_key(before, me, sort) if before else None
        is_ = listed_key(session, me, sort) if session else None
        if was != is_:
            self._listed = _moved(self._model.listed if self._listed is None else self._listed, was, is_)
        self._find(was, is_, session)

    def _find(self, old: OrderKey | ListKey | None, new: OrderKey | ListKey | None, after: SessionView | None) -> None:
        """Let the filter decide anew about one session; what it found of all others stays."""
        if not self._model.filter:
            return
        known = self._model.found if self._found is None else self._found
        was = old if old is not None and _holds(known, old) else None
        is_ = new if after is not None and lets_through(after, self._model.filter, self._seen) else None
        if was != is_:
            self._found = _moved(known, was, is_)

    def _keep_turns(self, session: SessionView) -> None:
        conversation = session.conversation_id
        known = self._turns.get(conversation, Turns())
        unknown = [turn for turn in session.last_turns if turn not in known.messages[-len(session.last_turns) * 4 :]]
        if unknown or conversation not in self._turns:
            self._own_turns()[conversation] = known.with_turns(unknown) if unknown else known

    def _own_turns(self) -> dict[ConversationId, Turns]:
        """Return the conversations to change: a copy, made when the first of them changes."""
        if self._changed_turns is None:
            self._turns = self._changed_turns = dict(self._turns)
        return self._changed_turns

    def put_message(self, message: MessageView) -> None:
        """Take a turn of a conversation that is on the desk; others are fetched when they are looked at."""
        known = self._turns.get(message.conversation_id)
        if known is not None:
            message = clean_message(message)
            new = message.position > known.last_position
            self._tell(self._delivery_news(message, known))
            self._own_turns()[message.conversation_id] = known.with_turn(message)
            if new:
                self._typing.discard(message.conversation_id)
            self._hear_mention(message, new=new)

    def _delivery_news(self, message: MessageView, known: Turns) -> News | None:
        """Return what to say when a message of mine has just failed, or its outcome become unknown."""
        if message.operator_id != self._model.me:
            return None
        session = next((s for s in self._sessions.values() if s.conversation_id == message.conversation_id), None)
        if session is None:
            return None
        return delivery_news(session, known.at(message.position), message, self._model.keys)

    def _hear_mention(self, message: MessageView, *, new: bool) -> None:
        """Count a note that names me, and tell of it unless its conversation is in view."""
        named = means(message, self._model.me, self._operators)
        if named or message.conversation_id in self._mentions:
            self._noted.add(message.conversation_id)
        if not named:
            return
        about = [one for one in self._sessions.values() if one.conversation_id == message.conversation_id]
        if new and about and self._model.selected not in {one.id for one in about}:
            self._tell(mention_news(about[0], message))

    def load_turns(self, conversation_id: ConversationId, messages: tuple[MessageView, ...]) -> None:
        """Take the answer to a question for turns."""
        known = self._turns.get(conversation_id)
        if known is not None:
            cleaned = [clean_message(message) for message in messages]
            self._own_turns()[conversation_id] = known.with_turns(cleaned, loaded=True)

    def put_operator(self, operator: OperatorView) -> None:
        """Take a person of the roster as they are now."""
        operator = clean_operator(operator)
        self._tell(person_news(self._operators.get(operator.id), operator, self._operators.get(self._model.me)))
        if self._changed_operators is None:
            self._operators = self._changed_operators = dict(self._operators)
        self._changed_operators[operator.id] = operator

    def set_typing(self, conversation_id: ConversationId, *, on: bool) -> None:
        """Take that a customer writes, or stopped."""
        if on and conversation_id in self._turns:
            self._typing.add(conversation_id)
        else:
            self._typing.discard(conversation_id)

    def _tell(self, news: News | None) -> None:
        if news is not None and (self._news is None or self._news[1] is not Tone.ERROR):
            self._news = news

    def finish(self) -> DeskModel:
        """Return the new model, with the cursor on a session that still exists."""
        typing = frozenset(self._typing)
        model = replace(
            self._model,
            sessions=self._sessions.done(),
            order=self._model.order if self._order is None else tuple(self._order),
            listed=self._model.listed if self._listed is None else tuple(self._listed),
            found=self._model.found if self._found is None else tuple(self._found),
            operators=self._operators,
            turns=self._turns,
            typing=self._model.typing if typing == self._model.typing else typing,
            mentions=self._mentions,
            rings=self._model.rings + self._rings,
        )
        model = _wish_settled(_cursor_kept(model, self._model))
        model = _mentions_counted(model, self._noted & self._turns.keys())
        return notified(model, self._news) if self._news else model


def _holds(keys: Sequence[Key], key: Key) -> bool:
    """Tell whether a key is among sorted ones."""
    at = bisect_left(keys, key)
    return at < len(keys) and keys[at] == key


def _moved(known: Sequence[Key], old: Key | None, new: Key | None) -> list[Key]:
    """Return sorted keys, a list changed in place, without `old` and with `new`."""
    keys = known if isinstance(known, list) else list(known)
    if old is not None:
        at = bisect_left(keys, old)
        if at < len(keys) and keys[at] == old:
            del keys[at]
    if new is not None:
        insort(keys, new)
    return keys


def _cursor_kept(model: DeskModel, before: DeskModel) -> DeskModel:
    """Return the model with the cursor moved on when its session is gone: to my call, else to the next row."""
    selected = model.sessions.get(model.selected) if model.selected else None
    if selected is None or selected.state is SessionState.CLOSED:
        model = replace(model, selected=_successor(model, before))
    return looked(model)


def _successor(model: DeskModel, before: DeskModel) -> SessionId | None:
    call = my_call(model)
    if call is not None:
        return call.id
    order = visible_order(model)
    if not order:
        return None
    old = visible_order(before)
    at = old.index(before.selected) if before.selected in old else 0
    return order[min(at, len(order) - 1)]


def looked(model: DeskModel) -> DeskModel:
    """Return the model with the selected conversation marked as seen to its end."""
    session = model.sessions.get(model.selected) if model.selected else None
    if session is None:
        return model
    last = model.turns.get(session.conversation_id, Turns()).last_position
    if model.seen.get(session.conversation_id, 0) >= last:
        return model
    mentions = {known: count for known, count in model.mentions.items() if known != session.conversation_id}
    return replace(model, seen={**model.seen, session.conversation_id: last}, mentions=mentions)


def _mentions_counted(model: DeskModel, noted: Iterable[ConversationId]) -> DeskModel:
    """Return the model with the notes counted anew that name me in these conversations."""
    noted = tuple(noted)
    if not noted:
        return model
    mentions = dict(model.mentions)
    for conversation in noted:
        count = unseen(model.turns[conversation], model.seen.get(conversation, 0), model.me, model.operators)
        mentions.pop(conversation, None)
        mentions.update({conversation: count} if count else {})
    return replace(model, mentions=mentions) if mentions != model.mentions else model


def _wish_settled(model: DeskModel) -> DeskModel:
    """Return the model without a mute wish that came true, or whose call is over."""
    if model.mute_wish is None:
        return model
    call = my_call(model)
    if call is None or (call.muted == model.mute_wish and is_mine(call, model.me)):
        return replace(model, mute_wish=None)
    return model
