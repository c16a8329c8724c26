"""Make up what happens to a desk, one thing after another, the same for the same seed: for tests that compare."""

import random
from collections.abc import Iterator
from datetime import timedelta

import msgspec

from operator_console.model.inputs import Filtered, Input, Selected, Sorted, Tick
from operator_console.model.listing import Sort
from operator_console.model.state import DeskModel
from server.wire.events import Event, MessageAdded, OperatorChanged, SessionClosed, SessionQueued, SessionUpdated
from server.wire.frames import Batch, Ghost, Ghosts
from server.wire.terms import Author, MoodLabel, OperatorId, Presence, SessionState
from server.wire.views import Customer, Mood, SessionView
from tests.fakes.console_data import ME, MIA, NOW, operator, session, turn

TEXTS = (
    "parcel",
    "Müller & Söhne",
    "漢字かな交じり文",
    "👩\u200d👩\u200d👧 family",
    "e\u0301\u0302 marks",
    "ﻣﺮﺣﺒﺎ",
    "a" * 90,
    "",
    "x · y → z",
)
FILTERS = ("", "parcel", "mood:angry", "is:mine", "is:late", "caller 1")


class Happenings:
    """One run of chance."""

    def __init__(self, seed: int, *, looks: bool = True) -> None:
        """Begin; without `looks` the filter and the order stay as they are."""
        self._chance = random.Random(seed)
        self._looks = looks
        self._number = 1_000
        self._now = NOW

    def one(self, model: DeskModel) -> Input:
        """Return the next thing that happens to this desk."""
        deeds = [self._retold, self._retold, self._taken, self._closed, self._came, self._said, self._person]
        deeds += [self._ghosts, self._ticked, self._selected, self._selected]
        deeds += [self._sorted, self._filtered] if self._looks else []
        return self._chance.choice(deeds)(model)

    def many(self, count: int) -> Iterator[int]:
        """Count, for loops that ask for one thing at a time."""
        yield from range(count)

    def _any(self, model: DeskModel) -> SessionView:
        known = sorted(model.sessions)
        return model.sessions[self._chance.choice(known)] if known else session(self._number)

    def _told(self, model: DeskModel, event: Event) -> Batch:
        return Batch(first=event.seq, last=event.seq, now=self._now, events=(event,))

    def _changed(self, model: DeskModel, view: SessionView, **fields: object) -> Batch:
        changed = msgspec.structs.replace(view, version=view.version + 1, **fields)
        return self._told(model, SessionUpdated(seq=model.seq + 1, at=self._now, session=changed))

    def _retold(self, model: DeskModel) -> Input:
        view = self._any(model)
        mood = Mood(label=self._chance.choice(list(MoodLabel)), score=0.0)
        context = msgspec.structs.replace(view.context, topic=self._chance.choice(TEXTS), mood=mood)
        customer = Customer(name=self._chance.choice((view.customer.name, *TEXTS)), handle="+1 555", channel="api")
        promise = self._now + timedelta(seconds=self._chance.choice((-90, 2, 600)))
        return self._changed(model, view, context=context, customer=customer, promise_at=promise)

    def _taken(self, model: DeskModel) -> Input:
        view = self._any(model)
        if view.state is not SessionState.QUEUED:
            fields: dict[str, object] = {"state": SessionState.QUEUED, "operator_id": None, "active_at": None}
        else:
            who = self._chance.choice((ME, MIA))
            fields = {"state": SessionState.ACTIVE, "operator_id": who, "active_at": self._now}
        return self._changed(model, view, epoch=view.epoch + 1, **fields)

    def _closed(self, model: DeskModel) -> Input:
        view = self._any(model)
        gone = msgspec.structs.replace(view, version=view.version + 1, state=SessionState.CLOSED, closed_at=self._now)
        return self._told(model, SessionClosed(seq=model.seq + 1, at=self._now, session=gone))

    def _came(self, model: DeskModel) -> Input:
        self._number += 1
        view = session(self._number, queued_at=self._now, requested_at=self._now)
        return self._told(model, SessionQueued(seq=model.seq + 1, at=self._now, session=view))

    def _said(self, model: DeskModel) -> Input:
        conversation = int(self._any(model).conversation_id[1:])
        message = turn(conversation, self._chance.randrange(1, 30), Author.CUSTOMER, self._chance.choice(TEXTS) or "?")
        return self._told(model, MessageAdded(seq=model.seq + 1, at=self._now, message=message))

    def _person(self, model: DeskModel) -> Input:
        name = self._chance.choice(("Mia", "Mi 漢字", "Maximiliane"))
        view = operator(MIA, name, presence=self._chance.choice(list(Presence)))
        return self._told(model, OperatorChanged(seq=model.seq + 1, at=self._now, operator=view))

    def _ghosts(self, model: DeskModel) -> Input:
        on = self._any(model).id
        return Ghosts(people=(Ghost(operator_id=OperatorId(MIA), session_id=on, writing=self._chance.random() < 0.5),))

    def _ticked(self, _model: DeskModel) -> Input:
        self._now += timedelta(seconds=self._chance.choice((0.05, 0.4, 1.0, 3.0)))
        return Tick(self._now)

    def _selected(self, model: DeskModel) -> Input:
        return Selected(self._any(model).id)

    def _sorted(self, _model: DeskModel) -> Input:
        return Sorted(self._chance.choice(list(Sort)))

    def _filtered(self, _model: DeskModel) -> Input:
        return Filtered(self._chance.choice(FILTERS))
