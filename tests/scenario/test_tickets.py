"""Tickets in another system: one for each handoff, with everything in it, whatever happens on the way."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from server.broker.notifying import RETRY_SECONDS
from server.broker.ports.tickets import Move, TicketDesk, TicketError
from server.broker.road import TICKET
from server.broker.ticketing import Ticketing
from server.secret_files import SecretText
from server.tickets.memory import MemoryTickets
from server.tickets.zendesk import Zendesk
from server.wire import commands as c
from server.wire.views import Context, Fact, Ticket
from tests.fakes.ticket_desks import SECRET, USER, FakeZendesk
from tests.world import ORGANISATION, RULES, Customer, Person, World

pytestmark = pytest.mark.scenario

AT_HANDOFF = replace(RULES, ticket_system="support", wrap_up_seconds=20.0)
AT_WRAP_UP = replace(AT_HANDOFF, ticket_at_handoff=False)
KNOWN = Context(summary="Wants the money for order 7731 back", facts=(Fact(name="order_number", value="7731"),))


class Desk(World):
    """A desk whose tickets go to a system in memory."""

    def __init__(self, rules: object = AT_HANDOFF, *, url: str = "sqlite://", **rest: object) -> None:
        self.kept = MemoryTickets()
        super().__init__(
            url,
            rules=rules,  # type: ignore[arg-type]
            tickets={"support": TicketDesk(system=self.kept, link="https://desk.example/{number}", **rest)},  # type: ignore[arg-type]
        )


async def handed_over(desk: World, name: str = "Mrs Fields", handle: str = "+15550142") -> tuple[Person, Customer]:
    """Return the operator who has a chat, and its customer."""
    ann = desk.people.get("ann") or await desk.operator("ann")
    chat = await desk.chat(name, customer_handle=handle)
    await chat.says("I want my money back")
    await chat.asks_for_a_person("wants a refund", context=KNOWN)
    await ann.accept(chat)
    return ann, chat


async def resolves(ann: Person, chat: Customer) -> None:
    await ann.does(c.Resolve, chat)
    await ann.world.settle()


async def tickets_of(chat: Customer) -> tuple[Ticket, ...]:
    return (await chat.session()).tickets


async def test_a_handoff_makes_a_ticket_with_all_that_is_known_and_links_it() -> None:
    async with Desk() as desk:
        chat = await desk.chat("Mrs Fields", customer_handle="+15550142")
        await chat.says("I want my money back")
        await chat.asks_for_a_person("wants a refund", context=KNOWN, priority=2)
        (kept,) = desk.kept.tickets.values()
        for words in ("wants a refund", "order 7731 back", "order number: 7731", "I want my money back", "+15550142"):
            assert words in kept.draft.text, words
        assert "https://desk.example/H-0001" in kept.draft.text
        assert kept.draft.title.startswith("H-0001 Mrs Fields: Wants the money")
        assert (kept.draft.key, kept.draft.priority) == ((await chat.session()).id, 2)
        expected = Ticket(system="support", reference="T-1", id="1", url="https://tickets.example/1")
        assert await tickets_of(chat) == (expected,)


async def test_the_end_is_written_into_the_ticket() -> None:
    async with Desk() as desk:
        ann, chat = await handed_over(desk)
        await ann.does(c.Say, chat, text="It is on its way")
        await resolves(ann, chat)
        await ann.does(c.FinishWrapUp, chat, disposition="refunded", note="as a courtesy")
        await desk.settle()
        (kept,) = desk.kept.tickets.values()
        (told,) = kept.updates
        for words in ("H-0001 ended: resolved", "refunded", "as a courtesy", "It is on its way"):
            assert words in told.text, words
        assert (told.move, kept.open) == (Move.NONE, True)


async def test_at_wrap_up_nothing_is_made_before_the_talk_is_over() -> None:
    async with Desk(AT_WRAP_UP) as desk:
        ann, chat = await handed_over(desk)
        assert not desk.kept.tickets
        await resolves(ann, chat)
        assert [one.reference for one in await tickets_of(chat)] == ["T-1"]
        await desk.later(21)
        (kept,) = desk.kept.tickets.values()
        assert "ended: resolved" in kept.updates[0].text


async def test_who_leaves_unheard_has_a_ticket_that_says_so() -> None:
    async with Desk(AT_WRAP_UP) as desk:
        chat = await desk.chat()
        await chat.asks_for_a_person("wants a refund")
        await chat.leaves()
        (kept,) = desk.kept.tickets.values()
        assert "H-0001 ended: abandoned, by the customer" in kept.draft.text
        assert kept.updates == []


async def test_a_resolved_matter_solves_its_ticket_only_where_that_is_wished_and_nothing_is_left_to_do() -> None:
    async with Desk(solve=True) as desk:
        ann, first = await handed_over(desk)
        await resolves(ann, first)
        await desk.later(21)
        ann, second = await handed_over(desk, "Joe", "+15550199")
        await resolves(ann, second)
        await ann.does(c.FollowUp, second, text="send the receipt")
        await desk.later(21)
        assert [one.open for one in desk.kept.tickets.values()] == [False, True]
        assert "send the receipt" in desk.kept.tickets["2"].updates[0].text


async def test_the_same_contact_within_days_opens_the_same_ticket_again() -> None:
    async with Desk(solve=True) as desk:
        ann, first = await handed_over(desk)
        await resolves(ann, first)
        await desk.later(21)
        assert not desk.kept.tickets["1"].open
        _, second = await handed_over(desk)
        (kept,) = desk.kept.tickets.values()
        assert kept.open
        assert "The customer came again: H-0002" in kept.updates[-1].text
        assert [one.reference for one in await tickets_of(second)] == ["T-1"]


async def test_another_contact_or_a_later_week_has_a_ticket_of_its_own() -> None:
    async with Desk(reopen_days=1) as desk:
        ann, first = await handed_over(desk)
        await resolves(ann, first)
        await desk.later(21)
        ann, other = await handed_over(desk, "Joe Brook", "+15550199")
        await resolves(ann, other)
        await desk.later(21)
        long_ago = "UPDATE sessions SET closed_at = 0 WHERE state = 'closed'"
        await desk.database.run(lambda unit: unit.line.script([long_ago]))
        _, second = await handed_over(desk)
        assert len(desk.kept.tickets) == 3
        assert [one.reference for one in await tickets_of(second)] == ["T-3"]


async def test_a_ticket_that_was_deleted_there_gets_a_successor_that_says_so() -> None:
    async with Desk() as desk:
        ann, chat = await handed_over(desk)
        del desk.kept.tickets["1"]
        await resolves(ann, chat)
        await desk.later(21)
        (kept,) = desk.kept.tickets.values()
        assert "T-1 is not there any more" in kept.draft.text
        assert "ended: resolved" in kept.draft.text
        assert [one.reference for one in await tickets_of(chat)] == ["T-1", "T-2"]


async def test_a_crash_between_making_and_writing_down_makes_no_second_ticket(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with Desk(url=f"sqlite:///{tmp_path}/desk.db") as desk:

        async def dies(*_: object) -> None:
            raise TicketError("killed", "as if the process had died here")

        with monkeypatch.context() as patched:
            patched.setattr(Ticketing, "_link", dies)
            chat = await desk.chat()
            await chat.asks_for_a_person("wants a refund")
            assert len(desk.kept.tickets) == 1
            assert await tickets_of(chat) == ()
        await desk.restart()
        await desk.later(RETRY_SECONDS[0] + 1)
        assert len(desk.kept.tickets) == 1
        assert [one.reference for one in await tickets_of(chat)] == ["T-1"]


async def test_an_answer_that_got_lost_makes_no_second_ticket() -> None:
    async with Desk() as desk:
        desk.kept.lost.append(TicketError("ticket_system_unreachable", "the line broke"))
        chat = await desk.chat()
        await chat.asks_for_a_person("wants a refund")
        await desk.later(RETRY_SECONDS[0] + 1)
        assert len(desk.kept.tickets) == 1
        assert [one.reference for one in await tickets_of(chat)] == ["T-1"]


async def test_a_busy_system_is_asked_again_when_it_said_and_a_final_refusal_never() -> None:
    async with Desk() as desk:
        desk.kept.faults.append(TicketError("ticket_system_busy", "slower", retry_after_seconds=77))
        chat = await desk.chat()
        await chat.asks_for_a_person("wants a refund")
        await desk.later(70)
        assert not desk.kept.tickets
        await desk.later(8)
        assert len(desk.kept.tickets) == 1
        desk.kept.faults.append(TicketError("ticket_refused", "400", retryable=False))
        other = await desk.chat("Joe", customer_handle="+15550177")
        await other.asks_for_a_person("wants a refund")
        assert await desk.jobs(TICKET) == 0
        assert await tickets_of(other) == ()


async def test_pauses_grow_and_end() -> None:
    async with Desk() as desk:
        chat = await desk.chat()
        desk.kept.faults.extend(TicketError("ticket_system_unreachable", "no") for _ in range(50))
        await chat.asks_for_a_person("wants a refund")
        for tries, pause in enumerate(RETRY_SECONDS[:2], start=1):
            assert 50 - len(desk.kept.faults) == tries
            await desk.later(pause - 2)
            assert 50 - len(desk.kept.faults) == tries
            await desk.later(3)
        for _ in RETRY_SECONDS:  # the others are days long: they are taken away
            await desk.database.run(lambda unit: unit.line.script(["UPDATE outbox SET due_at = 0"]))
            await desk.broker.ticketing.run_due()
        assert await desk.jobs(TICKET) == 0
        assert 50 - len(desk.kept.faults) == len(RETRY_SECONDS) + 1


async def test_what_an_operator_links_by_hand_stays_theirs() -> None:
    async with Desk() as desk:
        ann, chat = await handed_over(desk)
        await ann.does(c.LinkTicket, chat, system="jira", reference="OPS-17")
        await resolves(ann, chat)
        await desk.later(21)
        assert [(one.system, one.reference) for one in await tickets_of(chat)] == [
            ("support", "T-1"),
            ("jira", "OPS-17"),
        ]
        await ann.does(c.LinkTicket, chat, system="support", reference="T-1", remove=True)
        assert [one.system for one in await tickets_of(chat)] == ["jira"]


async def test_what_the_guard_refused_and_a_queue_without_a_system_have_no_ticket() -> None:
    async with Desk(replace(RULES, queues={"quiet": RULES, "default": AT_HANDOFF})) as desk:
        chat = await desk.chat()
        await chat.asks_for_a_person("hello", queue="quiet")
        await chat.leaves()
        assert not desk.kept.tickets
        assert await desk.jobs(TICKET) == 0


async def test_internal_notes_stand_in_the_ticket_and_taken_back_words_do_not() -> None:
    async with Desk() as desk:
        ann, chat = await handed_over(desk)
        await ann.does(c.AddNote, chat, text="careful with this one")
        said = await ann.does(c.Say, chat, text="my password is swordfish")
        assert said.message is not None
        await ann.does(c.DeleteMessage, chat, message_id=said.message.id)
        await resolves(ann, chat)
        await desk.later(21)
        told = desk.kept.tickets["1"].updates[0].text
        assert "careful with this one" in told
        assert "swordfish" not in told


async def test_a_whole_handoff_with_zendesk_on_the_other_side() -> None:
    there = FakeZendesk()
    system = Zendesk("https://desk.zendesk.example", USER, SecretText(SECRET), transport=there.transport)
    async with World(rules=AT_HANDOFF, tickets={"support": TicketDesk(system=system, solve=True)}) as desk:
        there.lose = 1
        ann, chat = await handed_over(desk)
        await desk.later(RETRY_SECONDS[0] + 1)
        (row,) = there.rows.values()
        assert "I want my money back" in row.text
        await resolves(ann, chat)
        await desk.later(21)
        assert row.state == "done"
        row.state = "closed"
        _, again = await handed_over(desk)
        assert [one.after for one in there.rows.values()] == ["", row.id]
        assert (await tickets_of(again))[0].url.endswith("/tickets/102")


def test_a_ticket_of_an_older_record_is_read_without_id_and_address() -> None:
    read = msgspec.json.decode(b'{"system":"jira","reference":"OPS-17"}', type=Ticket)
    assert (read.id, read.url) == ("", "")
    assert ORGANISATION
