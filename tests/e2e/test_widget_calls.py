"""A call from a web page: the operator hears the page's microphone, and the page plays what the operator says."""

import asyncio
import json
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from server.bench.process import Running, running_broker
from server.wire.commands import Accept, End, Hold
from server.wire.events import SessionQueued
from server.wire.frames import Reply
from server.wire.terms import Medium
from tests import needs
from tests.browser import Chromium, browser
from tests.live import Console, bearer, fresh, greeted, rest
from tests.media_clients import StreamLeg
from tests.sound import tone, write_wav
from tests.web_page import settings
from tests.widget_page import Widget

pytestmark = [pytest.mark.e2e, needs.mark(needs.CHROMIUM)]

MICROPHONE, OPERATOR = 440, 880
DESK = '[desk]\nrouting = "pull"\nwrap_up_seconds = 0\nconnect_lease_seconds = 30\nhold_sound = "tone"\n'
EAR = """
window.loudest = () => 0;
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (to, ...more) {
  if (to instanceof AudioDestinationNode) {
    const tap = new AnalyserNode(this.context, { fftSize: 8192, smoothingTimeConstant: 0 });
    connect.call(this, tap);
    if (this instanceof AudioWorkletNode) window.loudest = () => {
      const bins = new Float32Array(tap.frequencyBinCount);
      tap.getFloatFrequencyData(bins);
      const most = bins.reduce((best, bin, n) => (bin > bins[best] ? n : best), 1);
      return bins[most] < -50 ? 0 : Math.round(most * this.context.sampleRate / tap.fftSize);
    };
  }
  return connect.call(this, to, ...more);
};
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = (wanted) => ask({ ...wanted, audio: {
  echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
"""
"""Listens to what the page really plays; a steady tone is what noise suppression is there to remove, so it is off."""


@asynccontextmanager
async def calling(
    folder: Path, *flags: str, calls: str = "queue", more: str = ""
) -> AsyncIterator[tuple[Running, Chromium]]:
    """Run a broker whose widget takes calls, and a browser whose microphone plays a tone."""
    file = write_wav(folder / "microphone.wav", tone(MICROPHONE, 10, rate=48_000), rate=48_000)
    with wave.open(str(file)) as made:
        assert made.getframerate() == 48_000
    section = settings(origins=[], demo=True, calls=calls)
    fake = ("--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={file}")
    async with running_broker(section + DESK + more) as broker, browser(*fake, *flags) as chromium:
        yield broker, chromium


async def queued(ann: Console) -> SessionQueued:
    while True:
        event = await ann.until(SessionQueued)
        assert isinstance(event, SessionQueued)
        if event.session.medium is Medium.VOICE:
            return event


async def hears(page: Widget, hertz: int) -> None:
    """Wait until the page plays this tone, within a bin or two."""
    await page.page.until(f"Math.abs(window.loudest() - {hertz}) < 20")


async def test_a_call_from_the_page_is_heard_on_both_sides_and_held_and_hung_up(tmp_path: Path) -> None:
    allowed = "--use-fake-ui-for-media-stream"
    async with calling(tmp_path, allowed) as (broker, chromium), greeted(broker) as (ann, _), StreamLeg() as headset:
        widget = await Widget.on(chromium, f"{broker.url}/widget/demo", first=EAR)
        await widget.press("Call")
        await widget.press("Call now")
        session = (await queued(ann)).session
        assert session.customer.channel == "widget"
        await widget.reads("You are waiting for a person. You are number 1 in the queue.", ".panel")
        taken = await ann.order(Accept(id=fresh(), session_id=session.id, epoch=session.epoch))
        assert taken.media is not None
        assert taken.session is not None
        epoch = taken.session.epoch
        await headset.open(taken.media.url, taken.media.token)
        headset.speak(OPERATOR)
        await headset.hears(MICROPHONE)
        await hears(widget, OPERATOR)
        await widget.reads("You are talking with Bench.", ".panel")

        await widget.press("Mute")
        await silent(headset)
        await widget.press("Muted: nobody hears you")
        await headset.hears(MICROPHONE)

        assert ok(await ann.order(Hold(id=fresh(), session_id=session.id, epoch=epoch, on=True)))
        await widget.reads("You are on hold.", ".panel")
        await hears(widget, 425)
        assert ok(await ann.order(Hold(id=fresh(), session_id=session.id, epoch=epoch, on=False)))
        await hears(widget, OPERATOR)

        await widget.press("Hang up")
        await headset.closed()
        await widget.reads("The call is over.", ".panel")
        await widget.reads("How content are you", ".panel")
        assert not widget.page.complaints


