"""The console's connection against a broker on real sockets: drops, silence, holes, refusals, repeats."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from operator_console.client.address import parse_address
from operator_console.client.pace import Pace
from operator_console.client.socket import BUFFERED_EVENTS, ConsoleSocket
from operator_console.model.inputs import Connected, DeskEvent, Disconnected, Stale
from server.wire.commands import Accept, Mute
from server.wire.errors import ErrorBody
from server.wire.frames import Batch, Beat, CustomerTyping, Goodbye, Reply, Snapshot
from server.wire.terms import ConversationId, SessionId
from server.wire.version import PROTOCOL
from tests.fakes.scripted_broker import TOKEN, Line, ScriptedBroker, batch, scripted_broker, session_view, snapshot

pytestmark = pytest.mark.integration

FAST = Pace(
    beat_seconds=0.05,
    dead_after_seconds=3.0,
    answer_seconds=30.0,
    calm_seconds=60.0,
    first_pause_seconds=0.01,
    most_pause_seconds=0.02,
)
ACCEPT = Accept(id="press-0001", session_id=SessionId("ses-0042"), epoch=3)


class Watch:
    """What a console's events were so far; a test waits for one of them."""

    def __init__(self, socket: ConsoleSocket) -> None:
        self.socket = socket
        self.seen: list[DeskEvent] = []
        self.ended = asyncio.Event()
        self._news = asyncio.Event()

    async def run(self) -> None:
        async for event in self.socket.events():
            self.seen.append(event)
            self._news.set()
        self.ended.set()

    def frames(self) -> list[DeskEvent]:
        return [event for event in self.seen if not isinstance(event, Connected)]

    async def until(self, found: Callable[[list[DeskEvent]], object]) -> None:
        async with asyncio.timeout(60):
            while not found(self.seen):
                self._news.clear()
                await self._news.wait()

    async def until_any(self, *kinds: type[object], times: int = 1) -> None:
        await self.until(lambda seen: sum(isinstance(event, kinds) for event in seen) >= times)


@asynccontextmanager
async def watching(broker: ScriptedBroker, pace: Pace = FAST, token: str = TOKEN, **how: bool) -> AsyncIterator[Watch]:
    watch = Watch(ConsoleSocket(parse_address(broker.url), token, pace=pace, **how))
    task = asyncio.get_running_loop().create_task(watch.run())
    try:
        yield watch
    finally:
        task.cancel()
        await asyncio.wait({task})


def number(reply: Reply) -> str:
    """Which of the answers it is."""
    assert reply.session is not None
    return reply.session.number


def script(*steps: object) -> Callable[[Line], Awaitable[None]]:
    """A connection that sends these frames and then stays."""

    async def run(line: Line) -> None:
        await line.say(*steps)

    return run


async def test_a_console_says_who_it_is_and_gets_everything_then_what_is_new() -> None:
    async with (
        scripted_broker(script(snapshot(10, session_view()), batch(11, 12))) as broker,
        watching(broker) as watch,
    ):
        await watch.until_any(Batch)
        hello = (await broker.line(0)).hello
        assert (hello.protocol, hello.after, hello.boot, hello.view_only, hello.brief) == (
            PROTOCOL,
            0,
            "",
            False,
            False,
        )
        assert hello.client.startswith("operator-console/")
        path, _, headers = broker.requests[0]
        assert path == "/v1/console"
        assert headers["Authorization"] == f"Bearer {TOKEN}"
        assert "Sec-WebSocket-Protocol" not in headers
        assert isinstance(watch.seen[0], Connected)
        assert [type(event) for event in watch.frames()] == [Snapshot, Batch]


async def test_beats_go_both_ways_and_measure_the_round_trip() -> None:
    async def beat(line: Line) -> None:
        await line.say(snapshot(), Beat(at=7.5))

    async with scripted_broker(beat) as broker, watching(broker) as watch:
        await watch.until(lambda seen: any(isinstance(e, Connected) and e.rtt_ms is not None for e in seen))
        line = await broker.line(0)
        async with asyncio.timeout(60):
            while not [b for b in line.beats if b.echo == 7.5] or len(line.beats) < 4:
                await asyncio.sleep(0.01)
        assert sum(beat.echo is not None for beat in line.beats) == 1, "a beat with an echo is not answered"


async def test_a_dropped_console_resumes_from_its_last_number() -> None:
    async def drop(line: Line) -> None:
        await line.say(snapshot(10), batch(11, 15))
        await asyncio.sleep(0.05)
        line.drop()

    async with scripted_broker(drop, script(batch(16, 17))) as broker, watching(broker) as watch:
        await watch.until_any(Batch, times=2)
        hello = (await broker.line(1)).hello
        assert (hello.after, hello.boot) == (15, "boot-1")
        kinds = [type(event) for event in watch.frames()]
        assert kinds == [Snapshot, Batch, Disconnected, Batch]
        lost = next(event for event in watch.seen if isinstance(event, Disconnected))
        assert lost.retry
        after = watch.seen[watch.seen.index(lost) + 1]
        assert isinstance(after, Connected), "the screen learns of the connection before of its news"


