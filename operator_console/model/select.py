"""Ask the model what the screen wants to know: the order of the list, counts, whose turn it is, what is mine.

Order: what is mine, then what waits (the promise that breaks first, then the longest wait), then what is being
screened, then what other operators have. It does not depend on the time of day, so the list never jumps by itself.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from operator import itemgetter
from typing import Final

from msgspec.structs import replace

from operator_console.model.inputs import HeadsetPhase
from operator_console.model.listing import ListKey, Seen, Sort, lets_through, list_key
from operator_console.model.state import DeskModel, OrderKey
from operator_console.model.turns import Turns
from server.wire.commands import Accept, Mute, SessionOrder
from server.wire.terms import (
    Author,
    Delivery,
    Medium,
    MessageId,
    OperatorId,
    Presence,
    SessionId,
    SessionState,
    TransferStage,
)
from server.wire.views import FileView, MessageView, OperatorView, SessionView

MINE: Final = 0
WAITING: Final = 1
SCREENING: Final = 2
OTHERS: Final = 3

_NO_PROMISE: Final = float("inf")
_GROUP, _PROMISE, _QUEUED, _ID = itemgetter(0), itemgetter(1), itemgetter(2), itemgetter(-1)
"""The parts of an `OrderKey`; lists of ten thousand are read through them with every change."""
_TALKING: Final = frozenset({SessionState.CONNECTING, SessionState.ACTIVE, SessionState.HELD})
_WAITS: Final = frozenset({SessionState.QUEUED, SessionState.OFFERED})


def order_key(session: SessionView, me: OperatorId) -> OrderKey:
    """Return where a session stands in the list of operator `me`."""
    promise = session.promise_at.timestamp() if session.promise_at else _NO_PROMISE
    return (_group(session, me), promise, session.queued_at.timestamp(), session.id)


def _group(session: SessionView, me: OperatorId) -> int:
    if is_mine(session, me):
        return MINE
    if session.state in _WAITS or session.state is SessionState.ASKED:
        return WAITING
    return SCREENING if session.state is SessionState.SCREENING else OTHERS


def is_mine(session: SessionView, me: OperatorId) -> bool:
    """Tell whether `me` works on the session, or it rings at `me`."""
    if session.state is SessionState.OFFERED:
        return session.rings_at(me)
    return session.operator_id == me and session.state in _TALKING | {SessionState.WRAP_UP}


def is_waiting(session: SessionView) -> bool:
    """Tell whether nobody has the session yet."""
    return session.state in _WAITS


def is_talking(session: SessionView) -> bool:
    """Tell whether an operator and the customer are connected, or about to be."""
    return session.state in _TALKING


def operator_me(model: DeskModel) -> OperatorView | None:
    """Return this console's operator, once known."""
    return model.operators.get(model.me)


def selected_session(model: DeskModel) -> SessionView | None:
    """Return the session under the cursor."""
    return model.sessions.get(model.selected) if model.selected else None


def visible_order(model: DeskModel) -> tuple[SessionId, ...]:
    """Return the ids of the list from top to bottom, in the chosen order, under the filter."""
    return tuple(map(_ID, visible_keys(model)))


def visible_keys(model: DeskModel) -> Sequence[OrderKey | ListKey]:
    """Return the keys of the rows from top to bottom: sorted, so that a row is found without looking at all."""
    if model.filter:
        return model.found
    return model.order if model.sort is Sort.PROMISE else model.listed


def row_of(model: DeskModel, session_id: SessionId | None) -> int | None:
    """Return in which row of the list a session stands; None for one that is not in it."""
    session = model.sessions.get(session_id) if session_id else None
    if session is None:
        return None
    key: OrderKey | ListKey = order_key(session, model.me)
    if model.sort is not Sort.PROMISE:
        key = listed_key(session, model.me, model.sort)
    keys = visible_keys(model)
    at = bisect_left(keys, key)
    return at if at < len(keys) and keys[at] == key else None


