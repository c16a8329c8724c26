"""The table of the machine is whole, and its three parts do what they say."""

from dataclasses import replace
from itertools import product

import pytest

from server.core import consult_inputs, outside_inputs, voicemail_inputs
from server.core import inputs as i
from server.core.errors import ConflictError
from server.core.machine import ILLEGAL, INPUTS, LATE, TRANSITIONS, step
from server.core.outside_inputs import TargetPressed
from server.core.policy import Policy, PolicyStep, Tell
from server.core.strategy import Routing, Strategy
from server.core.voicemail_inputs import VoicemailEmpty, VoicemailFailed, VoicemailLeft
from server.wire.terms import NOT_GIVEN, Consent, Dial, Medium, SessionState, Supervision, TransferKind, TransferStage
from server.wire.views import Ticket
from tests.unit.server.core.building import ANN, BEN, CAT, NOW, RULES, attempt, in_state

pytestmark = pytest.mark.unit

EVERY_PAIR = set(product(SessionState, INPUTS))
S = SessionState
WATCH = Supervision.WATCH
TELLING = replace(RULES, policy=Policy((PolicyStep(20, Tell("one moment")),)))


def sample(kind: type, epoch: int, who: str = "ann") -> i.Input:
    """Return an input of this kind that fits a session of this epoch; supervisors are never those in charge."""
    person = BEN if who == "ben" or issubclass(kind, i.FromSupervisor) else ANN
    known = {"operator_id": person, "epoch": epoch, "on": True, "text": "call back", "leg": "l", "mode": WATCH}
    known |= {"dial": Dial.RINGING, "ticket": Ticket(system="tracker", reference="T-1")}
    known |= {"number": 0, "attempt": "x_1", "kind": TransferKind.CONFERENCE, "to": "Billing", "address": "+4930123"}
    known |= {"name": "Ben"}
    known |= {"leg": "x_1", "digit": "1"} if kind in {i.TargetUp, i.TargetDown, TargetPressed} else {}
    fields = [name for name in kind.__dataclass_fields__ if name in known]
    return kind(**{name: known[name] for name in fields})


def test_every_pair_stands_in_exactly_one_table() -> None:
    tables = (set(TRANSITIONS), set(LATE), set(ILLEGAL))
    assert set.union(*tables) == EVERY_PAIR
    assert sum(len(table) for table in tables) == len(EVERY_PAIR)


def test_the_pairs_are_counted_so_that_a_change_of_the_table_is_seen() -> None:
    assert (len(INPUTS), len(SessionState)) == (52, 9)
    assert (len(TRANSITIONS), len(LATE), len(ILLEGAL)) == (127, 181, 160)


def test_every_input_of_the_module_is_in_the_union() -> None:
    facts = {
        thing
        for module in (i, consult_inputs, outside_inputs, voicemail_inputs)
        for thing in vars(module).values()
        if isinstance(thing, type)
        and thing.__module__ == module.__name__
        and thing not in {i.FromOperator, i.FromSupervisor, outside_inputs.Outside}
    }
    assert facts == set(INPUTS)


@pytest.mark.parametrize("medium", Medium)
@pytest.mark.parametrize("pair", sorted(LATE, key=str), ids=lambda pair: f"{pair[0]}-{pair[1].__name__}")
def test_an_input_that_lost_a_race_changes_nothing(pair: tuple[S, type], medium: Medium) -> None:
    session = replace(in_state(S.ACTIVE, medium), state=pair[0])
    done = step(session, sample(pair[1], session.epoch), RULES, NOW)
    assert (done.session, done.effects, done.changed) == (session, (), False)


@pytest.mark.parametrize("pair", sorted(ILLEGAL, key=str), ids=lambda pair: f"{pair[0]}-{pair[1].__name__}")
def test_an_impossible_order_is_refused_with_the_state_in_the_answer(pair: tuple[S, type]) -> None:
    session = replace(in_state(S.ACTIVE), state=pair[0])
    with pytest.raises(ConflictError) as refusal:
        step(session, sample(pair[1], session.epoch), RULES, NOW)
    assert refusal.value.code == ("session_closed" if pair[0] is S.CLOSED else "not_possible_now")
    assert refusal.value.details == {"state": pair[0]}
    assert refusal.value.message.startswith("H-0042 ")
    assert refusal.value.hint


@pytest.mark.parametrize("pair", sorted(TRANSITIONS, key=str), ids=lambda pair: f"{pair[0]}-{pair[1].__name__}")
def test_every_transition_can_do_something(pair: tuple[S, type]) -> None:
    """A pair in the table that could never change anything would belong into LATE or ILLEGAL."""
    assert any(
        _changes(pair, medium, lost=lost, on=on) for medium, lost, on in product(Medium, (False, True), (False, True))
    )


