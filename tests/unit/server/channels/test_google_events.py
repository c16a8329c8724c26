"""What Google Chat tells, read whole."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from server.broker.ports.channels import ChannelEvent, EventKind, RemoteFile
from server.channels.google_events import chat_of, events_of, space_and_thread
from tests.fakes.google_words import DIRECT, IZUMI, ROOM, event, message_event

pytestmark = pytest.mark.unit


def read(told: dict[str, Any]) -> ChannelEvent:
    [found] = events_of(json.dumps(told).encode())
    return found


def test_a_direct_message_is_one_conversation_with_its_space() -> None:
    assert read(message_event("hi 😀 שלום")) == ChannelEvent(
        kind=EventKind.MESSAGE,
        key="message:spaces/DM1/messages/m0001.m0001",
        chat="spaces/DM1",
        message_id="spaces/DM1/messages/m0001.m0001",
        sender_ids=("users/12345678901234567890", "email:izumi@example.com"),
        sender_name="Izumi",
        at=datetime(2026, 1, 1, 12, 1, 0, 910959, tzinfo=UTC),
        text="hi 😀 שלום",
        language="en",
    )


def test_in_a_space_each_thread_is_one_conversation_and_the_mention_is_left_out() -> None:
    found = read(message_event("@Help where is it?", space=ROOM, argumentText=" where is it?"))
    assert (found.chat, found.text, found.shared) == ("spaces/AAA/threads/T1", "where is it?", True)
    assert not read(message_event("hi")).shared
    assert space_and_thread(found.chat) == ("spaces/AAA", "spaces/AAA/threads/T1")
    assert space_and_thread("spaces/DM1") == ("spaces/DM1", "")
    assert chat_of("spaces/AAA", "spaces/OTHER/threads/T1", direct=False) == "spaces/AAA"


def test_the_message_with_which_somebody_adds_the_app_is_a_message() -> None:
    added = {**message_event("@Help hi", space=ROOM), "type": "ADDED_TO_SPACE"}
    assert read(added).kind is EventKind.MESSAGE
    assert read(added).key == read(message_event("@Help hi", space=ROOM)).key
    assert read(event("ADDED_TO_SPACE", space=DIRECT)).kind is EventKind.UNKNOWN


def test_whoever_removes_the_app_has_left() -> None:
    found = read(event("REMOVED_FROM_SPACE", space=DIRECT))
    assert (found.kind, found.chat, found.sender_ids) == (EventKind.LEFT, "spaces/DM1", (IZUMI["name"],))


def test_files_are_named_by_where_they_lie() -> None:
    named = {"name": "x", "contentName": "a.pdf", "contentType": "application/pdf"}
    files = [
        {**named, "attachmentDataRef": {"resourceName": "abc=="}},
        {**named, "driveDataRef": {"driveFileId": "d1"}},
        7,
    ]
    found = read(message_event("", attachment=files)).files
    assert found == (
        RemoteFile(handle="abc==", name="a.pdf", media_type="application/pdf"),
        RemoteFile(handle="drive:d1", name="a.pdf", media_type="application/pdf"),
    )


def test_apps_and_what_is_not_understood_are_passed_over_with_a_word() -> None:
    bot = {**IZUMI, "type": "BOT"}
    for told in (
        message_event("x", sender=bot),
        event("CARD_CLICKED", space=ROOM),
        {"type": "MESSAGE"},
        {"type": "MESSAGE", "message": {"name": "spaces/A/messages/1"}},
        {},
    ):
        assert read(told).kind is EventKind.UNKNOWN
        assert read(told).note
    assert "add-on" in read({"chat": {"messagePayload": {}}}).note
