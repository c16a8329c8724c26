"""A supervisor in another's session: who may, what the ladder leaves behind, what everybody sees, what is recorded."""

from dataclasses import dataclass

import pytest

from server.broker.discretion import shown_to
from server.core.errors import CallerError
from server.core.session import Rules
from server.wire import commands as c
from server.wire.audit import AuditView
from server.wire.events import SessionEvent
from server.wire.terms import AuditAction, LegRole, Role, SessionState, Supervision
from tests.world import ORGANISATION, RULES, Customer, Person, World

pytestmark = pytest.mark.scenario

A = AuditAction


@dataclass
class Talk:
    """Ann talks with a caller; Sue may supervise."""

    desk: World
    ann: Person
    sue: Person
    call: Customer

    async def audit(self) -> list[AuditView]:
        """Return what is recorded, oldest first."""
        page = await self.desk.database.read(lambda unit: unit.audit.page(ORGANISATION, "", 200))
        return list(reversed(page.records))

    async def deeds(self) -> list[tuple[AuditAction, str, str]]:
        return [(one.action, one.actor_name, one.reason) for one in await self.audit()]

    async def supervise(self, mode: Supervision, reason: str = "") -> None:
        reply = await self.sue.does(c.Supervise, self.call, mode=mode, reason=reason)
        if reply.media is not None:
            self.sue.grant = reply.media
            await self.sue.opens_headset()


async def begin(desk: World, *, voice: bool = True) -> Talk:
    ann = await desk.operator("ann")
    sue = await desk.operator("sue", role=Role.SUPERVISOR, duty=False)
    customer = await (desk.caller() if voice else desk.chat())
    await customer.asks_for_a_person()
    await ann.takes(customer)
    return Talk(desk, ann, sue, customer)


@pytest.fixture
async def talk(desk: World) -> Talk:
    return await begin(desk)


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.VIEWER])
async def test_only_supervisors_may(talk: Talk, role: Role) -> None:
    ben = await talk.desk.operator("ben", role=role, duty=False)
    for kind, rest in (
        (c.Supervise, {"mode": Supervision.WATCH}),
        (c.Supervise, {"mode": Supervision.LISTEN}),
        (c.TakeOver, {}),
        (c.ForceWrapUp, {"reason": "late"}),
    ):
        refusal = await ben.refused(kind, talk.call, **rest)
        assert refusal.code == "not_allowed"
    assert (await talk.call.session()).supervisor_id is None
    assert await talk.audit() == []


async def test_every_step_is_recorded_with_who_what_whose_and_why(talk: Talk) -> None:
    await talk.supervise(Supervision.WATCH, "new colleague")
    await talk.supervise(Supervision.LISTEN)
    await talk.supervise(Supervision.WHISPER, "wrong tariff")
    await talk.supervise(Supervision.BARGE)
    await talk.supervise(Supervision.NONE)
    records = await talk.audit()
    assert await talk.deeds() == [
        (A.WATCH, "Sue", "new colleague"),
        (A.LISTEN, "Sue", ""),
        (A.WHISPER, "Sue", "wrong tariff"),
        (A.BARGE, "Sue", ""),
        (A.STOP, "Sue", ""),
    ]
    session = await talk.call.session()
    assert {(one.session_id, one.number, one.subject_name) for one in records} == {(session.id, "H-0001", "Ann")}
    assert all(one.at == talk.desk.clock.now() for one in records)


async def test_the_same_step_again_changes_nothing_and_is_recorded_once(talk: Talk) -> None:
    await talk.supervise(Supervision.LISTEN)
    version = (await talk.call.session()).version
    again = await talk.sue.does(c.Supervise, talk.call, mode=Supervision.LISTEN)
    assert again.media is None, "the leg that is up is kept"
    assert (await talk.call.session()).version == version
    assert len(await talk.audit()) == 1


async def test_an_order_repeated_after_a_lost_answer_is_one_step_with_the_same_leg(talk: Talk) -> None:
    first = await talk.sue.does(c.Supervise, talk.call, id_="supervise-1", mode=Supervision.LISTEN)
    again = await talk.sue.does(c.Supervise, talk.call, id_="supervise-1", mode=Supervision.LISTEN)
    assert first.media is not None
    assert again.media is not None
    assert len(await talk.audit()) == 1
    talk.sue.grant = again.media
    await talk.sue.opens_headset()
    assert (await talk.call.session()).supervision is Supervision.LISTEN


