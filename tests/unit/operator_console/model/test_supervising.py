"""What a supervisor's console makes of the model: refusals, words, the headset; and what the operator reads."""

import pytest
from msgspec.structs import replace

from operator_console.model import supervising
from operator_console.model.inputs import Connected, HeadsetPhase, HeadsetState, Sent
from operator_console.model.state import DeskModel
from operator_console.model.update import update
from operator_console.model.wall import figure_words, wall_rows
from operator_console.model.wants import wants
from server.wire.commands import Supervise, TakeOver
from server.wire.events import SessionUpdated
from server.wire.frames import Batch, Wall
from server.wire.terms import Medium, Presence, Role, SessionState, Supervision
from server.wire.views import SessionView
from server.wire.wall import QueueFigures, WallView
from tests.fakes.console_data import ME, MIA, NOW, ago, operator, session, snapshot

pytestmark = pytest.mark.unit

LADDER = (Supervision.WATCH, Supervision.LISTEN, Supervision.WHISPER, Supervision.BARGE)


def talking(number: int = 42, **fields: object) -> SessionView:
    """Return a call that Mia has."""
    known: dict[str, object] = {"state": SessionState.ACTIVE, "operator_id": MIA, "active_at": ago(185)}
    return session(number, **{**known, **fields})


def desk(*sessions: SessionView, role: Role = Role.SUPERVISOR) -> DeskModel:
    """Return the desk of Sam, who may supervise, with the first session selected."""
    people = (operator(role=role), operator(MIA, "Mia"))
    model = DeskModel(local_now=NOW)
    for event in (Connected(20.0), snapshot(*sessions, operators=people)):
        model = update(model, event)
    return replace(model, selected=sessions[0].id if sessions else None)


def test_an_operator_is_told_which_role_it_takes() -> None:
    model = desk(talking(), role=Role.OPERATOR)
    rules = [supervising.step_to(mode) for mode in LADDER]
    for rule in (*rules, supervising.take_over, supervising.force_wrap_up, supervising.open_wall):
        reason = rule(model)
        assert reason is not None
        assert "supervisor" in reason


@pytest.mark.parametrize("mode", LADDER)
def test_another_operators_call_can_be_supervised_at_every_step(mode: Supervision) -> None:
    assert supervising.step_to(mode)(desk(talking())) is None


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (session(42), "Nobody talks"),
        (talking(operator_id=ME), "your own"),
        (talking(state=SessionState.CONNECTING), "Nobody talks"),
        (talking(medium=Medium.CHAT), "chat"),
        (talking(supervisor_id=MIA, supervision=Supervision.WATCH), "already"),
    ],
    ids=["waiting", "own", "connecting", "chat", "supervised by another"],
)
def test_what_cannot_be_heard_says_why(shown: SessionView, words: str) -> None:
    reason = supervising.step_to(Supervision.LISTEN)(desk(shown))
    assert reason is not None
    assert words in reason


def test_one_cannot_listen_during_a_call_of_ones_own() -> None:
    model = desk(talking(), talking(43, operator_id=ME))
    for rule in (supervising.step_to(Supervision.LISTEN), supervising.take_over):
        reason = rule(model)
        assert reason is not None
        assert "H-0043" in reason
    assert supervising.step_to(Supervision.WATCH)(model) is None


@pytest.mark.parametrize(
    ("mode", "muted"), [(Supervision.LISTEN, True), (Supervision.WHISPER, False), (Supervision.BARGE, False)]
)
def test_the_headset_is_open_and_silent_only_for_who_listens(mode: Supervision, muted: bool) -> None:
    want = wants(desk(talking(supervisor_id=ME, supervision=mode))).headset
    assert want is not None
    assert (want.muted, want.renewable) == (muted, False)


def test_who_only_watches_or_is_out_has_no_headset_open() -> None:
    assert wants(desk(talking(supervisor_id=ME, supervision=Supervision.WATCH))).headset is None
    assert wants(desk(talking())).headset is None