async def test_a_silent_line_is_told_as_stale_and_made_anew() -> None:
    async def half_open(line: Line) -> None:
        line.answers_beats = False
        await line.say(snapshot(10))

    async with scripted_broker(half_open, script(batch(11, 11))) as broker, watching(broker) as watch:
        await watch.until_any(Batch)
        kinds = [type(event) for event in watch.frames()]
        assert kinds == [Snapshot, Stale, Disconnected, Batch]
        assert (await broker.line(1)).hello.after == 10


async def test_a_peer_that_opens_and_never_speaks_is_left() -> None:
    async def mute(line: Line) -> None:
        line.answers_beats = False

    async with scripted_broker(mute, script(snapshot())) as broker, watching(broker) as watch:
        await watch.until_any(Snapshot)
        assert len(broker.lines) == 2
        assert not isinstance(watch.seen[0], Connected)


async def test_beats_alone_keep_a_quiet_line_alive() -> None:
    async with scripted_broker(script(snapshot())) as broker, watching(broker) as watch:
        line = await broker.line(0)
        async with asyncio.timeout(60):
            while len(line.beats) < 25:
                await asyncio.sleep(0.02)
        assert not [event for event in watch.seen if isinstance(event, Disconnected | Stale)]
        assert len(broker.lines) == 1


async def test_a_hole_is_asked_for_once_and_nothing_out_of_order_is_passed_on() -> None:
    async def hole(line: Line) -> None:
        await line.say(snapshot(10), batch(11, 11), batch(14, 14), batch(15, 15))
        again = await line.again.get()
        assert again.after == 11
        await line.say(batch(12, 15))

    async with scripted_broker(hole) as broker, watching(broker) as watch:
        await watch.until_any(Batch, times=2)
        assert [(e.first, e.last) for e in watch.seen if isinstance(e, Batch)] == [(11, 11), (12, 15)]
        assert (await broker.line(0)).again.empty()
        assert len(broker.lines) == 1


async def test_a_hole_that_stays_ends_in_a_snapshot() -> None:
    async def broken(line: Line) -> None:
        await line.say(snapshot(10))
        for number in range(20, 1000):
            await line.say(batch(number, number))
            await asyncio.sleep(0.02)

    async with scripted_broker(broken, script(snapshot(50))) as broker, watching(broker) as watch:
        await watch.until_any(Snapshot, times=2)
        assert (await broker.line(1)).hello.after == 0
        assert not [event for event in watch.seen if isinstance(event, Batch)]


async def test_events_already_seen_are_not_told_twice() -> None:
    repeats = script(snapshot(10), batch(9, 10), batch(9, 12), batch(11, 12))
    async with scripted_broker(repeats) as broker, watching(broker) as watch:
        await watch.until_any(Batch)
        told = [event for event in watch.seen if isinstance(event, Batch)]
        assert [(e.first, e.last, [x.seq for x in e.events]) for e in told] == [(11, 12, [11, 12])]


async def test_a_resync_brings_a_snapshot_on_the_same_connection() -> None:
    async def again(line: Line) -> None:
        await line.say(snapshot(10))
        assert (await line.again.get()).after == 0
        await line.say(snapshot(30))

    async with scripted_broker(again) as broker, watching(broker) as watch:
        await watch.until_any(Snapshot)
        await watch.socket.resync()
        await watch.until_any(Snapshot, times=2)
        assert len(broker.lines) == 1


async def test_an_order_gets_its_own_answer_whatever_the_order_of_answers() -> None:
    async def swapped(line: Line) -> None:
        await line.say(snapshot())
        first, second = await line.commands.get(), await line.commands.get()
        await line.reply(second, session=session_view(2))
        await line.reply(first, session=session_view(1))

    async with scripted_broker(swapped) as broker, watching(broker) as watch:
        await watch.until_any(Snapshot)
        mute = Mute(id="press-0002", session_id=SessionId("ses-0042"), epoch=3, on=True)
        one, two = await asyncio.gather(watch.socket.send(ACCEPT), watch.socket.send(mute))
        assert (one.id, number(one), two.id, number(two)) == ("press-0001", "H-0001", "press-0002", "H-0002")


async def test_a_press_just_before_a_drop_is_repeated_with_the_same_id_and_counts_once() -> None:
    async def deaf(line: Line) -> None:
        await line.say(snapshot(10))
        await line.commands.get()
        line.drop()

    async def well(line: Line) -> None:
        await line.say(batch(11, 11))
        await line.reply(await line.commands.get(), session=session_view(11))

    async with scripted_broker(deaf, well) as broker, watching(broker) as watch:
        await watch.until_any(Snapshot)
        reply = await watch.socket.send(ACCEPT)
        assert reply.ok
        assert (await broker.line(1)).commands.empty(), "sent once on each connection"


