"""What is said on a channel goes out in order, in pieces that fit, once; whatever else happens is visible."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from server.broker.channels import sending
from server.broker.channels.retries import PAUSES_SECONDS
from server.broker.ports.channel_store import PartState
from server.broker.ports.channels import Account, Part, SendError, SendProblem, Window
from server.channels.memory import LIMITS, MemoryChannel, MemoryPlatform
from server.core.errors import ConflictError
from server.storage.channels_out import SqlOutParts
from server.wire import commands as c
from server.wire.terms import Author, Delivery
from tests.channel_world import ACCOUNT, ChannelWorld, Writer
from tests.world import ORGANISATION, Customer, Person

pytestmark = pytest.mark.scenario

KEYED = msgspec.structs.replace(LIMITS, keyed=True)


def refusal(problem: SendProblem, seconds: float | None = None) -> SendError:
    return SendError(problem, f"It was {problem}.", retry_after_seconds=seconds)


async def talking(desk: ChannelWorld) -> tuple[Writer, Customer, Person]:
    """Return a customer with an operator who has accepted them."""
    ann = await desk.operator("ann")
    ada = desk.customer("ada")
    await ada.writes("Hello")
    chat = await ada.here()
    await chat.asks_for_a_person()
    await ann.accept(chat)
    desk.platform.posted.clear()
    desk.platform.attempts.clear()
    return ada, chat, ann


async def last(ada: Writer) -> Any:
    return [turn for turn in await ada.turns() if turn.author is Author.OPERATOR][-1]


async def test_a_long_text_goes_out_in_pieces_that_fit_and_in_order() -> None:
    async with ChannelWorld() as desk:
        ada, chat, ann = await talking(desk)
        text = " ".join(f"word{number}" for number in range(120))
        await ann.does(c.Say, chat, text=text)
        pieces = desk.platform.texts("ada")
        assert len(pieces) > 3
        assert max(map(len, pieces)) <= LIMITS.longest
        assert " ".join(pieces) == text
        assert (await last(ada)).delivery is Delivery.SENT


async def test_a_failure_that_passes_is_tried_again_and_nothing_overtakes_it() -> None:
    async with ChannelWorld() as desk:
        ada, chat, ann = await talking(desk)
        desk.platform.faults.extend([refusal(SendProblem.RETRY), refusal(SendProblem.RATE_LIMIT, 7)])
        await ann.does(c.Say, chat, text="One")
        await ann.does(c.Say, chat, text="Two")
        assert (await last(ada)).delivery is Delivery.PENDING
        await desk.later(PAUSES_SECONDS[0] + 6)
        assert desk.platform.texts("ada") == [], "the platform said: not before seven seconds"
        await desk.later(2)
        assert desk.platform.texts("ada") == ["One", "Two"]


async def test_other_chats_do_not_wait_for_one_that_cannot_be_reached() -> None:
    async with ChannelWorld() as desk:
        _, chat, ann = await talking(desk)
        bob = desk.customer("bob")
        await bob.writes("Hello")
        desk.platform.fault = lambda part: refusal(SendProblem.RETRY) if part.chat == "ada" else None
        await ann.does(c.Say, chat, text="Are you there?")
        await (await bob.here()).assistant_says("Good morning")
        assert desk.platform.texts("bob") == ["Good morning"]


async def test_what_can_never_be_sent_says_why_and_is_not_tried_again() -> None:
    for problem in (SendProblem.INVALID, SendProblem.BLOCKED, SendProblem.GONE, SendProblem.WINDOW):
        async with ChannelWorld() as desk:
            ada, chat, ann = await talking(desk)
            desk.platform.faults.append(refusal(problem))
            await ann.does(c.Say, chat, text="x " * 300)
            failed = await last(ada)
            assert (failed.delivery, failed.failure) == (Delivery.FAILED, f"It was {problem}.")
            assert len(desk.platform.attempts) == 1, "the rest of a message that failed is not sent"
            await ann.does(c.Say, chat, text="Something else")
            assert desk.platform.texts("ada") == ["Something else"]


async def test_an_hour_of_failures_gives_up_visibly() -> None:
    async with ChannelWorld() as desk:
        ada, chat, ann = await talking(desk)
        desk.platform.fault = lambda _part: refusal(SendProblem.RETRY)
        await ann.does(c.Say, chat, text="One")
        await desk.later(sum(PAUSES_SECONDS) + 60)
        assert (await last(ada)).delivery is Delivery.FAILED
        assert len(desk.platform.attempts) == len(PAUSES_SECONDS) + 1


async def test_an_unknown_outcome_is_never_sent_again_by_itself_but_when_somebody_asks() -> None:
    async with ChannelWorld() as desk:
        ada, chat, ann = await talking(desk)
        desk.platform.faults.append(refusal(SendProblem.UNKNOWN_OUTCOME))
        await ann.does(c.Say, chat, text="One")
        await ann.does(c.Say, chat, text="Two")
        await desk.later(120)
        assert desk.platform.texts("ada") == ["One", "Two"]
        doubtful = next(turn for turn in await ada.turns() if turn.text == "One")
        assert doubtful.delivery is Delivery.UNKNOWN
        await ann.does(c.SayAgain, chat, message_id=doubtful.id)
        await desk.settle()
        assert desk.platform.texts("ada") == ["One", "Two", "One"]


async def test_an_unknown_outcome_is_repeated_under_its_key_where_the_platform_knows_keys() -> None:
    async with ChannelWorld(limits=KEYED) as desk:
        ada, chat, ann = await talking(desk)
        desk.platform.faults.append(refusal(SendProblem.UNKNOWN_OUTCOME))
        await ann.does(c.Say, chat, text="One")
        await desk.later(5)
        assert desk.platform.texts("ada") == ["One"]
        assert len({part.key for part in desk.platform.attempts}) == 1
        assert (await last(ada)).delivery is Delivery.SENT


@pytest.mark.parametrize("last_word", [SendProblem.UNKNOWN_OUTCOME, SendProblem.RETRY, SendProblem.BLOCKED])
async def test_what_may_have_arrived_is_asked_about_in_the_end_whatever_refused_it_later(
    last_word: SendProblem,
) -> None:
    async with ChannelWorld(limits=KEYED) as desk:
        ada, chat, ann = await talking(desk)
        desk.platform.faults.append(refusal(SendProblem.UNKNOWN_OUTCOME))
        desk.platform.fault = lambda _part: refusal(last_word)
        await ann.does(c.Say, chat, text="One")
        await desk.later(sum(PAUSES_SECONDS) + 60)
        doubtful = await last(ada)
        assert (doubtful.delivery, desk.platform.texts("ada")) == (Delivery.UNKNOWN, ["One"])
        desk.platform.fault = lambda _part: None
        await ann.does(c.SayAgain, chat, message_id=doubtful.id)
        await desk.settle()
        assert desk.platform.texts("ada") == ["One", "One"]


async def test_an_echo_or_a_report_proves_what_nobody_knew() -> None:
    async with ChannelWorld() as desk:
        ada, chat, ann = await talking(desk)
        desk.platform.faults.append(refusal(SendProblem.UNKNOWN_OUTCOME))
        await ann.does(c.Say, chat, text="One")
        await desk.brings(ada.event("echo", text="One", message_id="p-echo", by_person=True))
        assert (await last(ada)).delivery is Delivery.SENT
        assert (await chat.conversation()).elsewhere_until is None
        await desk.brings(ada.event("delivery", message_id="p-echo", delivery="delivered"))
        assert (await last(ada)).delivery is Delivery.DELIVERED


class Cut(MemoryChannel):
    """A channel whose sends never come back: the platform has them, and we die."""

    async def send(self, part: Part) -> str:
        self.platform.attempts.append(part)
        await super().send(part)
        await asyncio.Event().wait()
        return ""


@pytest.mark.parametrize("keyed", [False, True])
async def test_a_broker_that_dies_while_sending_leaves_nobody_in_the_dark(
    keyed: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("server.broker.channels.holding.GRACE_SECONDS", 0.0)
    platform, limits = MemoryPlatform(), KEYED if keyed else LIMITS
    dying = Cut(platform, limits)
    async with ChannelWorld(f"sqlite:///{tmp_path / 'desk.sqlite3'}", channel=dying) as desk:
        ada = desk.customer("ada")
        await ada.writes("Hello")
        await (await ada.here()).assistant_says("One")
        assert (await desk.states())[PartState.SENDING] == 1
        alive = MemoryChannel(platform, limits)
        alive._known.update(dying._known)
        account = Account(name=ACCOUNT, kind="memory", channel=alive, organisation_id=ORGANISATION)
        desk.parts["channels"] = {ACCOUNT: account}
        await desk.restart()
        await desk.later(10)
        assert platform.texts("ada") == ["One"], "never twice"
        delivery = (await ada.turns())[-1].delivery
        assert delivery is (Delivery.SENT if keyed else Delivery.UNKNOWN)


async def test_two_brokers_never_send_on_one_account_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ChannelWorld() as desk:
        ada = desk.customer("ada")
        await ada.writes("Hello")

        def work(unit: Any) -> None:
            row = unit.channels.account(ORGANISATION, ACCOUNT)
            later = desk.clock.now().replace(year=2100)
            unit.channels.save_account(msgspec.structs.replace(row, holder="another", held_until=later))

        await desk.database.run(work)
        await (await ada.here()).assistant_says("Not by me")
        await desk.later(60)
        assert desk.platform.attempts == []
        assert (await desk.states())[PartState.WAITING] == 1


async def test_a_refused_token_rests_the_account_and_nothing_is_lost() -> None:
    async with ChannelWorld() as desk:
        ada, chat, ann = await talking(desk)
        desk.platform.sick = "The token is wrong."
        desk.platform.faults.append(refusal(SendProblem.AUTH))
        await ann.does(c.Say, chat, text="One")
        await ann.does(c.Say, chat, text="Two")
        await desk.later(40)
        assert len(desk.platform.attempts) == 1, "nothing is tried on an account that cannot send"
        assert (await desk.view()).paused
        assert (await last(ada)).delivery is Delivery.PENDING
        desk.platform.sick = ""
        await desk.later(20)
        assert desk.platform.texts("ada") == ["One", "Two"]


async def test_an_assistants_words_that_come_too_late_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ChannelWorld() as desk:
        ann = await desk.operator("ann")
        ada = desk.customer("ada")
        await ada.writes("Hello")
        chat = await ada.here()
        desk.platform.faults.append(refusal(SendProblem.RATE_LIMIT, 30))
        await chat.assistant_says("Shall I tell you a joke?")
        await chat.asks_for_a_person()
        await ann.accept(chat)
        await ann.does(c.Say, chat, text="Ann here.")
        await ann.does(c.Resolve, chat, note="", disposition="")
        await desk.later(60)
        assert "Shall I tell you a joke?" not in desk.platform.texts("ada")
        joke = next(turn for turn in await ada.turns() if "joke" in turn.text)
        assert (joke.delivery, joke.failure) == (Delivery.FAILED, sending.STALE)
        assert "Ann here." in desk.platform.texts("ada")


async def test_an_assistants_words_that_waited_until_a_person_elsewhere_was_done_are_refused() -> None:
    async with ChannelWorld() as desk:
        ada = desk.customer("ada")
        await ada.writes("Hello")
        chat = await ada.here()
        desk.platform.faults.append(refusal(SendProblem.RATE_LIMIT, 600))
        await chat.assistant_says("Shall I tell you a joke?")
        await desk.brings(ada.event("echo", text="Bob from the shop here", by_person=True, message_id="x1"))
        await desk.later(700)
        joke = next(turn for turn in await ada.turns() if "joke" in turn.text)
        assert (joke.delivery, joke.failure) == (Delivery.FAILED, sending.STALE)
        assert desk.platform.texts("ada") == []
        await chat.assistant_says("Anything else?")
        assert desk.platform.texts("ada") == ["Anything else?"]


async def test_an_assistants_words_before_a_handoff_are_still_said_while_nobody_has_come() -> None:
    async with ChannelWorld() as desk:
        ada = desk.customer("ada")
        await ada.writes("Hello")
        chat = await ada.here()
        await desk.brings(ada.event("echo", text="Bob from the shop here", by_person=True, message_id="x1"))
        await desk.later(700)  # Bob is done, and what he said was before
        desk.platform.faults.append(refusal(SendProblem.RATE_LIMIT, 5))
        await chat.assistant_says("I am getting somebody.")
        await chat.asks_for_a_person()
        await desk.later(10)
        assert "I am getting somebody." in desk.platform.texts("ada")


async def test_operators_edits_and_deletions_are_sent_through() -> None:
    async with ChannelWorld() as desk:
        ada, chat, ann = await talking(desk)
        await ann.does(c.Say, chat, text="Your parcel is in Bonn")
        said = await last(ada)
        await ann.does(c.EditMessage, chat, message_id=said.id, text="Your parcel is in Bern")
        assert desk.platform.texts("ada") == ["Your parcel is in Bern"]
        await ann.does(c.EditMessage, chat, message_id=said.id, text="Bern. " * 60)
        assert "".join(desk.platform.texts("ada")).replace(" ", "") == "Bern." * 60
        await ann.does(c.DeleteMessage, chat, message_id=said.id)
        assert desk.platform.texts("ada") == []


async def test_a_message_that_waits_is_changed_before_it_goes() -> None:
    async with ChannelWorld() as desk:
        ada, chat, ann = await talking(desk)
        desk.platform.faults.append(refusal(SendProblem.RETRY))
        await ann.does(c.Say, chat, text="Wrong")
        said = await last(ada)
        await ann.does(c.EditMessage, chat, message_id=said.id, text="Right")
        await desk.later(5)
        assert desk.platform.texts("ada") == ["Right"]


async def test_where_nothing_can_be_changed_the_operator_is_told_so() -> None:
    class Fixed(MemoryChannel):
        edit = None  # type: ignore[assignment]

    limits = msgspec.structs.replace(LIMITS, edits=False)
    async with ChannelWorld(channel=Fixed(None, limits)) as desk:
        desk.platform = desk.channel.platform
        ada, chat, ann = await talking(desk)
        await ann.does(c.Say, chat, text="One")
        with pytest.raises(ConflictError) as refused:
            await ann.does(c.EditMessage, chat, message_id=(await last(ada)).id, text="Two")
        assert refused.value.code == "cannot_change_there"
        assert (await last(ada)).text == "One"


async def test_files_go_as_parts_of_their_own_after_the_text() -> None:
    async with ChannelWorld() as desk:
        ada, chat, ann = await talking(desk)

        async def content() -> Any:
            yield b"\x89PNG\r\n\x1a\n" + b"0" * 40

        file = await desk.broker.files.upload(ann.principal, chat.id, "map.png", content())
        await ann.does(c.Say, chat, text="Here is a map", files=(file.id,))
        assert desk.platform.texts("ada") == ["Here is a map", "map.png"]
        sent = desk.platform.posted[-1].part.file
        assert sent is not None
        assert (sent.media_type, len(sent.content)) == ("image/png", 48)
        assert (await last(ada)).delivery is Delivery.SENT


@pytest.mark.parametrize(("silent", "window"), [(60, Window.OPEN), (200, Window.PERSON_ONLY), (2000, Window.CLOSED)])
async def test_the_window_counts_from_the_customers_newest_message(silent: int, window: Window) -> None:
    limits = msgspec.structs.replace(LIMITS, window_seconds=100.0, person_window_seconds=1000.0)
    async with ChannelWorld(limits=limits) as desk:
        ada = desk.customer("ada")
        event = await ada.writes("Hello")
        await desk.clock.leap(silent)
        await (await ada.here()).assistant_says("Still there?")
        await desk.later(8)
        part = desk.platform.attempts[-1]
        assert (part.window, part.reply_to, part.by_person) == (window, event["message_id"], False)


async def test_a_long_backlog_is_not_read_anew_for_each_message(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ChannelWorld() as desk:
        chats = [desk.customer(f"c{number}") for number in range(3 * sending.AT_ONCE)]
        for one in chats:
            await one.writes("Hello")
        desk.platform.faults.append(refusal(SendProblem.AUTH))
        desk.platform.sick = "Revoked."
        for one in chats:
            await (await one.here()).assistant_says("Good morning")
        looks: list[int] = []
        due = SqlOutParts.due

        def counted(rows: SqlOutParts, *given: Any) -> Any:
            found = due(rows, *given)
            looks.append(len(found))
            return found

        monkeypatch.setattr(SqlOutParts, "due", counted)
        desk.platform.sick = ""
        await desk.later(60)
        assert await desk.states() == {PartState.SENT: len(chats)}
        assert sum(found > 0 for found in looks[1:]) <= len(chats) // 3, looks


async def test_the_platforms_pace_is_kept() -> None:
    limits = msgspec.structs.replace(LIMITS, per_chat_seconds=5.0)
    async with ChannelWorld(limits=limits) as desk:
        ada = desk.customer("ada")
        await ada.writes("Hello")
        chat = await ada.here()
        for number in range(4):
            await chat.assistant_says(f"{number}")
        assert desk.platform.texts("ada") == ["0"]
        await desk.later(6)
        assert desk.platform.texts("ada") == ["0", "1"]
        await desk.later(11)
        assert desk.platform.texts("ada") == ["0", "1", "2", "3"]


async def test_an_operator_who_types_is_seen_by_the_customer() -> None:
    async with ChannelWorld() as desk:
        _, chat, ann = await talking(desk)
        for _ in range(3):
            session = await chat.session()
            await ann.order(c.Typing(id=ann.new_id(), session_id=session.id, on=True))
        assert desk.platform.typed == ["ada"], "shown, and no oftener than every few seconds"


async def test_a_channel_that_is_not_configured_any_more_says_so() -> None:
    async with ChannelWorld() as desk:
        ada, chat, ann = await talking(desk)
        desk.parts["channels"].pop(ACCOUNT)
        await ann.does(c.Say, chat, text="Anybody?")
        failed = await last(ada)
        assert (failed.delivery, failed.failure) == (Delivery.FAILED, "This channel is not configured any more.")


async def test_a_bug_in_an_adapter_is_an_unknown_outcome_and_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ChannelWorld() as desk:
        ada, chat, ann = await talking(desk)
        send: Callable[[Part], Any] = desk.channel.send

        async def stumbles(part: Part) -> str:
            if part.text == "One":
                raise KeyError("oops")
            return str(await send(part))

        monkeypatch.setattr(desk.channel, "send", stumbles)
        await ann.does(c.Say, chat, text="One")
        await ann.does(c.Say, chat, text="Two")
        assert desk.platform.texts("ada") == ["Two"]
        assert [turn.delivery for turn in await ada.turns() if turn.text == "One"] == [Delivery.UNKNOWN]
