"""What Discord's gateway tells, read whole."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.broker.ports.channels import ChannelEvent, EventKind, Incoming, RemoteFile
from server.channels.discord_events import OWN_ID, events_of
from server.channels.discord_places import MOST, Places
from tests.fakes.discord_words import ADA, BOT_ID, DIRECT, DiscordWords, user

pytestmark = pytest.mark.unit

platform = DiscordWords()


def read(kind: str, data: Any) -> list[ChannelEvent]:
    body = json.dumps({"op": 0, "s": 1, "t": kind, "d": data}).encode()
    return events_of(Incoming(headers={OWN_ID: BOT_ID}, body=body))


def one(kind: str, data: Any) -> ChannelEvent:
    [found] = read(kind, data)
    return found


def test_a_message_is_read_with_names_for_mentions_and_own_emoji() -> None:
    said = platform.message(f"hi <@{BOT_ID}> <@5> <:wave:77> 😀 שלום", mentions=[user(BOT_ID, bot=True)])
    found = one("MESSAGE_CREATE", said)
    assert found == ChannelEvent(
        kind=EventKind.MESSAGE,
        key=f"message:{said['id']}",
        chat=DIRECT,
        message_id=said["id"],
        sender_ids=(ADA,),
        sender_name="Ada L.",
        at=datetime(2026, 1, 1, 12, 0, 0, 123000, tzinfo=UTC),
        order=said["id"].zfill(20),
        text="hi @helper @5 :wave: 😀 שלום",
    )


def test_in_a_server_several_people_write_in_a_channel() -> None:
    assert not one("MESSAGE_CREATE", platform.message("hi")).shared
    assert one("MESSAGE_CREATE", platform.message("hi", guild_id="300")).shared


def test_files_keep_where_to_ask_again_and_stickers_their_name() -> None:
    file = {
        "id": "7",
        "filename": "a.png",
        "content_type": "image/png",
        "size": 3,
        "url": "https://cdn.discordapp.com/a?ex=1",
    }
    said = platform.message("", attachments=[file, "broken"], sticker_items=[{"id": "1", "name": "Wave"}])
    found = one("MESSAGE_CREATE", said)
    assert found.text == "[sticker: Wave]"
    handle = f"{DIRECT}/{said['id']}/7 https://cdn.discordapp.com/a?ex=1"
    assert found.files == (RemoteFile(handle=handle, name="a.png", media_type="image/png", size=3),)


def test_our_own_message_is_an_echo_another_bots_or_a_webhooks_is_passed_over() -> None:
    assert one("MESSAGE_CREATE", platform.message("x", author=BOT_ID)).kind is EventKind.ECHO
    for more in ({"author": user("8", bot=True)}, {"webhook_id": "9"}):
        assert one("MESSAGE_CREATE", platform.message("x", **more)).kind is EventKind.UNKNOWN


def test_a_message_whose_text_discord_keeps_back_says_what_to_switch_on() -> None:
    assert "Message Content Intent" in one("MESSAGE_CREATE", platform.message("")).note
    assert one("MESSAGE_CREATE", platform.message("joined", type=7)).kind is EventKind.UNKNOWN


def test_edits_and_deletes_name_the_message_they_are_about() -> None:
    said = platform.message("hi")
    edited = one("MESSAGE_UPDATE", {**said, "content": "bye", "edited_timestamp": "2026-01-01T12:05:00+00:00"})
    assert (edited.kind, edited.message_id, edited.text) == (EventKind.EDITED, said["id"], "bye")
    again = one("MESSAGE_UPDATE", {**said, "content": "by", "edited_timestamp": "2026-01-01T12:06:00+00:00"})
    assert again.key != edited.key
    assert one("MESSAGE_UPDATE", said).kind is EventKind.UNKNOWN
    deleted = one("MESSAGE_DELETE", {"id": said["id"], "channel_id": DIRECT})
    assert (deleted.kind, deleted.message_id, deleted.chat) == (EventKind.DELETED, said["id"], DIRECT)
    many = read("MESSAGE_DELETE_BULK", {"ids": ["1", {}, "2"], "channel_id": DIRECT})
    assert [found.message_id for found in many] == ["1", "2"]


def test_typing_and_a_closed_channel_are_told() -> None:
    data = {"channel_id": DIRECT, "user_id": ADA, "timestamp": 1767225600}
    typing = one("TYPING_START", data)
    assert (typing.kind, typing.chat, typing.sender_ids) == (EventKind.TYPING, DIRECT, (ADA,))
    assert one("TYPING_START", {**data, "user_id": BOT_ID}).kind is EventKind.UNKNOWN
    assert one("CHANNEL_DELETE", {"id": DIRECT, "type": 1}).kind is EventKind.LEFT


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"\xff",
        b'{"t": 5}',
        b'{"t": "MESSAGE_CREATE"}',
        b"[" * 50_000,
        b'{"t": "MESSAGE_DELETE_BULK", "d": {"ids": 5}}',
        b'{"t": "NEWS_OF_NEXT_YEAR", "d": {}}',
        b'{"t": "TYPING_START", "d": []}',
    ],
)
def test_what_is_not_understood_is_kept_as_unknown(body: bytes) -> None:
    [found] = events_of(Incoming(body=body))
    assert found.kind is EventKind.UNKNOWN
    assert found.note
    assert events_of(Incoming(body=body))[0].key == found.key


NAMES = [
    "id",
    "ids",
    "channel_id",
    "author",
    "bot",
    "content",
    "attachments",
    "mentions",
    "timestamp",
    "type",
    "member",
    "edited_timestamp",
    "user_id",
    "sticker_items",
    "url",
]
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=8),
)


@given(st.sampled_from(["MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "TYPING_START", "CHANNEL_DELETE"]), ANY)
def test_nothing_that_is_json_raises(kind: str, data: object) -> None:
    assert read(kind, data)


def test_places_go_on_after_what_was_kept_in_each_channel() -> None:
    places = Places("")
    assert not places.missed("1", "500")
    places.passed("1", "100")
    places.passed("2", "90")
    places.passed("1", "95")
    places.passed("3", "nonsense")
    again = Places(places.cursor)
    assert (again.since("1"), again.since("2"), again.since("9")) == ("100", "90", "100")
    assert again.missed("2", "91")
    assert not again.missed("1", "100")
    assert not again.missed("1", "")
    for number in range(MOST + 5):
        again.passed(f"c{number}", str(1000 + number))
    assert len(again.channels) == MOST
    assert "1" not in again.channels
    assert Places("nonsense").channels == Places('{"newest": 5}').channels == ()
