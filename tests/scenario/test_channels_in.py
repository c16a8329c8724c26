"""What customers write on a channel is taken once, in order, whole; nothing broken loses anything else."""

from datetime import timedelta

import msgspec
import pytest

from server.broker.ports.channel_store import RequestState
from server.broker.ports.channels import Incoming
from server.channels.memory import SECRET, incoming
from server.core.errors import ConflictError, NotAuthenticatedError, NotFoundError, ProviderError
from server.wire import commands as c
from server.wire.frames import CustomerTyping
from server.wire.terms import Author, Delivery, FileState, Owner
from tests.channel_world import ACCOUNT, ChannelWorld
from tests.world import ORGANISATION

pytestmark = pytest.mark.scenario

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


@pytest.fixture
async def desk() -> ChannelWorld:
    """A desk with a channel, started by the test."""
    return ChannelWorld()


async def test_a_message_is_taken_once_however_often_it_is_told(desk: ChannelWorld) -> None:
    async with desk:
        ada = desk.customer("ada")
        event = await ada.writes("Hello")
        await desk.brings(event)
        await desk.brings(event, event, ada.event(text="Is anybody there?"))
        assert await ada.texts() == ["customer: Hello", "customer: Is anybody there?"]


async def test_nothing_is_acknowledged_that_is_not_kept(desk: ChannelWorld) -> None:
    async with desk:
        ada = desk.customer("ada")
        desk.database.verdicts.extend([False] * 3)
        with pytest.raises(ProviderError):
            await desk.posts(incoming(ada.event(text="Hello")))
        desk.database.verdicts.clear()
        assert await desk.conversation_of("ada") is None


async def test_strangers_and_unknown_channels_are_refused_and_nothing_of_them_is_kept(desk: ChannelWorld) -> None:
    async with desk:
        with pytest.raises(NotAuthenticatedError):
            await desk.posts(Incoming(body=b'{"type": "message"}'))
        with pytest.raises(NotFoundError):
            await desk.broker.channels.door.come_in("nowhere", Incoming())
        answer = await desk.broker.channels.door.come_in(ACCOUNT, Incoming(method="GET", query={"challenge": "42"}))
        assert answer.body == b"42"
        assert (await desk.view()).not_taken == 0


async def test_what_proves_a_request_is_not_kept(desk: ChannelWorld) -> None:
    async with desk:
        headers = {"x-secret": SECRET, "authorization": "Bearer s3cr3t", "content-type": "application/json"}
        await desk.posts(msgspec.structs.replace(incoming(desk.customer().event(text="Hello")), headers=headers))
        kept = await desk.database.read(lambda unit: unit.channels.request(ORGANISATION, 1))
        assert kept is not None
        assert (kept.headers, kept.state) == ({"content-type": "application/json"}, RequestState.TAKEN)


async def test_a_batch_is_sorted_by_the_platforms_order_and_a_broken_item_loses_no_other(desk: ChannelWorld) -> None:
    async with desk:
        ada = desk.customer("ada")
        events = [ada.event(text=f"line {number}", order=str(number)) for number in (10, 9, 11)]
        await desk.brings(events[0], {"type": "nonsense"}, events[1], {"type": "message"}, events[2])
        assert await ada.texts() == ["customer: line 9", "customer: line 10", "customer: line 11"]


async def test_a_message_carries_the_platforms_time_but_never_one_to_come(desk: ChannelWorld) -> None:
    async with desk:
        await desk.clock.advance(3600)
        ada = desk.customer("ada")
        earlier = desk.clock.now() - timedelta(minutes=10)
        await ada.writes("From ten minutes ago", at=earlier.isoformat())
        await ada.writes("From next week", at=(desk.clock.now() + timedelta(days=7)).isoformat())
        first, second = await ada.turns()
        assert (first.at, second.at) == (earlier, desk.clock.now())


