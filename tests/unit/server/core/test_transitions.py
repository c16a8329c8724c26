"""What each fact changes, one rule at a time."""

from dataclasses import replace

import pytest

from server.core import inputs as i
from server.core.effects import Notice, ReturnToAssistant, SyncCall, TellCustomer
from server.core.errors import ConflictError
from server.core.machine import step
from server.core.session import Rules, Session, label
from server.wire.terms import Medium, OperatorId, Outcome, Party, SessionState
from tests.unit.server.core.building import ANN, BEN, NOW, RULES, after, fire_deadline, in_state, new_session, walk

pytestmark = pytest.mark.unit

S = SessionState
VOICE, CHAT = Medium.VOICE, Medium.CHAT
IN_TALK = [(S.ACTIVE, VOICE), (S.HELD, VOICE), (S.ACTIVE, CHAT), (S.HELD, CHAT)]
WAITING = [(S.QUEUED, VOICE), (S.OFFERED, VOICE), (S.QUEUED, CHAT), (S.OFFERED, CHAT)]


def test_people_say_the_number() -> None:
    assert label(42) == "H-0042"
    assert label(123456) == "H-123456"


# Before anybody talks


def test_a_request_that_passed_the_guard_waits() -> None:
    done = step(new_session(), i.ScreeningPassed(), RULES, NOW)
    assert (done.session.state, done.effects) == (S.QUEUED, ())


def test_a_refused_request_is_closed_and_the_assistant_is_told() -> None:
    done = step(new_session(), i.ScreeningRefused(), RULES, after(1))
    session = done.session
    assert (session.state, session.outcome, session.ended_by) == (S.CLOSED, Outcome.REFUSED, Party.BROKER)
    assert session.closed_at == session.ended_at == after(1)
    assert session.epoch == 2
    assert done.effects == (ReturnToAssistant(),)


@pytest.mark.parametrize(("medium", "seconds"), [(VOICE, 15), (CHAT, 30)])
def test_an_offer_rings_one_operator_for_the_time_of_its_medium(medium: Medium, seconds: int) -> None:
    done = step(in_state(S.QUEUED, medium), i.OfferMade(BEN), RULES, after(3))
    assert (done.session.state, done.session.offered_to) == (S.OFFERED, BEN)
    assert done.session.offer_expires_at == after(3 + seconds)
    assert done.effects == ()


@pytest.mark.parametrize("medium", Medium)
def test_a_declined_offer_goes_back_to_its_place_and_is_not_rung_there_again(medium: Medium) -> None:
    offered = in_state(S.OFFERED, medium)
    session = step(offered, i.OfferDeclined(ANN), RULES, after(2)).session
    assert (session.state, session.offered_to, session.offer_expires_at) == (S.QUEUED, None, None)
    assert session.declined_by == (ANN,)
    assert session.queued_at == offered.queued_at
    assert session.epoch == offered.epoch


def test_only_the_rung_operator_may_decline() -> None:
    with pytest.raises(ConflictError) as refusal:
        step(in_state(S.OFFERED), i.OfferDeclined(BEN), RULES, NOW)
    assert refusal.value.code == "not_offered_to_you"


def test_operators_who_let_it_pass_are_remembered_in_order_each_once() -> None:
    session = in_state(S.OFFERED)
    session = walk(session, i.OfferLapsed(), i.OfferMade(BEN), i.OfferDeclined(BEN), i.OfferMade(ANN), i.OfferLapsed())
    assert session.declined_by == (ANN, BEN)


def test_an_unanswered_ring_lapses_back_to_its_place() -> None:
    done = fire_deadline(in_state(S.OFFERED))
    session = done.session
    assert (session.state, session.offered_to, session.offer_expires_at) == (S.QUEUED, None, None)
    assert (session.declined_by, done.effects) == ((ANN,), ())


def test_a_withdrawn_offer_does_not_count_as_let_pass() -> None:
    session = walk(in_state(S.OFFERED), i.OfferWithdrawn(ANN))
    assert (session.state, session.offered_to, session.offer_expires_at) == (S.QUEUED, None, None)
    assert session.declined_by == ()


