"""Everything that could grow has a bound: sockets, frames, facts, plans."""

import asyncio

import pytest
from picows import WSMsgType

from server.broker.ports.media import CallPlan, CallState, Digit, LegDown, LegUp
from server.media.allowance import Allowance, Doorway
from server.media.config import MOST_SOCKET_PATH_BYTES, WorkerConfig, WorkerConfigError
from server.media.control_messages import (
    FACTS_IN_FLIGHT,
    MAX_MESSAGE_BYTES,
    ControlError,
    FactsDone,
    NumberedFact,
    Order,
    QueryState,
    pack,
    read_from_worker,
    read_to_worker,
)
from server.media.fact_log import MOST_KEPT, FactLog
from server.media.wanted import Wanted
from server.media.wire import MOST_WAITING_AUDIO, MOST_WAITING_CONTROL, Wire
from server.wire.terms import CallPhase, ConversationId, LegId, LegRole

pytestmark = pytest.mark.unit


class Beneath:
    def set_write_buffer_limits(self, high: int, low: int) -> None:
        assert high > low

    def get_extra_info(self, name: str) -> None:
        return None


class Transport:
    """A picows transport that only takes notes."""

    def __init__(self) -> None:
        self.underlying_transport = Beneath()
        self.sent: list[tuple[WSMsgType, bytes]] = []
        self.cut = False
        self.closed_with = 0

    def send(self, kind: WSMsgType, message: bytes) -> None:
        self.sent.append((kind, message))

    def send_close(self, code: int, reason: bytes = b"") -> None:
        self.closed_with = code

    def disconnect(self, graceful: bool = True) -> None:
        self.cut = True


def wire() -> tuple[Wire, Transport]:
    transport = Transport()
    return Wire(transport, WSMsgType.BINARY), transport  # type: ignore[arg-type] # a double of a vendor's class


async def test_a_full_output_drops_the_oldest_audio_and_counts_it() -> None:
    output, transport = wire()
    output.audio(b"first")
    output.pause()
    for number in range(MOST_WAITING_AUDIO + 7):
        output.audio(str(number).encode())
    assert len(transport.sent) == 1
    assert output.dropped == 7
    output.resume()
    assert [message for _, message in transport.sent[1:]] == [
        str(number).encode() for number in range(7, MOST_WAITING_AUDIO + 7)
    ]


async def test_control_frames_are_kept_and_go_first() -> None:
    output, transport = wire()
    output.pause()
    output.audio(b"audio")
    output.control(b"control")
    output.resume()
    assert transport.sent == [(WSMsgType.TEXT, b"control"), (WSMsgType.BINARY, b"audio")]


async def test_a_peer_that_reads_no_control_frame_is_cut_off() -> None:
    output, transport = wire()
    output.pause()
    for _ in range(MOST_WAITING_CONTROL + 1):
        output.control(b"x")
    assert transport.cut


async def test_after_closing_nothing_is_sent() -> None:
    output, transport = wire()
    output.close(4400, "bad")
    output.audio(b"x")
    output.control(b"x")
    output.close(1000, "again")
    assert transport.closed_with == 4400
    assert not transport.sent


async def test_flushed_audio_is_not_sent_later() -> None:
    output, transport = wire()
    output.pause()
    output.audio(b"x")
    output.forget_audio()
    output.resume()
    assert not transport.sent


def test_an_allowance_is_a_burst_and_a_rate() -> None:
    allowance = Allowance(10.0, 5.0, 0.0)
    assert [allowance.take(0.0) for _ in range(6)] == [True] * 5 + [False]
    assert [allowance.take(0.1) for _ in range(2)] == [True, False]
    assert [allowance.take(1_000.0) for _ in range(6)] == [True] * 5 + [False]


def test_the_doorway_counts_each_address_and_all() -> None:
    door = Doorway(2, 3)
    assert [door.enter("a"), door.enter("a"), door.enter("a")] == [True, True, False]
    assert [door.enter("b"), door.enter("c")] == [True, False]
    door.leave("a")
    assert door.enter("a")
    assert Doorway(0, 100).enter("a")


def digit(number: int) -> Digit:
    return Digit(call_id=ConversationId("c"), digit=str(number))


def test_facts_wait_for_a_broker_and_come_in_order() -> None:
    log, sent = FactLog(), list[NumberedFact]()
    log.tell(digit(1))
    log.attach(sent.append)
    log.tell(digit(2))
    assert [fact.number for fact in sent] == [1, 2]


def test_facts_not_dealt_with_come_again_to_the_next_broker() -> None:
    log, first, second = FactLog(), list[NumberedFact](), list[NumberedFact]()
    send = first.append
    log.attach(send)
    for number in range(3):
        log.tell(digit(number))
    log.done(1)
    log.detach(send)
    log.tell(digit(3))
    log.attach(second.append)
    assert [fact.number for fact in second] == [2, 3, 4]
    log.detach(send)
    log.tell(digit(4))
    assert [fact.number for fact in second] == [2, 3, 4, 5], "an old broker's end does not detach the new one"


