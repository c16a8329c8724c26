"""Lead through the desk in two minutes: each step is done only when the operator has really done it.

Pure: a step looks at the desk before and after an input. Before: the console was started for the tour, on a desk with
scripted customers. After: every step was done, or the operator left it.
"""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from operator_console.model.keys import key_of
from operator_console.model.select import MINE, group_ids, is_my_chat, is_pending, is_talking, my_call, my_wrap_up
from operator_console.model.state import DeskModel, Tour
from server.wire.commands import BackToAssistant, FinishWrapUp, Resolve, SessionOrder
from server.wire.terms import Author, SessionId

Done = Callable[[DeskModel, DeskModel], bool]
"""Tells from the desk before and after whether a step was done."""


class TourStep(msgspec.Struct, frozen=True):
    """One thing to do: its title, why, the actions (with their keys in the table) that do it, and when it is done."""

    title: str
    text: str
    keys: tuple[tuple[str, str], ...]
    done: Done


def _moved(before: DeskModel, after: DeskModel) -> bool:
    same = before.sessions is after.sessions  # the cursor went, not what was under it
    return same and None not in {before.selected, after.selected} and before.selected != after.selected


def _talks(_before: DeskModel, after: DeskModel) -> bool:
    call = my_call(after)
    return call is not None and is_talking(call) and call.active_at is not None


def _muted(_before: DeskModel, after: DeskModel) -> bool:
    call = my_call(after)
    return call is not None and call.muted


def _unmuted(_before: DeskModel, after: DeskModel) -> bool:
    call = my_call(after)
    return call is not None and not call.muted


def _gave_back(before: DeskModel, after: DeskModel) -> bool:
    call = my_call(before)
    return call is not None and my_call(after) is None and _ordered(before, call.id, BackToAssistant, Resolve)


def _wrapped_up(before: DeskModel, after: DeskModel) -> bool:
    session = my_wrap_up(before)
    return session is not None and my_wrap_up(after) is None and _ordered(before, session.id, FinishWrapUp)


def _ordered(before: DeskModel, session_id: SessionId, *orders: type[SessionOrder]) -> bool:
    """Tell whether it was I who did it: one of these orders was on its way."""
    return any(is_pending(before, order, session_id) for order in orders)


def _chats(_before: DeskModel, after: DeskModel) -> bool:
    return any(is_my_chat(after, after.sessions[id_]) for id_ in group_ids(after, MINE))


def _said(before: DeskModel, after: DeskModel) -> bool:
    return _mine(before, Author.OPERATOR) < _mine(after, Author.OPERATOR)


def _noted(before: DeskModel, after: DeskModel) -> bool:
    return _mine(before, Author.NOTE) < _mine(after, Author.NOTE)


def _mine(model: DeskModel, author: Author) -> int:
    """Return how many turns of mine by this author are known."""
    turns = (turn for known in model.turns.values() for turn in known.messages)
    return sum(turn.author is author and turn.operator_id == model.me for turn in turns)


def _finished(before: DeskModel, after: DeskModel) -> bool:
    chats = [one for one in before.sessions.values() if is_my_chat(before, one)]
    return any(
        _ordered(before, chat.id, Resolve, BackToAssistant)
        and (chat.id not in after.sessions or not is_talking(after.sessions[chat.id]))
        for chat in chats
    )


STEPS: Final = (
    TourStep(
        "Move",
        "The queue is on the left (or on top), the customer's card and the talk beside it. Wait for "
        "two to come, then go from one to the other.",
        (("move.down", "j"), ("move.up", "k")),
        _moved,
    ),
    TourStep(
        "Take the call",
        "Select the call (voice) and accept it. You never ask again what the customer told the AI: it is on the card.",
        (("call.accept", "a"),),
        _talks,
    ),
    TourStep("Mute", "The line at the bottom is your call. Switch your microphone off.", (("call.mute", "m"),), _muted),
    TourStep(
        "Unmute", "MUTED stands in words, not only in colour. Switch it on again.", (("call.mute", "m"),), _unmuted
    ),
    TourStep(
        "Back to the AI",
        "Give the call back: write in a few words what you agreed, the AI reads it and goes on.",
        (("after.back", "b"),),
        _gave_back,
    ),
    TourStep(
        "Wrap up",
        "A call is written up when it is over: 1 says how it ended, y finishes.",
        (("after.resolve", "r"),),
        _wrapped_up,
    ),
    TourStep("Take the chat", "Select the chat and accept it.", (("call.accept", "a"),), _chats),
    TourStep(
        "Answer",
        "Write to the customer; enter sends, esc leaves the box. A full stop takes what the AI suggests.",
        (("chat.reply", "i"), ("chat.suggest", ".")),
        _said,
    ),
    TourStep("Note", "Write a note that only operators see.", (("note.write", "N"),), _noted),
    TourStep("Resolve", "The matter is done: say so; y resolves.", (("after.resolve", "r"),), _finished),
)


def step_of(tour: Tour) -> TourStep | None:
    """Return the step to do now; None at the end."""
    return STEPS[tour.done] if tour.done < len(STEPS) else None


def after_input(tour: Tour, before: DeskModel, after: DeskModel) -> Tour:
    """Return the tour after the desk has changed: one step further when its step was done."""
    step = step_of(tour)
    return Tour(tour.done + 1) if step is not None and step.done(before, after) else tour


def tour_words(tour: Tour, keys: Mapping[str, tuple[str, ...]]) -> tuple[str, str, str]:
    """Return the title, the keys and the text of the box."""
    step = step_of(tour)
    if step is None:
        told = f"{key_of(keys, 'help.open', '?')} shows all keys; {key_of(keys, 'desk.quit', '^q')} ends."
        return "Tour · done", "", f"That was the whole way of a handoff. {told}"
    named = " ".join(key_of(keys, id_, default) for id_, default in step.keys)
    return f"Tour {tour.done + 1}/{len(STEPS)} · {step.title}", named, step.text
