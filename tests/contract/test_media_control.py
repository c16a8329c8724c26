"""Every MediaControl keeps the same promises: the worker process with real sockets, and the loopback that stands in."""

import hashlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Protocol

import pytest

from server.broker.ports.media import (
    Admission,
    Bridged,
    CallPlan,
    Digit,
    LegDown,
    LegUp,
    MediaControl,
    MediaFact,
)
from server.core.errors import ProviderError
from server.media.admissions import RefusedError as LoopbackRefusedError
from server.media.control import WorkerControl
from server.media.loopback import LoopbackLeg, LoopbackMedia
from server.wire.terms import CallPhase, ConversationId, LegId, LegRole
from tests.media_clients import RefusedError, StreamLeg, until, worker_config

pytestmark = pytest.mark.contract


class Party(Protocol):
    """One connected leg, whichever way."""

    async def hang_up(self) -> None: ...
    async def press(self, digit: str) -> None: ...
    def closed_because(self) -> str: ...


class LoopbackParty:
    def __init__(self, media: LoopbackMedia, leg: LoopbackLeg) -> None:
        self.media, self.leg = media, leg

    async def hang_up(self) -> None:
        self.media.leave(self.leg)

    async def press(self, digit: str) -> None:
        self.media.press(self.leg, digit)

    def closed_because(self) -> str:
        return self.leg.ended


class StreamParty:
    def __init__(self, leg: StreamLeg) -> None:
        self.leg = leg

    async def hang_up(self) -> None:
        await self.leg.hang_up()

    async def press(self, digit: str) -> None:
        await self.leg.tell(type="dtmf", digit=digit)

    def closed_because(self) -> str:
        return self.leg.close_reason


class Rig:
    """A MediaControl with the means to connect legs to it."""

    def __init__(self, control: MediaControl, connect: Callable[[str, str], Awaitable[Party]]) -> None:
        self.control = control
        self.facts: list[MediaFact] = []
        self._connect = connect

    async def keep(self, fact: MediaFact) -> None:
        self.facts.append(fact)

    def of(self, kind: type[MediaFact]) -> list[MediaFact]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    async def admit(
        self,
        role: LegRole,
        transport: str = "stream",
        *,
        epoch: int = 0,
        seconds: float = 30.0,
    ) -> str:
        token = secrets.token_urlsafe(16)
        await self.control.admit(
            Admission(
                call_id=ConversationId("c"),
                leg_id=LegId(f"leg-{len(token)}-{secrets.token_hex(4)}"),
                role=role,
                token_sha256=hashlib.sha256(token.encode()).hexdigest(),
                epoch=epoch,
                transport=transport,
                expires_in_seconds=seconds,
            )
        )
        return token

    async def connect(self, token: str, transport: str = "stream") -> Party:
        return await self._connect(token, transport)

    async def caller(self) -> Party:
        return await self.connect(await self.admit(LegRole.CALLER))

    async def operator(self, epoch: int = 1) -> Party:
        return await self.connect(await self.admit(LegRole.OPERATOR, "console", epoch=epoch), "console")

    async def plan(self, phase: CallPhase, *, epoch: int = 1, version: int = 0, muted: bool = False) -> None:
        await self.control.plan(
            CallPlan(call_id=ConversationId("c"), phase=phase, epoch=epoch, muted=muted, version=version)
        )


@pytest.fixture(params=["loopback", "worker"])
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    if request.param == "loopback":
        media = LoopbackMedia()

        async def connect_loopback(token: str, transport: str) -> Party:
            try:
                return LoopbackParty(media, media.connect(token, transport))
            except LoopbackRefusedError as error:
                raise RefusedError(4401, error.reason) from error

        yield Rig(media, connect_loopback)
        await media.stop(end_calls=True)
        return
    control = WorkerControl(worker_config(tmp_path))
    legs: list[StreamLeg] = []

    async def connect_socket(token: str, transport: str) -> Party:
        leg = await StreamLeg().open(control.media_url(transport), token)
        legs.append(leg)
        await leg.say(bytes(640))
        return StreamParty(leg)

    yield Rig(control, connect_socket)
    for leg in legs:
        await leg.close()
    await control.stop(end_calls=True)


async def test_a_fresh_start_has_no_calls(rig: Rig) -> None:
    assert await rig.control.start(rig.keep) == ()


async def test_legs_that_come_and_go_are_told_in_order(rig: Rig) -> None:
    await rig.control.start(rig.keep)
    caller = await rig.caller()
    await caller.hang_up()
    await until(lambda: len(rig.facts) == 2, "up and down")
    up, down = rig.facts
    assert isinstance(up, LegUp)
    assert isinstance(down, LegDown)
    assert (up.call_id, up.role, up.epoch) == ("c", LegRole.CALLER, 0)
    assert (down.leg_id, down.clean, down.reason) == (up.leg_id, True, "bye")


async def test_caller_and_operator_are_bridged_once_both_are_there(rig: Rig) -> None:
    await rig.control.start(rig.keep)
    await rig.caller()
    await rig.plan(CallPhase.OPERATOR, epoch=4)
    await rig.operator(epoch=4)
    await until(lambda: rig.of(Bridged), "bridged")
    await rig.plan(CallPhase.OPERATOR, epoch=4)
    assert rig.of(Bridged) == [Bridged(call_id=ConversationId("c"), epoch=4)]


