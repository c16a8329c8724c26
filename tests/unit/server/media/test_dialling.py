"""Keys that an operator presses on the caller's line: the right tones, once, alone, and only while they talk."""

import pytest

from server.broker.ports.media import Keys
from server.media.dialling import MOST_WAITING_KEYS
from server.media.dtmf import key_frames
from server.media.loopback import LoopbackLeg
from server.wire.media import MediaDtmf
from server.wire.terms import CallPhase, ConversationId, LegRole
from tests.key_tones import keys_in
from tests.media_clients import loudness, tone
from tests.unit.server.media.test_call import Scene

pytestmark = pytest.mark.unit

ALL = "1234567890*#ABCD"
RATE = 8_000


def talking() -> tuple[Scene, LoopbackLeg, LoopbackLeg]:
    """A caller and an operator who talk."""
    scene = Scene()
    caller = scene.join(LegRole.CALLER)
    scene.plan(CallPhase.OPERATOR, 1, 1)
    operator = scene.join(LegRole.OPERATOR, 1)
    scene.say(operator)
    caller.heard.clear()
    return scene, caller, operator


def dial(scene: Scene, digits: str, *, id_: str = "order-1", epoch: int = 1) -> None:
    scene.call.dial(Keys(call_id=ConversationId("c"), epoch=epoch, id=id_, digits=digits), scene.now)


def heard_of(scene: Scene, caller: LoopbackLeg, operator: LoopbackLeg, frames: int) -> bytes:
    """What the caller hears in so many frames of time while the operator speaks 440 Hz without a pause."""
    start = len(caller.heard)
    for number in range(frames):
        scene.say(operator, tone(440, RATE, number))
        if scene.call.needs_ticks:
            scene.call.tick(scene.now)
        scene.now += 0.02
    return b"".join(list(caller.heard)[start:])


@pytest.mark.parametrize("rate", [8_000, 16_000])
@pytest.mark.parametrize("digit", ALL)
def test_every_key_is_understood_by_a_decoder_of_another_make(digit: str, rate: int) -> None:
    pcm = b"".join(key_frames(digit, rate))
    assert keys_in(pcm + pcm, rate) == digit * 2
    assert {len(frame) for frame in key_frames(digit, rate)} == {rate // 50 * 2}


def test_the_caller_hears_the_keys_alone_and_then_the_operator_again() -> None:
    scene, caller, operator = talking()
    dial(scene, "42#")
    heard = heard_of(scene, caller, operator, 30)
    assert len(heard) == 30 * 320
    assert keys_in(heard, RATE) == "42#"
    assert all(
        loudness(heard[at * 320 : at * 320 + 320]) == 0 for start in (5, 15, 25) for at in range(start, start + 4)
    )
    assert not scene.call.needs_ticks
    assert heard_of(scene, caller, operator, 1) == tone(440, RATE, 0)


def test_an_order_that_is_repeated_sounds_once() -> None:
    scene, caller, operator = talking()
    dial(scene, "5")
    dial(scene, "5")
    assert keys_in(heard_of(scene, caller, operator, 30), RATE) == "5"
    dial(scene, "5", id_="order-2")
    assert keys_in(heard_of(scene, caller, operator, 10), RATE) == "5"


def test_keys_for_an_operator_who_is_not_in_charge_any_more_are_not_pressed() -> None:
    scene, _caller, _operator = talking()
    dial(scene, "5", epoch=0)
    assert not scene.call.needs_ticks


@pytest.mark.parametrize("phase", [CallPhase.HOLD, CallPhase.ASSISTANT])
def test_keys_that_have_not_sounded_are_forgotten_on_hold_and_when_the_assistant_has_the_caller(
    phase: CallPhase,
) -> None:
    scene, caller, operator = talking()
    dial(scene, "55555")
    heard_of(scene, caller, operator, 3)
    scene.plan(phase, 1, 2)
    assert keys_in(heard_of(scene, caller, operator, 60), RATE) == ""
    scene.plan(CallPhase.OPERATOR, 1, 3)
    assert keys_in(heard_of(scene, caller, operator, 60), RATE) == ""


def test_a_muted_operators_keys_sound_and_their_voice_stays_off() -> None:
    scene, caller, operator = talking()
    scene.plan(CallPhase.OPERATOR, 1, 2, muted=True)
    dial(scene, "7")
    heard = heard_of(scene, caller, operator, 30)
    assert keys_in(heard, RATE) == "7"
    assert loudness(heard[10 * 320 :]) == 0


def test_a_leg_that_presses_keys_itself_is_told_them_and_hears_no_tones() -> None:
    scene, caller, operator = talking()
    caller.presses_keys = True
    dial(scene, "1A")
    assert [frame for frame in caller.told if isinstance(frame, MediaDtmf)] == [
        MediaDtmf(digit="1"),
        MediaDtmf(digit="A"),
    ]
    assert heard_of(scene, caller, operator, 2) == tone(440, RATE, 0) + tone(440, RATE, 1)


def test_a_flood_of_keys_is_bounded() -> None:
    scene, caller, operator = talking()
    for number in range(10):
        dial(scene, "1" * 32, id_=f"order-{number}")
    heard_of(scene, caller, operator, MOST_WAITING_KEYS * 10)
    assert not scene.call.needs_ticks
