"""The keys of a transfer: where to, how, and what becomes of it while somebody is called."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from operator_console.tui.screens.destination import DestinationDialog
from operator_console.tui.screens.dialog import Choose
from server.wire.calling import Transfer as Attempt
from server.wire.commands import Command, Requeue, SteerTransfer, Transfer
from server.wire.history import QueueView
from server.wire.terms import Dial, LegId, SessionState, TransferKind, TransferStage, TransferStep
from server.wire.views import DeskPolicy, PhonebookEntry
from tests.fakes.console_data import MIA, NOW, ago, live_call, live_chat, operator, snapshot
from tests.fakes.desk import FakeDesk
from tests.fakes.desk_app import build, opened, settled

pytestmark = pytest.mark.unit

SIZE = (100, 34)
PHONEBOOK = (
    PhonebookEntry(name="Billing", address="+493012345678"),
    PhonebookEntry(name="Boss", address="sip:boss@pbx.example.com", warm_only=True),
)
WITH_PEOPLE = {
    "operators": (operator(), operator(MIA, "Mia")),
    "policy": DeskPolicy(phonebook=PHONEBOOK),
    "queues": (QueueView(name="legal"),),
}
CALL = replace(snapshot(live_call()), **WITH_PEOPLE)
CHAT = replace(snapshot(live_chat()), **WITH_PEOPLE)
ATTEMPT = Attempt(
    id=LegId("x_1"),
    kind=TransferKind.WARM,
    to="Billing",
    address="+493012345678",
    began_at=ago(9),
    expires_at=NOW + timedelta(seconds=21),
    dial=Dial.RINGING,
)


def of(kind: type[Command], desk: FakeDesk) -> list[Command]:
    return [order for order in desk.orders if isinstance(order, kind)]


async def test_t_letters_and_enter_bring_a_caller_to_somebody_of_the_phonebook() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        await pilot.press("t", *"bill", "enter", "w")
        await settled(pilot)
    (order,) = of(Transfer, desk)
    assert isinstance(order, Transfer)
    assert (order.to, order.how) == ("Billing", TransferKind.WARM)


async def test_arrows_choose_too_and_who_wants_a_word_first_is_not_called_cold() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        await pilot.press("t", "up", "enter", "c")
        await settled(pilot)
        assert isinstance(app.screen, Choose)
        assert of(Transfer, desk) == []
        await pilot.press("w")
        await settled(pilot)
    (order,) = of(Transfer, desk)
    assert isinstance(order, Transfer)
    assert (order.to, order.how) == ("Boss", TransferKind.WARM)


async def test_a_number_that_is_written_is_called_as_it_stands() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CALL)
        await pilot.press("t", *"+4930555", "enter", "c")
        await settled(pilot)
    (order,) = of(Transfer, desk)
    assert isinstance(order, Transfer)
    assert (order.to, order.how) == ("+4930555", TransferKind.COLD)


async def test_a_colleague_gets_a_chat_with_a_note_and_its_draft_survives() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await pilot.press("t", *"mia", "enter", *"knows", "escape")
        await settled(pilot)
        assert of(Requeue, desk) == []
        await pilot.press("t", *"mia", "enter", *" all", "enter")
        await settled(pilot)
        assert app.model.drafts == {}
    (order,) = of(Requeue, desk)
    assert isinstance(order, Requeue)
    assert (order.to, order.queue, order.note) == (MIA, "", "knows all")


async def test_nothing_that_fits_is_said_and_enter_does_nothing() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, CHAT)
        await pilot.press("t", *"zzz", "enter")
        await settled(pilot)
        assert isinstance(app.screen, DestinationDialog)
        assert desk.orders == []


@pytest.mark.parametrize(
    ("key", "step"),
    [
        ("s", TransferStep.SWAP),
        ("m", TransferStep.MERGE),
        ("c", TransferStep.COMPLETE),
        ("b", TransferStep.BACK),
    ],
)
async def test_while_somebody_is_called_in_t_and_a_letter_go_on(key: str, step: TransferStep) -> None:
    app, desk, _ = build()
    consulting = replace(ATTEMPT, stage=TransferStage.CONSULTING)
    async with app.run_test(size=SIZE) as pilot:
        call = live_call(state=SessionState.HELD, transfers=(consulting,))
        await opened(pilot, desk, snapshot(call))
        await pilot.press("t", key)
        await settled(pilot)
    (order,) = of(SteerTransfer, desk)
    assert isinstance(order, SteerTransfer)
    assert order.step is step


async def test_while_it_rings_there_is_nobody_to_swap_with() -> None:
    app, desk, _ = build()
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, desk, snapshot(live_call(state=SessionState.HELD, transfers=(ATTEMPT,))))
        await pilot.press("t", "s", "m")
        await settled(pilot)
        assert isinstance(app.screen, Choose)
        assert of(SteerTransfer, desk) == []
        await pilot.press("b")
        await settled(pilot)
    assert len(of(SteerTransfer, desk)) == 1