@pytest.mark.parametrize(("state", "medium"), WAITING)
def test_a_customer_who_leaves_while_waiting_has_abandoned(state: S, medium: Medium) -> None:
    waiting = in_state(state, medium)
    done = step(waiting, i.CustomerLeft(), RULES, after(9))
    session = done.session
    assert (session.state, session.outcome, session.ended_by) == (S.CLOSED, Outcome.ABANDONED, Party.CUSTOMER)
    assert (session.closed_at, session.wrap_up_until) == (after(9), None)
    assert (session.offered_to, session.offer_expires_at) == (None, None)
    assert session.epoch == waiting.epoch + 1
    expected = (SyncCall(), ReturnToAssistant()) if medium is VOICE else (ReturnToAssistant(),)
    assert done.effects == expected


def test_a_customer_who_leaves_during_screening_has_abandoned() -> None:
    assert walk(new_session(CHAT), i.CustomerLeft()).outcome is Outcome.ABANDONED


@pytest.mark.parametrize(("state", "medium"), WAITING)
def test_a_wait_that_ended_tells_the_customer_and_gives_them_back(state: S, medium: Medium) -> None:
    waiting = in_state(state, medium)
    done = step(waiting, i.WaitExpired(), RULES, after(1800))
    session = done.session
    assert (session.state, session.outcome, session.ended_by) == (S.CLOSED, Outcome.EXPIRED, Party.BROKER)
    assert (session.closed_at, session.offered_to, session.hung_up) == (after(1800), None, False)
    sync = (SyncCall(),) if medium is VOICE else ()
    assert done.effects == (*sync, TellCustomer(Notice.NOBODY_CAME), ReturnToAssistant())


# Accepting


@pytest.mark.parametrize("state", [S.QUEUED, S.OFFERED])
def test_an_accepted_call_connects_under_a_lease_and_a_new_epoch(state: S) -> None:
    waiting = replace(in_state(state), muted=True, operator_lost_at=NOW)
    done = step(waiting, i.OperatorAccepted(BEN, waiting.epoch), RULES, after(7))
    session = done.session
    assert (session.state, session.operator_id, session.epoch) == (S.CONNECTING, BEN, waiting.epoch + 1)
    assert (session.accepted_at, session.lease_expires_at) == (after(7), after(12))
    assert (session.offered_to, session.offer_expires_at) == (None, None)
    assert (session.muted, session.operator_lost_at, session.active_at) == (False, None, None)
    assert done.effects == (SyncCall(),)


def test_an_accepted_chat_is_active_at_once_and_the_customer_is_told() -> None:
    waiting = in_state(S.OFFERED, CHAT)
    done = step(waiting, i.OperatorAccepted(ANN, waiting.epoch), RULES, after(7))
    session = done.session
    assert (session.state, session.operator_id, session.epoch) == (S.ACTIVE, ANN, waiting.epoch + 1)
    assert (session.active_at, session.lease_expires_at) == (after(7), None)
    assert done.effects == (TellCustomer(Notice.OPERATOR_JOINED),)


@pytest.mark.parametrize("state", [S.QUEUED, S.OFFERED])
def test_an_accept_for_an_older_epoch_is_refused(state: S) -> None:
    """The order was given before the session was taken and came back: whoever gave it has not seen that."""
    waiting = in_state(state)
    with pytest.raises(ConflictError) as refusal:
        step(waiting, i.OperatorAccepted(ANN, waiting.epoch - 1), RULES, NOW)
    assert refusal.value.code == "stale_epoch"


@pytest.mark.parametrize("state", [S.CONNECTING, S.ACTIVE, S.HELD])
def test_accepting_again_changes_nothing_for_the_winner_and_names_the_winner_to_others(state: S) -> None:
    taken = in_state(state)
    again = step(taken, i.OperatorAccepted(ANN, taken.epoch - 1), RULES, after(1))
    assert (again.session, again.changed, again.effects) == (taken, False, ())
    with pytest.raises(ConflictError) as refusal:
        step(taken, i.OperatorAccepted(BEN, taken.epoch - 1), RULES, after(1))
    assert (refusal.value.code, refusal.value.details) == ("already_taken", {"winner": "ann"})


# Connecting


def test_a_bridged_call_is_active() -> None:
    connecting = in_state(S.CONNECTING)
    session = walk(connecting, i.MediaBridged(connecting.epoch), now=after(2))
    assert (session.state, session.active_at, session.lease_expires_at) == (S.ACTIVE, after(2), None)


