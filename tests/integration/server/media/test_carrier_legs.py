"""Calls through Plivo's, Telnyx's and jambonz's streams: both directions, keys, and what a stream may do wrong."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.broker.ports.media import Digit, Keys, LegDown, LegUp
from server.wire.terms import CallPhase, ConversationId, LegRole
from tests.carrier_callers import CarrierCaller, JambonzCaller, PlivoCaller, TelnyxCaller
from tests.key_tones import keys_in
from tests.media_clients import Desk, desk, tone, until

pytestmark = pytest.mark.integration

CALLERS = [PlivoCaller, TelnyxCaller]
ALL = [*CALLERS, JambonzCaller]


@pytest.fixture
async def media(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path, hello_seconds=10.0) as running:
        yield running


async def connected(media: Desk, kind: type[CarrierCaller], call: str = "c", call_id: str = "") -> CarrierCaller:
    caller = kind(call_id)
    token = await media.admit(call, LegRole.CALLER, kind.path, external_id=caller.call_id)
    await caller.open(media.control.media_url(kind.path), token)
    return caller


async def refused(media: Desk, caller: CarrierCaller, code: int, reason: str) -> None:
    await until(caller.gone.is_set, f"closed with {reason}")
    assert (caller.close_code, caller.close_reason) == (code, reason)
    await caller.close()


@pytest.mark.parametrize("kind", ALL)
async def test_caller_and_operator_hear_each_other_and_keys_arrive(media: Desk, kind: type[PlivoCaller]) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1)
    async with await connected(media, kind) as caller, await media.console("c") as console:
        assert isinstance(caller, PlivoCaller | TelnyxCaller | JambonzCaller)
        caller.speak(1_000)
        console.speak(880)
        await console.hears(1_000)
        await caller.hears(880)
        (up,) = [fact for fact in media.of(LegUp) if isinstance(fact, LegUp) and fact.role is LegRole.CALLER]
        assert up.external_id == caller.call_id
        await caller.press("5")
        await until(lambda: console.told("dtmf"), "the key is shown")
        assert [frame["digit"] for frame in console.told("dtmf")] == ["5"]
        assert len({len(frame) for frame in caller.frames}) == 1


async def test_plivo_presses_the_operators_keys_itself_and_the_others_get_tones(media: Desk) -> None:
    for kind in ALL:
        call = kind.path
        await media.plan(call, CallPhase.OPERATOR, epoch=1)
        async with await connected(media, kind, call) as caller, await media.console(call) as console:
            console.speak(440)
            await caller.hears(440)
            caller.forget()
            await media.control.dial(Keys(call_id=ConversationId(call), epoch=1, id="order-1", digits="15#"))
            if kind is PlivoCaller:
                await until(lambda caller=caller: len(caller.told("sendDTMF")) == 3, "the keys")
                assert [one["dtmf"] for one in caller.told("sendDTMF")] == ["1", "5", "#"]
            else:
                await until(lambda caller=caller: keys_in(bytes(caller.heard), 8_000) == "15#", "the keys")


@pytest.mark.parametrize("kind", ALL)
async def test_what_was_not_played_is_cleared_when_the_operator_takes_over(
    media: Desk, kind: type[CarrierCaller]
) -> None:
    async with await connected(media, kind) as caller, await media.stream("c", LegRole.ASSISTANT, 8_000) as robot:
        robot.speak(600)
        await caller.hears(600)
        async with await media.console("c") as console:
            await media.plan("c", CallPhase.OPERATOR, epoch=1)
            console.speak(880)
            await until(lambda: any(map(caller.told, ("clearAudio", "clear", "killAudio"))), "a clear")
            await caller.hears(880)


@pytest.mark.parametrize("kind", ALL)
async def test_a_token_lets_one_call_in_once(media: Desk, kind: type[CarrierCaller]) -> None:
    url = media.control.media_url(kind.path)
    await refused(media, await kind().open(url, "guess"), 4401, "refused")
    token = await media.admit("c", LegRole.CALLER, kind.path, external_id="mine")
    await refused(media, await kind("another").open(url, token), 4401, "refused")
    async with await kind("mine").open(url, token):
        await until(lambda: media.of(LegUp), "up")
        await refused(media, await kind("mine").open(url, token), 4401, "refused")
    other = await media.admit("d", LegRole.CALLER, "twilio")
    await refused(media, await kind().open(url, other), 4401, "refused")


@pytest.mark.parametrize("kind", CALLERS)
async def test_a_second_start_closes_with_its_reason(media: Desk, kind: type[CarrierCaller]) -> None:
    caller = await connected(media, kind)
    await until(lambda: media.of(LegUp), "up")
    await caller.begin(await media.admit("c", LegRole.CALLER, kind.path))
    await refused(media, caller, 4400, "bad_start")
    await until(lambda: media.of(LegDown), "down")


@pytest.mark.parametrize("kind", CALLERS)
async def test_messages_out_of_place_are_ignored_and_the_call_goes_on(media: Desk, kind: type[PlivoCaller]) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1)
    caller = kind()
    token = await media.admit("c", LegRole.CALLER, kind.path, external_id=caller.call_id)
    await caller.connect_only(media.control.media_url(kind.path))
    await caller.say(tone(500, 8_000, 0))
    await caller.raw('{"event":"weather","temperature":"warm"}')
    await caller.begin(token)
    loud = base64.b64encode(b"\x00" * 160).decode()
    async with caller, await media.console("c") as console:
        for media_part in (
            {"track": "outbound", "payload": loud},
            {"track": 7, "payload": loud},
            {"payload": "not base64!"},
            {"track": "inbound", "payload": loud, "chunk": "many", "timestamp": "soon"},
            None,
        ):
            for stream in (caller.stream_id, "another", 9):
                names = {"streamId": stream, "stream_id": stream, "sequenceNumber": "x", "sequence_number": []}
                body = names | {"event": "media", "media": media_part}
                if media_part is None or media_part.get("chunk") != "many" or stream != caller.stream_id:
                    await caller.raw(json.dumps(body))
        for digit in (5, "55", "x"):
            await caller.send(event="dtmf", streamId=caller.stream_id, dtmf={"digit": digit})
        caller.speak(1_000)
        await console.hears(1_000)
        assert [frame["digit"] for frame in console.told("dtmf")] == ["5"]


@pytest.mark.parametrize("kind", CALLERS)
async def test_audio_of_another_format_is_refused(media: Desk, kind: type[CarrierCaller]) -> None:
    caller = kind()
    await caller.connect_only(media.control.media_url(kind.path))
    await caller.send(
        event="start",
        stream_id="s",
        start={
            "streamId": "s",
            "mediaFormat": {"encoding": "audio/x-l16", "sampleRate": "16000"},
            "media_format": {"encoding": "L16", "sample_rate": "16000"},
        },
    )
    await refused(media, caller, 4400, "bad_format")


@pytest.mark.parametrize("kind", CALLERS)
async def test_a_start_without_a_stream_and_binary_audio_are_refused(media: Desk, kind: type[CarrierCaller]) -> None:
    for message, reason in (('{"event":"start"}', "bad_start"), (b"\x00" * 160, "binary"), ("}{", "bad_frame")):
        caller = kind()
        await caller.connect_only(media.control.media_url(kind.path))
        await caller.raw(message)
        await refused(media, caller, 4400, reason)


@pytest.mark.parametrize("kind", ALL)
async def test_a_socket_that_just_closes_ends_the_leg(media: Desk, kind: type[CarrierCaller]) -> None:
    caller = await connected(media, kind)
    await until(lambda: media.of(LegUp), "up")
    await caller.close()
    await until(lambda: media.of(LegDown), "down")
    (down,) = media.of(LegDown)
    assert isinstance(down, LegDown)
    assert (down.clean, down.reason) == (True, "closed")


async def test_telnyx_says_stop(media: Desk) -> None:
    caller = await connected(media, TelnyxCaller)
    assert isinstance(caller, TelnyxCaller)
    await until(lambda: media.of(LegUp), "up")
    await caller.hang_up()
    await until(lambda: media.of(LegDown), "down")
    (down,) = media.of(LegDown)
    assert isinstance(down, LegDown)
    assert down.reason == "stop"
    assert not media.of(Digit)


async def test_telnyx_frames_that_come_out_of_order_are_heard_in_order(media: Desk) -> None:
    await media.plan("c", CallPhase.OPERATOR, epoch=1)
    async with await connected(media, TelnyxCaller) as caller, await media.console("c", rate=8_000) as console:
        await until(lambda: len(media.of(LegUp)) == 2, "both are there")
        for number, level in ((1, 1), (3, 3), (2, 2), (4, 4)):
            await caller.media(bytes([0x80 + 16 * level]) * 160, number)
        await until(lambda: len([one for one in console.frames if any(one)]) >= 4, "all of them")
        loud = [abs(int.from_bytes(one[:2], "little", signed=True)) for one in console.frames if any(one)]
        assert loud == sorted(loud, reverse=True)
