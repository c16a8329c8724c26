"""Consoles are told which account is not well, and that it is well again; its handoffs wait in its own queue."""

import msgspec
import pytest

from server.broker.channels.alarms import LOOK_SECONDS
from server.broker.channels.holding import SICK_SECONDS
from server.broker.passing import Listener
from server.broker.ports.assistants import AssistantAnswer
from server.broker.ports.channels import SendError, SendProblem
from server.broker.signs import MindPolicy
from server.wire import commands as c
from server.wire.frames import Alarms
from server.wire.requests import NewHandoff
from server.wire.terms import OrganisationId
from tests.channel_world import ACCOUNT, ChannelWorld
from tests.fakes.mind import MindInProcess
from tests.fakes.own_assistant import OwnAssistant
from tests.world import ORGANISATION

pytestmark = pytest.mark.scenario


def listening(desk: ChannelWorld) -> list[Alarms]:
    """Return what an open console is told of accounts."""
    told: list[Alarms] = []

    def tell(frame: bytes) -> None:
        if b'"alarms"' in frame:
            told.append(msgspec.json.decode(frame, type=Alarms))

    desk.broker.passing.add(Listener(ORGANISATION, "op_ann", console=True, tell=tell, close=lambda: None))
    return told


async def test_an_account_that_cannot_send_is_told_once_and_that_it_is_well_again() -> None:
    async with ChannelWorld() as desk:
        told = listening(desk)
        ann = await desk.operator("ann")
        ada = desk.customer("ada")
        await ada.writes("Hello")
        chat = await ada.here()
        await chat.asks_for_a_person()
        await ann.accept(chat)
        assert desk.broker.channels.alarms.known(ORGANISATION) == Alarms()
        desk.platform.sick = "The token was revoked."
        desk.platform.faults.append(SendError(SendProblem.AUTH, "The token was revoked."))
        await ann.does(c.Say, chat, text="One")
        await desk.later(3 * LOOK_SECONDS)
        (alarm,) = told
        (ill,) = alarm.channels
        assert (ill.name, ill.kind, ill.problem, ill.paused) == (ACCOUNT, "memory", "The token was revoked.", True)
        assert desk.broker.channels.alarms.known(ORGANISATION) == alarm, "a console that comes later is told too"
        desk.platform.sick = ""
        await desk.later(SICK_SECONDS + 2 * LOOK_SECONDS)
        assert [len(one.channels) for one in told] == [1, 0]
        assert desk.platform.texts("ada")[-1] == "One"


async def test_where_there_are_no_accounts_nothing_is_told() -> None:
    async with ChannelWorld() as desk:
        assert desk.broker.channels.alarms.known(OrganisationId("o_other")) is None


@pytest.mark.parametrize(("own", "queue"), [("shop", "shop"), ("default", "fallback")])
async def test_a_trigger_that_names_no_queue_uses_the_accounts_own(own: str, queue: str) -> None:
    mind = MindInProcess()
    policy = MindPolicy(request=True, queue="fallback")
    async with ChannelWorld(queue=own, understanding=mind, mind=policy) as desk:
        ada = desk.customer("ada")
        await ada.writes("I want to talk to a human")
        await desk.later(5)
        (session,) = (await desk.snapshot()).sessions
        assert session.queue == queue


@pytest.mark.parametrize(("named", "queue"), [("default", "shop"), ("vip", "vip")])
async def test_an_assistant_of_the_broker_that_names_no_queue_uses_the_accounts_own(named: str, queue: str) -> None:
    robo = OwnAssistant(AssistantAnswer(text="One moment.", handoff=NewHandoff(reason="refund", queue=named)))
    async with ChannelWorld(queue="shop", assistants={"Robo": robo}) as desk:
        ada = desk.customer("ada")
        await ada.writes("I want my money back.")
        await desk.later(5)
        (session,) = (await desk.snapshot()).sessions
        assert session.queue == queue