def test_a_bridge_of_a_held_call_keeps_it_held_and_ends_the_grace() -> None:
    held = replace(in_state(S.HELD), operator_lost_at=NOW)
    session = walk(held, i.MediaBridged(held.epoch), now=after(2))
    assert (session.state, session.operator_lost_at, session.active_at) == (S.HELD, None, held.active_at)


def test_a_bridge_after_a_dropped_leg_ends_the_grace_and_keeps_the_start_of_the_talk() -> None:
    active = replace(in_state(S.ACTIVE), operator_lost_at=after(5))
    session = walk(active, i.MediaBridged(active.epoch), now=after(9))
    assert (session.state, session.operator_lost_at, session.active_at) == (S.ACTIVE, None, NOW)


def assert_back_at_its_place(before: Session, session: Session, seconds: float) -> None:
    assert (session.state, session.operator_id, session.epoch) == (S.QUEUED, None, before.epoch + 1)
    assert (session.queued_at, session.number, session.priority) == (before.queued_at, before.number, before.priority)
    assert (session.lease_expires_at, session.operator_lost_at, session.muted) == (None, None, False)
    assert (session.declined_by, session.outcome) == ((), None)
    assert session.wait_expires_at == after(seconds + RULES.wait_expires_seconds)


def test_a_call_that_does_not_connect_within_its_lease_is_back_at_its_place() -> None:
    connecting = replace(in_state(S.CONNECTING), muted=True, declined_by=(BEN,))
    done = fire_deadline(connecting)
    assert_back_at_its_place(connecting, done.session, RULES.connect_lease_seconds)
    assert done.effects == (SyncCall(), TellCustomer(Notice.BACK_IN_QUEUE))


def test_a_caller_who_hangs_up_while_connecting_has_abandoned_and_no_wrap_up_is_charged() -> None:
    connecting = in_state(S.CONNECTING)
    session = walk(connecting, i.CustomerLeft(), now=after(2))
    assert (session.state, session.outcome, session.ended_by) == (S.CLOSED, Outcome.ABANDONED, Party.CUSTOMER)
    assert (session.wrap_up_until, session.lease_expires_at, session.epoch) == (None, None, connecting.epoch + 1)


@pytest.mark.parametrize("kind", [i.OperatorReturned, i.OperatorEnded])
def test_an_operator_who_gives_up_while_connecting_pays_no_wrap_up(kind: type) -> None:
    connecting = in_state(S.CONNECTING)
    session = walk(connecting, kind(ANN, connecting.epoch), now=after(2))
    assert (session.state, session.closed_at, session.wrap_up_until) == (S.CLOSED, after(2), None)


# In talk


def test_muting_is_told_to_the_call() -> None:
    active = in_state(S.ACTIVE)
    done = step(active, i.OperatorMuted(ANN, active.epoch, on=True), RULES, NOW)
    assert (done.session.muted, done.session.state, done.effects) == (True, S.ACTIVE, (SyncCall(),))
    back = step(done.session, i.OperatorMuted(ANN, active.epoch, on=False), RULES, NOW)
    assert (back.session.muted, back.effects) == (False, (SyncCall(),))


def test_hold_and_back_is_told_to_the_call_and_keeps_mute() -> None:
    active = replace(in_state(S.ACTIVE), muted=True)
    held = step(active, i.OperatorHeld(ANN, active.epoch, on=True), RULES, NOW)
    assert (held.session.state, held.session.muted, held.effects) == (S.HELD, True, (SyncCall(),))
    back = step(held.session, i.OperatorHeld(ANN, active.epoch, on=False), RULES, NOW)
    assert (back.session.state, back.session.muted, back.effects) == (S.ACTIVE, True, (SyncCall(),))
    again = step(back.session, i.OperatorHeld(ANN, active.epoch, on=False), RULES, NOW)
    assert (again.changed, again.effects) == (False, ())


def test_a_held_chat_orders_nothing_of_a_call() -> None:
    active = in_state(S.ACTIVE, CHAT)
    held = step(active, i.OperatorHeld(ANN, active.epoch, on=True), RULES, NOW)
    assert (held.session.state, held.effects) == (S.HELD, ())


