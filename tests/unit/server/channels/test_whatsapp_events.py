"""What the webhooks of WhatsApp tell."""

from datetime import UTC, datetime
from typing import Any

import pytest

from server.broker.ports.channels import ChannelEvent, EventKind, Incoming
from server.channels.whatsapp_events import events
from server.wire.terms import Delivery
from tests.contract.channel_kits.kit import body
from tests.contract.channel_kits.whatsapp import (
    AT,
    CUSTOMER,
    EDITED,
    FAILED,
    MEDIA,
    NUMBER_ID,
    ORDER,
    USER_ID,
    contact,
    item,
    posted,
    status,
    value,
)

pytestmark = pytest.mark.unit


def told(*values: Any, field: str = "messages") -> list[ChannelEvent]:
    return events(Incoming(body=body(posted(*values, field=field))), NUMBER_ID)


def message(*messages: Any, **more: Any) -> ChannelEvent:
    (event,) = told(value(*messages, **more))
    return event


def text(words: str = "Hello", number: int = 1, **more: Any) -> dict[str, Any]:
    return item("text", number, text={"body": words}, **more)


def test_a_message_has_its_sender_name_time_id_and_what_it_answers() -> None:
    event = message(text(context={"id": "wamid.sent"}))
    assert (event.kind, event.key, event.message_id) == (EventKind.MESSAGE, "wamid.1", "wamid.1")
    assert (event.chat, event.sender_ids, event.sender_name) == (CUSTOMER, (f"phone:+{CUSTOMER}",), "Ada Fields")
    assert event.at == datetime.fromtimestamp(AT + 1, UTC)
    assert (event.text, event.reply_to) == ("Hello", "wamid.sent")


def test_a_customer_without_a_number_is_known_by_their_user_id() -> None:
    event = message(text(sender="", user=USER_ID), contacts=[contact("", USER_ID)])
    assert (event.chat, event.sender_ids, event.sender_name) == (USER_ID, (USER_ID,), "Ada Fields")


def test_with_both_ids_the_chat_is_the_user_s_and_the_number_joins_them_to_their_contact() -> None:
    for event in (
        message(text(user=USER_ID), contacts=[contact(user=USER_ID)]),
        message(text(), contacts=[contact(user=USER_ID)]),
    ):
        assert (event.chat, event.sender_ids) == (USER_ID, (USER_ID, f"phone:+{CUSTOMER}"))


def test_the_chat_stays_when_the_number_is_no_longer_told() -> None:
    before = message(text(user=USER_ID), contacts=[contact(user=USER_ID)])
    after = message(text(sender="", user=USER_ID), contacts=[contact("", USER_ID)])
    assert before.chat == after.chat


def test_each_message_of_a_batch_has_its_own_sender_s_name() -> None:
    found = told(
        value(text("One"), text("Two", 2, sender="155"), contacts=[contact("155", name="Bo"), contact(name="Ada")])
    )
    assert [(event.text, event.sender_name) for event in found] == [("One", "Ada"), ("Two", "Bo")]


def test_statuses_messages_and_errors_of_one_change_are_all_taken_and_a_broken_one_costs_nothing() -> None:
    found = told(
        value(None, text("One"), {"type": "text"}, text("Two", 2), statuses=[status("sent"), 5], errors=[{"code": 4}]),
        value(text("Three", 3)),
    )
    assert [event.text for event in found if event.kind is EventKind.MESSAGE] == ["One", "Two", "Three"]
    assert [event.delivery for event in found if event.kind is EventKind.DELIVERY] == [Delivery.SENT]
    assert len([event for event in found if event.kind is EventKind.UNKNOWN]) == 4


def test_statuses_say_how_far_a_message_got_and_why_it_failed() -> None:
    found = told(value(statuses=[status(word) for word in ("sent", "delivered", "read", "played")]))
    assert [event.delivery for event in found] == [Delivery.SENT, Delivery.DELIVERED, Delivery.READ, Delivery.READ]
    assert {event.message_id for event in found} == {"wamid.sent"}
    assert len({event.key for event in found}) == 4
    (failed,) = told(value(statuses=[status("failed", errors=FAILED, recipient_user_id=USER_ID)]))
    assert (failed.delivery, failed.chat) == (Delivery.FAILED, "")
    assert failed.failure == "Too long since the customer's last message (Meta 131047: More than 24 hours)."
    (ours,) = told(value(statuses=[status("sent", biz_opaque_callback_data="m_1-7")]))
    assert ours.part_key == "m_1-7"
    (silent,) = told(value(statuses=[status("failed")]))
    assert silent.failure == "WhatsApp did not say why."


