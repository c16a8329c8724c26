"""Whatever a stranger sends to the media listener, it is refused cheaply and live calls go on."""

import asyncio
import base64
import contextlib
import json
import os
import struct
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import websockets
from websockets.asyncio.client import connect

from server.broker.ports.media import LegDown, LegUp
from server.telephony.twilio_signature import HEADER, sign
from server.wire.terms import CallPhase, LegRole
from tests.media_clients import Desk, RefusedError, StreamLeg, TwilioCaller, desk, loudness, tone, until

pytestmark = pytest.mark.integration

HELLO_SECONDS = 1.0


@pytest.fixture
async def media(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path, hello_seconds=HELLO_SECONDS, most_waiting_per_address=8) as running:
        yield running


async def upgraded(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a WebSocket by hand, to send what no library would."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET {parts.path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    assert b"101" in await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def closed_with(reader: asyncio.StreamReader) -> int:
    """Return the code of the close frame that ends a raw socket."""
    rest = await asyncio.wait_for(reader.read(), 20)
    at = rest.rindex(b"\x88")
    (code,) = struct.unpack_from("!H", rest, at + 2)
    return int(code)


async def refusal(url: str, *messages: str | bytes | Iterator[bytes]) -> tuple[int | None, str]:
    """Return how the worker closes a socket on which these messages come first."""
    async with connect(url, compression=None) as socket:
        try:
            for message in messages:
                await socket.send(message)
            async with asyncio.timeout(60):
                async for _ in socket:
                    pass
        except websockets.ConnectionClosed:
            pass
        return socket.close_code, socket.close_reason or ""


async def keep_sending(leg: StreamLeg, message: str | bytes) -> None:
    """Send without end, until the worker has had enough."""
    async with asyncio.timeout(60):
        with contextlib.suppress(websockets.ConnectionClosed):
            while not leg.gone.is_set():
                await leg.raw(message)
                await asyncio.sleep(0)
        await leg.closed()


def hello(token: str, **fields: object) -> str:
    return json.dumps({"type": "hello", "token": token, **fields})


@pytest.mark.parametrize("transport", ["console", "stream", "twilio"])
async def test_a_frame_that_promises_8_gb_is_refused_at_its_header(media: Desk, transport: str) -> None:
    reader, writer = await upgraded(media.control.media_url(transport))
    writer.write(b"\x82\xff" + struct.pack("!Q", 8 * 2**30) + b"\x00\x00\x00\x00" + b"x" * 1000)
    assert await closed_with(reader) == 1009
    writer.close()


async def test_a_leg_that_sends_an_oversize_frame_is_gone(media: Desk) -> None:
    console = await media.console("c")
    await console.raw(b"\x01" * 40_000)
    await console.closed()
    assert console.close_code == 1009
    await until(lambda: media.of(LegDown), "leg down")
    await console.close()


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("{" * 5000, id="deep"),
        pytest.param('{"type":"hello","token":"' + "x" * 5000 + '"}', id="long"),
        "{",
        "[]",
        "null",
        '{"type":"hello"}',
        '{"type":"hello","token":5}',
        '{"type":"hello","token":"x","more":1}',
        '{"type":"nonsense"}',
        "\x00\x1b[2J",
    ],
)
async def test_a_greeting_that_is_not_one_is_refused(media: Desk, message: str) -> None:
    code, _ = await refusal(media.control.media_url("console"), message)
    assert code == 4400


@pytest.mark.parametrize(
    "message", ["{", '{"event":"start"}', '{"event":5}', b"\x00\x01\x02", '{"event":"start","start":7}']
)
async def test_what_twilio_would_not_send_is_refused(media: Desk, message: str | bytes) -> None:
    code, _ = await refusal(media.control.media_url("twilio"), message)
    assert code == 4400


async def test_audio_before_hello_is_refused(media: Desk) -> None:
    assert await refusal(media.control.media_url("console"), os.urandom(652)) == (4400, "hello_first")


@pytest.mark.parametrize("fields", [{"rate": 44_100}, {"codec": "opus"}, {"codec": "mulaw", "rate": 16_000}])
async def test_a_format_we_do_not_speak_is_refused_without_burning_the_token(
    media: Desk, fields: dict[str, object]
) -> None:
    token = await media.admit("c", LegRole.CALLER, "stream")
    url = media.control.media_url("stream")
    assert await refusal(url, hello(token, **fields)) == (4400, "bad_format")
    async with await StreamLeg().open(url, token):
        pass