async def silent(leg: StreamLeg) -> None:
    """Return once half a second of silence was heard."""
    leg.forget()
    async with asyncio.timeout(60):
        while len(leg.frames) < 25 or any(leg.heard[-640 * 25 :]):
            await asyncio.sleep(0.02)


def ok(reply: Reply) -> bool:
    assert reply.error is None, reply.error
    return reply.ok


async def test_the_operator_ends_the_call_and_the_page_says_so(tmp_path: Path) -> None:
    allowed = "--use-fake-ui-for-media-stream"
    async with calling(tmp_path, allowed) as (broker, chromium), greeted(broker) as (ann, _), StreamLeg() as headset:
        widget = await Widget.on(chromium, f"{broker.url}/widget/demo", first=EAR)
        await widget.press("Call")
        await widget.press("Call now")
        session = (await queued(ann)).session
        taken = await ann.order(Accept(id=fresh(), session_id=session.id, epoch=session.epoch))
        assert taken.media is not None
        assert taken.session is not None
        await headset.open(taken.media.url, taken.media.token)
        headset.speak(OPERATOR)
        await hears(widget, OPERATOR)
        assert ok(await ann.order(End(id=fresh(), session_id=session.id, epoch=taken.session.epoch)))
        await widget.reads("The call is over.", ".panel")


async def test_an_assistants_audio_takes_the_call_first_and_the_button_calls_a_person(tmp_path: Path) -> None:
    allowed = "--use-fake-ui-for-media-stream"
    async with calling(tmp_path, allowed, calls="assistant") as (broker, chromium), StreamLeg() as robot:
        widget = await Widget.on(chromium, f"{broker.url}/widget/demo", first=EAR)
        events = f"{broker.socket_url}/v1/assistant/events"
        async with connect(events, additional_headers=bearer(broker.key), proxy=None) as heard:
            await widget.press("Call")
            await widget.press("Call now")
            conversation: dict[str, object] = {}
            while not conversation.get("caller_connected"):
                conversation = json.loads(await heard.recv()).get("conversation", {})
            assert conversation["medium"] == "voice"
            async with rest(broker) as assistant:
                path = f"/v1/conversations/{conversation['id']}/legs"
                grant = (await assistant.post(path, json={"role": "assistant"})).json()
            await robot.open(grant["url"], grant["token"])
            robot.speak(OPERATOR)
            await hears(widget, OPERATOR)
            await robot.hears(MICROPHONE)
            await widget.reads("You are talking with the assistant.", ".box")
            await widget.press("Talk to a person")
            await widget.reads("You are waiting for a person. You are number 1 in the queue.", ".box")
            await hears(widget, OPERATOR)
    assert robot.gone


async def test_a_call_that_no_assistant_takes_goes_to_the_queue_with_the_answer_about_recording(tmp_path: Path) -> None:
    allowed, queue = "--use-fake-ui-for-media-stream", "[queues.default]\nrecord = true\n"
    async with calling(tmp_path, allowed, calls="assistant", more=queue) as (broker, chromium):
        widget = await Widget.on(chromium, f"{broker.url}/widget/demo")
        await widget.press("Call")
        await widget.click("input[type=checkbox]")
        await widget.press("Call now")
        await widget.reads("You are waiting for a person. You are number 1 in the queue.", ".box")
        async with rest(broker, broker.operator) as client:
            (session,) = (await client.get("/v1/sessions")).json()
        assert (session["medium"], session["consent"]) == ("voice", "given")


async def test_a_microphone_that_is_not_allowed_is_said_and_nobody_is_queued(tmp_path: Path) -> None:
    async with calling(tmp_path, "--deny-permission-prompts") as (broker, chromium):
        widget = await Widget.on(chromium, f"{broker.url}/widget/demo")
        await widget.press("Call")
        await widget.press("Call now")
        await widget.reads("The microphone is not allowed.", ".panel")
        async with rest(broker, broker.operator) as client:
            assert (await client.get("/v1/sessions")).json() == []