@pytest.mark.parametrize(("state", "medium"), IN_TALK)
def test_an_operator_who_dropped_off_has_a_grace_and_keeps_the_customer_when_back(state: S, medium: Medium) -> None:
    talk = in_state(state, medium)
    lost = walk(talk, i.OperatorLost(talk.epoch), now=after(10))
    assert (lost.operator_lost_at, lost.state, lost.operator_id) == (after(10), state, ANN)
    assert walk(lost, i.OperatorLost(talk.epoch), now=after(12)).operator_lost_at == after(10)
    back = walk(lost, i.OperatorBack(talk.epoch), now=after(12))
    assert (back.operator_lost_at, back.state, back.operator_id, back.epoch) == (None, state, ANN, talk.epoch)


@pytest.mark.parametrize(("state", "medium"), IN_TALK)
def test_an_operator_who_stays_away_gives_the_customer_back_to_the_queue(state: S, medium: Medium) -> None:
    talk = in_state(state, medium)
    lost = walk(talk, i.OperatorLost(talk.epoch), now=after(10))
    done = fire_deadline(lost)
    grace = RULES.reconnect_voice_seconds if medium is VOICE else RULES.reconnect_chat_seconds
    assert_back_at_its_place(talk, done.session, 10 + grace)
    sync = (SyncCall(),) if medium is VOICE else ()
    assert done.effects == (*sync, TellCustomer(Notice.BACK_IN_QUEUE))


def test_an_operator_who_is_there_is_not_gone() -> None:
    active = in_state(S.ACTIVE)
    assert not step(active, i.OperatorGone(active.epoch), RULES, NOW).changed
    assert not step(active, i.OperatorBack(active.epoch), RULES, NOW).changed


@pytest.mark.parametrize(("state", "medium"), IN_TALK)
@pytest.mark.parametrize(("follow_up", "outcome"), [("", Outcome.RESOLVED), ("ring back", Outcome.ENDED)])
def test_a_customer_who_leaves_a_talk_ends_it_resolved_unless_something_is_pending(
    state: S, medium: Medium, follow_up: str, outcome: Outcome
) -> None:
    talk = replace(in_state(state, medium), follow_up=follow_up)
    done = step(talk, i.CustomerLeft(), RULES, after(60))
    session = done.session
    assert (session.state, session.outcome, session.ended_by) == (S.WRAP_UP, outcome, Party.CUSTOMER)
    assert (session.ended_at, session.closed_at, session.wrap_up_until) == (after(60), None, after(120))
    assert (session.operator_id, session.epoch, session.hung_up) == (ANN, talk.epoch, False)
    sync = (SyncCall(),) if medium is VOICE else ()
    assert done.effects == (*sync, ReturnToAssistant())


@pytest.mark.parametrize(("state", "medium"), IN_TALK)
def test_back_to_the_assistant_keeps_the_customer_on_the_line(state: S, medium: Medium) -> None:
    talk = in_state(state, medium)
    done = step(talk, i.OperatorReturned(ANN, talk.epoch, note="agreed"), RULES, after(60))
    session = done.session
    assert (session.state, session.outcome, session.ended_by) == (S.WRAP_UP, Outcome.RETURNED, Party.OPERATOR)
    assert (session.note, session.hung_up, session.wrap_up_until) == ("agreed", False, after(120))
    sync = (SyncCall(),) if medium is VOICE else ()
    assert done.effects == (*sync, TellCustomer(Notice.BACK_WITH_ASSISTANT), ReturnToAssistant())


@pytest.mark.parametrize(("state", "medium"), IN_TALK)
@pytest.mark.parametrize("hang_up", [False, True])
def test_resolve_drops_the_line_only_of_a_call_and_only_when_asked(state: S, medium: Medium, hang_up: bool) -> None:
    talk = in_state(state, medium)
    done = step(talk, i.OperatorResolved(ANN, talk.epoch, "paid", "billing", hang_up), RULES, after(60))
    session = done.session
    assert (session.state, session.outcome, session.ended_by) == (S.WRAP_UP, Outcome.RESOLVED, Party.OPERATOR)
    assert (session.note, session.disposition) == ("paid", "billing")
    assert session.hung_up == (hang_up and medium is VOICE)
    sync = (SyncCall(),) if medium is VOICE else ()
    assert done.effects == (*sync, ReturnToAssistant())