async def test_an_operator_admitted_before_the_plan_waits_for_it(rig: Rig) -> None:
    await rig.control.start(rig.keep)
    await rig.caller()
    await rig.operator(epoch=4)
    await until(lambda: len(rig.of(LegUp)) == 2, "both up")
    assert not rig.of(Bridged)
    await rig.plan(CallPhase.OPERATOR, epoch=4)
    await until(lambda: rig.of(Bridged), "bridged")


async def test_a_token_lets_one_leg_in(rig: Rig) -> None:
    await rig.control.start(rig.keep)
    token = await rig.admit(LegRole.CALLER)
    await rig.connect(token)
    with pytest.raises(RefusedError):
        await rig.connect(token)
    with pytest.raises(RefusedError):
        await rig.connect("a guess")


async def test_a_token_is_for_its_own_transport_and_time(rig: Rig) -> None:
    await rig.control.start(rig.keep)
    token = await rig.admit(LegRole.CALLER)
    with pytest.raises(RefusedError):
        await rig.connect(token, "console")
    await rig.connect(token)
    expired = await rig.admit(LegRole.ASSISTANT, seconds=0.0)
    with pytest.raises(RefusedError):
        await rig.connect(expired)


async def test_a_newer_operator_leg_replaces_the_older(rig: Rig) -> None:
    await rig.control.start(rig.keep)
    older = await rig.operator()
    await rig.operator()
    await until(older.closed_because, "closed")
    assert older.closed_because() == "replaced"
    await until(lambda: len(rig.facts) == 3, "facts")
    assert [type(fact) for fact in rig.facts] == [LegUp, LegDown, LegUp]


async def test_a_higher_epoch_closes_the_older_operator_and_keeps_him_out(rig: Rig) -> None:
    await rig.control.start(rig.keep)
    first = await rig.operator(epoch=1)
    late = await rig.admit(LegRole.OPERATOR, "console", epoch=1)
    await rig.plan(CallPhase.OPERATOR, epoch=2)
    await until(first.closed_because, "closed")
    with pytest.raises(RefusedError):
        await rig.connect(late, "console")


async def test_an_ended_call_has_no_legs_and_takes_none(rig: Rig) -> None:
    await rig.control.start(rig.keep)
    caller = await rig.caller()
    operator = await rig.operator()
    await rig.plan(CallPhase.ENDED, version=1)
    await until(lambda: len(rig.of(LegDown)) == 2, "both down")
    await until(lambda: (caller.closed_because(), operator.closed_because()) == ("ended", "ended"), "closed as ended")
    with pytest.raises(RefusedError):
        await rig.caller()


async def test_an_older_plan_changes_nothing(rig: Rig) -> None:
    await rig.control.start(rig.keep)
    await rig.caller()
    await rig.plan(CallPhase.HOLD, epoch=3, version=7)
    await rig.plan(CallPhase.ENDED, epoch=3, version=6)
    await rig.plan(CallPhase.ENDED, epoch=2, version=9)
    (call,) = await _taken_up(rig)
    assert (call.phase, call.epoch, call.version) == (CallPhase.HOLD, 3, 7)


async def test_keys_are_told(rig: Rig) -> None:
    await rig.control.start(rig.keep)
    caller = await rig.caller()
    await caller.press("*")
    await until(lambda: rig.of(Digit), "digit")
    assert rig.of(Digit) == [Digit(call_id=ConversationId("c"), digit="*")]


async def test_calls_outlive_the_broker_and_are_taken_up(rig: Rig) -> None:
    await rig.control.start(rig.keep)
    await rig.caller()
    await rig.plan(CallPhase.OPERATOR, epoch=5, version=2)
    await rig.operator(epoch=5)
    await until(lambda: rig.of(Bridged), "bridged")
    (call,) = await _taken_up(rig)
    assert (call.call_id, call.phase, call.epoch, call.version, call.bridged) == ("c", CallPhase.OPERATOR, 5, 2, True)
    assert {(leg.role, leg.epoch) for leg in call.legs} == {(LegRole.CALLER, 0), (LegRole.OPERATOR, 5)}


async def _taken_up(rig: Rig) -> tuple[object, ...]:
    """Return what a second broker finds."""
    await rig.control.stop(end_calls=False)
    return await rig.control.start(rig.keep)


async def test_stopping_with_the_calls_closes_every_leg(rig: Rig) -> None:
    await rig.control.start(rig.keep)
    caller = await rig.caller()
    await rig.control.stop(end_calls=True)
    await until(caller.closed_because, "closed")
    assert caller.closed_because() == "worker_stopped"


async def test_addresses_are_given_for_known_transports_only(rig: Rig) -> None:
    await rig.control.start(rig.keep)
    for transport in ("console", "stream", "twilio"):
        assert rig.control.media_url(transport).startswith("ws")
        assert rig.control.media_url(transport).endswith("/" + transport)
    with pytest.raises(ProviderError) as refused:
        rig.control.media_url("carrier-pigeon")
    assert not refused.value.retryable


async def test_legs_are_counted_as_they_come_go_and_are_turned_away(rig: Rig) -> None:
    await rig.control.start(rig.keep)
    caller = await rig.caller()
    await rig.operator()
    with pytest.raises(RefusedError):
        await rig.connect("a guess")
    await caller.hang_up()
    await until(lambda: rig.of(LegDown), "down")
    counted = await rig.control.measures()
    assert counted is not None
    assert {(leg.role, leg.transport): (leg.joined, leg.live) for leg in counted.legs} == {
        ("caller", "stream"): (1, 0),
        ("operator", "console"): (1, 1),
    }
    assert (counted.calls, counted.refused, counted.left) == (1, 1, (("caller", True, 1),))
