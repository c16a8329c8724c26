"""Who is there and why not: changes that wait for the work in hand, breaks that are asked for, consoles that die."""

import asyncio
from typing import Any

import pytest

from server.api.console_socket import serve_console
from server.broker.ports.records import Principal
from server.core.errors import ConflictError, NotAllowedError, NotFoundError
from server.wire import codec
from server.wire import commands as c
from server.wire.events import OperatorChanged
from server.wire.frames import Beat, Hello
from server.wire.terms import OperatorId, Presence, Role
from server.wire.version import PROTOCOL
from server.wire.views import DeskPolicy
from tests.world import Person, World

pytestmark = pytest.mark.scenario


async def decides(who: Person, about: Person, *, granted: bool, note: str = "") -> Any:
    return await who.order(c.DecideBreak(id=who.new_id(), operator_id=about.id, granted=granted, note=note))


async def asks(who: Person, reason: str = "lunch", *, on: bool = True) -> Any:
    return await who.order(c.AskBreak(id=who.new_id(), reason=reason, on=on))


async def test_a_change_that_waits_for_the_work_is_seen_by_all_and_can_be_cancelled(desk: World) -> None:
    ann = await desk.operator("ann")
    chat = await desk.chat()
    await chat.asks_for_a_person()
    await ann.takes(chat)
    reply = await ann.order(c.SetPresence(id=ann.new_id(), presence=Presence.AWAY, reason="lunch"))
    assert (reply.operator.presence, reply.operator.pending_presence, reply.operator.pending_reason) == (
        Presence.AVAILABLE,
        Presence.AWAY,
        "lunch",
    )
    assert desk.told(OperatorChanged)[-1].operator == reply.operator, "every console is told of it"
    await ann.order(c.SetPresence(id=ann.new_id(), presence=Presence.AVAILABLE))
    await ann.does(c.BackToAssistant, chat)
    view = await ann.view()
    assert (view.presence, view.pending_presence, view.pending_reason) == (Presence.AVAILABLE, None, "")


async def test_a_break_granted_during_a_call_begins_after_it(desk: World) -> None:
    ann = await desk.operator("ann")
    mia = await desk.operator("mia", role=Role.SUPERVISOR, duty=False)
    call = await desk.caller()
    await call.asks_for_a_person()
    await ann.takes(call)
    await asks(ann)
    asked = await ann.view()
    assert (asked.break_asked_at, asked.break_reason) == (desk.clock.now(), "lunch")
    await desk.later(30)
    await decides(mia, ann, granted=True)
    granted = await ann.view()
    assert (granted.presence, granted.pending_presence, granted.pending_reason) == (
        Presence.AVAILABLE,
        Presence.AWAY,
        "lunch",
    )
    assert (granted.break_asked_at, granted.break_answer) == (None, "granted by Mia")
    await ann.does(c.BackToAssistant, call)
    away = await ann.view()
    assert (away.presence, away.reason, away.since) == (Presence.AWAY, "lunch", desk.clock.now())


async def test_a_denied_break_says_by_whom_and_why_and_changes_nothing_else(desk: World) -> None:
    ann, mia = await desk.operator("ann"), await desk.operator("mia", role=Role.SUPERVISOR)
    await asks(ann)
    await decides(mia, ann, granted=False, note="six are waiting")
    view = await ann.view()
    assert (view.presence, view.pending_presence, view.break_asked_at) == (Presence.AVAILABLE, None, None)
    assert view.break_answer == "denied by Mia: six are waiting"
    with pytest.raises(ConflictError) as late:
        await decides(mia, ann, granted=True)
    assert late.value.code == "no_break_asked"


async def test_asking_again_keeps_the_place_and_taking_it_back_ends_it(desk: World) -> None:
    ann = await desk.operator("ann")
    await asks(ann, "lunch")
    first = (await ann.view()).break_asked_at
    await desk.later(20)
    await asks(ann, "doctor")
    assert ((await ann.view()).break_asked_at, (await ann.view()).break_reason) == (first, "doctor")
    await asks(ann, on=False)
    assert (await ann.view()).break_asked_at is None