@pytest.mark.parametrize(("state", "medium"), IN_TALK)
def test_end_drops_the_line(state: S, medium: Medium) -> None:
    talk = in_state(state, medium)
    session = walk(talk, i.OperatorEnded(ANN, talk.epoch), now=after(60))
    assert (session.state, session.outcome, session.ended_by) == (S.WRAP_UP, Outcome.ENDED, Party.OPERATOR)
    assert session.hung_up


@pytest.mark.parametrize(("state", "medium"), [*IN_TALK, (S.CONNECTING, VOICE)])
def test_a_requeued_session_is_back_at_its_place_with_a_note_for_the_next(state: S, medium: Medium) -> None:
    talk = replace(in_state(state, medium), note="first note")
    done = step(talk, i.OperatorRequeued(ANN, talk.epoch, "billing", "wants a refund"), RULES, after(20))
    assert done.session.declined_by == (ANN,), "it does not ring back at who passed it on"
    assert_back_at_its_place(talk, replace(done.session, declined_by=()), 20)
    assert (done.session.queue, done.session.note) == ("billing", "wants a refund")
    sync = (SyncCall(),) if medium is VOICE else ()
    assert done.effects == (*sync, TellCustomer(Notice.PASSED_ON))
    same = walk(talk, i.OperatorRequeued(ANN, talk.epoch))
    assert (same.queue, same.note) == ("default", "first note")


def test_a_talk_that_was_dropped_ends_clean() -> None:
    """Whatever ends a talk, nothing of the talk (mute, grace, lease) stays behind on the session."""
    talk = replace(in_state(S.ACTIVE), muted=True, operator_lost_at=NOW)
    session = walk(talk, i.OperatorReturned(ANN, talk.epoch))
    assert (session.muted, session.operator_lost_at, session.lease_expires_at) == (False, None, None)


# After the talk


def test_what_is_still_to_be_done_can_be_said_in_talk_and_in_wrap_up() -> None:
    for state in (S.ACTIVE, S.HELD, S.WRAP_UP):
        session = in_state(state)
        done = step(session, i.FollowUpSet(ANN, session.epoch, "ring back"), RULES, NOW)
        assert (done.session.follow_up, done.session.state, done.effects) == ("ring back", state, ())


def test_finished_wrap_up_closes_with_what_was_written_and_keeps_what_was_not() -> None:
    session = replace(in_state(S.WRAP_UP), note="old note", disposition="old")
    closed = walk(session, i.WrapUpFinished(ANN, session.epoch, "billing", "refunded"), now=after(80))
    assert (closed.state, closed.closed_at, closed.wrap_up_until) == (S.CLOSED, after(80), None)
    assert (closed.disposition, closed.note) == ("billing", "refunded")
    silent = walk(session, i.WrapUpFinished(ANN, session.epoch))
    assert (silent.disposition, silent.note) == ("old", "old note")


def test_wrap_up_lapses_by_itself_and_keeps_the_outcome() -> None:
    session = in_state(S.WRAP_UP)
    done = fire_deadline(session)
    assert (done.session.state, done.session.closed_at) == (S.CLOSED, after(RULES.wrap_up_seconds))
    assert (done.session.outcome, done.session.wrap_up_until, done.effects) == (session.outcome, None, ())


def test_without_wrap_up_a_talk_closes_at_once() -> None:
    rules = Rules(wrap_up_seconds=0)
    active = in_state(S.ACTIVE)
    session = walk(active, i.OperatorReturned(ANN, active.epoch), rules=rules, now=after(60))
    assert (session.state, session.closed_at, session.wrap_up_until) == (S.CLOSED, after(60), None)


def test_a_second_operator_takes_what_the_first_lost() -> None:
    active = in_state(S.ACTIVE)
    lost = walk(active, i.OperatorLost(active.epoch))
    queued = fire_deadline(lost).session
    taken = walk(queued, i.OperatorAccepted(BEN, queued.epoch), now=after(30))
    assert (taken.operator_id, taken.epoch) == (OperatorId("ben"), active.epoch + 2)
    assert walk(taken, i.OperatorBack(active.epoch)) == taken
