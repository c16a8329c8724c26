"""Where a session can be brought: what is offered, what is found by a few letters, and who can't take it."""

import pytest
from msgspec.structs import replace

from operator_console.model.destinations import Destination, Where, destinations
from operator_console.model.inputs import Connected, Tick
from operator_console.model.state import DeskModel
from operator_console.model.update import update
from server.wire.history import QueueView
from server.wire.terms import Medium, OperatorId, Presence, Role, SessionId, SessionState
from server.wire.views import DeskPolicy, OperatorView, PhonebookEntry, SessionView
from tests.fakes.console_data import ME, MIA, NOW, live_call, live_chat, operator, session, snapshot

pytestmark = pytest.mark.unit

BOSS = PhonebookEntry(name="The boss", address="sip:boss@pbx.example.com", warm_only=True)
BILLING = PhonebookEntry(name="Billing, second floor", address="+493012345678")
IN_CALL = session(70, state=SessionState.ACTIVE, operator_id=MIA)


def person(name: str, **fields: object) -> OperatorView:
    return operator(OperatorId(name.casefold()), name, **fields)


def desk(mine: SessionView, *people: OperatorView) -> DeskModel:
    shown = snapshot(mine, IN_CALL, session(71), session(72, queue="legal"), operators=(operator(), *people))
    policy = DeskPolicy(phonebook=(BILLING, BOSS))
    model = update(update(DeskModel(), Tick(NOW)), Connected(1.0))
    queues = (QueueView(name="billing"), QueueView(name="default"))
    return update(model, replace(shown, queues=queues, policy=policy))


def found(model: DeskModel, mine: SessionView, written: str = "", *, outside_only: bool = False) -> list[Destination]:
    return destinations(model, mine, written, outside_only=outside_only)


def test_a_call_can_go_to_its_own_queue_first_then_others_colleagues_and_the_phonebook() -> None:
    call = live_call()
    mia = operator(MIA, "Mia", sessions=(SessionId("s70"),))
    bo, eve = person("Bo"), person("Eve", connected=False)
    away, viewer = person("Al", presence=Presence.AWAY), person("Vi", role=Role.VIEWER)
    lines = found(desk(call, mia, bo, eve, away, viewer), call)
    assert [(one.where, one.name, one.note) for one in lines] == [
        (Where.QUEUE, "default", "its place kept · 1 waiting"),
        (Where.QUEUE, "billing", "0 waiting"),
        (Where.QUEUE, "legal", "1 waiting"),
        (Where.COLLEAGUE, "Bo", "free"),
        (Where.COLLEAGUE, "Mia", "in a call"),
        (Where.OUTSIDE, "Billing, second floor", "+493012345678"),
        (Where.OUTSIDE, "The boss", "speak first · sip:boss@pbx.example.com"),
    ]
    assert [one.why_not for one in lines if one.why_not] == ["Mia is in a call."]
    assert lines[0].value == "", "the empty name is its own queue"
    assert ME not in [one.value for one in lines]


def test_a_chat_goes_nowhere_outside_and_to_who_is_in_a_call_too() -> None:
    chat = live_chat()
    lines = found(desk(chat, operator(MIA, "Mia", sessions=(SessionId("s70"),))), chat, "+4930123456")
    assert lines == []
    mia = found(desk(chat, operator(MIA, "Mia", sessions=(SessionId("s70"),))), chat, "mia")
    assert [(one.name, one.why_not) for one in mia] == [("Mia", "")]
    assert chat.medium is Medium.CHAT


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("sec bil", ["Billing, second floor"]),
        ("phonebook", ["Billing, second floor", "The boss"]),
        ("queue leg", ["legal"]),
        ("nobody", []),
        ("+49 30 999", ["+49 30 999"]),
        ("030/1234", ["030/1234"]),
        ("4711", ["4711"]),
        ("+4930", ["+4930", "Billing, second floor"]),
        ("sip:joe@host", ["sip:joe@host"]),
        ("+", ["Billing, second floor"]),
    ],
)
def test_a_few_letters_find_it_and_a_number_is_offered_as_it_is_written(written: str, names: list[str]) -> None:
    call = live_call()
    assert [one.name for one in found(desk(call), call, written) if one.name != "billing"] == names


def test_only_outside_leaves_queues_and_colleagues_out() -> None:
    call = live_call()
    assert {one.where for one in found(desk(call, person("Bo")), call, outside_only=True)} == {Where.OUTSIDE}
