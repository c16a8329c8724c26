"""When the operator is called: first softly, then louder, never twice for one thing, and not at all when it is moot."""

import itertools
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from operator_console.model.attention import Alert, AttentionState, Cause, Rules, attention, title
from operator_console.model.inputs import Connected, Disconnected, Input, Sent, Tick
from operator_console.model.state import DeskModel
from operator_console.model.update import update
from server.wire.commands import Accept
from server.wire.events import OperatorChanged, SessionActive, SessionClosed, SessionOffered, SessionQueued
from server.wire.frames import Batch
from server.wire.sanitize import cell_width
from server.wire.terms import Outcome, Presence, Role, SessionState
from server.wire.views import Customer, OperatorView, SessionView
from tests.fakes.console_data import ME, MIA, NOW, ago, operator, session, snapshot

pytestmark = pytest.mark.unit

RULES = Rules(offer_repeat_seconds=15.0, overdue_repeat_seconds=60.0)
SOFT, LOUD = False, True


def offered(number: int, to: str = ME, **fields: object) -> SessionView:
    known = {"state": SessionState.OFFERED, "offered_to": to, "offer_expires_at": ago(-3600), "version": 2}
    return session(number, **{**known, **fields})


def late(number: int, **fields: object) -> SessionView:
    return session(number, **{"promise_at": ago(30), **fields})


@dataclass
class Listener:
    """A desk in virtual time, and everything that it sounded: (second, alert)."""

    rules: Rules = RULES
    model: DeskModel = field(default_factory=DeskModel)
    heard: AttentionState = field(default_factory=AttentionState)
    second: float = 0.0
    sounded: list[tuple[float, Alert]] = field(default_factory=list[tuple[float, Alert]])
    seq: int = 10

    def take(self, *inputs: Input) -> "Listener":
        for event in inputs:
            before, self.model = self.model, update(self.model, event)
            self.heard, alerts = attention(before, self.model, self.heard, self.second, self.rules)
            self.sounded += [(self.second, alert) for alert in alerts]
        return self

    def start(self, *sessions: SessionView, me: OperatorView | None = None) -> "Listener":
        people = (me or operator(), operator(MIA, "Mia"))
        return self.take(Tick(NOW), Connected(5.0), snapshot(*sessions, operators=people))

    def happen(self, kind: type, **fields: object) -> "Listener":
        self.seq += 1
        event = kind(seq=self.seq, at=NOW, **fields)
        return self.take(
            Batch(first=self.seq, last=self.seq, now=NOW + timedelta(seconds=self.second), events=(event,))
        )

    def wait(self, seconds: int) -> "Listener":
        for _ in range(seconds):
            self.second += 1.0
            self.take(Tick(NOW + timedelta(seconds=self.second)))
        return self

    def look_at_it(self, *, on: bool) -> "Listener":
        self.heard = replace(self.heard, focused=on)
        return self

    @property
    def calls(self) -> list[tuple[float, Cause, bool]]:
        return [(second, alert.cause, alert.notify) for second, alert in self.sounded]


def test_an_offer_sounds_at_once_and_again_every_15_seconds_louder_from_the_second_time() -> None:
    desk = Listener().start().happen(SessionOffered, session=offered(1)).wait(31)
    assert desk.calls == [(0, Cause.OFFER, SOFT), (15, Cause.OFFER, LOUD), (30, Cause.OFFER, LOUD)]


def test_a_broken_promise_sounds_once_and_again_every_60_seconds_while_nobody_claimed_it() -> None:
    desk = Listener().start(late(1, promise_at=ago(-10))).wait(131)
    assert desk.calls == [(10, Cause.OVERDUE, SOFT), (70, Cause.OVERDUE, LOUD), (130, Cause.OVERDUE, LOUD)]


def test_what_is_new_in_the_queue_sounds_once_and_is_not_repeated() -> None:
    desk = Listener().start().happen(SessionQueued, session=session(1)).wait(300)
    assert desk.calls == [(0, Cause.NEW, SOFT)]


def test_a_storm_of_requests_is_one_bell() -> None:
    desk = Listener().start()
    for number in range(1, 50):
        desk.happen(SessionQueued, session=session(number))
    assert desk.calls == [(0, Cause.NEW, SOFT)]


def test_a_second_broken_promise_sounds_softly_and_both_repeat_together() -> None:
    desk = Listener().start(late(1), late(2, promise_at=ago(-30))).wait(61)
    assert desk.calls == [(0, Cause.OVERDUE, SOFT), (30, Cause.OVERDUE, SOFT), (60, Cause.OVERDUE, LOUD)]
    assert desk.sounded[-1][1].text == "2 waiting past the promise, the longest by 1:30"


def claim_by_mia(of: SessionView) -> SessionView:
    fields = {"state": SessionState.ACTIVE, "operator_id": MIA, "offered_to": None, "offer_expires_at": None}
    return session(1, **{**fields, "version": 9, "epoch": of.epoch + 1})


