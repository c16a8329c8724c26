"""Several consoles: who is seen at what, and which one of an operator's has the call's audio."""

import msgspec
import pytest

from server.broker.passing import Listener
from server.core.errors import ConflictError
from server.wire import commands as c
from server.wire.frames import Ghosts, Look
from server.wire.terms import SessionId, SessionState
from tests.world import ORGANISATION, Customer, Person, World

pytestmark = pytest.mark.scenario

ONE, TWO = SessionId("s_1"), SessionId("s_2")


class Seat:
    """One open console of a person, and the ghosts it was told of."""

    def __init__(self, desk: World, person: Person) -> None:
        self.desk, self.person = desk, person
        self.frames: list[Ghosts] = []
        self.listener = Listener(ORGANISATION, person.id, console=True, tell=self._told, close=lambda: None)
        desk.broker.passing.add(self.listener)
        desk.broker.seats.sit(self.listener)

    def _told(self, frame: bytes) -> None:
        self.frames.append(msgspec.json.decode(frame, type=Ghosts))

    def looks(self, session_id: SessionId | None, *, writing: bool = False) -> None:
        self.desk.broker.seats.look(self.listener, Look(session_id=session_id, writing=writing))

    def leaves(self) -> None:
        self.desk.broker.passing.remove(self.listener)
        self.desk.broker.seats.rise(self.listener)

    def sees(self) -> dict[str, tuple[str | None, bool]]:
        """Return where the others are, by what was told so far."""
        known: dict[str, tuple[str | None, bool]] = {}
        for frame in self.frames:
            known.update({one.operator_id: (one.session_id, one.writing) for one in frame.people})
        return known

    async def order(self, kind: type, customer: Customer, **rest: object) -> object:
        session = await customer.session()
        command = kind(id=self.person.new_id(), session_id=session.id, epoch=session.epoch, **rest)
        reply = await self.desk.broker.desk.execute(self.person.principal, command, self.listener)
        await self.desk.settle()
        return reply

    async def refused(self, kind: type, customer: Customer, **rest: object) -> str:
        with pytest.raises(ConflictError) as refusal:
            await self.order(kind, customer, **rest)
        return refusal.value.code


async def test_a_walk_through_the_list_is_told_once_and_written_nowhere(desk: World) -> None:
    ann, ben = Seat(desk, await desk.operator("ann")), Seat(desk, await desk.operator("ben"))
    await desk.later(1)
    events, writes = len(desk.events), desk.database.done
    ben.frames.clear()
    ann.looks(TWO)
    await desk.settle()
    ann.looks(None)
    await desk.settle()
    ann.looks(ONE, writing=True)
    await desk.later(0.3)
    assert len(ben.frames) == 1, "gathered for a moment, then told together"
    assert ben.sees() == {"op_ann": (ONE, True)}
    assert len(desk.events) == events
    assert desk.database.verdicts == desk.database.verdicts.__class__()
    assert desk.database.done == writes, "no transaction, not even a reading one"


async def test_who_leaves_is_seen_no_more_and_a_newcomer_is_told_of_all(desk: World) -> None:
    ann, ben = Seat(desk, await desk.operator("ann")), Seat(desk, await desk.operator("ben"))
    ann.looks(ONE)
    await desk.later(0.3)
    everybody = desk.broker.seats.everybody(ORGANISATION)
    assert everybody.whole
    assert [(one.operator_id, one.session_id) for one in everybody.people] == [("op_ann", ONE)]
    ann.leaves()
    await desk.later(0.3)
    assert ben.sees() == {"op_ann": (None, False)}
    assert desk.broker.seats.everybody(ORGANISATION).people == ()


async def test_of_two_consoles_the_one_that_writes_counts(desk: World) -> None:
    person = await desk.operator("ann")
    first, second, ben = Seat(desk, person), Seat(desk, person), Seat(desk, await desk.operator("ben"))
    first.looks(ONE, writing=True)
    second.looks(TWO)
    await desk.later(0.3)
    assert ben.sees() == {"op_ann": (ONE, True)}
    first.looks(ONE)
    await desk.later(0.3)
    assert ben.sees()["op_ann"] == (ONE, False)
    first.leaves()
    await desk.later(0.3)
    assert ben.sees()["op_ann"] == (TWO, False)


async def test_nonsense_in_place_of_a_session_is_nobody_s_look(desk: World) -> None:
    ann, ben = Seat(desk, await desk.operator("ann")), Seat(desk, await desk.operator("ben"))
    await desk.later(1)
    ben.frames.clear()
    ann.looks(SessionId("x" * 65), writing=True)
    await desk.later(0.3)
    assert ben.frames == []


async def test_while_one_console_has_the_call_the_other_only_looks_on(desk: World) -> None:
    person = await desk.operator("ann")
    first, second = Seat(desk, person), Seat(desk, person)
    call = await desk.caller()
    await call.asks_for_a_person()
    reply = await first.order(c.Accept, call)
    assert await second.refused(c.OpenMedia, call) == "media_elsewhere", "also while it connects"
    person.grant = reply.media  # type: ignore[attr-defined]
    await person.opens_headset()
    assert await call.state() is SessionState.ACTIVE
    for kind, rest in ((c.Mute, {"on": True}), (c.Hold, {"on": True}), (c.End, {}), (c.BackToAssistant, {})):
        assert await second.refused(kind, call, **rest) == "view_only_here"
    assert await second.refused(c.Accept, call) == "view_only_here"
    await second.order(c.FollowUp, call, text="ring the bank")
    await second.order(c.AddNote, call, text="looked on")
    await first.order(c.Mute, call, on=True)


async def test_taking_over_moves_the_audio_and_turns_the_tables(desk: World) -> None:
    person = await desk.operator("ann")
    first, second = Seat(desk, person), Seat(desk, person)
    call = await desk.caller()
    await call.asks_for_a_person()
    person.grant = (await first.order(c.Accept, call)).media  # type: ignore[attr-defined]
    old = await person.opens_headset()
    person.grant = (await second.order(c.OpenMedia, call, take=True)).media  # type: ignore[attr-defined]
    new = await person.opens_headset()
    assert (old.ended, new.ended) == ("replaced", "")
    assert await call.state() is SessionState.ACTIVE
    assert (await call.session()).operator_lost_at is None
    assert await first.refused(c.Mute, call, on=True) == "view_only_here"
    await second.order(c.Mute, call, on=True)
    second.leaves()
    await person.loses_headset()
    assert (await first.order(c.OpenMedia, call)).media is not None, "whoever is left may open it"  # type: ignore[attr-defined]


async def test_a_broker_that_has_just_started_keeps_the_second_console_out_of_a_live_call(lasting_desk: World) -> None:
    desk = lasting_desk
    person = await desk.operator("ann")
    call = await desk.caller()
    await call.asks_for_a_person()
    await person.takes(call)
    await desk.restart()
    second = Seat(desk, person)
    assert await second.refused(c.OpenMedia, call) == "media_elsewhere"
    await person.loses_headset()
    assert (await second.order(c.OpenMedia, call)).media is not None  # type: ignore[attr-defined]


async def test_a_call_that_went_back_to_the_queue_is_free_for_every_console(desk: World) -> None:
    person = await desk.operator("ann", duty=False)
    first, second = Seat(desk, person), Seat(desk, person)
    call = await desk.caller()
    await call.asks_for_a_person()
    await first.order(c.Accept, call)
    await desk.later(6)
    assert await call.state() is SessionState.QUEUED, "its audio did not come up in time"
    await second.order(c.Accept, call)
    assert await first.refused(c.OpenMedia, call) == "media_elsewhere"