async def test_a_token_lets_in_once_in_time_by_its_own_door(media: Desk) -> None:
    console, stream = media.control.media_url("console"), media.control.media_url("stream")
    assert await refusal(console, hello("guess")) == (4401, "refused")
    token = await media.admit("c", LegRole.OPERATOR, "console", epoch=1)
    assert await refusal(stream, hello(token)) == (4401, "refused")
    async with await StreamLeg().open(console, token):
        assert await refusal(console, hello(token)) == (4401, "refused")
    late = await media.admit("c", LegRole.OPERATOR, "console", epoch=1, seconds=0.001)
    await asyncio.sleep(0.01)
    assert await refusal(console, hello(late)) == (4401, "refused")
    older = await media.admit("c", LegRole.OPERATOR, "console", epoch=1)
    newer = await media.admit("c", LegRole.OPERATOR, "console", epoch=1)
    assert await refusal(console, hello(older)) == (4401, "refused")
    async with await StreamLeg().open(console, newer):
        pass


async def test_an_operator_whose_epoch_is_over_is_refused(media: Desk) -> None:
    token = await media.admit("c", LegRole.OPERATOR, "console", epoch=1)
    await media.plan("c", CallPhase.OPERATOR, epoch=2)
    assert await refusal(media.control.media_url("console"), hello(token)) == (4401, "refused")


async def test_nobody_comes_into_a_call_that_has_ended(media: Desk) -> None:
    token = await media.admit("c", LegRole.CALLER, "stream")
    await media.plan("c", CallPhase.ENDED, epoch=1)
    assert await refusal(media.control.media_url("stream"), hello(token)) == (4401, "refused")
    token = await media.admit("c", LegRole.CALLER, "stream")
    assert await refusal(media.control.media_url("stream"), hello(token)) == (4401, "refused")


@pytest.mark.parametrize("transport", ["console", "twilio"])
async def test_a_socket_that_says_nothing_is_closed_at_the_deadline(media: Desk, transport: str) -> None:
    assert await refusal(media.control.media_url(transport)) == (4408, "hello_late")


async def test_a_connection_that_never_upgrades_is_closed(media: Desk) -> None:
    parts = urlsplit(media.control.media_url("console"))
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(b"GET /console HTTP/1.1\r\nX: ")
    async with asyncio.timeout(60):
        await reader.read()
    writer.close()


async def test_another_path_is_not_found(media: Desk) -> None:
    url = media.control.media_url("console").replace("/console", "/consoles")
    with pytest.raises(websockets.InvalidStatus) as refused:
        await connect(url)
    assert refused.value.response.status_code == 404


async def test_one_address_cannot_fill_the_doorway_and_legs_do_not_stand_in_it(media: Desk) -> None:
    url = media.control.media_url("console")
    legs = [await media.console(f"c{number}") for number in range(10)]
    strangers = [await connect(url) for _ in range(8)]
    assert await refusal(url) == (1013, "too_many")
    for stranger in strangers:
        await stranger.close()
    async with await media.console("after"):
        pass
    for leg in legs:
        await leg.close()


async def test_a_flood_of_control_frames_is_cut_off(media: Desk) -> None:
    console = await media.console("c")
    with contextlib.suppress(websockets.ConnectionClosed):
        for _ in range(600):  # more control frames than allowed, fewer than audio frames would be
            await console.raw('{"type":"ping","at":1}')
    await console.closed()
    assert (console.close_code, console.close_reason) == (4429, "flood")
    await until(lambda: media.of(LegDown), "leg down")
    await console.close()


async def test_a_few_broken_frames_are_forgiven_and_many_are_not(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1)
    async with await media.stream("c") as caller, await media.console("c") as console:
        for junk in (b"", b"\x01", os.urandom(652), os.urandom(12), b"\x07" + bytes(651)):
            await console.raw(junk)
        console.speak(880)
        await caller.hears(880)
        await keep_sending(console, os.urandom(100))
        assert (console.close_code, console.close_reason) == (4400, "bad_audio")


async def test_a_fragmented_frame_is_refused(media: Desk) -> None:
    in_two = iter([b"one", b"two"])
    assert await refusal(media.control.media_url("console"), in_two) == (4400, "fragmented")


