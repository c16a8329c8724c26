"""Presence is chosen, load is derived, and the ring goes to whoever should get it."""

import pytest

from server.core import inputs as i
from server.core.presence import Operator, choose, finish_work
from server.core.ranking import first
from server.core.routing import Case, Facts, has_room
from server.core.session import Session
from server.core.strategy import Strategy
from server.wire.terms import Medium, OperatorId, Presence, Role, SessionState
from tests.unit.server.core.building import ANN, BEN, NOW, after, in_state, operator, walk

pytestmark = pytest.mark.unit

CALL, CHAT = in_state(SessionState.QUEUED, Medium.VOICE), in_state(SessionState.QUEUED, Medium.CHAT)


def rung(session: Session, *operators: Operator, in_hand: dict[str, dict[Medium, int]] | None = None) -> str | None:
    case = Case(session, (), {OperatorId(who): held for who, held in (in_hand or {}).items()}, NOW)
    chosen = first(Strategy.LONGEST_IDLE, operators, case, Facts())
    return None if chosen is None else str(chosen.id)


# Presence


def test_a_choice_with_nothing_in_hand_holds_at_once() -> None:
    away = choose(operator(), Presence.AWAY, "lunch", in_hand=0, now=after(5))
    assert (away.presence, away.reason, away.since, away.pending) == (Presence.AWAY, "lunch", after(5), None)
    assert away.idle_since == NOW


@pytest.mark.parametrize("presence", [Presence.AWAY, Presence.OFFLINE])
def test_going_off_duty_in_a_talk_takes_effect_after_it(presence: Presence) -> None:
    talking = choose(operator(), presence, "lunch", in_hand=1, now=after(5))
    assert (talking.presence, talking.pending, talking.since) == (Presence.AVAILABLE, presence, NOW)
    still = finish_work(talking, in_hand=1, now=after(9))
    assert still == talking
    done = finish_work(talking, in_hand=0, now=after(10))
    assert (done.presence, done.reason, done.since) == (presence, "lunch", after(10))
    assert (done.pending, done.pending_reason) == (None, "")


def test_a_pending_choice_is_taken_back_by_going_on_duty() -> None:
    talking = choose(operator(), Presence.AWAY, "lunch", in_hand=1, now=after(5))
    stays = choose(talking, Presence.AVAILABLE, "", in_hand=1, now=after(6))
    assert (stays.presence, stays.pending, stays.pending_reason) == (Presence.AVAILABLE, None, "")
    assert stays.since == NOW, "was on duty all the time"


def test_coming_on_duty_starts_at_the_end_of_the_line() -> None:
    away = operator(presence=Presence.AWAY)
    back = choose(away, Presence.AVAILABLE, "", in_hand=0, now=after(50))
    assert (back.presence, back.since, back.idle_since) == (Presence.AVAILABLE, after(50), after(50))


def test_saying_available_again_keeps_the_place_in_the_line() -> None:
    assert choose(operator(), Presence.AVAILABLE, "", in_hand=0, now=after(50)) == operator()


def test_another_reason_starts_a_new_span() -> None:
    away = choose(operator(), Presence.AWAY, "lunch", in_hand=0, now=after(5))
    assert choose(away, Presence.AWAY, "lunch", in_hand=0, now=after(9)).since == after(5)
    assert choose(away, Presence.AWAY, "meeting", in_hand=0, now=after(9)).since == after(9)


def test_who_ended_the_last_talk_is_idle_from_now() -> None:
    assert finish_work(operator(), in_hand=0, now=after(30)).idle_since == after(30)
    assert finish_work(operator(), in_hand=2, now=after(30)).idle_since == NOW


# Routing


def test_the_longest_idle_is_rung() -> None:
    assert rung(CALL, operator("ann", idle_since=after(20)), operator("ben", idle_since=after(10))) == "ben"
    assert rung(CALL, operator("ben"), operator("ann")) == "ann", "equal waits are decided by id, the same everywhere"


def test_whoever_has_nothing_in_hand_is_rung_before_whoever_has() -> None:
    """`idle_since` of a busy operator is from before that work: it must not put them first."""
    busy, idle = operator("ann", idle_since=NOW), operator("ben", idle_since=after(600))
    assert rung(CHAT, busy, idle, in_hand={"ann": {Medium.CHAT: 1}}) == "ben"
    assert rung(CHAT, busy, idle, in_hand={"ann": {Medium.CHAT: 1}, "ben": {Medium.CHAT: 2}}) == "ann"


@pytest.mark.parametrize(
    "absent",
    [
        operator("ann", presence=Presence.AWAY),
        operator("ann", presence=Presence.OFFLINE),
        operator("ann", connected=False),
        operator("ann", role=Role.VIEWER),
    ],
    ids=["away", "offline", "not connected", "viewer"],
)
def test_who_is_not_there_or_may_not_is_never_rung(absent: Operator) -> None:
    assert rung(CALL, absent) is None
    assert rung(CALL, absent, operator("ben", idle_since=after(90))) == "ben"


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR])
def test_every_role_that_handles_sessions_may_be_rung(role: Role) -> None:
    assert rung(CALL, operator(role=role)) == "ann"


def test_who_let_it_pass_is_not_rung_for_it_again() -> None:
    declined = walk(in_state(SessionState.OFFERED), i.OfferDeclined(ANN))
    assert rung(declined, operator("ann")) is None
    assert rung(declined, operator("ann"), operator("ben", idle_since=after(90))) == str(BEN)


@pytest.mark.parametrize(
    ("medium", "calls", "chats", "room"),
    [
        (Medium.VOICE, 0, 0, True),
        (Medium.VOICE, 1, 0, False),
        (Medium.VOICE, 0, 1, False),
        (Medium.CHAT, 0, 0, True),
        (Medium.CHAT, 0, 3, True),
        (Medium.CHAT, 0, 4, False),
        (Medium.CHAT, 1, 0, False),
    ],
)
def test_a_call_takes_the_whole_person_and_chats_go_up_to_the_capacity(
    medium: Medium, calls: int, chats: int, room: bool
) -> None:
    held = {ANN: {Medium.VOICE: calls, Medium.CHAT: chats}}
    assert has_room(operator(), medium, held) is room
    waiting = CALL if medium is Medium.VOICE else CHAT
    assert (rung(waiting, operator(), in_hand={"ann": held[ANN]}) == "ann") is room


def test_nobody_is_rung_when_nobody_is_there() -> None:
    assert rung(CALL) is None
