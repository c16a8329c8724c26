"""Say where a session of mine can be brought: queues, colleagues on duty, the phonebook, a number that was written.

Pure. Before: an operator wants somebody else to have it. After: a list to choose from, and why a line can't be taken.
"""

import re
from enum import StrEnum
from typing import Final

import msgspec

from operator_console.model.select import is_talking, waiting_in
from operator_console.model.state import DeskModel
from server.wire.terms import Medium, OperatorId, Presence, Role
from server.wire.views import OperatorView, SessionView

_DIALLED: Final = re.compile(r"\+?[0-9*#][0-9 ()/.*#-]{1,38}|sips?:\S+@\S+")
"""What looks like something to dial; the broker has the last word."""


class Where(StrEnum):
    """What kind of place it is, in the word shown before it."""

    QUEUE = "queue"
    COLLEAGUE = "colleague"
    OUTSIDE = "phonebook"
    DIALLED = "number"


class Destination(msgspec.Struct, frozen=True):
    """One line of the list.

    Attributes:
        value: What an order names it by: the queue, the operator's id, whom to dial.
        note: A few words beside the name.
        why_not: Why it can't be taken now; empty when it can.
        warm_only: One speaks with them before the caller does.
    """

    where: Where
    name: str
    value: str
    note: str = ""
    why_not: str = ""
    warm_only: bool = False


def destinations(model: DeskModel, session: SessionView, written: str, *, outside_only: bool) -> list[Destination]:
    """Return where a session can be brought that fits what was written; what is to be dialled first."""
    voice = session.medium is Medium.VOICE
    inside = [] if outside_only else [*_queues(model, session), *_colleagues(model, voice=voice)]
    every = [*inside, *(_phonebook(model) if voice else ())]
    words = written.casefold().split()
    found = [one for one in every if all(word in f"{one.where} {one.name} {one.note}".casefold() for word in words)]
    dialled = written.strip()
    if voice and _DIALLED.fullmatch(dialled):
        found.insert(0, Destination(Where.DIALLED, dialled, dialled, "call it"))
    return found


def _queues(model: DeskModel, session: SessionView) -> list[Destination]:
    """Return the queues, the session's own first: there it keeps its place too."""
    waiting = waiting_in(model)
    names = [session.queue, *sorted({*model.queues, *waiting} - {session.queue})]
    own = "its place kept"
    return [
        Destination(
            Where.QUEUE,
            name,
            "" if name == session.queue else name,
            f"{own} · {waiting.get(name, 0)} waiting" if name == session.queue else f"{waiting.get(name, 0)} waiting",
        )
        for name in names
    ]


def _colleagues(model: DeskModel, *, voice: bool) -> list[Destination]:
    """Return who is on duty, those with the least in hand first; who is in a call can't take one."""
    there = [one for one in model.operators.values() if _is_there(model, one)]
    found: list[tuple[bool, int, str, Destination]] = []
    for person in there:
        held = [model.sessions[id_] for id_ in person.sessions if id_ in model.sessions]
        in_call = any(one.medium is Medium.VOICE and is_talking(one) for one in held)
        note = "in a call" if in_call else f"{len(held)} in hand" if held else "free"
        why_not = f"{person.name} is in a call." if in_call and voice else ""
        line = Destination(Where.COLLEAGUE, person.name, person.id, note, why_not)
        found.append((bool(why_not), len(held), person.name.casefold(), line))
    return [line for *_, line in sorted(found, key=lambda one: one[:3])]


def _is_there(model: DeskModel, person: OperatorView) -> bool:
    able = person.role is not Role.VIEWER and person.id != model.me
    return able and person.connected and person.presence is Presence.AVAILABLE


def _phonebook(model: DeskModel) -> list[Destination]:
    return [
        Destination(
            Where.OUTSIDE,
            one.name,
            one.name,
            f"speak first · {one.address}" if one.warm_only else one.address,
            warm_only=one.warm_only,
        )
        for one in model.policy.phonebook
    ]


def operator_of(destination: Destination) -> OperatorId | None:
    """Return the colleague that a destination is; None for anything else."""
    return OperatorId(destination.value) if destination.where is Where.COLLEAGUE else None
