"""Draw docs/states.md from the session machine itself: every transition is tried, none is copied by hand."""

import dataclasses
import itertools
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from server.core import machine
from server.core.errors import ConflictError
from server.core.policy import Expire, Policy, PolicyStep, Tell
from server.core.session import Rules, Session
from server.wire.calling import Transfer
from server.wire.terms import (
    ConversationId,
    Dial,
    LegId,
    Medium,
    OperatorId,
    OrganisationId,
    Outcome,
    SessionId,
    SessionKind,
    SessionState,
    Supervision,
    TransferKind,
    TransferStage,
    TransferStep,
)
from server.wire.views import Ticket

NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
VALUES: Final[dict[str, tuple[object, ...]]] = {
    "operator_id": (OperatorId("ada"),),
    "epoch": (1,),
    "on": (True, False),
    "mode": (Supervision.WATCH,),
    "leg": ("l",),
    "number": (0,),
    "hang_up": (True, False),
    "dial": tuple(Dial),
    "approved": (None, True, False),
    "attempt": ("l",),
    "kind": tuple(TransferKind),
    "step": tuple(TransferStep),
    "to": ("Billing",),
    "address": ("+4930123456",),
    "ticket": (Ticket(system="tracker", reference="T-1"),),
}
"""What is tried for the fields of inputs; texts stay empty."""


def page() -> str:
    """Return the text of docs/states.md."""
    return "\n".join([*_introduction(), *_diagram(), *_table(), *_every_pair(), ""])


def reached(state: SessionState, kind: type) -> dict[SessionState, set[str]]:
    """Return the states that input `kind` leads to from `state`, with the media and outcomes it was seen with."""
    found: dict[SessionState, set[str]] = defaultdict(set)
    for session, fact, rules in _trials(state, kind):
        try:
            step = machine.step(session, fact, rules, NOW)
        except ConflictError:
            continue
        if step.changed:
            words = found[step.session.state]
            if step.session.outcome and step.session.outcome is not session.outcome:
                words.add(step.session.outcome)
    return dict(found)


def _trials(state: SessionState, kind: type) -> Iterator[tuple[Session, machine.i.Input, Rules]]:
    names = [field.name for field in dataclasses.fields(kind) if field.name in VALUES]
    dials = (None, Dial.PLACING) if state is SessionState.CONNECTING else (None,)
    for medium, wrap_up_seconds, lost, follow_up, dial, transfers in itertools.product(
        Medium, (0.0, 60.0), (None, NOW), ("", "call"), dials, _transfers(state)
    ):
        session = dataclasses.replace(_session(state, medium, lost, follow_up), dial=dial, transfers=transfers)
        action = Expire() if follow_up else Tell("one moment")
        for values in itertools.product(*(VALUES[name] for name in names)):
            others: dict[str, object] = {"text": "ring back"} if "text" in _fields(kind) else {}
            if kind is machine.i.NoticeAcknowledged:
                others["name"] = "Ben"
            if issubclass(kind, machine.i.FromSupervisor):
                others["operator_id"] = OperatorId("ben")
            yield (
                session,
                kind(**{**dict(zip(names, values, strict=True)), **others}),
                Rules(wrap_up_seconds=wrap_up_seconds, policy=Policy((PolicyStep(20, action),))),
            )


def _transfers(state: SessionState) -> list[tuple[Transfer, ...]]:
    """Return the transfers that a session in this state may have: none, or one at each of its stages."""
    stages = {
        SessionState.ACTIVE: (TransferStage.PARKED, TransferStage.MERGED),
        SessionState.HELD: (TransferStage.DIALLING, TransferStage.CONSULTING),
    }
    one = Transfer(
        id=LegId("l"), kind=TransferKind.WARM, to="Billing", address="+4930123456", began_at=NOW, expires_at=NOW
    )
    kinds = (TransferKind.WARM, TransferKind.COLD)
    return [
        (),
        *((msgspec.structs.replace(one, stage=stage, kind=kind),) for stage in stages.get(state, ()) for kind in kinds),
    ]