def test_a_broker_that_does_not_keep_up_is_sent_no_more_than_agreed() -> None:
    log, sent = FactLog(), list[NumberedFact]()
    log.attach(sent.append)
    for number in range(FACTS_IN_FLIGHT + 50):
        log.tell(digit(number))
    assert len(sent) == FACTS_IN_FLIGHT
    log.done(10)
    assert len(sent) == FACTS_IN_FLIGHT + 10
    assert [fact.number for fact in sent] == list(range(1, FACTS_IN_FLIGHT + 11))


def test_without_a_broker_the_oldest_facts_go_and_are_counted() -> None:
    log, sent = FactLog(), list[NumberedFact]()
    for number in range(MOST_KEPT + 3):
        log.tell(digit(number))
    assert log.lost == 3
    log.attach(sent.append)
    assert sent[0].number == 4


def plan(phase: CallPhase, epoch: int = 0, version: int = 0, call: str = "c") -> CallPlan:
    return CallPlan(call_id=ConversationId(call), phase=phase, epoch=epoch, muted=False, version=version)


def up(leg: str = "l") -> LegUp:
    return LegUp(call_id=ConversationId("c"), leg_id=LegId(leg), role=LegRole.CALLER, epoch=0)


def test_a_new_worker_is_told_the_newest_plans_and_the_tokens_still_good() -> None:
    wanted = Wanted()
    wanted.plan(plan(CallPhase.OPERATOR, 2, 5))
    wanted.plan(plan(CallPhase.HOLD, 2, 4))
    assert wanted.to_tell(0.0) == (plan(CallPhase.OPERATOR, 2, 5),)
    wanted.ended(plan(CallPhase.OPERATOR, 2, 5))
    assert wanted.to_tell(0.0) == ()


def test_a_call_back_with_the_assistant_is_forgotten_when_the_last_leg_goes() -> None:
    wanted = Wanted()
    wanted.plan(plan(CallPhase.ASSISTANT, 3))
    wanted.fact(up())
    assert wanted.to_tell(0.0)
    (down,) = wanted.lost_legs()
    assert isinstance(down, LegDown)
    assert (down.leg_id, down.clean, down.reason) == ("l", False, "worker_lost")
    wanted.fact(down)
    assert not wanted.to_tell(0.0)
    assert not wanted.lost_legs()


def test_legs_are_taken_over_from_the_worker() -> None:
    wanted = Wanted()
    wanted.fact(up("old"))
    wanted.states(
        (
            CallState(
                call_id=ConversationId("c"), phase=CallPhase.HOLD, epoch=0, version=0, legs=(up("new"),), bridged=False
            ),
        )
    )
    assert [down.leg_id for down in wanted.lost_legs()] == ["new"]


async def read_all(raw: bytes) -> object:
    reader = asyncio.StreamReader()
    reader.feed_data(raw)
    reader.feed_eof()
    return await read_to_worker(reader)


async def test_control_messages_come_back_as_sent() -> None:
    for message in (Order(7, plan(CallPhase.HOLD, 1, 2)), Order(8, QueryState()), FactsDone(9)):
        assert await read_all(pack(message)) == message


@pytest.mark.parametrize(
    "raw", [b"\x00\x00\x00\x02\xc1\xc1", (MAX_MESSAGE_BYTES + 1).to_bytes(4) + b"x", b"\x00\x00\x00\x00"]
)
async def test_what_is_no_control_message_is_named_so(raw: bytes) -> None:
    with pytest.raises(ControlError):
        await read_all(raw)
    reader = asyncio.StreamReader()
    reader.feed_data(raw)
    with pytest.raises(ControlError):
        await read_from_worker(reader)


@pytest.mark.parametrize(
    "settings",
    [
        {"host": "0.0.0.0"},
        {"host": "calls.example.org"},
        {"tls_cert": "cert.pem"},
        {"public_url": "https://example.org"},
        {"public_url": "wss://example.org/?a=1"},
        {"twilio_auth_token": "secret"},
        {"control_path": "/" + "x" * MOST_SOCKET_PATH_BYTES},
    ],
)
def test_unsafe_or_useless_settings_are_refused(settings: dict[str, str]) -> None:
    with pytest.raises(WorkerConfigError):
        WorkerConfig(**({"control_path": "/run/m.sock"} | settings)).check()  # type: ignore[arg-type] # a table of cases


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"host": "::1"},
        {"host": "localhost"},
        {"host": "0.0.0.0", "behind_proxy": True},
        {"host": "0.0.0.0", "tls_cert": "c", "tls_key": "k"},
        {"twilio_auth_token": "secret", "public_url": "wss://example.org"},
    ],
)
def test_safe_settings_pass(settings: dict[str, object]) -> None:
    WorkerConfig(**({"control_path": "/run/m.sock"} | settings)).check()  # type: ignore[arg-type] # a table of cases


def test_addresses_follow_the_settings() -> None:
    assert WorkerConfig(control_path="x").url("twilio", 81) == "ws://127.0.0.1:81/twilio"
    assert WorkerConfig(control_path="x", host="::1").url("stream", 81) == "ws://[::1]:81/stream"
    assert WorkerConfig(control_path="x", tls_cert="c", tls_key="k").url("console", 81) == "wss://127.0.0.1:81/console"
    assert WorkerConfig(control_path="x", public_url="wss://e.org/m/").url("console", 81) == "wss://e.org/m/console"
