"""What the webhooks of Messenger and Instagram tell."""

from datetime import UTC, datetime
from typing import Any

import pytest

from server.broker.ports.channels import ChannelEvent, EventKind, Incoming
from server.channels.messenger_events import Owner, events
from server.wire.terms import Delivery
from tests.contract.channel_kits import instagram
from tests.contract.channel_kits.kit import body
from tests.contract.channel_kits.messenger import (
    APP,
    AT_MS,
    INBOX,
    OTHER_APP,
    PAGE,
    attached,
    from_customer,
    posted,
    said,
    to_customer,
)

pytestmark = pytest.mark.unit

OURS = Owner("page", PAGE, APP)


def told(*items: Any, owner: Owner = OURS, **more: Any) -> list[ChannelEvent]:
    return events(Incoming(body=body(posted(*items, **more))), owner)


def on_instagram(*items: Any) -> list[ChannelEvent]:
    return events(Incoming(body=body(instagram.posted(*items))), Owner("instagram", instagram.ACCOUNT))


def echo(**message: Any) -> dict[str, Any]:
    return to_customer(message={"mid": "m_e", "text": "Hello", "is_echo": True, **message})


def test_a_message_has_its_sender_time_id_and_what_it_answers() -> None:
    (event,) = told(said("Hello", 5, reply_to={"mid": "m_1"}))
    assert event.kind is EventKind.MESSAGE
    assert (event.key, event.message_id, event.chat, event.sender_ids) == ("m_5", "m_5", "42", ("42",))
    assert event.at == datetime.fromtimestamp((AT_MS + 5) / 1000, UTC)
    assert (event.text, event.reply_to) == ("Hello", "m_1")


def test_a_batch_with_a_broken_item_gives_all_the_others_in_order() -> None:
    broken = from_customer(message={"mid": "m_2", "text": {"body": 7}, "attachments": ["?", {"type": 3}]})
    found = told(said("One"), None, {"message": 5}, broken, from_customer(message={}), said("Two", 3))
    assert [event.text for event in found if event.kind is EventKind.MESSAGE][::2] == ["One", "Two"]
    assert len(found) == 6


def test_what_is_for_another_account_is_not_taken_for_ours() -> None:
    (event,) = told(said("Elsewhere"), page="9999")
    assert event.kind is EventKind.UNKNOWN
    assert "9999" in event.note


@pytest.mark.parametrize(
    ("app", "person"),
    [({}, True), ({"app_id": int(INBOX)}, True), ({"app_id": int(APP)}, False), ({"app_id": "7"}, True)],
)
def test_an_echo_without_our_app_is_somebody_else_s_and_takes_the_chat(app: dict[str, Any], person: bool) -> None:
    (event,) = told(echo(**app))
    assert (event.kind, event.chat, event.text, event.by_person) == (EventKind.ECHO, "42", "Hello", person)


def test_a_picture_that_somebody_else_sends_is_said_in_words() -> None:
    picture = {
        "mid": "m_e",
        "is_echo": True,
        "attachments": [{"type": "image", "payload": {"url": "https://x.example"}}],
    }
    (event,) = told(to_customer(message=picture))
    assert (event.text, event.by_person) == ("[image]", True)


def test_while_another_app_answers_the_chat_is_said_to_be_its_once_an_hour() -> None:
    found = told(said("One"), said("Two", 2), name="standby")
    assert [(event.kind, event.by_person) for event in found] == [
        (EventKind.ECHO, True),
        (EventKind.MESSAGE, False),
        (EventKind.MESSAGE, False),
    ]
    assert found[0].text == "[another app answers this customer now]"
    hour = 3_600_000
    (again, _), (later, _) = (told(said("?", number), name="standby") for number in (hour - 1, hour))
    assert again.key == found[0].key != later.key
    (echoed,) = told(echo(app_id=OTHER_APP), name="standby")
    assert echoed.key == "echo:m_e"


def test_without_an_app_id_in_the_settings_only_meta_s_inbox_is_a_person() -> None:
    owner = Owner("page", PAGE)
    assert [told(echo(**app), owner=owner)[0].by_person for app in ({}, {"app_id": INBOX}, {"app_id": "7"})] == [
        True,
        True,
        False,
    ]