def _changes(pair: tuple[S, type], medium: Medium, *, lost: bool, on: bool) -> bool:
    if medium is Medium.CHAT and pair[0] is S.CONNECTING:
        return False
    session = in_state(pair[0], medium)
    session = replace(session, operator_lost_at=NOW, supervisor_id=BEN, supervisor_leg="l") if lost else session
    if pair[1] is i.FollowUpFinished:
        session = replace(session, follow_up="call back", follow_up_at=NOW)
    if pair == (S.CLOSED, i.WrapUpFinished):
        session = replace(session, disposition=NOT_GIVEN)
    if pair == (S.OFFERED, i.OfferMade):
        session = replace(session, offered_to=CAT)
    if pair[1] is i.RingAgain:
        session = replace(session, declined_by=(BEN,), passed_at=NOW)
    if pair[1] in {VoicemailLeft, VoicemailEmpty, VoicemailFailed}:
        session = replace(session, voicemail_at=NOW)
    if pair[1] is i.DialMoved:
        session = replace(session, dial=Dial.PLACING, active_at=None)
    if pair[1] in {i.TransferSteered, i.TransferMoved, i.TransferFailed, i.TargetUp, i.TargetDown, TargetPressed}:
        stage = TransferStage.CONSULTING if pair[1] is i.TargetDown else TransferStage.DIALLING
        waits = pair[0] in {S.QUEUED, S.OFFERED}
        stage = TransferStage.ANNOUNCED if waits and pair[1] in {i.TargetDown, TargetPressed} else stage
        session = replace(session, transfers=(attempt(stage=stage, by_policy=waits),))
    fact = sample(pair[1], session.epoch)
    fact = replace(fact, on=on) if "on" in pair[1].__dataclass_fields__ else fact
    if pair[1] is i.OperatorAccepted and session.operator_id is not None:
        return True  # it answers: see test_transitions
    session = replace(session, consent=Consent.REFUSED if pair[1] in {i.ConsentTold, i.ConsentNoted} else Consent.GIVEN)
    return step(session, fact, replace(TELLING, record=True, routing=Routing(Strategy.RING_ALL)), NOW).changed


def test_a_change_raises_the_version_by_one_and_no_change_keeps_it() -> None:
    active = in_state(S.ACTIVE)
    muted = step(active, i.OperatorMuted(ANN, active.epoch, on=True), RULES, NOW)
    assert (muted.changed, muted.session.version) == (True, active.version + 1)
    again = step(muted.session, i.OperatorMuted(ANN, active.epoch, on=True), RULES, NOW)
    assert (again.changed, again.session.version, again.effects) == (False, muted.session.version, ())


ANYBODY = {(S.CLOSED, i.FollowUpSet), (S.CLOSED, i.WrapUpFinished)}
"""What every operator may do once nobody is in charge any more."""
ORDERS = sorted((pair for pair in TRANSITIONS.keys() - ANYBODY if issubclass(pair[1], i.FromOperator)), key=str)
STEPS = sorted((pair for pair in TRANSITIONS if issubclass(pair[1], i.FromSupervisor)), key=str)


@pytest.mark.parametrize("pair", [*ORDERS, *STEPS], ids=str)
def test_an_order_for_an_older_epoch_is_refused(pair: tuple[S, type]) -> None:
    session = in_state(pair[0])
    with pytest.raises(ConflictError, match="moved on") as refusal:
        step(session, sample(pair[1], session.epoch - 1), RULES, NOW)
    assert (refusal.value.code, refusal.value.details) == ("stale_epoch", {"epoch": str(session.epoch)})


@pytest.mark.parametrize("pair", ORDERS, ids=str)
def test_an_order_of_somebody_not_in_charge_is_refused(pair: tuple[S, type]) -> None:
    session = in_state(pair[0])
    with pytest.raises(ConflictError) as refusal:
        step(session, sample(pair[1], session.epoch, "ben"), RULES, NOW)
    assert (refusal.value.code, refusal.value.details) == ("not_yours", {"owner": "ann"})


EPOCH_FACTS = {i.MediaBridged, i.ConnectFailed, i.OperatorLost, i.OperatorBack, i.OperatorGone}


@pytest.mark.parametrize("pair", sorted((p for p in TRANSITIONS if p[1] in EPOCH_FACTS), key=str), ids=str)
def test_a_fact_about_another_epoch_changes_nothing(pair: tuple[S, type]) -> None:
    for lost_at in (None, NOW):
        session = replace(in_state(pair[0]), operator_lost_at=lost_at)
        for epoch in (session.epoch - 1, session.epoch + 1):
            done = step(session, sample(pair[1], epoch), RULES, NOW)
            assert (done.session, done.effects, done.changed) == (session, (), False)