def _fields(kind: type) -> set[str]:
    return {field.name for field in dataclasses.fields(kind)}


def _session(state: SessionState, medium: Medium, lost: datetime | None, follow_up: str) -> Session:
    ada = OperatorId("ada")
    in_hand = state in {SessionState.CONNECTING, SessionState.ACTIVE, SessionState.HELD, SessionState.WRAP_UP}
    return Session(
        id=SessionId("s"),
        organisation_id=OrganisationId("o"),
        number=1,
        conversation_id=ConversationId("c"),
        medium=medium,
        kind=SessionKind.ASSIST if state is SessionState.ASKED else SessionKind.TAKEOVER,
        state=state,
        queue="default",
        priority=5,
        requested_at=NOW,
        queued_at=NOW,
        promise_at=NOW + timedelta(seconds=60),
        wait_expires_at=NOW + timedelta(seconds=1800),
        waiting_since=NOW,
        epoch=1,
        offered_to=ada if state is SessionState.OFFERED else None,
        operator_id=ada if in_hand else None,
        operator_lost_at=lost if in_hand else None,
        supervisor_id=OperatorId("ben") if in_hand and lost else None,
        supervisor_leg="l" if in_hand and lost else "",
        follow_up=follow_up,
        outcome=Outcome.ENDED if state in {SessionState.WRAP_UP, SessionState.CLOSED} else None,
    )


def _introduction() -> list[str]:
    changing, late, illegal = len(machine.TRANSITIONS), len(machine.LATE), len(machine.ILLEGAL)
    return [
        "# States of a session",
        "",
        "This page is drawn from the table in `server/core/machine.py` by `make docs`: each transition was tried.",
        "",
        f"Of {len(SessionState) * len(machine.INPUTS)} pairs of a state and an input, {changing} have a transition,",
        f"{late} lost a race (nothing changes, nobody is told) and {illegal} are refused to whoever asked (409).",
        "",
    ]


def _diagram() -> list[str]:
    arrows: dict[tuple[SessionState, SessionState], list[str]] = defaultdict(list)
    for state, kind in machine.TRANSITIONS:
        for after in reached(state, kind):
            if after is not state:
                arrows[state, after].append(kind.__name__)
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> screening: handoff requested"]
    lines.append("    [*] --> asked: question or proposal to an operator")
    lines += [f"    {before} --> {after}: {', '.join(kinds)}" for (before, after), kinds in arrows.items()]
    return [*lines, "    closed --> [*]", "```", ""]


def _table() -> list[str]:
    lines = ["## Every transition", "", "| in | input | leads to | what it does |", "| --- | --- | --- | --- |"]
    for (state, kind), handler in machine.TRANSITIONS.items():
        ends = [
            f"`{after}`" + (f" ({', '.join(sorted(outcomes))})" if outcomes else "")
            for after, outcomes in reached(state, kind).items()
        ]
        meaning = (handler.__doc__ or "").split("\n", maxsplit=1)[0]
        lines.append(f"| `{state}` | {kind.__name__} | {' or '.join(ends) or '(unchanged)'} | {meaning} |")
    return lines


def _every_pair() -> list[str]:
    lines = [
        "",
        "## Every pair",
        "",
        "**changes**: see above. *late*: it lost a race, nothing changes. refused: 409 to whoever asked.",
        "",
        f"| input | {' | '.join(SessionState)} |",
        f"| --- |{' --- |' * len(SessionState)}",
    ]
    return lines + [
        f"| {kind.__name__} | {' | '.join(_part(state, kind) for state in SessionState)} |" for kind in machine.INPUTS
    ]


def _part(state: SessionState, kind: type) -> str:
    if (state, kind) in machine.TRANSITIONS:
        return "**changes**"
    return "*late*" if (state, kind) in machine.LATE else "refused"
