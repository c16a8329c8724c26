"""Looking back, drawn at the two sizes that matter: search, contact, what is pending; the ends of a talk, ring back."""

from dataclasses import replace

import msgspec
import pytest
from textual.pilot import Pilot

from operator_console.model.inputs import Disconnected
from server.wire.frames import Snapshot
from server.wire.history import ContactPage, ContactView, Found, Identity, QueueView, SearchPage
from server.wire.terms import (
    Author,
    ContactId,
    ConversationId,
    Dial,
    IdentityKind,
    Medium,
    MessageId,
    Outcome,
    Party,
    SessionKind,
    SessionState,
)
from server.wire.views import ConversationView, Customer, Page, SessionView, Ticket
from tests.fakes.console_data import ME, MIA, NOW, ago, busy, live_call, live_chat, session, snapshot, talk, turn
from tests.fakes.desk import FakeDesk
from tests.fakes.desk_app import settled
from tests.fakes.headset import FakeHeadset
from tests.fakes.stage import SIZES, SnapCompare, Stage, drawn, keys

pytestmark = pytest.mark.snapshot

JOAN = ContactId("p_joan")
CUSTOMER = Customer(name="Joan Ferrer", handle="+34 600 555 042", channel="twilio")
DAY = 86_400


def _closed(number: int, days: float, **fields: object) -> SessionView:
    known: dict[str, object] = {
        "state": SessionState.CLOSED,
        "operator_id": ME,
        "customer": CUSTOMER,
        "contact_id": JOAN,
        "requested_at": ago(days * DAY + 900),
        "active_at": ago(days * DAY + 600),
        "ended_at": ago(days * DAY + 60),
        "closed_at": ago(days * DAY),
        "outcome": Outcome.RESOLVED,
    }
    return session(number, **{**known, **fields})


def _found(conversation: int, position: int, snippet: str, word: str, name: str, **fields: object) -> Found:
    at = snippet.find(word)
    known: dict[str, object] = {"author": Author.CUSTOMER, "at": ago(conversation * 9000), "medium": Medium.VOICE}
    return Found(
        message_id=MessageId(f"m{conversation}-{position}"),
        conversation_id=ConversationId(f"c{conversation}"),
        position=position,
        snippet=snippet,
        marks=((at, at + len(word)),),
        customer=Customer(name=name, handle="+1 555 0183"),
        **{**known, **fields},  # type: ignore[arg-type]
    )


FOUND = (
    _found(30, 3, "Please do. It was 49.00 both times, on the same day.", "49.00", "Joan Ferrer", number="H-0030"),
    _found(28, 4, "… indeed two charges of 49.00 EUR on 28 February. One of …", "49.00", "Bo Lindqvist"),
    _found(27, 6, "返金 49.00 をお願いします", "49.00", "田中 ゆき", number="H-0027", medium=Medium.CHAT),
    _found(21, 2, "The invoice says 49.00, my bank says 490.", "49.00", "", number="H-0021"),
)
PENDING = (
    _closed(30, 2, follow_up="ring the bank about order 88120", follow_up_at=ago(5400), note="Refunded 49.00."),
    _closed(28, 3, follow_up="send the receipt", follow_up_at=ago(-7200), customer=Customer(name="Bo Lindqvist")),
    _closed(
        27,
        4,
        follow_up="ask the warehouse whether the second parcel left before the strike, then write to her",
        follow_up_at=ago(-3 * DAY),
        customer=Customer(name="Dr. Maximiliane von Hohenstein-Ehrenberg"),
        medium=Medium.CHAT,
    ),
)
PAGE = ContactPage(
    contact=ContactView(
        id=JOAN,
        name="Joan Ferrer",
        created_at=ago(400 * DAY),
        identities=(
            Identity(kind=IdentityKind.PHONE, value="+34600555042"),
            Identity(kind=IdentityKind.EMAIL, value="joan.ferrer@example.com"),
        ),
    ),
    sessions=(
        PENDING[0],
        _closed(
            25, 9, note="Changed the address.", medium=Medium.CHAT, tickets=(Ticket(system="jira", reference="OPS-17"),)
        ),
        _closed(12, 160, outcome=Outcome.ENDED, ended_by=Party.CUSTOMER, operator_id=MIA, reason="asked for a person"),
    ),
    conversations=(
        ConversationView(id=ConversationId("c91"), medium=Medium.CHAT, customer=CUSTOMER, created_at=ago(20 * DAY)),
    ),
    notes=(
        turn(30, 9, Author.NOTE, "Prefers mail; not before ten.", operator_id=MIA, author_name="Mia"),
        turn(25, 9, Author.NOTE, "Moved to Girona in January.", operator_id=ME, author_name="Sam"),
    ),
)


