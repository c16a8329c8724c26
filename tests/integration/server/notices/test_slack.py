"""Notices in Slack: by its reference and its own library; kept up to date; nothing said is markup; every refusal."""

import json
from typing import Any

import httpx
import pytest
from slack_sdk.models.blocks import Block

from server.broker.ports.notices import Notice
from server.core.errors import ProviderError
from server.notices.slack import Slack, blocks
from server.secret_files import SecretText
from server.wire.terms import Author, ConversationId, MessageId, OperatorId, Outcome, SessionState
from server.wire.views import Context, MessageView
from tests import needs
from tests.integration.server.notices.test_webhook import AT, notice
from tests.integration.server.notices.vendor_fakes import FakeVendor, form_of
from tests.slack_contract import wrong

pytestmark = pytest.mark.integration

NASTY = "<!channel> *bold* <https://evil.example|bank> & :smile: `x` _y_"


def turn(text: str, author: Author = Author.CUSTOMER) -> MessageView:
    return MessageView(
        id=MessageId("m_1"), conversation_id=ConversationId("c_1"), position=1, author=author, text=text, at=AT
    )


def rich(name: str = "Zoë", **changes: Any) -> Notice:
    one = notice(name, **changes)
    return Notice(
        id=one.id,
        kind=one.kind,
        at=one.at,
        session=one.session,
        operator=changes.pop("operator", "Ann") if one.session.operator_id else "",
        turns=(turn("my card was charged twice"), turn("I see", Author.ASSISTANT), turn("secret", Author.NOTE)),
        accept_url="https://desk.example.com/v1/notices/tok-EN_1",
        desk_url="https://desk.example.com",
        recorded=True,
    )


def slack(vendor: FakeVendor) -> Slack:
    return Slack(SecretText("xoxb-1"), "C0123456789", transport=vendor.way)


POSTED = {"ok": True, "channel": "C0123456789", "ts": "1700000000.000100"}


@needs.data
async def test_a_notice_is_what_slacks_reference_asks_for_and_is_edited_to_who_took_it() -> None:
    vendor = FakeVendor([httpx.Response(200, json=POSTED)])
    reference = await slack(vendor).send(rich())
    await slack(vendor).amend(reference, rich(state=SessionState.ACTIVE, operator_id=OperatorId("op_ann")))
    posted, edited = vendor.requests
    assert posted.headers["authorization"] == "Bearer xoxb-1"
    assert (wrong("chat.postMessage", form_of(posted)), wrong("chat.update", form_of(edited))) == ("", "")
    assert form_of(edited)["ts"] == "1700000000.000100"
    assert "H-0042 waits: Zoë" in form_of(posted)["text"]
    assert "H-0042 accepted by Ann: Zoë" in form_of(edited)["text"]
    said = form_of(posted)["blocks"]
    assert "my card was charged twice" in said
    assert "AI assistant: I see" in said
    assert "secret" not in said, "notes of the team stay in the team"


@pytest.mark.parametrize(
    ("name", "notice_of"),
    [
        ("ordinary", rich()),
        ("huge", rich("Z" * 5000, reason="r" * 9000, context=Context(summary="s" * 50_000))),
        ("emoji", rich("👩‍👩‍👧" * 400, reason="👩‍👩‍👧" * 900, context=Context(summary="👩‍👩‍👧" * 9000))),
        (
            "closed",
            rich(state=SessionState.CLOSED, outcome=Outcome.RESOLVED, note="n" * 9000, follow_up="f" * 9000),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_slacks_own_library_finds_nothing_too_long(name: str, notice_of: Notice) -> None:
    found = blocks(notice_of)
    assert len(found) <= 50, name
    for block, raw in zip(Block.parse_all(found), found, strict=True):
        assert block is not None
        block.validate_json()
        for text in texts(raw):
            assert len(text["text"]) <= (150 if raw["type"] == "header" else 2000 if "fields" in raw else 3000)


def texts(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        here = [value] if value.get("type") in {"plain_text", "mrkdwn"} else []
        return here + [one for inner in value.values() for one in texts(inner)]
    return [one for inner in value for one in texts(inner)] if isinstance(value, list) else []


async def test_nothing_that_was_said_is_markup_or_calls_anybody() -> None:
    vendor = FakeVendor([httpx.Response(200, json=POSTED)])
    one = rich(NASTY, reason=NASTY, context=Context(summary=NASTY))
    await slack(vendor).send(one)
    form = form_of(vendor.requests[0])
    assert "<!channel>" not in form["text"]
    assert "&lt;!channel&gt;" in form["text"]
    marked = [text for text in texts(json.loads(form["blocks"])) if text["type"] == "mrkdwn"]
    assert [text["text"] for text in marked] == [f"<{one.accept_url}|I take it>"]
    assert all(text["emoji"] is False for text in texts(json.loads(form["blocks"])) if text["type"] == "plain_text")


@pytest.mark.parametrize(
    ("answer", "code", "retryable"),
    [
        (httpx.Response(200, json={"ok": False, "error": "channel_not_found"}), "notice_refused", False),
        (httpx.Response(200, json={"ok": False, "error": "ratelimited"}), "notice_refused", True),
        (httpx.Response(200, json={"ok": False, "error": "invalid_auth"}), "notice_refused", False),
        (httpx.Response(200, html="<html>login</html>"), "notice_refused", True),
        (httpx.Response(200, json=[1]), "notice_refused", True),
        (httpx.Response(429, headers={"retry-after": "7"}), "notice_slow_down", True),
        (httpx.Response(503), "notice_failed", True),
        (httpx.ReadTimeout("hangs"), "notice_unreachable", True),
    ],
    ids=["no channel", "slow", "auth", "web page", "list", "429", "503", "hangs"],
)
async def test_what_slack_answers_says_whether_to_try_again(
    answer: httpx.Response | Exception, code: str, retryable: bool
) -> None:
    with pytest.raises(ProviderError) as refusal:
        await slack(FakeVendor([answer])).send(rich())
    assert (refusal.value.code, refusal.value.retryable) == (code, retryable)
    if code == "notice_slow_down":
        assert refusal.value.retry_after_seconds == 7


async def test_the_outcome_says_who_what_result_links_and_the_next_step() -> None:
    closed = rich(
        state=SessionState.CLOSED,
        outcome=Outcome.RESOLVED,
        operator_id=OperatorId("op_ann"),
        disposition="refund",
        note="paid back",
        follow_up="call on Monday",
        follow_up_at=AT,
    )
    said = [text["text"] for text in texts(blocks(closed))]
    assert "Operator: Ann" in said
    assert {"Result: refund", "Note: paid back", "Next step: call on Monday (by 2026-03-03 12:00 UTC)"} <= set(said)
    assert "Recording: https://desk.example.com/v1/sessions/s_1/recording" in said
    assert "Transcript: https://desk.example.com/v1/conversations/c_1/messages" in said
