"""Rules of a call that is held from the command line, on a desk and a headset in memory."""

import asyncio
import os
import signal
from collections.abc import Callable

import pytest

from operator_console.cli.failure import CommandError
from operator_console.cli.talking import Call
from operator_console.model.inputs import Connected, Disconnected, HeadsetPhase, HeadsetState
from server.wire.commands import Accept, BackToAssistant, Command, End, OpenMedia, Resolve
from server.wire.errors import ErrorBody
from server.wire.events import SessionUpdated, SessionWrapUp
from server.wire.frames import Batch, Reply, Snapshot
from server.wire.terms import Medium, SessionState
from server.wire.views import MediaGrant, SessionView
from tests.fakes.desk import FakeDesk
from tests.fakes.headset import FakeHeadset
from tests.fakes.scripted_broker import AT, ME, session_view, snapshot

pytestmark = pytest.mark.unit

WAITING = session_view(medium=Medium.VOICE)
LIVE = session_view(medium=Medium.VOICE, state=SessionState.ACTIVE, operator_id=ME, epoch=4, version=2)


def grant(token: str) -> MediaGrant:
    return MediaGrant(url="ws://127.0.0.1:1/", token=token, epoch=4, expires_at=AT, call_id=LIVE.conversation_id)


class Stage:
    """A call about to be taken; each answer to what becomes of it moves the session on."""

    def __init__(self, session: SessionView = LIVE) -> None:
        self.seq = 10
        self.opened = 0
        self.session = session
        self.desk = FakeDesk(self.answer)
        self.headset = FakeHeadset()
        self.call = Call(self.desk, self.headset)
        self.desk.play(Connected(), snapshot(10, WAITING))

    def answer(self, command: Command) -> Reply:
        if isinstance(command, Accept):
            return Reply(id=command.id, ok=True, session=self.session, media=grant("first"))
        if isinstance(command, OpenMedia):
            self.opened += 1
            return Reply(id=command.id, ok=True, media=grant(f"again-{self.opened}"))
        self.ends()
        return Reply(id=command.id, ok=True)

    def event(self, kind: type[SessionUpdated | SessionWrapUp], session: SessionView) -> None:
        self.seq += 1
        event = kind(seq=self.seq, at=AT, session=session)
        self.desk.play(Batch(first=self.seq, last=self.seq, now=AT, events=(event,)))

    def ends(self) -> None:
        ended = session_view(
            medium=Medium.VOICE, state=SessionState.WRAP_UP, operator_id=ME, epoch=4, version=9 + self.seq
        )
        self.event(SessionWrapUp, ended)

    def start(self, on_interrupt: str = "back") -> asyncio.Task[Reply]:
        return asyncio.get_running_loop().create_task(self.call.run(choose, on_interrupt))

    async def until(self, found: Callable[[], object]) -> None:
        async with asyncio.timeout(60):
            while not found():
                await asyncio.sleep(0)

    def opens(self) -> list[object]:
        return [what for name, what in self.headset.log if name == "open"]


def choose(snapshot: Snapshot) -> Accept:
    session = snapshot.sessions[0]
    return Accept(id="press-0001", session_id=session.id, epoch=session.epoch)


async def test_an_accepted_call_opens_its_audio_once_and_ends_with_the_call() -> None:
    stage = Stage()
    call = stage.start()
    await stage.until(stage.opens)
    assert not call.done()
    stage.ends()
    assert (await call).ok
    assert stage.opens() == [("first", False)]
    assert [type(order) for order in stage.desk.orders] == [Accept]


@pytest.mark.parametrize(("wish", "kind"), [("back", BackToAssistant), ("resolve", Resolve), ("end", End)])
async def test_ctrl_c_does_what_was_chosen_for_the_epoch_of_now(wish: str, kind: type[Command]) -> None:
    stage = Stage()
    call = stage.start(wish)
    await stage.until(stage.opens)
    os.kill(os.getpid(), signal.SIGINT)
    await call
    last = stage.desk.orders[-1]
    assert isinstance(last, kind)
    assert last.epoch == 4


async def test_ctrl_c_without_a_terminal_gives_the_caller_back_and_drops_nobody() -> None:
    stage = Stage()
    call = stage.start("ask")
    await stage.until(stage.opens)
    os.kill(os.getpid(), signal.SIGINT)
    await call
    assert isinstance(stage.desk.orders[-1], BackToAssistant)


async def test_leaving_gives_no_order() -> None:
    stage = Stage()
    call = stage.start("leave")
    await stage.until(stage.opens)
    os.kill(os.getpid(), signal.SIGINT)
    await call
    assert [type(order) for order in stage.desk.orders] == [Accept]


async def test_a_mute_given_elsewhere_mutes_here() -> None:
    stage = Stage()
    call = stage.start()
    await stage.until(stage.opens)
    muted = session_view(medium=Medium.VOICE, state=SessionState.ACTIVE, operator_id=ME, epoch=4, version=3, muted=True)
    stage.event(SessionUpdated, muted)
    await stage.until(lambda: ("mute", True) in stage.headset.log)
    stage.ends()
    await call


async def test_a_broken_media_socket_gets_a_new_grant() -> None:
    stage = Stage()
    call = stage.start()
    await stage.until(stage.opens)
    stage.headset.play(HeadsetState(HeadsetPhase.RECONNECTING))
    await stage.until(lambda: len(stage.opens()) == 2)
    assert stage.opens()[1] == ("again-1", False)
    stage.ends()
    await call


async def test_a_lost_connection_to_the_broker_does_not_end_the_call() -> None:
    stage = Stage()
    call = stage.start()
    await stage.until(stage.opens)
    stage.desk.play(Disconnected("gone"))
    await asyncio.sleep(0.02)
    assert not call.done()
    stage.desk.play(Connected())
    stage.ends()
    assert (await call).ok
    assert ("close", None) not in stage.headset.log[:-1]


async def test_somebody_faster_is_a_refusal_with_nothing_opened() -> None:
    stage = Stage()
    taken = Reply(id="press-0001", ok=False, error=ErrorBody("already_taken", "H-0042 is already taken."))
    stage.desk = FakeDesk(lambda _: taken)
    stage.desk.play(Connected(), snapshot(10, WAITING))
    stage.call = Call(stage.desk, stage.headset)
    with pytest.raises(CommandError) as refused:
        await stage.call.run(choose, "back")
    assert refused.value.body.code == "already_taken"
    assert not stage.opens()


async def test_a_broker_that_can_not_be_reached_is_told_at_once() -> None:
    stage = Stage()
    stage.desk = FakeDesk()
    stage.desk.play(Disconnected("nobody there"))
    stage.call = Call(stage.desk, stage.headset)
    with pytest.raises(CommandError, match="nobody there"):
        await stage.call.run(choose, "back")


async def test_a_chat_needs_no_audio() -> None:
    chat = session_view(state=SessionState.ACTIVE, operator_id=ME, epoch=4, version=2)
    stage = Stage(chat)
    assert (await stage.call.run(choose, "back")).ok
    assert not stage.opens()