async def test_orders_given_while_the_line_is_down_go_out_in_their_order() -> None:
    async def drop(line: Line) -> None:
        await line.say(snapshot(10))
        line.drop()

    got: list[str] = []

    async def well(line: Line) -> None:
        await line.say(batch(11, 11))
        for _ in range(5):
            command = await line.commands.get()
            got.append(command.id)
            await line.reply(command)

    slow = Pace(first_pause_seconds=0.3, most_pause_seconds=0.3, beat_seconds=0.05, dead_after_seconds=3.0)
    async with scripted_broker(drop, well) as broker, watching(broker, slow) as watch:
        await watch.until_any(Disconnected)
        orders = [Mute(id=f"press-{n:04}", session_id=SessionId("ses-0042"), epoch=3, on=bool(n % 2)) for n in range(5)]
        replies = await asyncio.gather(*(watch.socket.send(order) for order in orders))
        assert got == [order.id for order in orders]
        assert all(reply.ok for reply in replies)


async def test_the_same_press_twice_is_one_order_and_one_answer() -> None:
    async def answer(line: Line) -> None:
        await line.say(snapshot())
        command = await line.commands.get()
        await asyncio.sleep(0.05)
        await line.reply(command, session=session_view(5))

    async with scripted_broker(answer) as broker, watching(broker) as watch:
        await watch.until_any(Snapshot)
        one, two = await asyncio.gather(watch.socket.send(ACCEPT), watch.socket.send(ACCEPT))
        assert one == two
        assert (await broker.line(0)).commands.empty()


async def test_a_second_answer_and_an_answer_nobody_asked_for_change_nothing() -> None:
    async def chatty(line: Line) -> None:
        await line.say(snapshot(), Reply(id="never-asked", ok=True))
        command = await line.commands.get()
        await line.reply(command, session=session_view(1))
        await line.reply(command, session=session_view(2))
        await line.say(batch(11, 11))

    async with scripted_broker(chatty) as broker, watching(broker) as watch:
        await watch.until_any(Snapshot)
        assert number(await watch.socket.send(ACCEPT)) == "H-0001"
        await watch.until_any(Batch)
        assert len(broker.lines) == 1


async def test_an_order_without_an_answer_says_that_nobody_knows() -> None:
    pace = Pace(answer_seconds=0.2, beat_seconds=0.05, dead_after_seconds=3.0)
    async with scripted_broker(script(snapshot())) as broker, watching(broker, pace) as watch:
        await watch.until_any(Snapshot)
        reply = await watch.socket.send(ACCEPT)
        assert not reply.ok
        assert reply.error
        assert reply.error.code == "connection_lost"


async def test_orders_on_their_way_are_bounded() -> None:
    pace = Pace(answer_seconds=0.5, beat_seconds=0.05, dead_after_seconds=3.0)
    async with scripted_broker(script(snapshot())) as broker, watching(broker, pace) as watch:
        await watch.until_any(Snapshot)
        orders = [Accept(id=f"press-{n:04}", session_id=SessionId("s"), epoch=1) for n in range(70)]
        replies = await asyncio.gather(*(watch.socket.send(order) for order in orders))
        codes = [reply.error.code for reply in replies if reply.error]
        assert codes.count("too_many_orders") == 70 - 64
        assert codes.count("connection_lost") == 64


async def test_a_console_that_looks_on_gives_no_orders() -> None:
    async with scripted_broker(script(snapshot())) as broker, watching(broker, view_only=True) as watch:
        await watch.until_any(Snapshot)
        assert (await broker.line(0)).hello.view_only
        reply = await watch.socket.send(ACCEPT)
        assert reply.error
        assert reply.error.code == "view_only"
        assert (await broker.line(0)).commands.empty()


async def test_a_goodbye_for_good_ends_the_console_and_fails_what_waits() -> None:
    async def leave(line: Line) -> None:
        await line.say(snapshot())
        await line.commands.get()
        await line.say(Goodbye(error=ErrorBody("signed_in_elsewhere", "Revoked.", "Log in."), retry=False))

    async with scripted_broker(leave) as broker, watching(broker) as watch:
        await watch.until_any(Snapshot)
        reply = await watch.socket.send(ACCEPT)
        assert reply.error
        assert reply.error.code == "signed_in_elsewhere"
        async with asyncio.timeout(60):
            await watch.ended.wait()
        last = watch.seen[-1]
        assert isinstance(last, Disconnected)
        assert not last.retry
        assert "Revoked." in last.reason
        assert [type(e) for e in watch.frames()] == [Snapshot, Goodbye, Disconnected]
        assert len(broker.lines) == 1


