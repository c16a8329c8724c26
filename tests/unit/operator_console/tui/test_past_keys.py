"""Keys of looking back: search, contact's page and follow-ups, and what is done about the row under the cursor."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from textual.widgets import Input

from operator_console.tui.screens.follow_up import FollowUpDialog
from operator_console.tui.screens.past import PastScreen
from operator_console.tui.widgets.call_bar import CallBar
from server.wire.commands import Command, FinishWrapUp, FollowUp, FollowUpDone, LinkTicket, RingBack
from server.wire.frames import Reply, Snapshot
from server.wire.history import ContactPage, ContactView, Found, Identity, QueueView, SearchPage
from server.wire.terms import (
    NOT_GIVEN,
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
from tests.fakes.console_data import ME, NOW, ago, grant, live_call, live_chat, session, snapshot, talk, turn
from tests.fakes.desk_app import build, opened, settled

pytestmark = pytest.mark.unit

ZOE = ContactId("p_zoe")
ENDED = {"state": SessionState.CLOSED, "operator_id": ME, "active_at": ago(4000), "ended_at": ago(3700)}


def closed(number: int = 30, **fields: object) -> SessionView:
    known: dict[str, object] = {
        **ENDED,
        "closed_at": ago(3690),
        "outcome": Outcome.ENDED,
        "ended_by": Party.CUSTOMER,
        "contact_id": ZOE,
    }
    return session(number, **{**known, **fields})


def found(conversation: int, position: int, snippet: str, **fields: object) -> Found:
    known: dict[str, object] = {"author": Author.CUSTOMER, "at": ago(9000), "medium": Medium.CHAT}
    return Found(
        message_id=MessageId(f"m{conversation}-{position}"),
        conversation_id=ConversationId(f"c{conversation}"),
        position=position,
        snippet=snippet,
        customer=Customer(name="Zoë Adler"),
        **{**known, **fields},  # type: ignore[arg-type]
    )


def zoe(*sessions: SessionView) -> ContactPage:
    return ContactPage(
        contact=ContactView(
            id=ZOE,
            name="Zoë Adler",
            created_at=ago(90_000),
            identities=(Identity(kind=IdentityKind.PHONE, value="+15550142"),),
        ),
        conversations=(
            ConversationView(
                id=ConversationId("c91"),
                medium=Medium.CHAT,
                customer=Customer(name="Zoë Adler", channel="web"),
                created_at=ago(80_000),
            ),
            *(
                ConversationView(
                    id=one.conversation_id, medium=one.medium, customer=one.customer, created_at=one.requested_at
                )
                for one in sessions
            ),
        ),
        sessions=sessions,
        notes=(turn(30, 9, Author.NOTE, "prefers mail"),),
    )


def screen_text(app: object) -> str:
    screen = app.screen  # type: ignore[attr-defined]
    rows = [screen.rows.line_at(y)[0] for y in range(screen.rows.line_count())]
    turns = [screen.talk.line_at(y)[0] for y in range(screen.talk.line_count())]
    return "\n".join("".join(text for text, _ in line) for line in (*rows, *turns))


async def test_words_lead_to_the_turn_in_its_whole_conversation() -> None:
    app, desk, _ = build()
    desk.searches["durian"] = SearchPage(
        found=(found(30, 3, "Where is my durian?", marks=((12, 18),), number="H-0030"),), next_after="b20"
    )
    desk.searches["b20"] = SearchPage(found=(found(31, 1, "durian \x1b[31mred"),))
    desk.transcripts[ConversationId("c30")] = talk(30)
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, desk, snapshot())
        await pilot.press("comma", *"durian", "enter")
        await settled(pilot)
        assert isinstance(app.screen, PastScreen)
        shown = screen_text(app)
        assert "H-0030" in shown
        assert "Where is my durian?" in shown
        assert talk(30)[2].text[:20] in shown
        await pilot.press("j")
        await settled(pilot)
        assert len(app.screen.rows.entries) == 2
        assert "\x1b" not in screen_text(app)
        await pilot.press("slash", "escape", "escape")
        await settled(pilot)
        assert not isinstance(app.screen, PastScreen)


async def test_a_search_that_finds_nothing_or_fails_says_so() -> None:
    app, desk, _ = build()
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, desk, snapshot())
        await pilot.press("comma", *"nothing", "enter")
        await settled(pilot)
        assert "Nothing was found." in screen_text(app)
        desk.refuse_reads = True
        await pilot.press("slash", *"x", "enter")
        await settled(pilot)
        assert "The broker is not reachable." in screen_text(app)


async def test_a_contact_opens_from_a_live_card_by_key_and_by_command() -> None:
    app, desk, _ = build()
    live = live_chat()
    mine = SessionView(**{**{f: getattr(live, f) for f in live.__struct_fields__}, "contact_id": ZOE})
    page = zoe(
        closed(30, note="Refunded.", tickets=(Ticket(system="jira", reference="OPS-17"),)),
        closed(31, medium=Medium.CHAT, follow_up="send the receipt", follow_up_at=ago(60)),
    )
    desk.contacts = {ZOE: page, "adler": page}
    desk.transcripts[ConversationId("c30")] = talk(30)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, desk, snapshot(mine))
        await pilot.press("semicolon")
        await settled(pilot)
        shown = screen_text(app)
        for text in ("+15550142", "jira OPS-17", "prefers mail", "H-0030", "H-0031", "late", "with the AI alone"):
            assert text in shown, text
        await pilot.press("escape", "colon", *"contact adler", "enter")
        await settled(pilot)
        assert isinstance(app.screen, PastScreen)
        assert "H-0031" in screen_text(app)
        await pilot.press("escape", "colon", *"contact nobody", "enter")
        await settled(pilot)
        assert "There is no such contact." in screen_text(app)


async def test_what_is_pending_is_done_from_its_row() -> None:
    pending = closed(30, follow_up="send the receipt", follow_up_at=ago(60))

    def answer(command: Command) -> Reply:
        done = closed(30, follow_up="send the receipt", follow_up_at=ago(60), follow_up_done_at=NOW, version=9)
        return Reply(id=command.id, ok=True, session=done if isinstance(command, FollowUpDone) else None)

    app, desk, _ = build(answer=answer)
    desk.pages["follow-ups"] = Page(sessions=(pending,))
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, desk, snapshot())
        await pilot.press("J")
        await settled(pilot)
        assert "send the receipt" in screen_text(app)
        assert "late" in screen_text(app)
        await pilot.press("M")
        await settled(pilot)
        (order,) = [one for one in desk.orders if isinstance(one, FollowUpDone)]
        assert (order.session_id, order.epoch) == (pending.id, pending.epoch)
        assert "(done)" in screen_text(app)
        assert "late" not in screen_text(app)


async def test_a_follow_up_takes_a_date_and_keeps_the_dialog_until_it_is_one() -> None:
    app, desk, _ = build()
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, desk, snapshot(live_chat()))
        await pilot.press("u", *"send it", "enter", *"someday", "enter")
        await settled(pilot)
        assert isinstance(app.screen, FollowUpDialog)
        assert desk.orders == [] or not any(isinstance(one, FollowUp) for one in desk.orders)
        await pilot.press(*["backspace"] * 7, *"tomorrow 9:00", "enter")
        await settled(pilot)
        (order,) = [one for one in desk.orders if isinstance(one, FollowUp)]
        assert (order.text, order.at) == ("send it", datetime(2026, 3, 4, 9, 0, tzinfo=UTC))


async def test_a_follow_up_and_a_ticket_can_be_written_on_one_line() -> None:
    app, desk, _ = build()
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, desk, snapshot(live_chat()))
        for line in ("after.follow_up call her @ +2h", "link jira OPS-17", "after.follow_up x @ whenever", "link jira"):
            await pilot.press("colon", *line, "enter")
            await settled(pilot)
        (order,) = [one for one in desk.orders if isinstance(one, FollowUp)]
        assert (order.text, order.at) == ("call her", NOW + timedelta(hours=2))
        (link,) = [one for one in desk.orders if isinstance(one, LinkTicket)]
        assert (link.system, link.reference) == ("jira", "OPS-17")


async def test_ring_back_from_history_opens_the_audio_of_the_new_session() -> None:
    new = session(
        50,
        kind=SessionKind.CALLBACK,
        state=SessionState.CONNECTING,
        operator_id=ME,
        accepted_at=NOW,
        dial=Dial.RINGING,
        epoch=2,
    )

    def answer(command: Command) -> Reply:
        ring = isinstance(command, RingBack)
        return Reply(id=command.id, ok=True, session=new if ring else None, media=grant(2) if ring else None)

    app, desk, headset = build(answer=answer)
    desk.pages[""] = Page(sessions=(closed(30),))
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, desk, snapshot())
        await pilot.press("H")
        await settled(pilot)
        await pilot.press("R")
        await settled(pilot)
        (order,) = [one for one in desk.orders if isinstance(one, RingBack)]
        assert order.session_id == closed(30).id
        desk.play(snapshot(new, seq=11))
        await settled(pilot)
        assert [what for did, what in headset.log if did == "open"] == [("t1", False)]
        bar = "".join(text for text, _ in app.desk_screen.call_bar.lines[0])
        assert "ringing" in bar


async def test_without_a_call_partner_nothing_is_ordered() -> None:
    app, desk, _ = build()
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, desk, snapshot())
        await pilot.press("R", "ampersand", "M", "u", "semicolon")
        await settled(pilot)
        assert desk.orders == []


async def test_a_queue_that_asks_for_a_disposition_gets_one_of_its_own() -> None:
    queue = QueueView(name="default", dispositions=("refund", "wrong invoice"), disposition_required=True)
    first = snapshot(session(42, state=SessionState.WRAP_UP, operator_id=ME, wrap_up_until=NOW, ended_at=ago(5)))
    asked: Snapshot = Snapshot(**{**{f: getattr(first, f) for f in first.__struct_fields__}, "queues": (queue,)})
    app, desk, _ = build()
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, desk, asked)
        await pilot.press("r", "y")
        await settled(pilot)
        assert desk.orders == []
        await pilot.press("2", "y")
        await settled(pilot)
        assert [getattr(one, "disposition", "") for one in desk.orders] == ["wrong invoice"]


async def test_more_dispositions_than_number_keys_are_completed_while_they_are_written() -> None:
    queue = QueueView(name="default", dispositions=tuple(f"{letter} matter" for letter in "abcdefghijkl"))
    first = snapshot(session(42, state=SessionState.WRAP_UP, operator_id=ME, wrap_up_until=NOW, ended_at=ago(5)))
    asked: Snapshot = Snapshot(**{**{f: getattr(first, f) for f in first.__struct_fields__}, "queues": (queue,)})
    app, desk, _ = build()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, desk, asked)
        await pilot.press("r", "d", *"L ")
        box = app.screen.query_one("#disposition", Input)
        async with asyncio.timeout(30):
            while box.value != "l matter":
                await pilot.press("right")
        await pilot.press("enter", "y")
        await settled(pilot)
        assert [getattr(one, "disposition", "") for one in desk.orders] == ["l matter"]


@pytest.mark.parametrize("key", ["J", "H", "comma"])
async def test_the_call_stays_in_view_from_the_first_moment_of_a_screen_of_the_past(key: str) -> None:
    app, desk, _ = build()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, desk, snapshot(live_call()))
        await pilot.press(key)
        await settled(pilot)
        bar = app.screen.query_one(CallBar)
        assert "LIVE H-0042" in "".join(text for text, _ in bar.lines[0])


async def test_what_closed_without_its_disposition_is_written_up_from_the_history() -> None:
    app, desk, _ = build()
    desk.pages[""] = Page(sessions=(closed(disposition=NOT_GIVEN, queue="billing", note="paid"), closed(29)))
    queues = (QueueView(name="billing", dispositions=("refund", "other"), disposition_required=True),)
    async with app.run_test(size=(100, 34)) as pilot:
        await opened(pilot, desk, msgspec.structs.replace(snapshot(), queues=queues))
        await pilot.press("H")
        await settled(pilot)
        await pilot.press("r", "y")
        await settled(pilot)
        assert desk.orders == [], "the queue asks for one"
        await pilot.press("1", "y")
        await settled(pilot)
        (order,) = desk.orders
        assert isinstance(order, FinishWrapUp)
        assert (order.disposition, order.note) == ("refund", "paid")
        await pilot.press("j", "r")
        await settled(pilot)
        assert app.model.notice is not None
        assert app.model.notice.text == "H-0029 lacks no disposition."