@pytest.mark.parametrize("first", [offered(1), late(1)])
def test_a_claim_elsewhere_stops_it(first: SessionView) -> None:
    desk = Listener().start(first).wait(5)
    assert len(desk.calls) == 1
    desk.happen(SessionActive, session=claim_by_mia(first)).wait(300)
    assert len(desk.calls) == 1


@pytest.mark.parametrize("first", [offered(1), late(1)])
def test_a_customer_who_leaves_stops_it(first: SessionView) -> None:
    gone = session(1, state=SessionState.CLOSED, outcome=Outcome.ABANDONED, version=9)
    desk = Listener().start(first).wait(5).happen(SessionClosed, session=gone).wait(300)
    assert len(desk.calls) == 1


def test_my_own_accept_stops_it_before_the_broker_answers() -> None:
    desk = Listener().start(offered(1), late(2)).wait(5)
    count = len(desk.calls)
    desk.take(Sent(Accept(id="o1", session_id=offered(1).id, epoch=1))).wait(40)
    assert [call for call in desk.calls[count:] if call[1] is Cause.OFFER] == []


def test_an_offer_that_passed_to_someone_else_is_silent_here() -> None:
    desk = Listener().start(offered(1)).happen(SessionOffered, session=offered(1, MIA, version=3)).wait(100)
    assert desk.calls == [(0, Cause.OFFER, SOFT)]


def test_the_same_session_offered_to_me_again_is_new() -> None:
    desk = Listener().start(offered(1)).wait(5).happen(SessionOffered, session=offered(1, MIA, version=3)).wait(5)
    again = offered(1, version=4, offer_expires_at=ago(-7200))
    desk.happen(SessionOffered, session=again)
    assert desk.calls == [(0, Cause.OFFER, SOFT), (10, Cause.OFFER, SOFT)]


@pytest.mark.parametrize("first", [offered(1), late(1)])
def test_a_reconnect_with_a_snapshot_does_not_tell_the_same_thing_again(first: SessionView) -> None:
    desk = Listener().start(first).wait(5).take(Disconnected("gone")).wait(5)
    desk.take(Connected(5.0), snapshot(first, seq=40)).wait(14)
    assert [call[0] for call in desk.calls] == [0]


def test_a_second_snapshot_on_the_same_connection_tells_nothing_again() -> None:
    both = (offered(1), late(2))
    desk = Listener().start(*both)
    count = len(desk.calls)
    desk.take(snapshot(*both, seq=40), snapshot(*both, seq=41)).wait(2)
    assert len(desk.calls) == count


def test_nothing_sounds_without_a_connection_and_it_goes_on_after_one() -> None:
    desk = Listener().start(offered(1)).take(Disconnected("gone")).wait(100)
    assert len(desk.calls) == 1
    desk.take(Connected(5.0), snapshot(offered(1), seq=40)).wait(15)
    assert [call[1:] for call in desk.calls] == [(Cause.OFFER, SOFT), (Cause.OFFER, LOUD)]


def test_a_claim_made_while_the_line_was_down_is_never_sounded() -> None:
    waits = late(1, promise_at=ago(-10))
    desk = Listener().start(waits).take(Disconnected("gone")).wait(20)
    desk.take(Connected(5.0), Tick(NOW + timedelta(seconds=20.5)), snapshot(claim_by_mia(waits), seq=40)).wait(100)
    assert desk.calls == []


def test_an_offer_that_came_while_the_line_was_down_is_sounded() -> None:
    desk = Listener().start().take(Disconnected("gone")).wait(20)
    desk.take(Connected(5.0), snapshot(offered(1), seq=40)).wait(3)
    assert [call[1:] for call in desk.calls] == [(Cause.OFFER, SOFT)]


def test_another_offer_of_the_same_session_after_a_lost_line_is_new() -> None:
    desk = Listener().start(offered(1)).take(Disconnected("gone")).wait(5)
    desk.take(Connected(5.0), snapshot(offered(1, offer_expires_at=ago(-7200)), seq=40)).wait(3)
    assert [call[1:] for call in desk.calls] == [(Cause.OFFER, SOFT), (Cause.OFFER, SOFT)]


def test_one_past_its_promise_that_rings_at_someone_else_is_silent_here() -> None:
    desk = Listener().start(offered(1, MIA, promise_at=ago(30))).wait(200)
    assert desk.calls == []


def test_a_window_that_is_looked_at_hears_the_first_soft_bell_alone() -> None:
    desk = Listener().look_at_it(on=True).start(offered(1)).wait(100)
    assert desk.calls == [(0, Cause.OFFER, SOFT)]
    desk.look_at_it(on=False).wait(16)
    assert [call[1:] for call in desk.calls[1:]] == [(Cause.OFFER, LOUD)]


def test_a_looked_at_window_hears_one_bell_of_a_broken_promise_too() -> None:
    desk = Listener(Rules(notify_first=True)).look_at_it(on=True).start(late(1)).wait(200)
    assert desk.calls == [(0, Cause.OVERDUE, SOFT)]