async def test_a_broker_that_restarts_says_so_and_the_console_comes_back() -> None:
    async def restart(line: Line) -> None:
        await line.say(snapshot(), Goodbye(error=ErrorBody("restarting", "The broker restarts."), retry=True))

    async with scripted_broker(restart, script(snapshot(20, boot="boot-2"))) as broker, watching(broker) as watch:
        await watch.until_any(Snapshot, times=2)
        assert len(broker.lines) == 2


async def test_a_broker_of_another_protocol_ends_it_before_it_began() -> None:
    async def stranger(line: Line) -> None:
        await line.say(
            Goodbye(error=ErrorBody("protocol_not_served", "Protocol 1 is too old.", "Update."), retry=False)
        )

    async with scripted_broker(stranger) as broker, watching(broker) as watch:
        async with asyncio.timeout(60):
            await watch.ended.wait()
        assert [type(event) for event in watch.seen] == [Goodbye, Disconnected]
        assert watch.socket.failure
        assert watch.socket.failure.code == "protocol_not_served"


@pytest.mark.parametrize("status", [401, 403])
async def test_a_token_that_is_not_accepted_is_not_tried_again(status: int) -> None:
    async with scripted_broker(script(snapshot())) as broker:
        broker.refuse = [(status, ErrorBody("not_authenticated", "Unknown token.", "Log in again."))] * 9
        async with watching(broker) as watch:
            async with asyncio.timeout(60):
                await watch.ended.wait()
            assert [type(event) for event in watch.seen] == [Disconnected]
            assert "Unknown token." in watch.seen[0].reason
            assert len(broker.requests) == 1


@pytest.mark.parametrize("status", [404, 429, 500, 503])
async def test_a_broker_in_trouble_is_tried_again(status: int) -> None:
    async with scripted_broker(script(snapshot())) as broker:
        broker.refuse = [(status, b"<html>")] * 2
        async with watching(broker) as watch:
            await watch.until_any(Snapshot)
            assert [type(event) for event in watch.frames()] == [Disconnected, Disconnected, Snapshot]


async def test_the_token_follows_no_redirect() -> None:
    async with scripted_broker(script(snapshot())) as broker:
        broker.refuse = [(307, b"")]
        async with watching(broker) as watch:
            await watch.until_any(Snapshot)
            assert {path for path, _, _ in broker.requests} == {"/v1/console"}


@pytest.mark.parametrize(
    "raw",
    ["not json", '{"type":"snapshot"}', '{"type":"no.such.frame"}', "[" * 40 + "]" * 40, b"\x00\xff"],
    ids=["no json", "fields missing", "unknown", "deep", "binary"],
)
async def test_a_frame_that_cannot_be_read_ends_the_connection_not_the_console(raw: str | bytes) -> None:
    async def garbage(line: Line) -> None:
        await line.socket.send(raw)

    async with scripted_broker(garbage, script(snapshot())) as broker, watching(broker) as watch:
        await watch.until_any(Snapshot)
        assert watch.socket.failure
        assert watch.socket.failure.code == "invalid_answer"


async def test_nobody_listening_is_told_and_tried_again() -> None:
    async with scripted_broker(script(snapshot())) as broker:
        url = broker.url
    gone = ScriptedBroker(url=url)
    async with watching(gone) as watch:
        await watch.until_any(Disconnected, times=3)
        assert all(isinstance(event, Disconnected) and event.retry for event in watch.seen)
        assert url in watch.seen[0].reason


async def test_a_screen_that_does_not_look_costs_bounded_memory_and_loses_nothing() -> None:
    count = BUFFERED_EVENTS * 2

    async def flood(line: Line) -> None:
        await line.say(snapshot(0))
        for number in range(1, count + 1):
            await line.say(batch(number, number))

    async with scripted_broker(flood) as broker:
        socket = ConsoleSocket(parse_address(broker.url), TOKEN, pace=Pace())
        events = socket.events()
        await anext(events)
        await asyncio.sleep(0.5)
        assert socket._buffer.qsize() <= BUFFERED_EVENTS
        seen = 0
        async with asyncio.timeout(30):
            while seen < count:
                event = await anext(events)
                seen += isinstance(event, Batch)
        await events.aclose()


async def test_typing_of_the_customer_is_passed_on() -> None:
    typing = CustomerTyping(conversation_id=ConversationId("con-0042"), on=True)
    async with scripted_broker(script(snapshot(), typing)) as broker, watching(broker) as watch:
        await watch.until_any(CustomerTyping)


async def test_leaving_hangs_up() -> None:
    async with scripted_broker(script(snapshot())) as broker:
        async with watching(broker) as watch:
            await watch.until_any(Snapshot)
        async with asyncio.timeout(60):
            await (await broker.line(0)).gone.wait()
        assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("console-")]