def filtered(model: DeskModel) -> DeskModel:
    """Return the model with its filter asked about all sessions: after another filter, order, or desk."""
    if not model.filter:
        return replace(model, found=()) if model.found else model
    seen = Seen(model.me, model.now, is_mine)
    keys: Sequence[OrderKey | ListKey] = model.order if model.sort is Sort.PROMISE else model.listed
    return replace(model, found=tuple(key for key in keys if lets_through(model.sessions[key[-1]], model.filter, seen)))


def listed_key(session: SessionView, me: OperatorId, sort: Sort) -> ListKey:
    """Return where a session stands in the list of operator `me` when it is not ordered by promise."""
    return list_key(session, _group(session, me), sort)


def group_ids(model: DeskModel, group: int) -> tuple[SessionId, ...]:
    """Return the sessions of one group of the list, top to bottom."""
    return tuple(map(_ID, _slice(model, group)))


def _slice(model: DeskModel, group: int) -> tuple[OrderKey, ...]:
    first, last = _bounds(model, group)
    return model.order[first:last]


def _bounds(model: DeskModel, group: int) -> tuple[int, int]:
    return bisect_left(model.order, group, key=_GROUP), bisect_right(model.order, group, key=_GROUP)


def waiting_count(model: DeskModel) -> int:
    """Return how many sessions nobody has yet, those ringing at me included."""
    ringing = sum(1 for id_ in group_ids(model, MINE) if is_waiting(model.sessions[id_]))
    first, last = _bounds(model, WAITING)
    return last - first + ringing


def waiting_in(model: DeskModel) -> Counter[str]:
    """Return how many sessions nobody has yet, by queue."""
    return Counter(model.sessions[key[-1]].queue for key in model.order if is_waiting(model.sessions[key[-1]]))


def past_promise(model: DeskModel) -> tuple[SessionId, ...]:
    """Return the waiting sessions whose promise is broken, the longest broken first."""
    waiting = _slice(model, WAITING)
    broken = bisect_right(waiting, model.now.timestamp(), key=_PROMISE)
    ringing = (key for key in _slice(model, MINE) if is_waiting(model.sessions[key[-1]]))
    mine = tuple(key for key in ringing if key[1] <= model.now.timestamp())
    late = sorted((*mine, *waiting[:broken]), key=lambda key: key[1:]) if mine else waiting[:broken]
    return tuple(map(_ID, late))


def oldest_waiting_since(model: DeskModel) -> datetime | None:
    """Return since when the one who waits longest has waited."""
    waiting = (*_slice(model, WAITING), *(key for key in _slice(model, MINE) if is_waiting(model.sessions[key[-1]])))
    if not waiting:
        return None
    longest = min(waiting, key=_QUEUED)
    return model.sessions[longest[-1]].queued_at


def on_duty_count(model: DeskModel) -> int:
    """Return how many operators are available and connected."""
    return sum(1 for person in model.operators.values() if person.presence is Presence.AVAILABLE and person.connected)


def my_call(model: DeskModel) -> SessionView | None:
    """Return the voice session whose caller I talk with, or am being connected to."""
    for id_ in group_ids(model, MINE):
        session = model.sessions[id_]
        if session.medium is Medium.VOICE and is_talking(session):
            return session
    return None


def my_wrap_up(model: DeskModel) -> SessionView | None:
    """Return the session I write up: the selected one first."""
    selected = selected_session(model)
    mine = [model.sessions[id_] for id_ in group_ids(model, MINE)]
    writing = [session for session in mine if session.state is SessionState.WRAP_UP]
    return selected if selected in writing else next(iter(writing), None)


def muted(model: DeskModel, session: SessionView) -> bool:
    """Tell whether the microphone is to be silent: my own last wish, else what the broker says."""
    return session.muted if model.mute_wish is None else model.mute_wish