async def test_when_the_console_dies_the_ladder_drops_and_the_call_goes_on_untouched(talk: Talk) -> None:
    await talk.supervise(Supervision.BARGE)
    before = await talk.call.session()
    await talk.desk.broker.supervising.release(ORGANISATION, talk.sue.id)
    await talk.desk.settle()
    after = await talk.call.session()
    assert (after.supervisor_id, after.supervision) == (None, Supervision.NONE)
    assert (after.state, after.epoch, after.operator_id) == (before.state, before.epoch, before.operator_id)
    assert talk.sue.leg is not None
    assert talk.sue.leg.ended
    assert talk.call.line is not None
    assert not talk.call.line.ended
    assert (await talk.deeds())[-1] == (A.STOP, "Sue", "the connection was lost")


async def test_a_restarted_broker_finds_no_supervisor_and_the_call_goes_on(lasting_desk: World) -> None:
    talk = await begin(lasting_desk)
    await talk.supervise(Supervision.BARGE)
    await lasting_desk.restart()
    session = await talk.call.session()
    assert (session.supervision, session.state) == (Supervision.NONE, SessionState.ACTIVE)
    assert talk.sue.leg is not None
    assert talk.sue.leg.ended
    assert talk.call.hears == "operator"


async def test_taking_over_puts_the_supervisor_in_charge_and_releases_the_operator(talk: Talk) -> None:
    await talk.supervise(Supervision.WHISPER)
    reply = await talk.sue.does(c.TakeOver, talk.call, reason="complaint")
    assert reply.media is not None
    assert reply.session is not None
    talk.sue.grant = reply.media
    await talk.sue.opens_headset()
    session = await talk.call.session()
    assert (session.operator_id, session.state, session.supervision) == (
        talk.sue.id,
        SessionState.ACTIVE,
        Supervision.NONE,
    )
    assert (await talk.ann.view()).sessions == ()
    assert (await talk.sue.view()).sessions == (session.id,)
    refusal = await talk.ann.refused(c.Mute, talk.call, on=True)
    assert refusal.code == "not_yours"
    assert (await talk.deeds())[-1] == (A.TAKE_OVER, "Sue", "complaint")


async def test_a_take_over_without_audio_ends_in_the_queue_where_nobody_is_lost(talk: Talk) -> None:
    await talk.sue.does(c.TakeOver, talk.call)
    await talk.desk.later(RULES.reconnect_voice_seconds + 1)
    session = await talk.call.session()
    assert session.state in {SessionState.QUEUED, SessionState.OFFERED}
    assert talk.call.line is not None
    assert not talk.call.line.ended


async def test_a_chat_is_watched_and_taken_over_and_has_nothing_to_hear(desk: World) -> None:
    talk = await begin(desk, voice=False)
    refusal = await talk.sue.refused(c.Supervise, talk.call, mode=Supervision.LISTEN)
    assert refusal.code == "nothing_to_hear"
    await talk.supervise(Supervision.WATCH)
    assert (await talk.call.session()).supervision is Supervision.WATCH
    await talk.sue.does(c.TakeOver, talk.call)
    said = await talk.sue.does(c.Say, talk.call, text="I am the supervisor.")
    assert said.message is not None
    session = await talk.call.session()
    assert (session.operator_id, session.operator_lost_at) == (talk.sue.id, None)
    assert [turn.text for turn in await talk.call.messages()][-1] == "I am the supervisor."


async def test_a_wrap_up_is_ended_by_a_supervisor_with_a_reason(talk: Talk) -> None:
    await talk.ann.does(c.BackToAssistant, talk.call, note="refund agreed")
    refusal = await talk.sue.refused(c.ForceWrapUp, talk.call, reason="  ")
    assert refusal.code == "reason_needed"
    await talk.sue.does(c.ForceWrapUp, talk.call, reason="queue is full")
    session = await talk.call.session()
    assert (session.state, session.note) == (SessionState.CLOSED, "refund agreed")
    assert await talk.deeds() == [(A.FORCE_WRAP_UP, "Sue", "queue is full")]


