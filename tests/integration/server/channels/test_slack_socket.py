"""Socket Mode: acknowledged once kept, sent again when not, taken up anew after every end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from server.broker.ports.channels import Incoming, SendError, SendProblem
from server.channels.slack import Slack, SlackSocket
from server.clock import ManualClock
from server.secret_files import SecretText
from tests.fakes.slack_platform import APP_TOKEN, BOT_TOKEN, SlackPlatform, failure, slack_platform

pytestmark = pytest.mark.integration


class Listener:
    """What the broker does with a channel that listens: keep, then ask for the next."""

    def __init__(self, slack: Slack, clock: ManualClock) -> None:
        self.slack, self.clock = slack, clock
        self.frames = aiter(slack.listen(""))
        self.texts: list[str] = []

    async def next(self) -> Incoming:
        async with asyncio.timeout(60):
            asking = asyncio.ensure_future(anext(self.frames))
            while not asking.done():
                await asyncio.wait([asking], timeout=0.02)
                if self.clock.sleeping:
                    await self.clock.advance(60)
            incoming, _ = asking.result()
        self.texts += [one.text for one in self.slack.parse(incoming)]
        return incoming


@asynccontextmanager
async def listening(app_token: str = APP_TOKEN) -> AsyncIterator[tuple[SlackPlatform, Listener]]:
    async with slack_platform() as platform:
        clock = ManualClock()
        slack = SlackSocket(
            bot_token=SecretText(BOT_TOKEN),
            app_token=SecretText(app_token),
            clock=clock,
            api_base=f"{platform.url}/api",
        )
        listener = Listener(slack, clock)
        try:
            yield platform, listener
        finally:
            await listener.frames.aclose()  # type: ignore[attr-defined]
            await slack.close()


async def test_an_envelope_is_acknowledged_once_it_is_kept_not_before() -> None:
    async with listening() as (platform, listener):
        first = await platform.push(platform.event(platform.message("one")))
        second = await platform.push(platform.event(platform.message("two")))
        incoming = await listener.next()
        assert incoming.headers["x-slack-envelope"] == first
        assert not platform.acknowledged
        await listener.next()
        await platform.until(lambda: platform.acknowledged == [first])
        assert set(platform.unacknowledged) == {second}
        assert listener.texts == ["one", "two"]


async def test_what_was_not_acknowledged_before_a_drop_comes_again_with_the_same_key() -> None:
    async with listening() as (platform, listener):
        await platform.push(platform.event(platform.message("one")))
        before = await listener.next()
        await platform.drop()
        after = await listener.next()
        assert listener.slack.parse(before)[0].key == listener.slack.parse(after)[0].key
        assert platform.connections == 2


async def test_it_connects_anew_when_slack_asks_and_after_failures() -> None:
    async with listening() as (platform, listener):
        await platform.push(platform.event(platform.message("one")))
        await listener.next()
        asking = asyncio.ensure_future(listener.next())
        await platform.until(lambda: platform.acknowledged)
        platform.faults["apps.connections.open"] += [
            failure("internal_error"),
            failure("ratelimited", 429, Retry_After="5"),
        ]
        await platform.disconnect()
        await platform.push(platform.event(platform.message("two")))
        await asking
        assert listener.texts == ["one", "two"]
        assert sum(method == "apps.connections.open" for method, _ in platform.calls) == 4


async def test_a_refused_token_and_a_switched_off_socket_mode_end_it() -> None:
    async with listening("xapp-wrong") as (_, listener):
        with pytest.raises(SendError) as refused:
            await listener.next()
        assert refused.value.problem is SendProblem.AUTH
    async with listening() as (platform, listener):
        asking = asyncio.ensure_future(listener.next())
        await platform.until(lambda: platform.connections)
        await platform.disconnect("link_disabled")
        with pytest.raises(SendError, match="switched off"):
            await asking


async def test_a_frame_that_is_not_understood_loses_no_other() -> None:
    async with listening() as (platform, listener):
        asking = asyncio.ensure_future(listener.next())
        await platform.until(lambda: platform.connections)
        for frame in ("nonsense", "[]", '{"type": "news"}', '{"envelope_id": 5}'):
            await platform._links[-1].send_str(frame)
        await platform.push(platform.event(platform.message("one")))
        await asking
        assert listener.texts == ["one"]
        assert platform.connections == 1