def test_what_a_person_writes_in_the_app_takes_the_chat() -> None:
    said = item("text", 30, "15550100", text={"body": "From my phone"}, to=CUSTOMER)
    (event,) = told({"metadata": {"phone_number_id": NUMBER_ID}, "message_echoes": [said]}, field="smb_message_echoes")
    assert (event.kind, event.by_person, event.chat, event.text) == (EventKind.ECHO, True, CUSTOMER, "From my phone")
    (known,) = told({"message_echoes": [said | {"to_user_id": USER_ID}]}, field="smb_message_echoes")
    assert known.chat == USER_ID
    listed = {"message_echoes": [said], "contacts": [contact(user=USER_ID)]}
    (looked_up,) = told(listed, field="smb_message_echoes")
    assert looked_up.chat == USER_ID


def test_files_are_named_by_their_id_and_captions_are_what_was_said() -> None:
    event = message(item("image", image=MEDIA | {"caption": "Look"}))
    assert event.text == "Look"
    assert [(one.handle, one.media_type) for one in event.files] == [("900", "image/jpeg")]
    voice = message(item("audio", audio=MEDIA | {"mime_type": "audio/ogg; codecs=opus"}))
    assert (voice.text, voice.files[0].media_type, voice.files[0].name) == ("", "audio/ogg", "audio")
    named = message(item("document", document=MEDIA | {"filename": "a.pdf"}))
    assert named.files[0].name == "a.pdf"
    assert message(item("image", image={})).text == "[an empty message of type image]"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (item("button", button={"payload": "P", "text": "Talk to a person"}), "Talk to a person"),
        (
            item("interactive", interactive={"type": "list_reply", "list_reply": {"title": "Red", "description": "L"}}),
            "Red (L)",
        ),
        (item("interactive", interactive={"type": "button_reply", "button_reply": {"id": "b", "title": "Yes"}}), "Yes"),
        (
            item("location", location={"latitude": 1, "longitude": 2.5, "name": "Shop"}),
            "[location: 1.000000, 2.500000 (Shop)]",
        ),
        (
            item("contacts", contacts=[{"name": {"formatted_name": "Bo"}, "phones": [{"phone": "1"}]}]),
            "[contact: Bo, 1]",
        ),
        (item("order", order=ORDER), "These\n[order: 2 x p at 9.5 EUR]"),
        (
            item("unsupported", errors=[{"title": "Message type unknown"}]),
            "[a message that WhatsApp cannot hand over: Message type unknown]",
        ),
        (item("hologram", hologram={}), "[a message of type hologram]"),
    ],
)
def test_every_type_is_said_in_words(said: dict[str, Any], words: str) -> None:
    assert message(said).text == words


def test_edits_and_what_is_taken_back_name_the_first_message() -> None:
    edited = message(item("edit", 2, edit={"original_message_id": "wamid.1", "message": EDITED}))
    assert (edited.kind, edited.message_id, edited.text) == (EventKind.EDITED, "wamid.1", "Hello there")
    gone = message(item("revoke", 3, revoke={"original_message_id": "wamid.1"}))
    assert (gone.kind, gone.message_id) == (EventKind.DELETED, "wamid.1")


def test_what_is_not_ours_or_nobody_s_words_is_noted() -> None:
    for event in (
        message(item("reaction", reaction={"message_id": "wamid.sent", "emoji": "👍"})),
        message(item("system", system={"body": "Ada has a new number"})),
        message(text(group_id="g1")),
        told({"metadata": {"phone_number_id": "7"}, "messages": [text()]})[0],
        told({"a": 1}, field="message_template_status_update")[0],
    ):
        assert (event.kind, bool(event.note)) == (EventKind.UNKNOWN, True)


def test_an_account_that_is_disabled_is_told_and_one_that_is_verified_is_noted() -> None:
    (lost,) = told({"event": "DISABLED_UPDATE"}, field="account_update")
    assert (lost.kind, lost.failure) == (EventKind.ACCOUNT, "WhatsApp says of the account: DISABLED_UPDATE")
    (fine,) = told({"event": "VERIFIED_ACCOUNT"}, field="account_update")
    assert fine.kind is EventKind.UNKNOWN
