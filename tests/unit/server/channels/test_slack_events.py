"""What Slack tells, read whole: people, ourselves, other apps, threads, edits and nonsense."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.broker.ports.channels import ChannelEvent, EventKind, RemoteFile
from server.channels.slack_events import channel_and_thread, chat_of, events_of
from tests import needs
from tests.fakes.slack_words import APP_ID, BOT_ID, BOT_USER, SlackWords

pytestmark = pytest.mark.unit

slack = SlackWords()


def read(event: dict[str, Any], event_id: str = "") -> ChannelEvent:
    [found] = events_of(json.dumps(slack.event(event, event_id)).encode())
    return found


def test_a_direct_message_is_one_conversation_with_its_channel() -> None:
    found = read(
        slack.message(
            "a &lt;b&gt; &amp; <https://x.org/a|x> <@U1|ada> <#C2|help> <!here> 😀 שלום", ts="1767225600.000100"
        )
    )
    assert found == ChannelEvent(
        kind=EventKind.MESSAGE,
        key="message:D0DIRECT1:1767225600.000100",
        chat="D0DIRECT1",
        message_id="1767225600.000100",
        sender_ids=("U0ADA0001",),
        at=datetime(2026, 1, 1, 0, 0, 0, 100, tzinfo=UTC),
        order="1767225600.000100",
        text="a <b> & x (https://x.org/a) @ada #help @here 😀 שלום",
    )


def test_in_a_channel_each_thread_is_one_conversation() -> None:
    first = read(slack.message("hi", channel="C0HELP", ts="1767225600.000100"))
    answer = read(slack.message("more", channel="C0HELP", ts="1767225601.000100", thread_ts="1767225600.000100"))
    assert first.shared
    assert not read(slack.message("hi")).shared
    assert first.chat == answer.chat == "C0HELP/1767225600.000100"
    assert channel_and_thread(first.chat) == ("C0HELP", "1767225600.000100")
    assert channel_and_thread(chat_of("D1", "")) == ("D1", "")
    assert read(slack.message("x", thread_ts="1767225600.000100")).chat == "D0DIRECT1/1767225600.000100"


def test_a_repeat_and_the_mention_beside_the_message_have_one_key() -> None:
    event = slack.message("<@U0BOT0001> help", channel="C0HELP")
    mention = {**event, "type": "app_mention"}
    del mention["channel_type"]
    keys = {read(event, "Ev1").key, read(event, "Ev1").key, read(mention, "Ev2").key}
    assert len(keys) == 1
    assert read(mention).chat == read(event).chat
    changed = {"type": "message", "subtype": "message_changed", "channel": "D1", "message": event, "ts": event["ts"]}
    assert read(changed, "Ev3").key == read(changed, "Ev3").key == "Ev3"


def test_our_own_messages_are_echoes_and_other_apps_are_passed_over() -> None:
    assert read(slack.message("x", user=BOT_USER, bot_id=BOT_ID)).kind is EventKind.ECHO
    assert read(slack.message("x", user="U9", bot_id=BOT_ID, app_id=APP_ID)).kind is EventKind.ECHO
    assert read(slack.message("x", user=BOT_USER)).sender_ids == ()
    other = read(slack.message("x", user="U9", bot_id="B9", app_id="A9"))
    assert (other.kind, other.note) == (EventKind.UNKNOWN, "written by another app")
    nobody = slack.message("x")
    del nobody["user"]
    assert read({**nobody, "subtype": "bot_message"}).kind is EventKind.UNKNOWN


def test_files_come_with_the_message_and_one_of_another_workspace_by_its_id() -> None:
    files = [
        {
            "id": "F1",
            "name": "a.pdf",
            "mimetype": "application/pdf",
            "size": 12,
            "url_private": "https://files.slack.com/a",
        },
        {"id": "F2", "file_access": "check_file_info"},
        {"id": "F3", "mode": "tombstone"},
        "broken",
    ]
    found = read(slack.message("", subtype="file_share", files=files))
    assert found.kind is EventKind.MESSAGE
    assert found.files[:2] == (
        RemoteFile(handle="https://files.slack.com/a", name="a.pdf", media_type="application/pdf", size=12),
        RemoteFile(handle="F2"),
    )


def test_edits_and_deletes_name_the_message_they_are_about() -> None:
    before = slack.message("hi", channel="C0HELP", ts="1767225600.000100")
    after = {**before, "text": "hi &amp; bye", "edited": {"user": "U0ADA0001", "ts": "1767225700.000000"}}
    changed = {"type": "message", "subtype": "message_changed", "channel": "C0HELP", "ts": "1767225700.000200"}
    edited = read({**changed, "message": after, "previous_message": before})
    assert (edited.kind, edited.message_id, edited.text) == (EventKind.EDITED, before["ts"], "hi & bye")
    assert edited.chat == "C0HELP/1767225600.000100"
    assert read({**changed, "message": before, "previous_message": before}).kind is EventKind.UNKNOWN
    ours = {**after, "bot_id": BOT_ID, "user": BOT_USER}
    assert read({**changed, "message": ours, "previous_message": before}).kind is EventKind.UNKNOWN
    deleted = {"type": "message", "subtype": "message_deleted", "channel": "C0HELP", "deleted_ts": before["ts"]}
    found = read({**deleted, "ts": "1767225800.000000", "previous_message": before})
    assert (found.kind, found.message_id, found.chat) == (EventKind.DELETED, before["ts"], edited.chat)
    assert read({**deleted, "previous_message": ours}).kind is EventKind.UNKNOWN
    tombstone = {**changed, "message": {**before, "subtype": "tombstone"}, "previous_message": before}
    assert read(tombstone).kind is EventKind.DELETED


def test_an_uninstalled_app_or_a_revoked_bot_token_is_told_of_the_account() -> None:
    assert read({"type": "app_uninstalled"}).kind is EventKind.ACCOUNT
    gone = read({"type": "tokens_revoked", "tokens": {"bot": ["U0BOT0001"], "oauth": []}})
    assert gone.kind is EventKind.ACCOUNT
    assert "Install the app again" in gone.failure
    assert read({"type": "tokens_revoked", "tokens": {"oauth": ["U9"], "bot": []}}).kind is EventKind.UNKNOWN


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"event": []}',
        b'{"event": {"type": []}}',
        b"[" * 50_000,
        b"payload=%7B%7D",
        b'{"event": {"type": "message"}}',
        b'{"event": {"type": "message", "subtype": "message_changed"}}',
        b'{"event": {"type": "message", "subtype": "message_deleted"}}',
        b'{"type": "app_rate_limited"}',
    ],
)
def test_what_is_not_understood_is_kept_as_unknown(body: bytes) -> None:
    [found] = events_of(body)
    assert found.kind is EventKind.UNKNOWN
    assert found.note
    assert events_of(body)[0].key == found.key


def test_broken_characters_do_not_lose_the_message() -> None:
    body = json.dumps(slack.event(slack.message("XX"))).encode()
    assert events_of(body.replace(b"XX", b"a\xffb"))[0].text == "a\ufffdb"
    assert events_of(body.replace(b"XX", b"a\\ud800b"))[0].text == "a?b"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "event",
                        "type",
                        "subtype",
                        "message",
                        "previous_message",
                        "user",
                        "ts",
                        "channel",
                        "files",
                        "authorizations",
                        "tokens",
                        "edited",
                        "text",
                    ]
                ),
                inner,
                max_size=8,
            )
        ),
    )
)
def test_nothing_that_is_json_raises(value: object) -> None:
    assert events_of(json.dumps(value).encode())


@needs.data
def test_every_published_sample_is_read() -> None:
    folder = needs.data_folder()
    assert folder is not None
    samples = sorted((folder / "specs/slack/event-samples").glob("*.json"))
    assert samples
    for sample in samples:
        filled = _filled(json.loads(sample.read_text()))
        [found] = events_of(json.dumps(filled).encode())
        wanted = _WANTED.get(sample.stem.removesuffix("Payload"), EventKind.UNKNOWN)
        assert found.kind is wanted, sample.stem


_WANTED = {
    "Message": EventKind.MESSAGE,
    "MessageFileShare": EventKind.MESSAGE,
    "MessageThreadBroadcast": EventKind.MESSAGE,
    "MessageMe": EventKind.MESSAGE,
    "AppMention": EventKind.MESSAGE,
    "MessageChanged": EventKind.EDITED,
    "MessageDeleted": EventKind.DELETED,
    "AppUninstalled": EventKind.ACCOUNT,
    "TokensRevoked": EventKind.ACCOUNT,
}


def _filled(value: Any, name: str = "") -> Any:
    """Fill in a sample, whose texts are blank: as a person would have caused it."""
    if isinstance(value, dict):
        return {
            key: _filled(one, key) for key, one in value.items() if not key.startswith(("bot_", "app_id", "username"))
        }
    if isinstance(value, list):
        return [_filled(one, name) for one in value] or ["U0BOT0001"] * (name == "bot")
    if value == "":
        _filled_texts["count"] += 1
        return {"ts": "1767225600.000100", "user": "U0ADA0001", "channel": "C0HELP"}.get(
            name, f"text {_filled_texts['count']}" if name == "text" else value
        )
    return value


_filled_texts = {"count": 0}