def is_pending(model: DeskModel, kind: type[SessionOrder], session_id: SessionId) -> bool:
    """Tell whether a command of this kind for this session waits for its answer."""
    return any(
        isinstance(pending.command, kind) and pending.command.session_id == session_id
        for pending in model.pending.values()
    )


def accept_pending(model: DeskModel) -> SessionId | None:
    """Return the session I have asked for and not been given yet."""
    for pending in model.pending.values():
        if isinstance(pending.command, Accept):
            return pending.command.session_id
    return None


def mute_pending(model: DeskModel) -> bool:
    """Tell whether a mute command waits for its answer."""
    return any(isinstance(pending.command, Mute) for pending in model.pending.values())


def turns_of(model: DeskModel, session: SessionView) -> Turns:
    """Return what is known of a session's conversation."""
    return model.turns.get(session.conversation_id, Turns())


def last_turns(model: DeskModel, session: SessionView, count: int = 3) -> tuple[MessageView, ...]:
    """Return the newest turns, notes and system lines left out, oldest first."""
    spoken = (Author.CUSTOMER, Author.ASSISTANT, Author.OPERATOR)
    messages = turns_of(model, session).messages[-count * 4 :]
    return tuple(turn for turn in messages if turn.author in spoken)[-count:]


def said_last(model: DeskModel, session: SessionView) -> MessageView | None:
    """Return my newest message to the customer that I have not taken back."""
    mine = (one for one in reversed(turns_of(model, session).messages) if one.author is Author.OPERATOR)
    return next((one for one in mine if one.operator_id == model.me and one.deleted_at is None), None)


def to_send_again(model: DeskModel, session: SessionView) -> MessageView | None:
    """Return the newest message to the customer that failed or may not have arrived, and was not sent again since."""
    again: set[MessageId | None] = set()
    for one in reversed(turns_of(model, session).messages):
        again.add(one.again_of)
        gone = one.author is not Author.OPERATOR or one.deleted_at is not None or one.id in again
        if not gone and one.delivery in {Delivery.FAILED, Delivery.UNKNOWN}:
            return one
    return None


def files_of(model: DeskModel, session: SessionView) -> tuple[FileView, ...]:
    """Return the files and links of a conversation, newest first."""
    return tuple(file for turn in reversed(turns_of(model, session).messages) for file in turn.files)


def other_chat(model: DeskModel, step: int) -> SessionId | None:
    """Return the chat of mine that comes `step` after the selected one, round and round; None without another."""
    chats = [id_ for id_ in group_ids(model, MINE) if is_my_chat(model, model.sessions[id_])]
    if not chats or chats == [model.selected]:
        return None
    if model.selected is None or model.selected not in chats:
        return chats[0 if step > 0 else -1]
    return chats[(chats.index(model.selected) + step) % len(chats)]


def is_my_chat(model: DeskModel, session: SessionView) -> bool:
    """Tell whether it is a chat that I am in."""
    return session.medium is Medium.CHAT and is_mine(session, model.me) and is_talking(session)


def unread(model: DeskModel, session: SessionView) -> int:
    """Return how many of the customer's turns I have not looked at, in a conversation that is mine."""
    if not (is_mine(session, model.me) and is_talking(session) and session.medium is Medium.CHAT):
        return 0
    seen = model.seen.get(session.conversation_id, 0)
    count = 0
    for turn in reversed(turns_of(model, session).messages):
        if turn.position <= seen:
            break
        count += turn.author is Author.CUSTOMER
    return count


def unread_at_least(model: DeskModel, session: SessionView) -> bool:
    """Tell whether turns are missing after the one I saw last, so that more may be unread than are counted."""
    seen = model.seen.get(session.conversation_id, 0)
    turns = turns_of(model, session)
    return turns.last_position - seen > sum(1 for turn in turns.messages if turn.position > seen)


def unread_in_all(model: DeskModel) -> int:
    """Return how many of my customers' turns I have not looked at."""
    return sum(unread(model, model.sessions[id_]) for id_ in group_ids(model, MINE))