async def test_an_adapter_that_stumbles_loses_nothing_else_and_can_be_replayed(
    desk: ChannelWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk:
        ada = desk.customer("ada")
        parse = desk.channel.parse

        def stumbles(request: Incoming) -> object:
            if b"Second" in request.body:
                raise KeyError("oops")
            return parse(request)

        monkeypatch.setattr(desk.channel, "parse", stumbles)
        for text in ("First", "Second", "Third"):
            await ada.writes(text)
        assert await ada.texts() == ["customer: First", "customer: Third"]
        assert (await desk.view()).not_taken == 1
        (failed,) = await desk.broker.channels.overview.failed(ORGANISATION, ACCOUNT)
        assert "KeyError" in failed.error
        monkeypatch.setattr(desk.channel, "parse", parse)
        assert await desk.broker.channels.overview.replay(ORGANISATION, ACCOUNT) == []
        assert (await ada.texts())[-1] == "customer: Second"
        assert (await desk.view()).not_taken == 0


async def test_a_missing_assistant_is_tried_again_until_there_is_one() -> None:
    desk = ChannelWorld()
    desk.account = desk.parts["channels"][ACCOUNT] = type(desk.account)(
        name=ACCOUNT, kind="memory", channel=desk.channel, organisation_id=ORGANISATION, assistant="Nova"
    )
    async with desk:
        ada = desk.customer("ada")
        await ada.writes("Hello")
        assert await desk.conversation_of("ada") is None
        await desk.database.run(lambda unit: desk.add_key(unit, "k_nova", "n" * 64))
        await desk.later(30)
        assert await desk.conversation_of("ada") is None, "the key has another name"


async def test_customers_edit_and_take_back_and_what_it_said_before_is_kept(desk: ChannelWorld) -> None:
    async with desk:
        ada = desk.customer("ada")
        event = await ada.writes("My card is blue")
        await desk.brings(ada.event("edited", message_id=event["message_id"], text="My cart is blue"))
        (turn,) = await ada.turns()
        assert (turn.text, turn.edited_at is not None) == ("My cart is blue", True)
        await desk.brings(ada.event("deleted", message_id=event["message_id"]))
        (turn,) = await ada.turns()
        assert (turn.text, turn.deleted_at is not None) == ("", True)
        revisions = await desk.database.read(lambda unit: list(unit.conversations.revisions(ORGANISATION, turn.id)))
        assert [one.text for one in revisions] == ["My card is blue", "My cart is blue"]


async def test_an_edit_of_what_was_never_seen_is_a_note_and_changes_nothing_else(desk: ChannelWorld) -> None:
    async with desk:
        ada = desk.customer("ada")
        await ada.writes("Hello")
        await desk.brings(ada.event("edited", message_id="m-lost", text="Never arrived"), ada.event(text="Next"))
        await desk.later(60)
        turns = await ada.turns()
        assert [turn.text for turn in turns if turn.author is Author.CUSTOMER] == ["Hello", "Next"]
        (note,) = [turn for turn in turns if turn.author is Author.NOTE]
        assert "never arrived here now says: Never arrived" in note.text


async def test_an_edit_that_overtakes_its_message_waits_for_it(desk: ChannelWorld) -> None:
    async with desk:
        ada = desk.customer("ada")
        event = ada.event(text="First words")
        await desk.brings(ada.event("edited", message_id=event["message_id"], text="Second words"))
        await desk.brings(event)
        await desk.later(10)
        assert await ada.texts() == ["customer: Second words"]


async def test_files_come_after_their_message_each_by_itself(desk: ChannelWorld) -> None:
    async with desk:
        ada = desk.customer("ada")
        desk.platform.files["good"] = PNG
        desk.platform.files["program"] = b"\x7fELF" + b"0" * 40
        files = [
            {"url": "good", "name": "../../a.png", "media_type": "image/png"},
            {"url": "lost", "name": "b.png"},
            {"url": "program", "name": "c.png"},
            {"url": "good", "name": "d.png", "size": 5_000_000},
        ]
        desk.database.verdicts.clear()
        await ada.writes("", files=files)
        (turn,) = await ada.turns()
        await desk.later(2)
        (turn,) = await ada.turns()
        assert [file.state for file in turn.files] == [
            FileState.HERE, FileState.GONE, FileState.REFUSED, FileState.REFUSED,
        ]  # fmt: skip
        assert (turn.files[0].name, turn.files[0].media_type) == ("a.png", "image/png")
        download = await desk.broker.files.download(desk.assistant, turn.files[0].id)
        assert b"".join([piece async for piece in download.pieces]) == PNG


async def test_typing_is_shown_and_kept_nowhere(desk: ChannelWorld) -> None:
    async with desk:
        ada = desk.customer("ada")
        await ada.writes("Hello")
        frames: list[bytes] = []
        desk.broker.passing.to_consoles = lambda _organisation, frame: frames.append(frame)  # type: ignore[method-assign]
        await desk.brings(ada.event("typing"))
        assert msgspec.json.decode(frames[0], type=CustomerTyping).on
        old = (desk.clock.now() - timedelta(minutes=1)).isoformat()
        await desk.brings(ada.event("typing", at=old))
        assert len(frames) == 1


async def test_a_customer_who_leaves_ends_the_conversation_and_may_come_back(desk: ChannelWorld) -> None:
    async with desk:
        ada = desk.customer("ada")
        await ada.writes("Hello")
        first = await ada.here()
        await desk.brings(ada.event("left"))
        assert (await first.conversation()).ended_at is not None
        await ada.writes("Here again")
        second = await ada.here()
        assert second.id != first.id
        assert (await first.conversation()).contact_id == (await second.conversation()).contact_id


async def test_a_person_in_the_platforms_own_app_silences_the_assistant_for_a_while(desk: ChannelWorld) -> None:
    async with desk:
        ada = desk.customer("ada")
        await ada.writes("Hello")
        chat = await ada.here()
        epoch = (await chat.conversation()).owner_epoch
        await desk.brings(ada.event("echo", text="Hi, Bob from the shop here", by_person=True, message_id="x1"))
        view = await chat.conversation()
        assert view.elsewhere_until is not None
        assert view.owner_epoch > epoch
        with pytest.raises(ConflictError) as refused:
            await chat.assistant_says("I am the machine")
        assert refused.value.code == "person_elsewhere"
        said = await ada.texts()
        assert "operator: Hi, Bob from the shop here" in said
        assert any(text.startswith("note: A person answered in the platform's own app") for text in said)
        await desk.clock.advance(601)
        await chat.assistant_says("Anything else?")
        assert desk.platform.texts("ada") == ["Anything else?"]


async def test_a_session_that_ends_lets_the_assistant_speak_again(desk: ChannelWorld) -> None:
    async with desk:
        ann = await desk.operator("ann")
        ada = desk.customer("ada")
        await ada.writes("Hello")
        chat = await ada.here()
        await desk.brings(ada.event("echo", text="Bob here", by_person=True))
        await chat.asks_for_a_person()
        await ann.accept(chat)
        await ann.does(c.Resolve, chat, note="", disposition="")
        view = await chat.conversation()
        assert (view.owner, view.elsewhere_until) == (Owner.ASSISTANT, None)
        await chat.assistant_says("I am back")


async def test_an_echo_of_our_own_words_is_nobody_elses(desk: ChannelWorld) -> None:
    async with desk:
        ada = desk.customer("ada")
        await ada.writes("Hello")
        chat = await ada.here()
        await chat.assistant_says("Good morning")
        known = desk.platform.posted[0].id
        await desk.brings(ada.event("echo", text="Good morning", message_id=known, by_person=True))
        assert (await chat.conversation()).elsewhere_until is None
        assert await ada.texts() == ["customer: Hello", "assistant: Good morning"]


async def test_reports_only_ever_add_to_what_is_known(desk: ChannelWorld) -> None:
    async with desk:
        ada = desk.customer("ada")
        await ada.writes("Hello")
        chat = await ada.here()
        await chat.assistant_says("Good morning")
        known = desk.platform.posted[0].id
        for delivery in ("read", "delivered", "failed"):
            await desk.brings(ada.event("delivery", message_id=known, delivery=delivery))
            assert (await ada.turns())[-1].delivery is Delivery.READ


async def test_a_report_without_a_message_is_about_all_before_it(desk: ChannelWorld) -> None:
    async with desk:
        ada = desk.customer("ada")
        await ada.writes("Hello")
        chat = await ada.here()
        await chat.assistant_says("One")
        await desk.later(5)
        read_at = desk.clock.now()
        await desk.later(5)
        await chat.assistant_says("Two")
        await desk.brings(ada.event("delivery", message_id="", delivery="read", at=read_at.isoformat()))
        assert [turn.delivery for turn in (await ada.turns())[1:]] == [Delivery.READ, Delivery.SENT]


async def test_ids_that_are_named_together_are_one_person_and_a_passed_on_number_is_not(desk: ChannelWorld) -> None:
    async with desk:
        called = await desk.chat("Ada", channel="phone", customer_handle="+15550142")
        ada = desk.customer("ada")
        await ada.writes("Hello", sender={"ids": ["u-ada", "phone:+1 555 0142"], "name": "Ada"})
        chat = await ada.here()
        assert (await chat.conversation()).contact_id == (await called.conversation()).contact_id
        bob = desk.customer("bob")
        await bob.writes("My new number", sender={"ids": ["u-bob", "phone:+15550142"], "name": "Bob"})
        assert (await (await bob.here()).conversation()).contact_id != (await chat.conversation()).contact_id
        carl, carl_elsewhere = desk.customer("carl-1"), desk.customer("carl-2")
        await carl.writes("One", sender={"ids": ["u-carl"]})
        await carl_elsewhere.writes("Two", sender={"ids": ["u-carl-old"]})
        first, second = await carl.here(), await carl_elsewhere.here()
        assert (await first.conversation()).contact_id != (await second.conversation()).contact_id
        await carl.writes("Three", sender={"ids": ["u-carl", "u-carl-old"]})
        assert (await first.conversation()).contact_id == (await second.conversation()).contact_id


async def test_gigantic_texts_and_markup_are_kept_harmless(desk: ChannelWorld) -> None:
    async with desk:
        ada = desk.customer("ada", name="<b>Ada\x1b[31m</b>")
        await ada.writes("x" * 100_000)
        await ada.writes("\x1b]0;title\x07 \u202egnirts <script>")
        first, second = await ada.turns()
        assert len(first.text) <= 20_000
        assert "\x1b" not in second.text
        assert "\u202e" not in second.text


async def test_an_account_that_is_switched_off_is_told_and_rests_until_it_is_well(desk: ChannelWorld) -> None:
    async with desk:
        ada = desk.customer("ada")
        await ada.writes("Hello")
        chat = await ada.here()
        desk.platform.sick = "The token was revoked."
        await desk.brings({"type": "account", "id": "acc", "failure": "The app was uninstalled."})
        await chat.assistant_says("Can you hear me?")
        await desk.later(20)
        view = await desk.view()
        assert (view.paused, view.problem, view.waiting) == (True, "The token was revoked.", 1)
        assert desk.platform.posted == []
        desk.platform.sick = ""
        await desk.later(20)
        view = await desk.view()
        assert (view.paused, view.problem, view.waiting) == (False, "", 0)
        assert desk.platform.texts("ada") == ["Can you hear me?"]


async def test_what_platforms_sent_is_dropped_in_its_time_and_what_was_said_stays(desk: ChannelWorld) -> None:
    async with desk:
        ada = desk.customer("ada")
        event = await ada.writes("Hello")
        await desk.clock.leap(2 * 86_400)
        await desk.broker.housekeeping.sweep()
        assert await desk.database.read(lambda unit: unit.channels.request(ORGANISATION, 1)) is None
        await desk.brings(event)
        assert await ada.texts() == ["customer: Hello"], "its key is still known"
        await desk.clock.leap(31 * 86_400)
        await desk.broker.housekeeping.sweep()
        assert not await desk.database.read(lambda unit: unit.channels.taken(ORGANISATION, ACCOUNT, event["id"]))