def test_a_step_under_way_keeps_the_open_leg_and_opens_none_before_its_grant() -> None:
    shown = talking(supervisor_id=ME, supervision=Supervision.LISTEN)
    order = Supervise(id="12345678", session_id=shown.id, epoch=1, mode=Supervision.WHISPER)
    model = update(desk(shown), Sent(order))
    assert wants(model).headset is None
    live = update(model, HeadsetState(HeadsetPhase.LIVE))
    assert wants(live).headset is not None


def test_a_take_over_under_way_waits_for_its_grant() -> None:
    shown = talking(operator_id=ME)
    order = TakeOver(id="12345678", session_id=shown.id, epoch=1)
    assert wants(desk(shown)).headset is not None
    assert wants(update(desk(shown), Sent(order))).headset is None


def changed(model: DeskModel, after: SessionView) -> DeskModel:
    event = SessionUpdated(seq=model.seq + 1, at=NOW, session=after)
    return update(model, Batch(first=event.seq, last=event.seq, now=NOW, events=(event,)))


def test_the_operator_reads_that_a_supervisor_took_over() -> None:
    model = changed(desk(talking(operator_id=ME)), talking(operator_id=MIA, epoch=2, version=2))
    assert model.notice is not None
    assert "a supervisor took over" in model.notice.text


def test_a_supervisor_who_is_out_reads_it() -> None:
    before = talking(supervisor_id=ME, supervision=Supervision.LISTEN)
    model = changed(desk(before), talking(version=2))
    assert model.notice is not None
    assert model.notice.text == "You are out of H-0042."


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (Supervision.WATCH, "MIA WATCHES"),
        (Supervision.LISTEN, "MIA LISTENS"),
        (Supervision.WHISPER, "MIA WHISPERS TO YOU"),
        (Supervision.BARGE, "MIA IS IN THE CALL"),
    ],
)
def test_the_operator_reads_who_is_in_their_call_and_how(mode: Supervision, words: str) -> None:
    mine = talking(operator_id=ME, supervisor_id=MIA, supervision=mode)
    assert supervising.told_words(desk(mine, role=Role.OPERATOR)) == words
    assert supervising.told_words(desk(talking(operator_id=ME), role=Role.OPERATOR)) == ""


def test_the_wall_has_a_row_for_each_talk_and_for_each_person_who_is_free() -> None:
    wrap_up = talking(44, state=SessionState.WRAP_UP, ended_at=ago(9), medium=Medium.CHAT)
    rows = wall_rows(desk(talking(), wrap_up, session(45)))
    found = [(row.person.name, row.session.number if row.session else "") for row in rows]
    assert sorted(found) == [("Mia", "H-0042"), ("Mia", "H-0044"), ("Sam", "")]
    assert all(row.person.presence is Presence.AVAILABLE for row in rows)


def test_figures_are_said_in_words_and_nothing_where_nothing_was_counted() -> None:
    queue = QueueFigures(
        name="billing",
        waiting=2,
        waiting_since=ago(75),
        in_hand=1,
        answered=4,
        abandoned_short=1,
        service_level=0.75,
        service_level_2=0.6,
        average_answer_seconds=12.4,
        abandonment=0.2,
        satisfaction=4.25,
    )
    assert figure_words(queue, NOW) == ("billing", "2", "1:15", "1", "4", "75 %", "60 %", "0:12", "20 %", "1", "4.2")
    assert figure_words(QueueFigures(name=""), NOW) == ("all", "0", "-", "0", "0", "-", "-", "-", "-", "0", "-")


def test_a_hostile_name_of_a_queue_reaches_no_terminal() -> None:
    figures = QueueFigures(name="bill\x1b[2Jing")
    model = update(desk(), Wall(wall=WallView(at=NOW, since=NOW, total=figures, queues=(figures,))))
    assert model.wall is not None
    assert all("\x1b" not in one.name for one in (model.wall.total, *model.wall.queues))