async def test_only_supervisors_decide_and_only_on_people_there_are(desk: World) -> None:
    ann, ben = await desk.operator("ann"), await desk.operator("ben")
    mia = await desk.operator("mia", role=Role.SUPERVISOR)
    await asks(ann)
    with pytest.raises(NotAllowedError):
        await decides(ben, ann, granted=True)
    ghost = c.DecideBreak(id=mia.new_id(), operator_id=OperatorId("op_nobody"), granted=True)
    with pytest.raises(NotFoundError):
        await mia.order(ghost)


async def test_no_more_than_the_rule_says_are_away_at_once_unless_a_supervisor_says_so() -> None:
    async with World(policy=DeskPolicy(max_on_break=1)) as desk:
        ann, ben = await desk.operator("ann"), await desk.operator("ben")
        mia = await desk.operator("mia", role=Role.SUPERVISOR)
        chat = await desk.chat()
        await chat.asks_for_a_person()
        await ann.takes(chat)
        await ann.goes_away("lunch")
        with pytest.raises(ConflictError) as full:
            await ben.goes_away("training")
        assert (full.value.code, "Ann" in full.value.message) == ("break_full", True), "a pending one counts"
        await ann.goes_away("paperwork")
        assert (await ann.view()).pending_reason == "paperwork", "who has a place may change the reason"
        await asks(ben)
        await decides(mia, ben, granted=True)
        assert (await ben.view()).presence is Presence.AWAY
        await ann.goes_on_duty()
        await ben.goes_on_duty()
        await ben.goes_away()
        assert (await ben.view()).presence is Presence.AWAY


# Consoles that die


class _Socket:
    """A console's socket in memory: what the broker sends is kept, what the console says is put in."""

    def __init__(self, who: str) -> None:
        self.headers = {"authorization": who}
        self.said: asyncio.Queue[str] = asyncio.Queue()
        self.sent: list[str] = []
        self.stalled = False

    async def accept(self) -> None:
        return

    async def receive_text(self) -> str:
        return await self.said.get()

    async def send_data(self, data: str, mode: str) -> None:
        del mode
        if self.stalled:
            await asyncio.Event().wait()
        self.sent.append(data)

    async def close(self, code: int, reason: str) -> None:
        del code, reason
        if self.stalled:
            await asyncio.Event().wait()

    def says(self, frame: Any) -> None:
        self.said.put_nowait(codec.encode(frame).decode())


class _Gate:
    """Lets everybody in as who they say they are."""

    def __init__(self, desk: World) -> None:
        self._desk = desk

    async def principal(self, authorization: str) -> Principal:
        return self._desk.people[authorization].principal


async def test_a_console_that_stops_answering_is_off_the_list_within_three_seconds(desk: World) -> None:
    sockets = [_Socket(name) for name in ("ann", "ben", "cat")]
    serving = []
    for socket in sockets:
        await desk.operator(socket.headers["authorization"], console=False)
        serving.append(asyncio.ensure_future(serve_console(socket, desk.broker, _Gate(desk))))  # type: ignore[arg-type]
        socket.says(Hello(protocol=PROTOCOL))
    await desk.settle()
    assert {view.name: view.connected for view in (await desk.snapshot()).operators} == dict.fromkeys(
        ("Ann", "Ben", "Cat"), True
    )
    alive, dead = sockets[:2], sockets[2]
    dead.stalled = True
    silent_since = desk.clock.now()
    for _ in range(12):
        for socket in alive:
            socket.says(Beat(at=0.0))
        await desk.later(0.5)
    gone = [event for event in desk.told(OperatorChanged) if not event.operator.connected and event.at > silent_since]
    assert [event.operator.name for event in gone] == ["Cat"]
    assert (gone[0].at - silent_since).total_seconds() <= 3.0
    told = [frame for frame in sockets[0].sent if '"operator.changed"' in frame and '"Cat"' in frame]
    assert '"connected"' not in told[-1], "the others are told that nobody is there"
    for task in serving:
        task.cancel()
    await asyncio.gather(*serving, return_exceptions=True)
