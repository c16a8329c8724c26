"""Draw one picture of the desk app: what the broker shows, then what is done."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
from textual.pilot import Pilot

from operator_console.model.inputs import Connected, Tick
from operator_console.model.replies import CannedReply
from server.wire.frames import Snapshot
from server.wire.terms import Author, ConversationId, Delivery
from tests.fakes.console_data import ME, NOW, ago, talk, turn
from tests.fakes.desk import FakeDesk
from tests.fakes.desk_app import build, settled
from tests.fakes.headset import FakeHeadset

SIZES = ((80, 24), (120, 40))
SnapCompare = Callable[..., bool]
Deed = Callable[[Pilot[int], FakeDesk, FakeHeadset], Awaitable[None]]
CANNED = (
    CannedReply("greeting", "Hello {name}, this is {me}. I have your order {order} here.", ("hello",)),
    CannedReply("parcel", "Your parcel {parcel} is on its way.", ("track",)),
    CannedReply("refund", "I have refunded {amount} to your card; it takes 3 to 5 days."),
)


@dataclass(frozen=True)
class Stage:
    """One picture: what the broker shows, then what is done."""

    first: Snapshot
    then: Deed | None = None
    theme: str = "desk-dark"


def keys(*names: str) -> Deed:
    """Return what presses keys."""

    async def press(pilot: Pilot[int], _desk: FakeDesk, _headset: FakeHeadset) -> None:
        await pilot.press(*names)

    return press


def drawn(stage: Stage, size: tuple[int, int], snap_compare: SnapCompare) -> bool:
    """Tell whether a stage looks as in its kept picture, and stays so when nothing happens."""
    app, desk, headset = build(theme=stage.theme, canned=CANNED)
    said = turn(42, 7, Author.OPERATOR, "Hello Joan, this is Sam. I have your order here.", operator_id=ME)
    desk.transcripts[ConversationId("c42")] = (*talk(42), said)
    desk.transcripts[ConversationId("c44")] = (
        *talk(44),
        turn(44, 7, Author.OPERATOR, "Hello Ines, Sam here.", operator_id=ME, delivery=Delivery.READ),
        msgspec.structs.replace(turn(44, 8, Author.CUSTOMER, "Finally! Thank you."), at=ago(320)),
    )

    async def run(pilot: Pilot[int]) -> None:
        desk.play(Connected(23.0), stage.first)
        await settled(pilot)
        if stage.then is not None:
            await stage.then(pilot, desk, headset)
        await settled(pilot)
        before = app.export_screenshot(simplify=True)
        app.dispatch(Tick(NOW))
        await settled(pilot)
        assert app.export_screenshot(simplify=True) == before, "drawing the same once more changes the picture"

    return snap_compare(app, terminal_size=size, run_before=run)