async def test_what_cannot_be_supervised_is_refused_with_a_reason(talk: Talk) -> None:
    meg = await talk.desk.operator("meg", role=Role.SUPERVISOR)
    await talk.supervise(Supervision.LISTEN)
    assert (await meg.refused(c.Supervise, talk.call, mode=Supervision.LISTEN)).code == "already_supervised"
    boss = await talk.desk.caller("Mr Boss")
    await boss.asks_for_a_person()
    assert (await talk.sue.refused(c.Supervise, boss, mode=Supervision.WATCH)).code == "not_possible_now"
    await meg.takes(boss)
    assert (await meg.refused(c.Supervise, boss, mode=Supervision.WATCH)).code == "own_session"
    assert (await meg.refused(c.TakeOver, boss)).code == "own_session"
    await talk.supervise(Supervision.NONE)
    assert (await meg.refused(c.Supervise, talk.call, mode=Supervision.LISTEN)).code == "in_a_call"
    assert (await meg.refused(c.TakeOver, talk.call)).code == "in_a_call"
    session = await talk.call.session()
    late = await talk.sue.refused(c.Supervise, talk.call, mode=Supervision.WATCH, epoch=session.epoch - 1)
    assert late.code == "stale_epoch"


async def test_stopping_what_has_ended_already_is_no_mistake(talk: Talk) -> None:
    await talk.supervise(Supervision.LISTEN)
    await talk.ann.does(c.End, talk.call)
    reply = await talk.sue.does(c.Supervise, talk.call, mode=Supervision.NONE)
    assert reply.ok
    assert (await talk.deeds())[-1] == (A.STOP, "Sue", "the talk ended")


async def test_one_person_is_in_one_session_at_a_time(talk: Talk) -> None:
    ben = await talk.desk.operator("ben")
    other = await talk.desk.caller("Mr Brook")
    await other.asks_for_a_person()
    await ben.takes(other)
    await talk.supervise(Supervision.BARGE)
    reply = await talk.sue.does(c.Supervise, other, mode=Supervision.LISTEN)
    assert reply.media is not None
    assert (await talk.call.session()).supervisor_id is None
    assert (await other.session()).supervisor_id == talk.sue.id
    third = await talk.desk.caller("Ms Ford")
    await third.asks_for_a_person()
    await talk.sue.accept(third)
    assert (await other.session()).supervisor_id is None, "whoever takes a call listens to no other"


async def test_an_assistant_gets_no_token_for_our_peoples_legs(talk: Talk) -> None:
    for role in (LegRole.OPERATOR, LegRole.SUPERVISOR):
        with pytest.raises(CallerError) as refusal:
            await talk.call.leg(role)
        assert refusal.value.code == "role_not_allowed"


@pytest.fixture(params=[True, False], ids=["announced", "not announced"])
def rules(request: pytest.FixtureRequest) -> Rules:
    """The rules of a desk that announces supervision everywhere, or not in the queue of these tests."""
    quiet = Rules(announce_supervision=False)
    return Rules(queues={} if request.param else {"default": quiet})


async def test_operators_see_a_supervisor_only_where_the_queue_says_so(rules: Rules) -> None:
    async with World(rules=rules) as desk:
        talk = await begin(desk)
        subscription = await desk.broker.feed.subscribe(ORGANISATION, desk.events[-1].event.seq)
        reply = await talk.sue.does(c.Supervise, talk.call, mode=Supervision.LISTEN)
        assert reply.session is not None
        assert reply.session.supervisor_id == talk.sue.id, "the supervisor always knows"
        announced = rules.of("default").announce_supervision
        batch = await subscription.next()
        assert batch is not None
        assert any(isinstance(fed.event, SessionEvent) for fed in batch.fed)
        assert (b"op_sue" in batch.console_frame) == announced
        assert b"op_sue" in batch.supervisor_frame
        assert (batch.supervisor_frame is batch.console_frame) == announced
        answer = await talk.ann.does(c.Mute, talk.call, on=True)
        assert answer.session is not None
        assert (answer.session.supervisor_id is not None) == announced
        view = await talk.call.session()
        assert (shown_to(talk.ann.principal, view, rules).supervision is Supervision.LISTEN) == announced
        assert shown_to(talk.desk.assistant, view, rules).supervision is (
            Supervision.LISTEN if announced else Supervision.NONE
        )