def mentions_of_me(model: DeskModel, session: SessionView) -> int:
    """Return how many notes name me that I have not looked at."""
    return model.mentions.get(session.conversation_id, 0)


def mentioning_me(model: DeskModel) -> tuple[SessionId, ...]:
    """Return the sessions with a note that names me and that I have not looked at, top to bottom."""
    if not model.mentions:
        return ()
    return tuple(key[-1] for key in model.order if mentions_of_me(model, model.sessions[key[-1]]))


def oldest_past_promise(model: DeskModel) -> SessionId | None:
    """Return the waiting session whose promise has been broken the longest."""
    return next(iter(past_promise(model)), None)


def next_that_needs_me(model: DeskModel) -> SessionId | None:
    """Return the session to look at next: a ring, an unread chat, a note that names me, wrap-up, who waits longest.

    The one under the cursor comes last, so that the key walks through all of them; what is new to me and vanishes by
    a look comes before the rest of the walk.
    """
    mine = [model.sessions[id_] for id_ in group_ids(model, MINE)]
    here = model.selected
    ringing = [session.id for session in mine if session.state is SessionState.OFFERED]
    written = [session.id for session in mine if unread(model, session) or (session.id == here and is_talking(session))]
    wrapping = [session.id for session in mine if session.state is SessionState.WRAP_UP]
    named = mentioning_me(model)
    waiting = (*past_promise(model), *group_ids(model, WAITING))
    needs = list(dict.fromkeys((*ringing, *written, *named, *wrapping, *waiting)))
    unlooked = [id_ for id_ in dict.fromkeys((*written, *named)) if id_ != here]
    if here is not None and here in needs and unlooked:
        return unlooked[0]
    if here is not None and here in needs:
        at = needs.index(here)
        talked = here in written and not unread(model, model.sessions[here])
        needs = needs[at + 1 :] + needs[: at + (not talked)]
    return needs[0] if needs else None


def call_elsewhere(model: DeskModel) -> bool:
    """Tell whether my call's audio is up in another console of mine: the broker has my leg, and it is not here."""
    call = my_call(model)
    if call is None or model.headset.phase is not HeadsetPhase.CLOSED or is_pending(model, Accept, call.id):
        return False
    return call.state in {SessionState.ACTIVE, SessionState.HELD} and call.operator_lost_at is None


def anyone_needs_me(model: DeskModel) -> bool:
    """Tell whether there is a session to look at next, without putting all who wait in order."""
    first, last = _bounds(model, WAITING)
    return last > first or next_that_needs_me(model) is not None


class CallWord(StrEnum):
    """The state of my call in the words of the call bar."""

    IDLE = "NO CALL"
    CONNECTING = "CONNECTING"
    LIVE = "LIVE"
    MUTED = "MUTED"
    HELD = "HELD"
    CONSULT = "CONSULT"
    RECONNECTING = "RECONNECTING"
    SILENT = "NO AUDIO"
    ELSEWHERE = "OTHER CONSOLE"
    WRAP_UP = "WRAP-UP"


def call_word(model: DeskModel) -> CallWord:
    """Return the word for my call; LIVE and CONSULT are said only when the microphone may be heard."""
    session = my_call(model)
    if session is None:
        return CallWord.WRAP_UP if my_wrap_up(model) else CallWord.IDLE
    phase = model.headset.phase
    if phase is HeadsetPhase.RECONNECTING:
        return CallWord.RECONNECTING
    if phase is HeadsetPhase.CONNECTING or session.state is SessionState.CONNECTING:
        return CallWord.CONNECTING
    if phase is HeadsetPhase.CLOSED:
        return CallWord.ELSEWHERE if call_elsewhere(model) else CallWord.SILENT
    consults = any(one.stage is TransferStage.CONSULTING for one in session.transfers)
    if session.state is SessionState.HELD and not consults:
        return CallWord.HELD
    live = CallWord.CONSULT if consults else CallWord.LIVE
    return CallWord.MUTED if muted(model, session) else live
