"""Slack's own SDK speaks with the fake Slack, so that the fake proves something about our adapter."""

import asyncio

import pytest

from tests import needs

pytest.importorskip("slack_bolt", reason=needs.PEERS.skip)
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack_platform import APP_TOKEN, BOT_TOKEN, failure, slack_platform

pytestmark = pytest.mark.integration


async def test_the_sdk_posts_changes_and_deletes_and_is_told_of_failures() -> None:
    async with slack_platform() as slack:
        client = AsyncWebClient(BOT_TOKEN, base_url=f"{slack.url}/api/")
        posted = await client.chat_postMessage(channel="C0GENERAL", text="hello", thread_ts="1767225600.000100")
        await client.chat_update(channel="C0GENERAL", ts=posted["ts"], text="hello!")
        assert slack.messages["C0GENERAL", posted["ts"]]["text"] == "hello!"
        await client.chat_delete(channel="C0GENERAL", ts=posted["ts"])
        assert not slack.messages
        slack.faults["chat.postMessage"].append(failure("channel_not_found"))
        with pytest.raises(SlackApiError, match="channel_not_found"):
            await client.chat_postMessage(channel="C0GENERAL", text="hello")


async def test_the_sdk_uploads_a_file() -> None:
    async with slack_platform() as slack:
        client = AsyncWebClient(BOT_TOKEN, base_url=f"{slack.url}/api/")
        await client.files_upload_v2(content=b"abc", filename="a.txt", channel="C0GENERAL", initial_comment="here")
        [shared] = slack.shared
        assert shared["channel_id"] == "C0GENERAL"
        assert slack.uploads[shared["files"][0]["id"]].endswith(b"abc")


async def test_bolt_takes_events_over_socket_mode_and_answers() -> None:
    async with slack_platform() as slack:
        app = AsyncApp(
            client=AsyncWebClient(BOT_TOKEN, base_url=f"{slack.url}/api/"), ignoring_self_events_enabled=True
        )

        @app.event("message")
        async def answer(event: dict[str, str], say: object) -> None:
            await app.client.chat_postMessage(channel=event["channel"], text=f"you said {event['text']}")

        web_client = AsyncWebClient(APP_TOKEN, base_url=f"{slack.url}/api/")
        handler = AsyncSocketModeHandler(app, APP_TOKEN, web_client=web_client)
        await handler.connect_async()
        try:
            envelope_id = await slack.push(slack.event(slack.message("hi")))
            await slack.until(lambda: envelope_id in slack.acknowledged and slack.messages)
            assert [one["text"] for one in slack.messages.values()] == ["you said hi"]
        finally:
            await handler.close_async()
            await asyncio.sleep(0)
