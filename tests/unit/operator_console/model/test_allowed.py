"""A key that can't act has a reason, and the reason is the true one."""

import pytest
from msgspec.structs import replace

from operator_console.model import allowed
from operator_console.model.inputs import Connected, Disconnected, HeadsetPhase, HeadsetState, Selected, Sent, Tick
from operator_console.model.state import DeskModel
from operator_console.model.update import update
from server.wire.commands import Accept, End, Hold
from server.wire.terms import Role, SessionId, SessionState
from server.wire.views import SessionView
from tests.fakes.console_data import ME, MIA, NOW, busy, live_call, live_chat, operator, session, snapshot

pytestmark = pytest.mark.unit


def desk(*sessions: SessionView, **fields: object) -> DeskModel:
    model = update(update(DeskModel(), Tick(NOW)), Connected(1.0))
    return update(model, snapshot(*sessions, operators=(operator(**fields), operator(MIA, "Mia"))))


def on(model: DeskModel, id_: str) -> DeskModel:
    return update(model, Selected(SessionId(id_)))


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        (session(1), None),
        (session(1, state=SessionState.OFFERED, offered_to=ME), None),
        (session(1, state=SessionState.OFFERED, offered_to=MIA), "H-0001 rings at Mia."),
        (session(1, state=SessionState.SCREENING), "H-0001 is still being screened."),
        (session(1, state=SessionState.ACTIVE, operator_id=MIA), "H-0001 is with Mia."),
        (session(1, state=SessionState.ACTIVE, operator_id=ME), "You have H-0001 already."),
    ],
)
def test_accept_needs_a_session_that_waits_for_me(there: SessionView, reason: str | None) -> None:
    assert allowed.accept(desk(there)) == reason


def test_accept_needs_a_session() -> None:
    assert allowed.accept(desk()) == "Nothing waits."


def test_a_second_accept_waits_for_the_first() -> None:
    model = update(desk(session(1), session(2)), Sent(Accept(id="order-0001", session_id=SessionId("s1"), epoch=1)))
    assert allowed.accept(on(model, "s2")) == "Already accepting H-0001: waiting for the broker."


def test_there_is_one_call_at_a_time_but_chats_beside_it() -> None:
    model = desk(*busy(mine=(live_call(),)))
    assert allowed.accept(on(model, "s43")) == "You are in a call (H-0042): end it or give it back first."
    assert allowed.accept(on(model, "s44")) is None


def talking(*sessions: SessionView) -> DeskModel:
    """Return a desk whose headset is in the call."""
    return update(desk(*sessions), HeadsetState(HeadsetPhase.LIVE, device="USB"))


def test_nothing_is_sent_without_a_broker_or_a_right() -> None:
    model = desk(session(1))
    assert "not reachable" in str(allowed.accept(update(model, Disconnected("gone"))))
    assert allowed.accept(update(model, Connected(1.0, view_only=True))) == "View only: this console gives no orders."
    assert "viewer" in str(allowed.accept(desk(session(1), role=Role.VIEWER)))
    assert allowed.accept(DeskModel()) == "Not connected yet."


def test_mute_works_without_a_broker_since_the_console_itself_stops_sending() -> None:
    model = update(talking(live_call()), Disconnected("gone"))
    assert allowed.mute(model) is None
    assert allowed.mute(desk(session(1))) == "You are in no call: there is nothing to mute."


def test_hold_asks_once_and_not_before_the_call_is_up() -> None:
    assert allowed.hold(talking(live_call())) is None
    pending = update(talking(live_call()), Sent(Hold(id="order-0001", session_id=SessionId("s42"), epoch=2, on=True)))
    assert "waiting for the broker" in str(allowed.hold(pending))
    assert "still connecting" in str(allowed.hold(desk(live_call(state=SessionState.CONNECTING))))


@pytest.mark.parametrize("rule", [allowed.end, allowed.back, allowed.requeue, allowed.resolve])
def test_an_ending_needs_one_of_my_sessions_and_happens_once(rule: allowed.Reason) -> None:
    assert rule(desk(session(1))) == allowed.NO_SESSION
    model = talking(*busy(mine=(live_call(),)))
    assert rule(model) is None
    assert rule(on(model, "s43")) is None, "with the cursor elsewhere the call is meant"
    pending = update(model, Sent(End(id="order-0001", session_id=SessionId("s42"), epoch=2)))
    assert "Already asked" in str(rule(pending))


def test_after_the_talk_only_the_wrap_up_is_left() -> None:
    model = desk(live_call(state=SessionState.WRAP_UP))
    assert allowed.resolve(model) is None
    assert allowed.follow_up(model) is None
    assert "is over already" in str(allowed.end(model))


def test_the_ending_keys_mean_the_selected_chat_of_mine_before_the_call() -> None:
    model = desk(live_call(), live_chat())
    assert allowed.target(on(model, "s44")) == model.sessions[SessionId("s44")]
    assert allowed.target(on(model, "s42")) == model.sessions[SessionId("s42")]


def test_a_reply_needs_a_live_chat_of_mine() -> None:
    assert allowed.reply(desk(live_chat())) is None
    assert "is a call: speak" in str(allowed.reply(desk(live_call())))
    assert "accept it first" in str(allowed.reply(on(desk(*busy()), "s44")))
    assert "not your chat" in str(allowed.reply(desk(live_chat(operator_id=MIA))))
    assert allowed.suggest(desk(live_chat())) is None


def test_the_rest_say_why_too() -> None:
    empty = desk()
    assert allowed.accept_oldest(empty) == "Nothing is past its promise."
    assert allowed.next_one(empty) == "Nothing needs you now."
    assert allowed.note(empty) == "Select a session first."
    assert allowed.decline(desk(session(1))) == "This session is not offered to you."
    live = update(desk(live_call()), HeadsetState(HeadsetPhase.LIVE))
    assert allowed.take_audio(live) == "The audio is open here already."
    assert allowed.take_audio(replace(live, headset=desk().headset)) is None
