"""One call, told as it goes: the caller speaks by ear with the assistant, a person, and the assistant again."""

import pytest

from server.demo.content import load_content
from server.demo.speech import SILENCE, load_clip
from server.wire.events import SessionHeld, SessionQueued
from server.wire.terms import Outcome, SessionState
from tests.unit.server.demo.lines import FakeLeg
from tests.unit.server.demo.plays import Performance, perform
from tests.unit.server.demo.test_case import session

pytestmark = pytest.mark.unit

SCRIPT = next(script for script in load_content().scripts if script.id == "just_a_person")


def spoken(leg: FakeLeg) -> list[bytes]:
    return [frame for frame in leg.sent if frame != SILENCE]


def clip(name: str) -> list[bytes]:
    return [frame for frame in load_clip(name) if frame != SILENCE]


async def until_waiting(monkeypatch: pytest.MonkeyPatch) -> Performance:
    call = await perform("just_a_person", monkeypatch)
    await call.wait(22)
    assert "handoffs" in call.paths
    assert spoken(call.caller) == clip("just_a_person-1")
    assert spoken(call.helper) == clip("just_a_person-a1") + clip("ai-fetching")
    call.caller.sent.clear()
    call.helper.sent.clear()
    return call


async def test_a_call_goes_to_a_person_and_back_with_what_was_agreed(monkeypatch: pytest.MonkeyPatch) -> None:
    call = await until_waiting(monkeypatch)
    call.operator_joins()
    await call.operator_speaks(2)
    await call.wait(8)
    assert spoken(call.caller) == clip("just_a_person-2")
    assert call.said[-1] == ("customer", SCRIPT.answers[0].text)
    call.comes_back("Payment goes down by four pounds")
    await call.wait(25)
    await call.task
    assert spoken(call.helper) == clip("ai-back-ruth")
    assert spoken(call.caller)[-len(clip("just_a_person-8")) :] == clip("just_a_person-8")
    assert "Payment goes down by four pounds." in call.said[-2][1]
    assert not call.caller.is_open
    assert not call.helper.is_open
    assert call.paths[-1] == "end"
    assert len(call.stage.findings.returns) == 1


async def test_the_caller_waits_until_the_operator_has_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    call = await until_waiting(monkeypatch)
    call.operator_joins()
    await call.operator_speaks(3)
    assert spoken(call.caller) == []
    call.task.cancel()
    await call.wait(1)


async def test_a_typed_line_is_answered_by_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    call = await until_waiting(monkeypatch)
    call.operator_joins()
    call.operator_writes("We can send letters in large print")
    await call.wait(8)
    assert spoken(call.caller) == clip("just_a_person-4")
    call.task.cancel()
    await call.wait(1)


async def test_a_silent_operator_is_asked_first_and_then_told_the_story(monkeypatch: pytest.MonkeyPatch) -> None:
    call = await until_waiting(monkeypatch)
    call.operator_joins()
    await call.wait(14)
    assert spoken(call.caller)[:50] == clip("just_a_person-7")[:50]
    await call.wait(26)
    assert call.said[-1] == ("customer", SCRIPT.answers[0].text)
    call.task.cancel()
    await call.wait(1)


async def test_a_caller_on_hold_is_silent_whatever_they_hear(monkeypatch: pytest.MonkeyPatch) -> None:
    call = await until_waiting(monkeypatch)
    call.operator_joins()
    call.deal(SessionHeld, session=session(SessionState.HELD))
    await call.operator_speaks(2)
    await call.wait(40)
    assert spoken(call.caller) == []
    call.task.cancel()
    await call.wait(1)


async def test_the_assistant_falls_silent_in_the_middle_of_the_word(monkeypatch: pytest.MonkeyPatch) -> None:
    call = await until_waiting(monkeypatch)
    while not spoken(call.helper):  # until the assistant's next holding line
        await call.wait(0.1)
    await call.wait(0.5)
    call.operator_joins()
    await call.wait(0.1)
    so_far = len(spoken(call.helper))
    await call.wait(10)
    assert len(spoken(call.helper)) == so_far < len(clip("ai-holding-1"))
    call.task.cancel()
    await call.wait(1)


async def test_a_caller_put_back_into_the_queue_hears_the_assistant_again(monkeypatch: pytest.MonkeyPatch) -> None:
    call = await until_waiting(monkeypatch)
    call.operator_joins()
    await call.wait(1)
    call.comes_back_to_queue()
    await call.wait(20)
    assert spoken(call.helper)[:20] == clip("ai-holding-1")[:20]
    assert call.caller.is_open
    call.task.cancel()
    await call.wait(1)


async def test_a_caller_hangs_up_when_nobody_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    call = await until_waiting(monkeypatch)
    await call.wait(280)
    await call.task
    assert not call.caller.is_open
    assert call.paths[-1] == "end"
    assert call.stage.findings.returns == []


async def test_a_line_that_drops_ends_the_call_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    call = await until_waiting(monkeypatch)
    call.operator_joins()
    await call.wait(1)
    call.caller.is_open = False
    await call.wait(1)
    await call.task
    assert not call.helper.is_open
    assert call.paths[-1] == "end"
    assert any("the line was dropped" in line for line in call.told)


async def test_a_talkative_operator_is_listened_to_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    call = await until_waiting(monkeypatch)
    call.operator_joins()
    for _ in range(len(SCRIPT.answers) + 8):
        await call.operator_speaks(0.5)
        await call.wait(8)
    answers = [text for author, text in call.said if author == "customer"][-(len(SCRIPT.answers) + 8) :]
    told = [text for text in answers if text in {line.text for line in SCRIPT.answers}]
    assert len(told) == len(SCRIPT.answers) + 3
    call.comes_back("Done", Outcome.RESOLVED)
    await call.wait(25)
    await call.task
    assert len(call.stage.findings.returns) == 1


async def test_every_turn_is_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    call = await until_waiting(monkeypatch)
    call.deal(SessionQueued, session=session(SessionState.QUEUED))
    assert [text for _, text in call.said[: len(SCRIPT.turns)]] == [turn.text for turn in SCRIPT.turns]
    call.task.cancel()
    await call.wait(1)
