"""What we say to Slack, against a Slack on this machine that its own SDK has proved."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from tests import needs

pytest.importorskip("aiohttp", reason=needs.PEERS.skip)
from aiohttp import web

from server.broker.ports.channels import EventKind, Incoming, OutgoingFile, Part, RemoteFile, SendError, SendProblem
from server.channels.slack import Slack
from server.secret_files import SecretText
from server.wire.version import VERSION
from tests import slack_contract
from tests.fakes.slack_platform import BOT_TOKEN, SlackPlatform, failure, page, slack_platform

pytestmark = pytest.mark.integration
THREAD = "C0HELP/1767225600.000100"


@pytest.fixture
async def platform() -> AsyncIterator[SlackPlatform]:
    async with slack_platform() as running:
        yield running


@pytest.fixture
async def slack(platform: SlackPlatform) -> AsyncIterator[Slack]:
    made = Slack(
        bot_token=SecretText(BOT_TOKEN),
        api_base=f"{platform.url}/api",
    )
    yield made
    await made.close()


async def problem_of(sending: object) -> SendError:
    with pytest.raises(SendError) as failed:
        await sending  # type: ignore[misc]
    return failed.value


async def test_a_message_goes_into_its_thread_unchanged_and_carries_its_key(
    platform: SlackPlatform, slack: Slack
) -> None:
    message_id = await slack.send(Part(chat=THREAD, key="part-1", text="<!channel> a & b *c* 😀 שלום"))
    form = platform.form("chat.postMessage")
    assert (form["channel"], form["thread_ts"]) == ("C0HELP", "1767225600.000100")
    assert form["text"] == "&lt;!channel&gt; a &amp; b *c* 😀 שלום"
    assert form["mrkdwn"] == "false"
    assert json.loads(form["metadata"])["event_payload"] == {"key": "part-1"}
    assert ("C0HELP", message_id) in platform.messages
    assert platform.callers == [f"operator-console/{VERSION}"]
    await slack.send(Part(chat="D0DIRECT1", key="part-2", text="x"))
    assert "thread_ts" not in platform.form("chat.postMessage")


async def test_what_was_said_can_be_changed_and_taken_back(platform: SlackPlatform, slack: Slack) -> None:
    message_id = await slack.send(Part(chat=THREAD, key="1", text="helo"))
    await slack.edit(THREAD, message_id, "hello <you>")
    assert platform.messages["C0HELP", message_id]["text"] == "hello &lt;you&gt;"
    await slack.edit(THREAD, message_id, "")
    assert not platform.messages
    assert (await problem_of(slack.edit(THREAD, message_id, "x"))).problem is SendProblem.INVALID


async def test_a_file_is_uploaded_and_shown_in_the_thread(platform: SlackPlatform, slack: Slack) -> None:
    file = OutgoingFile(name="a b.txt", media_type="text/plain", content=b"abc")
    file_id = await slack.send(Part(chat=THREAD, key="1", text="see <this>", file=file))
    [shared] = platform.shared
    assert platform.uploads == {file_id: b"abc"}
    assert (shared["channel_id"], shared["thread_ts"]) == ("C0HELP", "1767225600.000100")
    assert shared["initial_comment"] == "see &lt;this&gt;"
    await slack.edit(THREAD, file_id, "")
    assert not platform.uploads


async def test_a_file_that_nobody_saw_may_be_sent_again_one_that_may_have_been_seen_not(
    platform: SlackPlatform, slack: Slack
) -> None:
    part = Part(chat=THREAD, key="1", file=OutgoingFile(name="a", media_type="", content=b"abc"))
    platform.faults["files.getUploadURLExternal"].append(failure("fatal_error"))
    assert (await problem_of(slack.send(part))).problem is SendProblem.RETRY
    platform.faults["files.completeUploadExternal"].append(failure("fatal_error"))
    assert (await problem_of(slack.send(part))).problem is SendProblem.UNKNOWN_OUTCOME


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (failure("token_revoked"), SendProblem.AUTH),
        (failure("token_expired"), SendProblem.AUTH),
        (failure("missing_scope"), SendProblem.AUTH),
        (failure("channel_not_found"), SendProblem.GONE),
        (failure("is_archived"), SendProblem.GONE),
        (failure("restricted_action_read_only_channel"), SendProblem.BLOCKED),
        (failure("msg_too_long"), SendProblem.INVALID),
        (failure("some_error_of_next_year"), SendProblem.INVALID),
        (failure("service_unavailable"), SendProblem.RETRY),
        (failure("fatal_error"), SendProblem.UNKNOWN_OUTCOME),
        (page(), SendProblem.AUTH),
        (web.Response(status=302, headers={"Location": "https://sso.example/login"}), SendProblem.AUTH),
        (web.Response(body=b'{"ok": tr', content_type="application/json"), SendProblem.UNKNOWN_OUTCOME),
        (web.Response(status=500), SendProblem.RETRY),
        (web.Response(status=504), SendProblem.UNKNOWN_OUTCOME),
        (web.json_response({"ok": True}), SendProblem.UNKNOWN_OUTCOME),
    ],
)
async def test_what_slack_says_no_with_decides_what_is_done_next(
    platform: SlackPlatform, slack: Slack, answer: web.Response, problem: SendProblem
) -> None:
    platform.faults["chat.postMessage"].append(answer)
    failed = await problem_of(slack.send(Part(chat=THREAD, key="1", text="x")))
    assert failed.problem is problem
    assert BOT_TOKEN not in failed.message
    assert len(platform.calls) == 1


async def test_we_go_slower_for_as_long_as_slack_says(platform: SlackPlatform, slack: Slack) -> None:
    platform.faults["chat.postMessage"] += [
        failure("ratelimited", 429, Retry_After="30"),
        failure("rate_limited", Retry_After="7"),
    ]
    for seconds in (30, 7):
        failed = await problem_of(slack.send(Part(chat=THREAD, key="1", text="x")))
        assert (failed.problem, failed.retry_after_seconds) == (SendProblem.RATE_LIMIT, seconds)


async def test_typing_is_shown_in_threads_and_not_tried_again_where_it_may_not(
    platform: SlackPlatform, slack: Slack
) -> None:
    await slack.typing("D0DIRECT1")
    assert not platform.calls
    await slack.typing(THREAD)
    assert platform.form("assistant.threads.setStatus")["thread_ts"] == "1767225600.000100"
    platform.faults["assistant.threads.setStatus"].append(failure("missing_scope"))
    await slack.typing(THREAD)
    await slack.typing(THREAD)
    assert len(platform.calls) == 2


async def test_health_tells_of_a_dead_token(platform: SlackPlatform, slack: Slack) -> None:
    assert await slack.health() == ""
    platform.faults["auth.test"].append(failure("account_inactive"))
    assert "account_inactive" in await slack.health()


async def content(slack: Slack, file: RemoteFile) -> bytes:
    return b"".join([chunk async for chunk in slack.fetch(file)])


async def test_a_file_is_read_with_the_token_which_only_slack_sees(platform: SlackPlatform, slack: Slack) -> None:
    platform.files |= {"F1": ("text/plain", b"abc"), "F2": ("text/html", b"<p>mine</p>")}
    for handle in (f"{platform.url}/files/F1", f"{platform.url}/files/moved", "F1"):
        assert await content(slack, RemoteFile(handle=handle)) == b"abc"
    assert await content(slack, RemoteFile(handle=f"{platform.url}/files/F2", media_type="text/html")) == b"<p>mine</p>"
    for handle in ("https://elsewhere.example/F1", f"{platform.url}/files/away", "http://files.slack.com/F1"):
        assert (await problem_of(content(slack, RemoteFile(handle=handle)))).problem is SendProblem.INVALID
    assert (await problem_of(content(slack, RemoteFile(handle=f"{platform.url}/files/F9")))).problem is SendProblem.GONE


async def test_a_login_page_is_never_taken_for_the_file(platform: SlackPlatform) -> None:
    slack = Slack(bot_token=SecretText("xoxb-other"), api_base=f"{platform.url}/api")
    for media_type in ("image/png", "text/html"):
        file = RemoteFile(handle=f"{platform.url}/files/F1", media_type=media_type)
        assert (await problem_of(content(slack, file))).problem is SendProblem.AUTH
    await slack.close()


SINCE = datetime.fromtimestamp(1_767_225_600 + 2, UTC)


async def read_again(slack: Slack, *chats: str) -> list[str]:
    """Return what a channel finds that was missed: chat and text."""
    found = [event async for envelope in slack.missed(chats, SINCE) for event in slack.parse(envelope)]
    assert {event.kind for event in found} <= {EventKind.MESSAGE}
    return [f"{event.chat} {event.text}" for event in found]


async def test_what_slack_gave_up_bringing_is_read_in_every_place_that_is_known(
    platform: SlackPlatform, slack: Slack
) -> None:
    before = platform.message("before")
    direct = [platform.message(f"direct {number}") for number in range(5)]
    root = platform.message("a thread begins", channel="C0HELP", reply_count=1)
    reply = platform.message("and goes on", channel="C0HELP", thread_ts=root["ts"])
    app = platform.message("I am a machine", bot_id="B1")
    elsewhere = platform.message("nobody asked", channel="C0OTHER")
    joined = platform.message("has joined", subtype="channel_join")
    platform.written += [before, *direct, root, reply, app, elsewhere, joined]
    found = await read_again(slack, "D0DIRECT1", "C0HELP/1767225601.000100", "C0HELP/1767225500.000100")
    thread = f"C0HELP/{root['ts']}"
    assert found == [
        *(f"D0DIRECT1 direct {number}" for number in range(5)), f"{thread} a thread begins", f"{thread} and goes on",
    ]  # fmt: skip
    told = slack.parse(Incoming(body=json.dumps(platform.event(direct[0])).encode()))
    (again,) = [one async for one in slack.missed(["D0DIRECT1"], SINCE)][:1]
    assert slack.parse(again)[0].key == told[0].key, "what was heard all the same is taken once"


async def test_a_channel_that_may_not_be_read_costs_no_other(platform: SlackPlatform, slack: Slack) -> None:
    platform.written += [platform.message("old"), *(platform.message("direct") for _ in range(2))][::2]
    platform.faults["conversations.history"] = [failure("missing_scope")]
    assert await read_again(slack, "C0HELP", "D0DIRECT1") == ["D0DIRECT1 direct"]
    platform.faults["conversations.history"] = [failure("ratelimited", 429, Retry_After="7")]
    later = await problem_of(read_again(slack, "D0DIRECT1"))
    assert (later.problem, later.retry_after_seconds) == (SendProblem.RATE_LIMIT, 7)


@needs.data
async def test_every_call_is_as_slacks_reference_has_it(platform: SlackPlatform, slack: Slack) -> None:
    platform.files["F123"] = ("text/plain", b"abc")
    message_id = await slack.send(Part(chat=THREAD, key="1", text="x"))
    await slack.edit(THREAD, message_id, "y")
    await slack.edit(THREAD, message_id, "")
    file = OutgoingFile(name="a.txt", media_type="text/plain", content=b"abc")
    await slack.send(Part(chat=THREAD, key="2", text="see", file=file))
    await slack.typing(THREAD)
    await slack.health()
    await content(slack, RemoteFile(handle="F123"))
    platform.written.append(platform.message("x", channel="C0HELP", reply_count=1))
    assert [one async for one in slack.missed(["C0HELP"], SINCE)]
    assert len({method for method, _ in platform.calls}) == 10
    for method, form in platform.calls:
        assert not slack_contract.wrong(method, form)
    assert slack_contract.wrong("chat.postMessage", {"text": "x"})
    assert slack_contract.wrong("chat.postMessage", {"channel": "C01", "text": "x", "txet": "x"})