def test_deliveries_name_each_message_and_reads_all_up_to_a_time() -> None:
    delivered = told(from_customer(delivery={"mids": ["m_a", "m_b"], "watermark": AT_MS}))
    assert [(one.message_id, one.delivery) for one in delivered] == [
        ("m_a", Delivery.DELIVERED),
        ("m_b", Delivery.DELIVERED),
    ]
    (read,) = told(from_customer(read={"watermark": AT_MS}))
    assert (read.chat, read.message_id, read.delivery) == ("42", "", Delivery.READ)
    assert read.at == datetime.fromtimestamp(AT_MS / 1000, UTC)
    (seen,) = on_instagram(from_customer(read={"mid": "m_a"}))
    assert (seen.message_id, seen.delivery) == ("m_a", Delivery.READ)


def test_a_button_is_said_in_the_customer_s_words() -> None:
    (event,) = told(from_customer(postback={"mid": "m_9", "title": "Talk to a person", "payload": "PERSON"}))
    assert (event.kind, event.text, event.key) == (EventKind.MESSAGE, "Talk to a person", "m_9")
    (bare,) = told(from_customer(postback={"title": "Start", "payload": "START"}))
    (again,) = told(from_customer(postback={"title": "Start", "payload": "START"}))
    assert bare.key == again.key


def test_files_keep_their_address_and_what_is_no_file_is_said_in_words() -> None:
    (picture,) = told(attached("image", url="https://scontent.xx.fbcdn.net/a.jpg"))
    assert [(one.handle, one.name) for one in picture.files] == [("https://scontent.xx.fbcdn.net/a.jpg", "image")]
    assert picture.text == ""
    (place,) = told(attached("location", coordinates={"lat": 52.5, "long": 13.4}))
    assert place.text == "[location: 52.500000, 13.400000]"
    (nowhere,) = told(attached("location", coordinates={"lat": 10**400, "long": "x"}))
    assert nowhere.text == "[location: not given]"
    (link,) = told(attached("fallback", title="A page", url="https://shop.example/p"))
    assert link.text == "[fallback: A page https://shop.example/p]"
    (empty,) = told(from_customer(message={"mid": "m_1"}))
    assert empty.text == "[an empty message]"


def test_instagram_tells_of_stories_what_was_taken_back_and_what_cannot_be_shown() -> None:
    (about,) = on_instagram(said("Nice", 1, reply_to={"story": {"url": "https://x.example/s", "id": "1"}}))
    assert about.text == "Nice\n[about your story: https://x.example/s]"
    (gone,) = on_instagram(from_customer(message={"mid": "m_1", "is_deleted": True}))
    assert (gone.kind, gone.message_id) == (EventKind.DELETED, "m_1")
    (hidden,) = on_instagram(from_customer(message={"mid": "m_2", "is_unsupported": True}))
    assert "only Meta's own inbox can show" in hidden.text


def test_an_edit_says_what_the_message_says_now_and_each_edit_counts() -> None:
    first, second = told(
        from_customer(message_edit={"mid": "m_1", "text": "Hallo", "num_edit": 1}),
        from_customer(message_edit={"mid": "m_1", "text": "Hello", "num_edit": 2}),
    )
    assert (first.kind, first.message_id, first.text) == (EventKind.EDITED, "m_1", "Hallo")
    assert first.key != second.key


def test_a_thread_that_is_taken_from_us_is_a_take_over_and_other_hand_overs_are_noted() -> None:
    (taken,) = told(from_customer(take_thread_control={"previous_owner_app_id": APP, "new_owner_app_id": INBOX}))
    assert (taken.kind, taken.by_person, taken.chat, taken.text) == (
        EventKind.ECHO,
        True,
        "42",
        "[Meta's inbox took this chat]",
    )
    for given in (
        {"pass_thread_control": {"previous_owner_app_id": INBOX, "new_owner_app_id": APP}},
        {"take_thread_control": {"previous_owner_app_id": OTHER_APP, "new_owner_app_id": INBOX}},
        {"request_thread_control": {"requested_owner_app_id": OTHER_APP}},
        {"app_roles": {APP: ["primary_receiver"]}},
    ):
        (event,) = told(from_customer(**given))
        assert (event.kind, bool(event.note)) == (EventKind.UNKNOWN, True)


def test_reactions_and_news_of_the_page_are_noted_and_a_block_is_the_account_s() -> None:
    (reaction,) = told(from_customer(reaction={"emoji": "❤", "action": "react", "mid": "m_a"}))
    assert (reaction.kind, reaction.note) == (EventKind.UNKNOWN, "A reaction ❤ to m_a.")
    (blocked,) = told({"recipient": {"id": PAGE}, "policy_enforcement": {"action": "block", "reason": "Spam"}})
    assert (blocked.kind, blocked.failure) == (EventKind.ACCOUNT, "Meta blocked the account: Spam")
