"""Make up a desk that changes: waiting sessions by the thousand, one long conversation, and what happens to them.

Half of all changes fall on the rows in view, so that each costs the console a line of the screen. The order of the
first rows never changes, so that a key's effect can be told from theirs.
"""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from server.wire.events import Event, MessageAdded, SessionActive, SessionQueued, SessionUpdated
from server.wire.frames import Batch, Snapshot
from server.wire.terms import (
    Author,
    ConversationId,
    Medium,
    MessageId,
    MoodLabel,
    OperatorId,
    Presence,
    Role,
    SessionId,
    SessionKind,
    SessionState,
)
from server.wire.version import VERSION
from server.wire.views import Context, Customer, Fact, MessageView, Mood, NextAction, OperatorView, SessionView

ME: Final = OperatorId("op-bench")
OTHER: Final = OperatorId("op-other")
IN_VIEW: Final = 60
"""The first rows: they keep their order, and half of all changes are theirs."""
FEW_TURNS: Final = 6
"""Turns of every conversation but the long one."""
_MOODS: Final = (MoodLabel.HAPPY, MoodLabel.NEUTRAL, MoodLabel.FRUSTRATED, MoodLabel.ANGRY)
_TOPICS: Final = ("invoice 88120", "parcel missing", "refund not seen", "cancel the contract", "wrong size sent")
_VOICES: Final = (Author.CUSTOMER, Author.ASSISTANT)


def caller(row: int) -> str:
    """Return the customer's name of a row, unlike any other text on the screen."""
    return f"Caller {row:05}"


class BenchDesk:
    """Everything the made-up broker knows. Row 0 has the long conversation of `turns` turns."""

    def __init__(self, rows: int, turns: int, now: datetime) -> None:
        """Make `rows` sessions that wait since up to an hour before `now`."""
        self.now = now
        self.seq = 1
        self._chance: Final = random.Random(rows)  # noqa: S311 - the same changes in each run
        self.sessions: Final = [_session(row, rows, now) for row in range(rows)]
        self._turns: Final[dict[ConversationId, list[MessageView]]] = {}
        self._lengths: Final = {self.sessions[0].conversation_id: turns} if rows else {}

    def snapshot(self, now: datetime) -> Snapshot:
        """Return everything as it is."""
        return Snapshot(
            seq=self.seq,
            now=now,
            boot="bench",
            version=VERSION,
            me=ME,
            sessions=tuple(self.sessions),
            operators=self.team(),
        )

    def team(self) -> tuple[OperatorView, ...]:
        """Return the roster: the one who measures, and a colleague."""
        shared = {"role": Role.OPERATOR, "presence": Presence.AVAILABLE, "since": self.now, "connected": True}
        return tuple(
            msgspec.convert({"id": id_, "name": name, **shared}, OperatorView)
            for id_, name in ((ME, "Bench"), (OTHER, "Colleague"))
        )

    def turns(self, conversation: ConversationId, after: int, limit: int) -> Sequence[MessageView]:
        """Return a page of a conversation."""
        return self._known(conversation)[after : after + limit]

    def change(self, now: datetime) -> Batch:
        """Let one thing happen to one session, and return it as the broker tells it."""
        rows = len(self.sessions)
        near = rows <= IN_VIEW or self._chance.random() < 0.5
        row = self._chance.randrange(min(IN_VIEW, rows)) if near else self._chance.randrange(IN_VIEW, rows)
        session = self.sessions[row]
        moves = not near and self._chance.random() < 0.5
        self.sessions[row] = changed = self._moved(session, now) if moves else self._retold(session)
        return self._told(_event(self.seq + 1, now, changed, moved=moves), now)

    def say(self, text: str, now: datetime, author: Author = Author.CUSTOMER) -> Batch:
        """Add a turn to the long conversation, and return it as the broker tells it."""
        conversation = self.sessions[0].conversation_id
        known = self._known(conversation)
        known.append(_turn(conversation, len(known) + 1, author, text, now))
        return self._told(MessageAdded(seq=self.seq + 1, at=now, message=known[-1]), now)

    def _told(self, event: Event, now: datetime) -> Batch:
        self.seq += 1
        return Batch(first=self.seq, last=self.seq, now=now, events=(event,))

    def _known(self, conversation: ConversationId) -> list[MessageView]:
        known = self._turns.get(conversation)
        if known is None:
            length = self._lengths.get(conversation, FEW_TURNS)
            start = self.now - timedelta(seconds=length)
            known = self._turns[conversation] = [
                _turn(conversation, at, _VOICES[at % 2], said(at), start + timedelta(seconds=at))
                for at in range(1, length + 1)
            ]
        return known

    def _retold(self, session: SessionView) -> SessionView:
        mood = Mood(label=self._chance.choice(_MOODS), score=round(self._chance.uniform(-1, 1), 2))
        context = msgspec.structs.replace(session.context, mood=mood, topic=self._chance.choice(_TOPICS))
        return msgspec.structs.replace(session, context=context, version=session.version + 1)

    def _moved(self, session: SessionView, now: datetime) -> SessionView:
        """Let the colleague take a session, or give it back."""
        takes = session.state is SessionState.QUEUED
        return msgspec.structs.replace(
            session,
            state=SessionState.ACTIVE if takes else SessionState.QUEUED,
            operator_id=OTHER if takes else None,
            active_at=now if takes else None,
            epoch=session.epoch + 1,
            version=session.version + 1,
        )


def said(position: int) -> str:
    """Return what is said at a position, at the length of speech: one to three lines of the screen."""
    return f"Turn {position:05}: " + "I have waited for the parcel since Monday and nobody calls me back. " * (
        position % 3
    )


def _event(seq: int, now: datetime, session: SessionView, *, moved: bool) -> Event:
    if not moved:
        return SessionUpdated(seq=seq, at=now, session=session)
    kind = SessionActive if session.state is SessionState.ACTIVE else SessionQueued
    return kind(seq=seq, at=now, session=session)


def _turn(conversation: ConversationId, position: int, author: Author, text: str, at: datetime) -> MessageView:
    return MessageView(
        id=MessageId(f"{conversation}-{position}"),
        conversation_id=conversation,
        position=position,
        author=author,
        text=text,
        at=at,
    )


def _session(row: int, rows: int, now: datetime) -> SessionView:
    queued_at = now - timedelta(seconds=3600 * (rows - row) / rows)
    conversation = ConversationId(f"con-{row:05}")
    return SessionView(
        id=SessionId(f"ses-{row:05}"),
        number=f"H-{row:05}",
        conversation_id=conversation,
        medium=Medium.VOICE if row % 3 == 0 else Medium.CHAT,
        kind=SessionKind.TAKEOVER,
        state=SessionState.QUEUED,
        epoch=1,
        version=1,
        queue="default",
        priority=5,
        reason="asked for a person",
        customer=Customer(name=caller(row), handle=f"+1555{row:07}", channel="api"),
        context=Context(
            summary="Charged twice for one order; wants the second payment back before the weekend.",
            mood=Mood(label=_MOODS[row % 4], score=0.1, course=(0.4, 0.2, 0.1)),
            facts=(Fact(name="order", value=f"{row:05}"),),
            tried=("looked the order up",),
            next_actions=(NextAction(label="Refund", say="I have refunded the second payment."),),
            topic=_TOPICS[row % len(_TOPICS)],
            language="en",
        ),
        requested_at=queued_at,
        queued_at=queued_at,
    )
