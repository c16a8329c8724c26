"""After a talk: what is still to be done, tickets, dispositions of the queue, and whose contact it was."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from server.core.aftermath import MOST_TICKETS
from server.core.errors import CallerError, ConflictError
from server.wire import commands as c
from server.wire.history import QueueView
from server.wire.terms import NOT_GIVEN, ContactId, Outcome, Party, SessionState
from server.wire.views import Ticket
from tests.world import ORGANISATION, RULES, Customer, Person, World

pytestmark = pytest.mark.scenario

BILLING = QueueView(name="billing", dispositions=("refund", "wrong invoice"), disposition_required=True)
TOMORROW = datetime(2026, 3, 4, 9, 0, tzinfo=timezone(timedelta(hours=1)))


async def pending(world: World) -> list[str]:
    page = await world.database.read(lambda unit: unit.views.follow_ups(ORGANISATION, "", 50))
    return [one.follow_up for one in page.sessions]


async def talk(world: World, who: Person, queue: str = "default") -> Customer:
    customer = await world.chat()
    await customer.asks_for_a_person(queue=queue)
    await who.takes(customer)
    return customer


async def test_a_call_with_nothing_pending_ends_resolved_without_a_key() -> None:
    async with World() as desk:
        ann = await desk.operator("ann")
        call = await desk.caller()
        await call.asks_for_a_person()
        await ann.takes(call)
        await call.leaves()
        await desk.later(120)
        done = await call.session()
        assert (done.state, done.outcome, done.ended_by) == (SessionState.CLOSED, Outcome.RESOLVED, Party.CUSTOMER)
        assert await pending(desk) == []


async def test_a_call_with_a_follow_up_ends_open_and_is_listed_until_somebody_did_it() -> None:
    async with World() as desk:
        ann, ben = await desk.operator("ann"), await desk.operator("ben")
        call = await desk.caller()
        await call.asks_for_a_person()
        await ann.takes(call)
        await ann.does(c.FollowUp, call, text="send the receipt", at=TOMORROW)
        assert await pending(desk) == []
        await call.leaves()
        assert await pending(desk) == ["send the receipt"]
        await desk.later(120)
        ended = await call.session()
        assert (ended.state, ended.outcome) == (SessionState.CLOSED, Outcome.ENDED)
        assert ended.follow_up_at == datetime(2026, 3, 4, 8, 0, tzinfo=UTC)
        reply = await ben.does(c.FollowUpDone, call)
        assert reply.session is not None
        assert (reply.session.outcome, reply.session.follow_up_done_by) == (Outcome.RESOLVED, ben.id)
        assert reply.session.follow_up_done_at == desk.clock.now()
        assert await pending(desk) == []
        again = await ann.does(c.FollowUpDone, call)
        assert again.session == reply.session


async def test_a_follow_up_may_be_written_after_the_end_by_anybody_and_taken_back() -> None:
    async with World() as desk:
        ann, ben = await desk.operator("ann"), await desk.operator("ben")
        chat = await talk(desk, ann)
        await ann.does(c.Resolve, chat)
        await desk.later(120)
        await ben.does(c.FollowUp, chat, text="ask how it went")
        row = await chat.session()
        assert (row.follow_up, row.follow_up_at, row.outcome) == (
            "ask how it went",
            desk.clock.now(),
            Outcome.RESOLVED,
        )
        assert await pending(desk) == ["ask how it went"]
        await ben.does(c.FollowUp, chat, text="")
        assert await pending(desk) == []
        refused = await ben.refused(c.FollowUpDone, chat)
        assert refused.code == "nothing_pending"
        stale = await ben.refused(c.FollowUp, chat, text="late", epoch=99)
        assert stale.code == "stale_epoch"


async def test_a_date_without_a_zone_is_refused_and_nothing_is_kept() -> None:
    async with World() as desk:
        ann = await desk.operator("ann")
        chat = await talk(desk, ann)
        refused = await ann.refused(c.FollowUp, chat, text="x", at=datetime(2026, 3, 4, 9, 0))  # noqa: DTZ001 - on purpose
        assert refused.code == "date_without_zone"
        assert (await chat.session()).follow_up == ""


async def test_tickets_are_linked_once_and_can_be_taken_away_also_after_the_end() -> None:
    async with World() as desk:
        ann, ben = await desk.operator("ann"), await desk.operator("ben")
        chat = await talk(desk, ann)
        for _ in range(2):
            await ann.does(c.LinkTicket, chat, system=" jira ", reference="OPS-17\x1b[31m")
        await ann.does(c.Resolve, chat)
        await desk.later(120)
        await ben.does(c.LinkTicket, chat, system="zendesk", reference="https://example.com/t/9")
        assert (await chat.session()).tickets == (
            Ticket(system="jira", reference="OPS-17\ufffd[31m"),
            Ticket(system="zendesk", reference="https://example.com/t/9"),
        )
        await ben.does(c.LinkTicket, chat, system="zendesk", reference="https://example.com/t/9", remove=True)
        assert [one.system for one in (await chat.session()).tickets] == ["jira"]
        assert (await ben.refused(c.LinkTicket, chat, system=" ", reference="1")).code == "no_such_ticket"
        for number in range(MOST_TICKETS - 1):
            await ben.does(c.LinkTicket, chat, system="jira", reference=f"T-{number}")
        assert (await ben.refused(c.LinkTicket, chat, system="jira", reference="one more")).code == "too_many_tickets"


async def test_a_queue_asks_what_it_was_about_in_its_own_words() -> None:
    async with World(queues={"billing": BILLING}) as desk:
        ann = await desk.operator("ann")
        chat = await talk(desk, ann, "billing")
        wrong = await ann.refused(c.Resolve, chat, disposition="weather")
        assert isinstance(wrong, CallerError)
        assert (wrong.code, wrong.details) == ("unknown_disposition", {"dispositions": "refund, wrong invoice"})
        await ann.does(c.Resolve, chat)
        missing = await ann.refused(c.FinishWrapUp, chat)
        assert isinstance(missing, ConflictError)
        assert (missing.code, missing.details) == ("disposition_required", {"dispositions": "refund, wrong invoice"})
        assert (await chat.session()).state is SessionState.WRAP_UP
        await ann.does(c.FinishWrapUp, chat, disposition="Wrong Invoice")
        done = await chat.session()
        assert (done.state, done.disposition) == (SessionState.CLOSED, "wrong invoice")


async def test_a_wrap_up_that_nobody_finished_says_that_the_disposition_is_missing_until_it_is_written() -> None:
    rules = replace(RULES, queues={"billing": replace(RULES, disposition_required=True)})
    async with World(queues={"billing": BILLING}, rules=rules) as desk:
        ann, ben = await desk.operator("ann"), await desk.operator("ben")
        chat, open_one = await talk(desk, ann, "billing"), await talk(desk, ann, "default")
        await ann.does(c.Resolve, chat, note="paid back")
        await ann.does(c.Resolve, open_one)
        await desk.later(61)
        lapsed = await chat.session()
        assert (lapsed.state, lapsed.disposition, lapsed.note) == (SessionState.CLOSED, NOT_GIVEN, "paid back")
        assert (await open_one.session()).disposition == "", "nobody asks for it there"
        assert (await ben.refused(c.FinishWrapUp, chat)).code == "disposition_required"
        assert (await ben.refused(c.FinishWrapUp, chat, disposition=NOT_GIVEN)).code == "unknown_disposition"
        await ben.does(c.FinishWrapUp, chat, disposition="refund")
        written = await chat.session()
        assert (written.state, written.disposition, written.note) == (SessionState.CLOSED, "refund", "paid back")
        assert (await ann.refused(c.FinishWrapUp, chat, disposition="refund")).code == "session_closed"
        assert (await ann.refused(c.FinishWrapUp, open_one, disposition="refund")).code == "session_closed"


async def test_what_was_said_when_resolving_need_not_be_said_again() -> None:
    async with World(queues={"billing": BILLING}) as desk:
        ann = await desk.operator("ann")
        chat = await talk(desk, ann, "billing")
        await ann.does(c.Resolve, chat, disposition="REFUND")
        await ann.does(c.FinishWrapUp, chat, note="paid back")
        assert ((await chat.session()).disposition, (await chat.session()).note) == ("refund", "paid back")


async def test_a_queue_without_rules_takes_any_words_or_none() -> None:
    async with World(queues={"billing": BILLING}) as desk:
        ann = await desk.operator("ann")
        for said in ("anything at all", ""):
            chat = await talk(desk, ann)
            await ann.does(c.Resolve, chat, disposition=said)
            await ann.does(c.FinishWrapUp, chat)
            assert (await chat.session()).disposition == said


async def test_conversations_meet_on_one_contacts_page() -> None:
    async with World() as desk:
        ann = await desk.operator("ann")
        call = await desk.caller("Mrs Fields", customer_handle="+1 (555) 0142-77", channel="twilio")
        chat = await desk.chat("", customer_handle="Fields@Example.com", channel="web", customer_id="A-7")
        later = await desk.chat("Eve Fields", customer_handle="+1 555 014277", channel="sms", customer_id="A-7")
        stranger = await desk.chat("Mrs Fields", customer_handle="guest")
        await call.asks_for_a_person()
        await ann.takes(call)
        await ann.does(c.AddNote, call, text="prefers mail")
        await call.leaves()
        contacts = [(await one.conversation()).contact_id for one in (call, chat, later, stranger)]
        assert contacts[1] == contacts[2], "the id of your own system is the surest"
        assert len(set(contacts)) == 3
        session = await call.session()
        assert session.contact_id == contacts[0]
        page = await desk.broker.past.contact(ann.principal, contacts[0] or ContactId(""))
        assert [one.id for one in page.conversations] == [call.id]
        assert [one.number for one in page.sessions] == [session.number]
        assert [one.text for one in page.notes] == ["prefers mail"]
        second = await desk.broker.past.contact(ann.principal, contacts[1] or ContactId(""))
        assert {one.id for one in second.conversations} == {chat.id, later.id}
        assert second.contact.name == "Eve Fields"
        found = await desk.broker.past.look_up(ann.principal, "+1 555 014277")
        assert [one.id for one in found] == [contacts[0]]
        with pytest.raises(CallerError):
            await desk.broker.past.contact(ann.principal, ContactId("p_gone"))


async def test_everything_said_is_found_by_whoever_may_look_with_a_snippet_and_pages() -> None:
    async with World() as desk:
        ann = await desk.operator("ann")
        chat = await desk.chat()
        await chat.says("Where is my kumquat?")
        await chat.assistant_says("Your kumquat is on its way.")
        await chat.asks_for_a_person()
        await ann.takes(chat)
        await ann.does(c.Say, chat, text="The kumquat arrived.")
        await ann.does(c.AddNote, chat, text="kumquat fan")
        past = desk.broker.past
        first = await past.search(ann.principal, "kumquat", newest=True, after="", limit=3)
        rest = await past.search(ann.principal, "kumquat", newest=True, after=first.next_after, limit=3)
        shown = [(one.author.value, one.snippet) for one in (*first.found, *rest.found)]
        assert shown == [
            ("note", "kumquat fan"),
            ("operator", "The kumquat arrived."),
            ("assistant", "Your kumquat is on its way."),
            ("customer", "Where is my kumquat?"),
        ]
        assert first.found[1].marks == ((4, 11),)
        assert (first.found[0].number, rest.found[0].number, rest.next_after) == ("H-0001", "", "")
        best = await past.search(ann.principal, "kumquat", newest=False, after="", limit=3)
        more = await past.search(ann.principal, "kumquat", newest=False, after=best.next_after, limit=3)
        assert len({one.message_id for one in (*best.found, *more.found)}) == 4
        for bad in ("x", "n", "b3", "n-1", "n1e9", "n" + "9" * 30):
            with pytest.raises(CallerError) as refused:
                await past.search(ann.principal, "kumquat", newest=True, after=bad, limit=3)
            assert refused.value.code == "bad_page"