async def test_only_the_callers_leg_has_keys_and_only_the_operators_a_mute(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1)
    async with await media.stream("c") as caller, await media.console("c") as console:
        await caller.tell(type="mute", on=True)
        await console.tell(type="dtmf", digit="xx")
        caller.speak(1_000)
        await console.hears(1_000)
        assert not caller.told("mute")


async def test_twilio_messages_out_of_place_are_ignored_and_the_call_goes_on(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1)
    token = await media.admit("c", LegRole.CALLER, "twilio")
    caller = TwilioCaller()
    await caller.connect_only(media.control.media_url("twilio"))
    await caller.say(tone(500, 8_000, 0))
    await caller.raw('{"event":"weather","temperature":"warm"}')
    await caller.send_start(token)
    async with caller, await media.console("c") as console:
        sid = caller.stream_sid
        loud = base64.b64encode(b"\x00" * 160).decode()
        for message in (
            {
                "event": "media",
                "streamSid": sid,
                "sequenceNumber": 7,
                "media": {"chunk": 5, "track": "outbound", "payload": loud},
            },
            {"event": "media", "streamSid": "MZother", "media": {"track": "inbound", "payload": loud}},
            {"event": "media", "streamSid": sid, "media": {"payload": "not base64!"}},
            {"event": "media", "streamSid": sid},
            {"event": "mark", "streamSid": sid, "mark": {"name": "x"}},
            {"event": "dtmf", "streamSid": sid, "dtmf": {"digit": 5}},
            {"event": "dtmf", "streamSid": sid, "dtmf": {"digit": "55"}},
        ):
            await caller.raw(json.dumps(message))
        caller.speak(1_000)
        await console.hears(1_000)
        assert [frame["digit"] for frame in console.told("dtmf")] == ["5"]
        assert max(map(loudness, console.frames)) < 10_000


async def test_a_second_start_closes(media: Desk) -> None:
    caller = await media.twilio_caller("c")
    await until(lambda: media.of(LegUp), "up")
    await caller.send_start(await media.admit("c", LegRole.CALLER, "twilio"))
    await caller.closed()
    assert (caller.close_code, caller.close_reason) == (4400, "bad_start")
    await caller.close()


async def test_twilios_start_needs_a_good_token_of_its_own_call(media: Desk) -> None:
    url = media.control.media_url("twilio")
    async with await TwilioCaller().open(url, "guess") as caller:
        await caller.closed()
        assert caller.close_code == 4401
    token = await media.admit("c", LegRole.CALLER, "twilio", external_id="CA1")
    async with await TwilioCaller("CA2").open(url, token) as caller:
        await caller.closed()
        assert caller.close_code == 4401
    async with await TwilioCaller("CA1").open(url, token):
        await until(lambda: media.of(LegUp), "up")
    assert [fact.external_id for fact in media.of(LegUp) if isinstance(fact, LegUp)] == ["CA1"]


async def test_an_upgrade_that_twilio_did_not_sign_is_forbidden(tmp_path: Path) -> None:
    secret, public = "an-auth-token", "wss://calls.example.org/media"
    async with desk(tmp_path, twilio_auth_token=secret, public_url=public) as media:
        assert media.control.media_url("twilio") == public + "/twilio"
        url = f"ws://127.0.0.1:{media.control._port}/twilio"
        for headers in (
            {},
            {HEADER: "AAAA"},
            {HEADER: sign(public + "/twilio", {}, "other")},
            {HEADER: sign(url, {}, secret)},
        ):
            with pytest.raises(websockets.InvalidStatus) as refused:
                await connect(url, additional_headers=headers)
            assert refused.value.response.status_code == 403
        token = await media.admit("c", LegRole.CALLER, "twilio")
        signed = {HEADER.lower(): sign(public + "/twilio", {}, secret)}
        async with await TwilioCaller().open(url, token, signed):
            await until(lambda: media.of(LegUp), "up")


async def test_a_stranger_does_not_disturb_a_live_call(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1)
    async with await media.twilio_caller("c") as caller, await media.console("c") as console:
        caller.speak(1_000)
        console.speak(880)
        await caller.hears(880)
        for _ in range(3):
            reader, writer = await upgraded(media.control.media_url("stream"))
            writer.write(os.urandom(4_000))
            await reader.read()
            writer.close()
        caller.forget()
        console.forget()
        await caller.hears(880)
        await console.hears(1_000)


async def test_refused_is_told_apart_from_ready(media: Desk) -> None:
    with pytest.raises(RefusedError):
        await StreamLeg().open(media.control.media_url("console"), "guess")
