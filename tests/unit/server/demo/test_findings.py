"""The plain demo is content only with a call and a chat that came back, heard both ways, and silent when muted."""

from collections.abc import Callable

import msgspec
import pytest

from server.demo.findings import Findings, Sound, judge
from server.wire.events import ConversationReturned
from server.wire.terms import ConversationId, Medium, OperatorId, Outcome, Owner, SessionId
from server.wire.views import SessionView
from tests.unit.server.demo.test_case import CONVERSATION, NOW, SESSION

pytestmark = pytest.mark.unit


def closed(medium: Medium, outcome: Outcome = Outcome.RETURNED) -> SessionView:
    return msgspec.structs.replace(
        SESSION,
        id=SessionId(medium.value),
        medium=medium,
        outcome=outcome,
        operator_id=OperatorId("o1"),
        active_at=NOW,
        note="agreed",
    )


def returned(session: SessionView) -> ConversationReturned:
    return ConversationReturned(seq=1, at=NOW, conversation=CONVERSATION, session=session)


def good() -> tuple[list[SessionView], Findings]:
    history = [closed(Medium.VOICE), closed(Medium.CHAT, Outcome.RESOLVED)]
    findings = Findings()
    findings.sounds[ConversationId("c1")] = Sound(
        from_caller=100, tone_sent=60, tone_heard=58, muted_sent=30, muted_heard=0
    )
    findings.answers_read[ConversationId("c2")] = 2
    findings.returns += [returned(session) for session in history]
    return history, findings


def failing(history: list[SessionView], findings: Findings) -> list[str]:
    return [check.text for check in judge(history, findings, ["agreed"]) if not check.ok]


def test_a_good_run_passes_every_check() -> None:
    assert failing(*good()) == []


def no_call(history: list[SessionView], _: Findings) -> None:
    del history[0]


def no_chat(history: list[SessionView], _: Findings) -> None:
    del history[1]


def abandoned(history: list[SessionView], _: Findings) -> None:
    history[0] = closed(Medium.VOICE, Outcome.ABANDONED)


def dropped(history: list[SessionView], _: Findings) -> None:
    history[0] = closed(Medium.VOICE, Outcome.ENDED)


def never_talked(history: list[SessionView], _: Findings) -> None:
    history[0] = msgspec.structs.replace(history[0], active_at=None)


def assistant_did_not_notice(_: list[SessionView], findings: Findings) -> None:
    del findings.returns[0]


def still_the_operators(history: list[SessionView], findings: Findings) -> None:
    mine = msgspec.structs.replace(CONVERSATION, owner=Owner.OPERATOR)
    findings.returns[0] = msgspec.structs.replace(returned(history[0]), conversation=mine)


def deaf_operator(_: list[SessionView], findings: Findings) -> None:
    findings.sounds[ConversationId("c1")].from_caller = 0


def deaf_caller(_: list[SessionView], findings: Findings) -> None:
    findings.sounds[ConversationId("c1")].tone_heard = 29


def leaking_mute(_: list[SessionView], findings: Findings) -> None:
    findings.sounds[ConversationId("c1")].muted_heard = 1


def mute_not_tried(_: list[SessionView], findings: Findings) -> None:
    findings.sounds[ConversationId("c1")].muted_sent = 0


def unanswered_chat(_: list[SessionView], findings: Findings) -> None:
    findings.answers_read[ConversationId("c2")] = 0


def lost_note(history: list[SessionView], findings: Findings) -> None:
    findings.returns[0] = returned(msgspec.structs.replace(history[0], note=""))


def trouble(_: list[SessionView], findings: Findings) -> None:
    findings.troubles.append("the line dropped")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (no_call, "no call returned"),
        (no_chat, "no chat returned"),
        (abandoned, "no call returned"),
        (dropped, "no call returned"),
        (never_talked, "no call returned"),
        (assistant_did_not_notice, "did not take it up"),
        (still_the_operators, "did not take it up"),
        (deaf_operator, "audio both ways"),
        (deaf_caller, "audio both ways"),
        (leaking_mute, "mute: callers heard 1"),
        (mute_not_tried, "mute: callers heard 0 of 0"),
        (unanswered_chat, "chat both ways"),
        (lost_note, "told what was agreed in 1 of 2"),
        (trouble, "the line dropped"),
    ],
)
def test_each_thing_that_can_be_wrong_is_noticed(
    spoil: Callable[[list[SessionView], Findings], None], said: str
) -> None:
    history, findings = good()
    spoil(history, findings)
    assert any(said in text for text in failing(history, findings))
