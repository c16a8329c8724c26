"""When a call is recorded: its queue says so, the customer agrees, the operator does not pause, the disk has room."""

from dataclasses import replace

import pytest

from server.broker.carry_out import plan_of
from server.core import inputs as i
from server.core.effects import SyncCall
from server.core.errors import ConflictError
from server.core.machine import step
from server.core.session import Rules, Session
from server.wire.terms import Consent, Medium, Recording, SessionState
from tests.unit.server.core.building import ANN, BEN, NOW, RULES, in_state

pytestmark = pytest.mark.unit

S = SessionState
RECORDED = replace(RULES, record=True)
UNLESS_REFUSED = replace(RULES, record=True, record_needs_consent=False)


def told(session: Session, consent: Consent, rules: Rules = RECORDED) -> Session:
    return step(session, i.ConsentTold(consent), rules, NOW).session


def recorded() -> Session:
    """A call in talk that is being recorded."""
    return told(in_state(S.ACTIVE), Consent.GIVEN)


@pytest.mark.parametrize("state", [S.ACTIVE, S.HELD])
@pytest.mark.parametrize(
    ("rules", "consent", "recording"),
    [
        (RULES, Consent.GIVEN, Recording.OFF),
        (RECORDED, Consent.GIVEN, Recording.ON),
        (RECORDED, Consent.UNKNOWN, Recording.OFF),
        (RECORDED, Consent.REFUSED, Recording.OFF),
        (UNLESS_REFUSED, Consent.UNKNOWN, Recording.ON),
        (UNLESS_REFUSED, Consent.REFUSED, Recording.OFF),
    ],
)
def test_queue_and_consent_decide(state: S, rules: Rules, consent: Consent, recording: Recording) -> None:
    other = Consent.REFUSED if consent is not Consent.REFUSED else Consent.GIVEN
    session = told(told(in_state(state), other, rules), consent, rules)
    assert session.recording is recording
    assert plan_of(session).record == ("s_1" if recording is Recording.ON else "")


def test_it_begins_with_the_talk_and_the_worker_is_told() -> None:
    connecting = told(in_state(S.CONNECTING), Consent.GIVEN)
    assert connecting.recording is Recording.OFF
    done = step(connecting, i.MediaBridged(connecting.epoch), RECORDED, NOW)
    assert done.session.recording is Recording.ON
    assert done.effects == (SyncCall(),)


@pytest.mark.parametrize(
    "ending",
    [
        lambda s: i.OperatorResolved(ANN, s.epoch),
        lambda s: i.OperatorReturned(ANN, s.epoch),
        lambda s: i.OperatorRequeued(ANN, s.epoch),
        lambda s: i.OperatorEnded(ANN, s.epoch),
        lambda _: i.CustomerLeft(),
    ],
)
def test_it_ends_with_the_talk_however_that_ends(ending: object) -> None:
    session = recorded()
    done = step(session, ending(session), RECORDED, NOW)  # type: ignore[operator]
    assert done.session.recording is Recording.OFF
    assert sum(isinstance(effect, SyncCall) for effect in done.effects) == 1


def test_the_operator_pauses_it_and_a_hold_does_not_end_the_pause() -> None:
    session = recorded()
    paused = step(session, i.RecordingPaused(ANN, session.epoch, on=True), RECORDED, NOW)
    assert (paused.session.recording, paused.effects) == (Recording.PAUSED, (SyncCall(),))
    assert plan_of(paused.session).record == ""
    held = step(paused.session, i.OperatorHeld(ANN, session.epoch, on=True), RECORDED, NOW).session
    back = step(held, i.OperatorHeld(ANN, session.epoch, on=False), RECORDED, NOW).session
    assert back.recording is Recording.PAUSED
    again = step(back, i.RecordingPaused(ANN, session.epoch, on=False), RECORDED, NOW).session
    assert again.recording is Recording.ON


def test_nobody_else_pauses_it_and_what_is_not_recorded_can_not_be_paused() -> None:
    session = recorded()
    with pytest.raises(ConflictError) as refusal:
        step(session, i.RecordingPaused(BEN, session.epoch, on=True), RECORDED, NOW)
    assert refusal.value.code == "not_yours"
    for other, rules in ((told(session, Consent.REFUSED), RECORDED), (session, RULES)):
        for on in (True, False):
            with pytest.raises(ConflictError) as refusal:
                step(other, i.RecordingPaused(ANN, session.epoch, on=on), rules, NOW)
            assert refusal.value.code == "not_recorded"


def test_a_customer_who_takes_their_consent_back_is_not_recorded_from_then_on() -> None:
    session = recorded()
    done = step(session, i.ConsentNoted(ANN, session.epoch, Consent.REFUSED), RECORDED, NOW)
    assert (done.session.recording, done.effects) == (Recording.OFF, (SyncCall(),))


def test_a_failed_recorder_is_shown_the_call_goes_on_and_the_operator_can_try_again() -> None:
    session = recorded()
    failed = step(session, i.RecordingFailed("the disk is full"), RECORDED, NOW).session
    assert (failed.state, failed.recording, failed.recording_failure) == (S.ACTIVE, Recording.OFF, "the disk is full")
    assert step(failed, i.OperatorMuted(ANN, session.epoch, on=True), RECORDED, NOW).session.recording is Recording.OFF
    again = step(failed, i.RecordingPaused(ANN, session.epoch, on=False), RECORDED, NOW).session
    assert (again.recording, again.recording_failure) == (Recording.ON, "")


def test_a_chat_is_never_recorded() -> None:
    assert told(in_state(S.ACTIVE, Medium.CHAT), Consent.GIVEN).recording is Recording.OFF
