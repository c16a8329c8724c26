"""Ask the model for the supervisors' wall: who does what now, one row each, and the figures of the queues in words.

Pure. People and their work come with the feed as everywhere; the figures are the broker's (`DeskModel.wall`).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

from operator_console.model.select import is_talking
from operator_console.model.state import DeskModel
from operator_console.model.team import team
from operator_console.model.wording import since, span
from server.wire.terms import OperatorId, SessionId, SessionState
from server.wire.views import OperatorView, SessionView
from server.wire.wall import QueueFigures

UNKNOWN: Final = "-"
"""Where nothing was counted yet."""


class WallRow(msgspec.Struct, frozen=True):
    """One person with one session in hand or in wrap-up; without one where there is none."""

    person: OperatorView
    session: SessionView | None = None

    @property
    def key(self) -> tuple[OperatorId, SessionId | None]:
        """What the cursor stays on."""
        return self.person.id, self.session.id if self.session else None


def wall_rows(model: DeskModel) -> tuple[WallRow, ...]:
    """Return a row for each session that somebody has, and one for each person who has none."""
    work = held(model.sessions.values())
    rows: list[WallRow] = []
    for person in team(model):
        rows += [WallRow(person, session) for session in work.get(person.id, ())] or [WallRow(person)]
    return tuple(rows)


def held(sessions: Iterable[SessionView]) -> dict[OperatorId, list[SessionView]]:
    """Return what each operator has in hand or writes up, the oldest first."""
    found: dict[OperatorId, list[SessionView]] = {}
    for session in sorted(sessions, key=lambda one: one.number):
        if session.operator_id is not None and (is_talking(session) or session.state is SessionState.WRAP_UP):
            found.setdefault(session.operator_id, []).append(session)
    return found


def doing_since(session: SessionView) -> datetime:
    """Return since when an operator does what they do with a session."""
    if session.state is SessionState.WRAP_UP:
        return session.ended_at or session.queued_at
    return session.active_at or session.accepted_at or session.queued_at


def percent(share: float | None) -> str:
    """Return a share in percent."""
    return UNKNOWN if share is None else f"{100 * share:.0f} %"


def figure_words(queue: QueueFigures, now: datetime) -> tuple[str, ...]:
    """Return a queue's figures as `FIGURES` names them."""
    asa, content = queue.average_answer_seconds, queue.satisfaction
    return (
        queue.name or "all",
        str(queue.waiting),
        since(queue.waiting_since, now) if queue.waiting_since else UNKNOWN,
        str(queue.in_hand),
        str(queue.answered),
        percent(queue.service_level),
        percent(queue.service_level_2),
        UNKNOWN if asa is None else span(asa),
        percent(queue.abandonment),
        str(queue.abandoned_short),
        UNKNOWN if content is None else f"{content:.1f}",
    )


FIGURES: Final = ("queue", "wait", "longest", "talks", "answ.", "SL", "SL2", "ASA", "aband.", "short", "CSAT")
"""What is said of a queue: waiting, since when, in hand, answered, levels, mean wait, abandoned, left soon, score."""