def test_the_first_alert_notifies_too_where_the_settings_say_so() -> None:
    desk = Listener(Rules(notify_first=True)).start(offered(1))
    assert desk.calls == [(0, Cause.OFFER, LOUD)]


@pytest.mark.parametrize(
    "me",
    [operator(presence=Presence.OFFLINE), operator(presence=Presence.AWAY), operator(role=Role.VIEWER)],
    ids=["off duty", "away", "viewer"],
)
def test_who_is_not_there_to_be_called_hears_nothing(me: OperatorView) -> None:
    desk = Listener().start(offered(1), late(2), me=me).happen(SessionQueued, session=session(3)).wait(200)
    assert desk.calls == []


def test_going_off_duty_stops_it_and_coming_back_starts_softly() -> None:
    desk = Listener().start(late(1)).wait(65)
    desk.happen(OperatorChanged, operator=operator(presence=Presence.OFFLINE)).wait(200)
    assert len(desk.calls) == 2
    desk.happen(OperatorChanged, operator=operator())
    assert desk.calls[2:] == [(265, Cause.OVERDUE, SOFT)]


def test_a_view_only_console_is_silent() -> None:
    desk = Listener().take(Tick(NOW), Connected(5.0, view_only=True), snapshot(offered(1), late(2))).wait(200)
    assert desk.calls == []


def test_one_change_sounds_one_alert_however_much_is_due() -> None:
    desk = Listener().start(offered(1), offered(2), late(3), late(4))
    assert desk.calls == [(0, Cause.OFFER, SOFT)]
    assert desk.sounded[0][1].text == "H-0002 rings for you: voice, default, and 1 more"


def test_no_name_of_a_customer_is_told_to_the_desktop() -> None:
    secret = Customer(name="Joan Ferrer", handle="+34 600 555 042", channel="twilio")
    desk = Listener().start(offered(1, customer=secret)).wait(5)
    desk.happen(SessionQueued, session=late(2, customer=secret)).wait(61)
    assert {alert.cause for _, alert in desk.sounded} == set(Cause)
    assert not any("Ferrer" in alert.text or "555" in alert.text for _, alert in desk.sounded)


@given(st.text(max_size=400), st.text(max_size=400))
@example("long " * 60, "\x1b]2;x\x07")
def test_whatever_a_broker_sends_an_alert_is_one_short_harmless_line(number: str, queue: str) -> None:
    desk = Listener().start(msgspec.structs.replace(offered(1), number=number, queue=queue))
    (_, alert) = desk.sounded[0]
    assert cell_width(alert.text) <= 80
    assert alert.text.isprintable()
    shown = title(replace(desk.model, local_now=NOW + timedelta(seconds=NOW.second % 2 == 0)))
    assert cell_width(shown) <= 80
    assert shown.isprintable()


@given(st.lists(st.sampled_from(["tick", "drop", "back", "offer", "claim", "late", "blur", "focus"]), max_size=60))
def test_in_any_order_of_events_nothing_sounds_faster_than_the_rules_say(steps: list[str]) -> None:
    desk = Listener().start()
    version = 2
    for step in steps:
        version += 1
        match step:
            case "tick":
                desk.wait(4)
            case "drop":
                desk.take(Disconnected("gone"))
            case "back":
                desk.take(Connected(5.0), snapshot(*desk.model.sessions.values(), seq=desk.seq))
            case "offer":
                desk.happen(SessionOffered, session=offered(1, version=version))
            case "claim":
                desk.happen(SessionActive, session=replace_version(claim_by_mia(offered(1)), version))
            case "late":
                desk.happen(SessionQueued, session=late(2, version=version))
            case _:
                desk.look_at_it(on=step == "focus")
    repeats = [second for second, cause, notify in desk.calls if notify and cause is Cause.OFFER]
    assert all(later - earlier >= RULES.offer_repeat_seconds for earlier, later in itertools.pairwise(repeats))
    assert not any(notify for _, cause, notify in desk.calls if cause is Cause.NEW)


def replace_version(view: SessionView, version: int) -> SessionView:
    return session(1, state=view.state, operator_id=MIA, version=version, epoch=view.epoch)


def test_the_title_says_how_many_wait_and_flashes_while_one_rings_at_me() -> None:
    assert title(Listener().start().model) == "Desk"
    assert title(Listener().start(session(1), session(2)).model) == "(2) waiting · Desk"
    ringing = Listener().start(offered(1), session(2)).model
    titles = {title(replace(ringing, local_now=NOW + timedelta(seconds=second))) for second in range(4)}
    assert titles == {"(2) waiting · Desk", "H-0001 RINGS · (2) waiting · Desk"}
    off = Listener().start(offered(1), me=operator(presence=Presence.OFFLINE)).model
    assert {title(replace(off, local_now=NOW + timedelta(seconds=second))) for second in range(4)} == {
        "(1) waiting · Desk"
    }
