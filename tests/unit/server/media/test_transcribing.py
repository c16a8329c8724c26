"""Who is listened to in a call, and what becomes of sound that nobody takes."""

import pytest

from server.broker.ports.media import Spoken
from server.media.call import Call
from server.media.loopback import LoopbackLeg
from server.media.speech_messages import Frames, SpeechConfig
from server.media.transcribing import AT_ONCE_FRAMES, SpeechProcess
from server.wire.terms import CallPhase, ConversationId, LegRole
from tests.unit.server.media.test_call import FRAME, Scene

pytestmark = pytest.mark.unit


class Listener(SpeechProcess):
    """Keeps what it is sent; no process."""

    def __init__(self) -> None:
        super().__init__(SpeechConfig(engine="local"))
        self.sent: list[Frames] = []
        self.gone: list[str] = []
        self.takes = True

    def send(self, frames: Frames) -> bool:
        self.sent += [frames] if self.takes else []
        return self.takes

    def over(self, stream: str) -> None:
        self.gone.append(stream)

    @property
    def roles(self) -> set[str]:
        return {frames.stream.split("-")[1] for frames in self.sent}


class Overheard(Scene):
    """A call whose voices are listened to."""

    def __init__(self) -> None:
        super().__init__()
        self.ear = Listener()
        self.call = Call(ConversationId("c"), self.facts.append, speech=self.ear)
        self.caller, self.assistant = self.join(LegRole.CALLER), self.join(LegRole.ASSISTANT)

    def all_say(self, *parties: LoopbackLeg, frames: int = AT_ONCE_FRAMES) -> None:
        self.ear.sent.clear()
        for _ in range(frames):
            for party in parties:
                self.say(party)


def test_caller_and_operator_are_listened_to_while_they_talk_and_nobody_else() -> None:
    scene = Overheard()
    scene.all_say(scene.caller, scene.assistant)
    assert scene.ear.roles == set()
    scene.plan(CallPhase.OPERATOR)
    operator = scene.join(LegRole.OPERATOR, 1)
    scene.all_say(operator)
    scene.all_say(scene.caller, scene.assistant, operator)
    assert scene.ear.roles == {"caller", "operator"}
    assert {frames.rate for frames in scene.ear.sent} == {8_000}
    assert b"".join(frames.pcm for frames in scene.ear.sent) == FRAME * 2 * AT_ONCE_FRAMES
    scene.plan(CallPhase.HOLD, version=1)
    scene.all_say(scene.caller, scene.assistant, operator)
    assert scene.ear.roles == set()
    assert len(scene.ear.gone) == 2


def test_what_an_operator_says_while_muted_is_nobodys() -> None:
    scene = Overheard()
    scene.plan(CallPhase.OPERATOR)
    operator = scene.join(LegRole.OPERATOR, 1)
    scene.all_say(operator)
    scene.plan(CallPhase.OPERATOR, version=1, muted=True)
    scene.all_say(scene.caller, operator)
    assert scene.ear.roles == {"caller"}


def test_what_is_dropped_is_told_as_missed_once_it_goes_on() -> None:
    scene = Overheard()
    scene.plan(CallPhase.OPERATOR)
    operator = scene.join(LegRole.OPERATOR, 1)
    scene.all_say(operator)
    scene.ear.takes = False
    scene.all_say(scene.caller, frames=100)
    scene.ear.takes = True
    scene.all_say(scene.caller)
    (missed,) = [fact for fact in scene.facts if isinstance(fact, Spoken)]
    assert (missed.role, missed.epoch, missed.text) == (LegRole.CALLER, 1, "[2 s not transcribed]")


def test_a_call_without_speech_listens_to_nobody() -> None:
    scene = Scene()
    caller = scene.join(LegRole.CALLER)
    scene.plan(CallPhase.OPERATOR)
    scene.say(scene.join(LegRole.OPERATOR, 1))
    assert caller.leg is not None
    assert caller.leg.ear is None