def _past(desk: FakeDesk) -> None:
    for number in (21, 25, 27, 28, 30, 91):
        desk.transcripts[ConversationId(f"c{number}")] = talk(number)
    desk.searches["49.00"] = SearchPage(found=FOUND)
    desk.pages["follow-ups"] = Page(sessions=PENDING)
    desk.contacts[JOAN] = PAGE


async def _search(pilot: Pilot[int], desk: FakeDesk, _headset: FakeHeadset) -> None:
    _past(desk)
    await pilot.press("comma", *"49.00", "enter")


async def _nothing_found(pilot: Pilot[int], _desk: FakeDesk, _headset: FakeHeadset) -> None:
    await pilot.press("comma", *"zanzibar", "enter")


async def _search_refused(pilot: Pilot[int], desk: FakeDesk, _headset: FakeHeadset) -> None:
    desk.refuse_reads = True
    desk.play(Disconnected("connection refused"))
    await settled(pilot)
    await pilot.press("comma", *"zanzibar", "enter")


async def _contact(pilot: Pilot[int], desk: FakeDesk, _headset: FakeHeadset) -> None:
    _past(desk)
    await pilot.press("semicolon")


async def _pending(pilot: Pilot[int], desk: FakeDesk, _headset: FakeHeadset) -> None:
    _past(desk)
    await pilot.press("J")


def _asking(first: Snapshot, queue: QueueView) -> Snapshot:
    return msgspec.structs.replace(first, queues=(queue,))


def _dialling(dial: Dial) -> Snapshot:
    return snapshot(
        *busy(
            mine=(
                live_call(
                    kind=SessionKind.CALLBACK,
                    state=SessionState.CONNECTING,
                    active_at=None,
                    accepted_at=ago(7),
                    dial=dial,
                ),
            )
        )
    )


CALL = snapshot(*busy(mine=(live_call(contact_id=JOAN),)))
LATE = snapshot(live_call(state=SessionState.WRAP_UP, ended_at=ago(5), wrap_up_until=NOW))
BILLING = QueueView(
    name="default",
    dispositions=("refund", "wrong invoice", "contract ended", "double charge", "receipt asked for", "address changed"),
    disposition_required=True,
)
MANY = QueueView(
    name="default",
    dispositions=(
        *BILLING.dispositions,
        "the parcel came back to the warehouse and was sent out once more to the new address",
        *(f"matter {n}" for n in range(8, 13)),
    ),
)
TOLD = {
    "search": Stage(CALL, _search),
    "contact": Stage(CALL, _contact),
    "pending": Stage(CALL, _pending),
}
STAGES = {
    **TOLD,
    **{f"{name}_light": replace(stage, theme="desk-light") for name, stage in TOLD.items()},
    **{f"{name}_contrast": replace(stage, theme="desk-contrast") for name, stage in TOLD.items()},
    "search_asks": Stage(CALL, keys("comma")),
    "search_found_nothing": Stage(CALL, _nothing_found),
    "search_refused": Stage(snapshot(*busy()), _search_refused),
    "nothing_pending": Stage(snapshot(*busy()), keys("J")),
    "resolve_by_list": Stage(_asking(CALL, BILLING), keys("r", "2")),
    "resolve_by_long_list": Stage(_asking(CALL, MANY), keys("r")),
    "resolve_asks": Stage(_asking(LATE, BILLING), keys("r", "y")),
    "follow_up": Stage(snapshot(*busy(mine=(live_chat(),))), keys("u", *"send it", "enter", *"fri 14:30")),
    "follow_up_no_date": Stage(snapshot(*busy(mine=(live_chat(),))), keys("u", *"x", "enter", *"someday", "enter")),
    "ticket": Stage(CALL, keys("ampersand")),
    **{f"rings_back_{dial.value}": Stage(_dialling(dial)) for dial in (Dial.PLACING, Dial.RINGING, Dial.ANSWERED)},
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", list(STAGES))
def test_looking_back_looks_as_before(name: str, size: tuple[int, int], snap_compare: SnapCompare) -> None:
    assert drawn(STAGES[name], size, snap_compare)
